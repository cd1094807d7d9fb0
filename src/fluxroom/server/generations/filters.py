"""Filters of a list of generations, as they stand in an address."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

from fluxroom import catalog
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.errors import RequestError
from fluxroom.server.money.days import Day, midnight
from fluxroom.store.search import Wanted
from fluxroom.types import Mode, Provider

_OPEN = tuple(str(state) for state in State if state not in SETTLED)

Wish = Literal[
    "open", "queued", "submitting", "running", "fetching", "succeeded", "failed", "moderated_input",
    "moderated_output", "cancelled", "lost", "unknown", "abandoned",
]  # fmt: skip


Span = tuple[float | None, float | None]


def _span(
    since: Annotated[Day | None, Query(description="The first day, in UTC")] = None,
    until: Annotated[Day | None, Query(description="The last day, included")] = None,
) -> Span:
    if since and until and since > until:
        raise RequestError("The last day is before the first one.", field="until")
    return midnight(since) if since else None, midnight(until) + 86400 if until else None


def _filters(
    span: Annotated[Span, Depends(_span)],
    q: Annotated[
        str,
        Query(max_length=500, description='Words of the prompt; the last one may be begun; "in quotes" as a phrase'),
    ] = "",
    state: Annotated[
        list[Wish] | None, Query(description="Some job is in one of these; open: in any that is not final")
    ] = None,
    model: Annotated[str, Query(max_length=200, description="A model or a route")] = "",
    provider: Annotated[Provider | None, Query()] = None,
    mode: Annotated[Mode | None, Query()] = None,
    run: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="The run that it belongs to")] = "",
    sandbox: Annotated[bool | None, Query(description="true: only practice; false: only the real ones")] = None,
) -> Wanted:
    named, at, _ = catalog.find(model) if model else (None, None, None)
    return Wanted(
        words=q,
        states=tuple(dict.fromkeys(each for one in state or () for each in (_OPEN if one == "open" else (one,)))),
        model=named.id if named else "",
        provider=provider or at or "",
        mode=mode or "",
        run=run,
        since=span[0],
        until=span[1],
        sandbox=sandbox,
    )


Filters = Annotated[Wanted, Depends(_filters)]
"""Which generations a caller wants to see, as a parameter of a route; whose they are is the caller's matter."""
