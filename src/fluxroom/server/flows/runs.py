"""Runs: many requests with one purpose, whatever their kind. Look, rename, pause, go on, cancel, send again, export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.flows.desk import Desk
from fluxroom.flows.expansion import writer_of
from fluxroom.flows.runs.conductor import PRIORITY
from fluxroom.server.access.callers import Asking, Caller, check_priority
from fluxroom.server.gateway import Running, checked_id
from fluxroom.server.generations.answers import ImageAnswer
from fluxroom.server.generations.references import taker
from fluxroom.server.library.zipping import zipped_run
from fluxroom.store.runs import STATES, Wanted

router = APIRouter(prefix="/v1/runs", tags=["runs"])

_TICK = 0.5
"""Seconds between two looks of somebody who follows a run."""

Id = Annotated[str, Path(description="The id of a run", examples=["01kaz3x9f0m2n4p6q8r0st"])]
Kind = Literal["bulk", "comparison", "pipeline"]
ItemState = Literal["waiting", "submitted", "done", "failed", "unknown", "invalid", "cancelled", "replaced"]
RunState = Literal["running", "paused", "review", "finished", "cancelled"]
Words = Annotated[str, Query(max_length=200, description="In the name, the description or a prompt")]
Priority = Annotated[
    Annotated[int, Field(ge=0, le=100)] | None,
    Field(description=f"Higher goes first; {PRIORITY}, where nothing is said. Single requests have 10."),
]
Tag = Annotated[str, Field(max_length=40, pattern=r'^[^\s"\\][^"\\\x00-\x1f]*$')]


def _wanted(
    *,
    kind: Kind | None = None,
    state: RunState | None = None,
    q: Words = "",
    tag: Annotated[str, Query(max_length=40)] = "",
    favourite: bool | None = None,
    hidden: Annotated[bool, Query(description="The hidden ones instead")] = False,
) -> Wanted:
    return Wanted(kind=kind or "", state=state or "", words=q, tag=tag, favourite=favourite, hidden=hidden)


Filters = Annotated[Wanted, Depends(_wanted)]


class WaitsFor(BaseModel):
    """What a person has to do before a run goes on."""

    step: str
    to_do: Literal["approve", "choose"]
    images: list[dict[str, Any]] = Field(description="To look at, or to choose from: id, sha256 and prompt of each.")
    texts: list[str] = Field(description="The same of a prompt step.")


class RunAnswer(BaseModel):
    """A run and how far it is."""

    id: str
    kind: str = Field(description="bulk, comparison or pipeline")
    name: str
    state: str = Field(description="running, paused, review, finished or cancelled")
    why: str = Field(description="What it waits for.")
    waits_for: WaitsFor | None = Field(description="What a person has to do, in state review.")
    notes: list[str] = Field(description="What to know besides: a language model that did not answer, old names.")
    counts: dict[str, int] = Field(description="How many items are in which state.")
    total: int
    charged: str = Field(description="Charged, reserved or in doubt so far, in US dollars.")
    sandbox: bool = Field(description="Whether that is the sandbox's money.")
    created_at: str
    changed_at: str
    description: str
    tags: list[str]
    favourite: bool
    hidden: bool
    spec: dict[str, Any] = Field(description="What was asked for, in the words of its kind.")
    links: dict[str, str]


class RunPage(BaseModel):
    """Runs, the newest first."""

    runs: list[RunAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class RatedImage(ImageAnswer):
    """A picture of a run, with what a person thinks of it."""

    rating: int | None = Field(description="1 to 5 stars, as in the library.")


class ItemAnswer(BaseModel):
    """One request of a run and what became of it."""

    position: int
    key: str = Field(description="What people call it: a row, a cell.")
    step: str
    state: str = Field(description=", ".join(STATES))
    asked: dict[str, Any]
    generation: str | None
    attempt: int
    route: str | None = Field(description="Who made it.")
    sent: list[dict[str, Any]] = Field(description="The payload of each job, exactly as sent; pictures by hash.")
    not_sent: list[dict[str, Any]] = Field(description="What was asked for and left out, and why.")
    gone: bool = Field(description="It was made, and its pictures have been deleted since: by a person or by age.")
    seconds: float | None
    charged: str
    charge: str
    error: dict[str, Any] | None
    note: dict[str, Any]
    images: list[RatedImage]


class ItemPage(BaseModel):
    """Items in their order."""

    items: list[ItemAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class RunChange(BaseModel):
    """What a run is called and how it is shown; what is not given stays."""

    model_config = ConfigDict(strict=True, extra="forbid", title="RunChange")

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[str, Field(max_length=5000)] | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] | None = None
    favourite: bool | None = None
    hidden: bool | None = None


class CancelledRun(BaseModel):
    """The run, and what became of each job that was under way."""

    run: RunAnswer
    said: list[str]


class RetryBody(BaseModel):
    """Which items are sent again."""

    model_config = ConfigDict(strict=True, extra="forbid", title="RetryRequest")

    states: list[Literal["failed", "cancelled"]] = ["failed", "cancelled"]


def desk_of(gateway: Running, caller: Asking) -> Desk:
    """The caller's way to runs."""
    client = gateway.client
    return Desk(
        engine=client.engine,
        conductor=client.conductor,
        plan_with=client.plan_with,
        take_in=taker(gateway, caller),
        owner=caller.owner,
        only=caller.only,
        cap=caller.cap,
        writer=writer_of(gateway.settings),
    )


def priority_of(caller: Caller, asked: int | None) -> int:
    """The priority of a run that its caller may ask for.

    Raises:
        ScopeMissing: it would go before everybody else's single requests, and the caller is no admin.
    """
    check_priority(caller, asked)
    return PRIORITY if asked is None else asked


