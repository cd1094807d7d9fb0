"""Runs: many requests with one purpose, whatever their kind. Look, rename, pause, go on, cancel, send again, export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.flows import results
from fluxroom.flows.decisions import Decisions
from fluxroom.server import answers
from fluxroom.server.answers import ImageAnswer
from fluxroom.server.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.store import ledger, runs
from fluxroom.store.runs import STATES, Run, Wanted

router = APIRouter(prefix="/v1/runs", tags=["runs"])

_TICK = 0.5
"""Seconds between two looks of somebody who follows a run."""

Id = Annotated[str, Path(description="The id of a run", examples=["01kaz3x9f0m2n4p6q8r0st"])]
Kind = Literal["bulk", "comparison", "pipeline"]
RunState = Literal["running", "paused", "review", "finished", "cancelled"]
Words = Annotated[str, Query(max_length=200, description="In the name, the description or a prompt")]
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


class RunAnswer(BaseModel):
    """A run and how far it is."""

    id: str
    kind: str = Field(description="bulk, comparison or pipeline")
    name: str
    state: str = Field(description="running, paused, review, finished or cancelled")
    why: str = Field(description="What it waits for.")
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


class ItemAnswer(BaseModel):
    """One request of a run and what became of it."""

    position: int
    key: str = Field(description="What people call it: a row, a cell.")
    step: str
    state: str = Field(description=", ".join(STATES))
    asked: dict[str, Any]
    generation: str | None
    attempt: int
    seconds: float | None
    charged: str
    charge: str
    error: dict[str, Any] | None
    note: dict[str, Any]
    images: list[ImageAnswer]


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


async def owned(gateway: Gateway, caller: Caller, run_id: str) -> Run:
    """A run of the caller's.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    run = await gateway.client.conductor.get(checked_id(run_id, "run"))
    if not caller.may_see(run.owner):
        raise NotFound(f"There is no run {run_id}.", advice="List yours with GET /v1/runs.")
    return run


async def _existing(gateway: Running, caller: Asking, run_id: Id) -> str:
    return (await owned(gateway, caller, run_id)).id


Existing = Annotated[str, Depends(_existing)]


