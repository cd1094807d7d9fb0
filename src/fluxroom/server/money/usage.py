"""Usage: what was spent, as JSON or as CSV."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from fluxroom.engine.accounting import Accounting
from fluxroom.errors import RequestError
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.money.days import Day
from fluxroom.store.ledger import By

router = APIRouter(prefix="/v1/usage", tags=["money"])

_CSV = "text/csv"
_QUALITY = re.compile(r"\s*q\s*=\s*(0(\.\d{0,3})?|1(\.0{0,3})?)\s*")


class SumAnswer(BaseModel):
    """What some jobs came to, in US dollars."""

    jobs: int
    succeeded: int
    estimated: str = Field(description="As quoted before they were sent; those from the cache too.")
    charged: str = Field(description="Known to be charged.")
    doubtful: str = Field(description="May have been charged: jobs in doubt or not finished.")


class LineAnswer(SumAnswer):
    """The jobs of one day, model, provider, owner or run."""

    key: str


class UsageAnswer(BaseModel):
    """What was spent: real money or the sandbox's, never both."""

    by: By
    since: date | None
    until: date | None
    sandbox: bool
    lines: list[LineAnswer]
    total: SumAnswer


@router.get(
    "",
    summary="What was spent",
    response_model=UsageAnswer,
    responses={200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "As the Accept header asks"}},
)
async def usage(
    gateway: Running,
    caller: Asking,
    by: Annotated[By, Query(description="What each line is about")] = "day",
    since: Annotated[Day | None, Query(description="The first day, in UTC")] = None,
    until: Annotated[Day | None, Query(description="The last day, included")] = None,
    *,
    sandbox: Annotated[bool, Query(description="The figures of practice instead of the real ones")] = False,
    accept: Annotated[str, Header(description="text/csv for a spreadsheet")] = "",
) -> object:
    """Sums of jobs, counted on the day on which they were asked for. `Accept: text/csv` gives CSV without the total.

    Who is no admin sees their own.
    """
    if since and until and since > until:
        raise RequestError("The last day is before the first one.", field="until")
    found = await accounting(gateway).usage(by, since=since, until=until, sandbox=sandbox, owner=caller.only)
    if wants_csv(accept):
        headers = {"content-disposition": f'attachment; filename="fluxroom-usage-by-{by}.csv"', "vary": "accept"}
        return Response(found.as_csv(), headers=headers, media_type=_CSV)
    return found.as_dict()


def accounting(gateway: Gateway) -> Accounting:
    """The books of the gateway's data folder."""
    return Accounting(gateway.engine.store, gateway.engine.accounts)


def wants_csv(accept: str) -> bool:
    """Whether an Accept header prefers CSV to JSON.

    >>> wants_csv("text/csv"), wants_csv("application/json, text/csv;q=0.5"), wants_csv("*/*")
    (True, False, False)
    """
    wishes: dict[str, float] = {}
    for one in accept.lower().split(","):
        kind, _, more = one.partition(";")
        quality = _QUALITY.fullmatch(more)
        wishes[kind.strip()] = float(quality[1]) if quality else 1.0
    general = max(wishes.get("*/*", 0.0), wishes.get("application/*", 0.0))
    return wishes.get(_CSV, 0.0) > wishes.get("application/json", general)