AtDesk = Annotated[Desk, Depends(desk_of)]
"""The caller's way to runs, as a parameter of a route."""


def _an_id(run_id: Id) -> str:
    return checked_id(run_id, "run")


RunId = Annotated[str, Depends(_an_id)]


async def _existing(desk: AtDesk, run_id: RunId) -> str:
    """The id of a run that exists: after the first event it is too late for a 404."""
    await desk.get(run_id)
    return run_id


Existing = Annotated[str, Depends(_existing)]


@router.get("", summary="List runs, the newest first")
async def listing(
    desk: AtDesk,
    wanted: Filters,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> RunPage:
    """One page of what fits every filter; hidden ones only with `hidden=true`."""
    if before:
        checked_id(before, "run")
    found = await desk.page(wanted, limit=limit, before=before)
    following = request.url.include_query_params(before=found[-1]["id"]) if len(found) == limit else None
    return RunPage(
        runs=[RunAnswer(**run) for run in found],
        next=f"{following.path}?{following.query}" if following else None,
    )


@router.get("/{run_id}", summary="Look at a run")
async def get(desk: AtDesk, run_id: RunId) -> RunAnswer:
    """The run as it is now."""
    return RunAnswer(**await desk.get(run_id))


@router.patch("/{run_id}", summary="Rename a run, mark it, hide it")
async def change(desk: AtDesk, run_id: RunId, body: RunChange) -> RunAnswer:
    """Only how it is shown; what it does stays the same."""
    return RunAnswer(**await desk.describe(run_id, body.model_dump(exclude_none=True)))


@router.get("/{run_id}/items", summary="List a run's items")
async def items(
    desk: AtDesk,
    run_id: RunId,
    request: Request,
    *,
    state: Annotated[list[ItemState] | None, Query(description="Only those in one of these states")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="The last position of the page before")] = -1,
) -> ItemPage:
    """One page in the order in which they are sent, with pictures, seconds and money."""
    found = await desk.items(run_id, states=state or STATES, after=after, limit=limit)
    following = request.url.include_query_params(after=found[-1]["position"]) if len(found) == limit else None
    return ItemPage(
        items=[ItemAnswer(**one) for one in found],
        next=f"{following.path}?{following.query}" if following else None,
    )


@router.get(
    "/{run_id}/events",  # noqa: FAST003  `_existing` takes it
    response_class=EventSourceResponse,
    summary="Follow a run",
)
async def events(gateway: Running, desk: AtDesk, existing: Existing) -> AsyncIterator[ServerSentEvent]:
    """`run` with the whole run whenever something has changed; `end` when it rests: finished, cancelled or waiting.

    `closing` ends the stream when the gateway stops: the run goes on with the next start.
    """
    told: dict[str, Any] = {}
    yield ServerSentEvent(comment="fluxroom", retry=2000)
    while not gateway.closing.is_set():
        now = await desk.get(existing)
        if now != told:
            yield ServerSentEvent(event="run", data=now)
            told = now
        if now["state"] != "running" and not now["counts"].get("submitted"):
            yield ServerSentEvent(event="end", data=now)
            return
        await asyncio.sleep(_TICK)
    yield ServerSentEvent(event="closing", data={"next": "The run goes on. Connect again later."})


@router.post("/{run_id}/pause", summary="Pause a run")
async def pause(desk: AtDesk, run_id: RunId) -> RunAnswer:
    """Nothing more is sent, and what was queued here is taken back; what a provider has is kept when it comes."""
    return RunAnswer(**await desk.pause(run_id))


@router.post("/{run_id}/resume", summary="Go on with a paused run")
async def resume(desk: AtDesk, run_id: RunId) -> RunAnswer:
    """What was made is not made again."""
    return RunAnswer(**await desk.resume(run_id))


@router.post("/{run_id}/cancel", summary="Cancel a run")
async def cancel(desk: AtDesk, run_id: RunId) -> CancelledRun:
    """Nothing more is sent; of what is under way, each job says what becomes of it and whether it is charged."""
    run, said = await desk.cancel(run_id)
    return CancelledRun(run=RunAnswer(**run), said=said)


@router.post("/{run_id}/retry", summary="Send failed items again")
async def retry(desk: AtDesk, run_id: RunId, body: RetryBody) -> RunAnswer:
    """Items that failed or were cancelled are sent again, and paid again if they are made."""
    return RunAnswer(**await desk.retry(run_id, body.states))


@router.get(
    "/{run_id}/zip",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}, "description": "ZIP"}
    },
    summary="A run as a ZIP file",
)
async def archive(
    gateway: Running,
    desk: AtDesk,
    run_id: RunId,
    *,
    metadata: Annotated[bool, Query(description="Write into each picture what made it")] = True,
) -> StreamingResponse:
    """Every picture under its name, and `results.csv` with seconds and costs; packed while it is sent."""
    pieces = zipped_run(gateway.engine.store, await desk.run(run_id), metadata=metadata)
    headers = {"content-disposition": f'attachment; filename="fluxroom-run-{run_id[-6:]}.zip"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.get(
    "/{run_id}/csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The table"}},
    summary="A run as a table",
)
async def table(desk: AtDesk, run_id: RunId) -> StreamingResponse:
    """CSV: a line a picture with its file name, seconds and cost, and one for every item without a picture."""
    headers = {"content-disposition": f'attachment; filename="fluxroom-run-{run_id[-6:]}.csv"'}
    return StreamingResponse(await desk.table(run_id), media_type="text/csv", headers=headers)