@router.get("", summary="List runs, the newest first")
async def listing(
    gateway: Running,
    caller: Asking,
    request: Request,
    wanted: Filters,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> RunPage:
    """One page of what fits every filter; hidden ones only with `hidden=true`."""
    if before:
        checked_id(before, "run")
    found = await gateway.engine.store.database.read(
        partial(runs.page, wanted=replace(wanted, owner=caller.only), limit=limit, before=before)
    )
    following = request.url.include_query_params(before=found[-1].id) if len(found) == limit else None
    return RunPage(runs=await shown(gateway, found), next=f"{following.path}?{following.query}" if following else None)


@router.get("/{run_id}", summary="Look at a run")
async def get(gateway: Running, caller: Asking, run_id: Id) -> RunAnswer:
    """The run as it is now."""
    return await answer(gateway, await owned(gateway, caller, run_id))


@router.patch("/{run_id}", summary="Rename a run, mark it, hide it")
async def change(gateway: Running, caller: Asking, run_id: Id, body: RunChange) -> RunAnswer:
    """Only how it is shown; what it does stays the same."""
    run = await owned(gateway, caller, run_id)
    given = body.model_dump(exclude_none=True)
    if given:
        await gateway.engine.store.database.write(partial(runs.describe, run=run.id, shown=given))
    return await answer(gateway, await owned(gateway, caller, run_id))


@router.get("/{run_id}/items", summary="List a run's items")
async def items(
    gateway: Running,
    caller: Asking,
    run_id: Id,
    request: Request,
    *,
    state: Annotated[list[str] | None, Query(max_length=len(STATES))] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[int, Query(ge=-1, le=2**31, description="The last position of the page before")] = -1,
) -> ItemPage:
    """One page in the order in which they are sent, with pictures, seconds and money."""
    run = await owned(gateway, caller, run_id)
    wanted = tuple(state or STATES)
    found = await results.page(gateway.engine.store, run.id, states=wanted, after=after, limit=limit)
    following = request.url.include_query_params(after=found[-1].item.position) if len(found) == limit else None
    return ItemPage(
        items=[item_answer(one) for one in found],
        next=f"{following.path}?{following.query}" if following else None,
    )


@router.get(
    "/{run_id}/events",  # noqa: FAST003  `_existing` takes it
    response_class=EventSourceResponse,
    summary="Follow a run",
)
async def events(gateway: Running, existing: Existing) -> AsyncIterator[ServerSentEvent]:
    """`run` with the whole run whenever something has changed; `end` when it rests: finished, cancelled or waiting.

    `closing` ends the stream when the gateway stops: the run goes on with the next start.
    """
    told: RunAnswer | None = None
    yield ServerSentEvent(comment="fluxroom", retry=2000)
    while not gateway.closing.is_set():
        now = await answer(gateway, await gateway.client.conductor.get(existing))
        if now != told:
            yield ServerSentEvent(event="run", data=now.model_dump())
            told = now
        if now.state != "running" and not now.counts.get("submitted"):
            yield ServerSentEvent(event="end", data=now.model_dump())
            return
        await asyncio.sleep(_TICK)
    yield ServerSentEvent(event="closing", data={"next": "The run goes on. Connect again later."})


@router.post("/{run_id}/pause", summary="Pause a run")
async def pause(gateway: Running, caller: Asking, run_id: Id) -> RunAnswer:
    """Nothing more is sent, and what was queued here is taken back; what a provider has is kept when it comes."""
    await owned(gateway, caller, run_id)
    return await answer(gateway, await _person(gateway).pause(run_id))


@router.post("/{run_id}/resume", summary="Go on with a paused run")
async def resume(gateway: Running, caller: Asking, run_id: Id) -> RunAnswer:
    """What was made is not made again."""
    await owned(gateway, caller, run_id)
    return await answer(gateway, await _person(gateway).resume(run_id))


@router.post("/{run_id}/cancel", summary="Cancel a run")
async def cancel(gateway: Running, caller: Asking, run_id: Id) -> CancelledRun:
    """Nothing more is sent; of what is under way, each job says what becomes of it and whether it is charged."""
    await owned(gateway, caller, run_id)
    run, said = await _person(gateway).cancel(run_id)
    return CancelledRun(run=await answer(gateway, run), said=said)


@router.post("/{run_id}/retry", summary="Send failed items again")
async def retry(gateway: Running, caller: Asking, run_id: Id, body: RetryBody) -> RunAnswer:
    """Items that failed or were cancelled are sent again, and paid again if they are made."""
    await owned(gateway, caller, run_id)
    run, _ = await _person(gateway).retry(run_id, body.states)
    return await answer(gateway, run)


@router.get("/{run_id}/csv", response_class=Response, summary="A run as a table")
async def table(gateway: Running, caller: Asking, run_id: Id) -> StreamingResponse:
    """CSV: a line a picture with its file name, seconds and cost, and one for every item without a picture."""
    run = await owned(gateway, caller, run_id)
    headers = {"content-disposition": f'attachment; filename="fluxroom-run-{run.id[-6:]}.csv"'}
    return StreamingResponse(results.as_csv(gateway.engine.store, run), media_type="text/csv", headers=headers)


async def answer(gateway: Gateway, run: Run) -> RunAnswer:
    """A run as it is told."""
    return (await shown(gateway, [run]))[0]


async def shown(gateway: Gateway, found: Sequence[Run]) -> list[RunAnswer]:
    """Runs as they are told, with their counts and money."""

    def work(connection: Connection) -> list[RunAnswer]:
        counts = runs.counts(connection, [run.id for run in found])
        return [_answer(connection, run, counts[run.id]) for run in found]

    return await gateway.engine.store.database.read(work)


def _answer(connection: Connection, run: Run, counts: dict[str, int]) -> RunAnswer:
    real, practice = (ledger.spent(connection, f"run:{run.id}", since=0, sandbox=box) for box in (False, True))
    at = f"/v1/runs/{run.id}"
    return RunAnswer(
        id=run.id,
        kind=run.kind,
        name=run.name,
        state=run.state,
        why=run.why,
        counts=counts,
        total=sum(number for state, number in counts.items() if state != "replaced"),
        charged=f"{(real or practice).normalize():f}",
        sandbox=bool(practice) and not real,
        created_at=answers.moment(run.created_at) or "",
        changed_at=answers.moment(run.changed_at) or "",
        description=run.description,
        tags=list(run.tags),
        favourite=run.favourite,
        hidden=run.hidden,
        spec=dict(run.spec),
        links={"self": at, "items": f"{at}/items", "events": f"{at}/events", "csv": f"{at}/csv"},
    )


def item_answer(one: results.Result) -> ItemAnswer:
    """An item as it is told."""
    item = one.item
    return ItemAnswer(
        position=item.position,
        key=item.key,
        step=item.step,
        state=item.state,
        asked=dict(item.asked),
        generation=item.generation or None,
        attempt=item.attempt,
        seconds=one.seconds,
        charged=f"{one.charged.normalize():f}",
        charge=one.charge,
        error=dict(item.error) if item.error else None,
        note=dict(item.note),
        images=[answers.image(picture) for picture in one.images],
    )


def _person(gateway: Gateway) -> Decisions:
    return Decisions(gateway.engine, gateway.client.conductor)
