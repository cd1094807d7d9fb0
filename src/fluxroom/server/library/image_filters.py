"""Filters of the library, as they stand in an address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from fluxroom import catalog
from fluxroom.errors import RequestError
from fluxroom.server.money.days import Day, midnight
from fluxroom.store.library import Orientation, Wanted
from fluxroom.types import Mode, Provider


@dataclass(frozen=True, slots=True)
class Filters:
    """What a caller wants to see; whose it is is the caller's matter."""

    wanted: Wanted

    def of(self, owner: str) -> Wanted:
        """The same among the owner's pictures ("": everybody's)."""
        return replace(self.wanted, owner=owner)


class _About:
    """What made them."""

    def __init__(
        self,
        q: Annotated[
            str,
            Query(max_length=500, description='Words of the prompt; the last may be begun; "in quotes" as a phrase'),
        ] = "",
        model: Annotated[str, Query(max_length=200, description="A model or a route")] = "",
        provider: Annotated[Provider | None, Query()] = None,
        mode: Annotated[Mode | None, Query()] = None,
        generation: Annotated[str, Query(max_length=22, description="The generation that it belongs to")] = "",
        since: Annotated[Day | None, Query(description="The first day, in UTC")] = None,
        until: Annotated[Day | None, Query(description="The last day, included")] = None,
        sandbox: Annotated[bool | None, Query(description="true: only practice; false: only the real ones")] = None,
    ) -> None:
        if since and until and since > until:
            raise RequestError("The last day is before the first one.", field="until")
        named, at, _ = catalog.find(model) if model else (None, None, None)
        self.binds: dict[str, Any] = {
            "words": q,
            "model": named.id if named else "",
            "provider": provider or at or "",
            "mode": mode or "",
            "generation": generation,
            "since": midnight(since) if since else None,
            "until": midnight(until) + 86400 if until else None,
            "sandbox": sandbox,
        }


class _Marks:
    """What they are, and what people did with them."""

    def __init__(
        self,
        tag: Annotated[list[str] | None, Query(max_length=20, description="All of these")] = None,
        board: Annotated[str, Query(max_length=22, description="A board's id")] = "",
        favourite: Annotated[bool | None, Query()] = None,
        hidden: Annotated[Literal["no", "yes", "only"], Query(description="Whether hidden ones are shown")] = "no",
        rating: Annotated[int, Query(ge=0, le=5, description="At least so many stars")] = 0,
        trashed: Annotated[bool, Query(description="The trash instead of the library")] = False,  # noqa: FBT002
        orientation: Annotated[Orientation | None, Query()] = None,
        longest: Annotated[int, Query(ge=0, le=100_000, description="Pixels that the longer side has at least")] = 0,
    ) -> None:
        self.binds: dict[str, Any] = {
            "tags": tuple(dict.fromkeys(tag or ())),
            "board": board,
            "favourite": favourite,
            "hidden": {"no": False, "yes": None, "only": True}[hidden],
            "rating": rating,
            "trashed": trashed,
            "orientation": orientation,
            "longest": longest,
        }


def _filters(about: Annotated[_About, Depends()], marked: Annotated[_Marks, Depends()]) -> Filters:
    return Filters(Wanted(**about.binds, **marked.binds))


ImageFilters = Annotated[Filters, Depends(_filters)]
"""Which images a caller wants to see, as a parameter of a route."""
