"""What happens, as server-sent events: to one generation, or to everything that a caller may see.

`state` events are rows of the ledger and carry their number as id, so that a reader who comes back with `Last-Event-ID`
misses none. `progress` events are fleeting and carry no id. The stream ends with `end` (the whole generation), with
`problem`, or with `closing` when the gateway stops: the job goes on, come back later.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fluxroom.errors import FluxroomError
from fluxroom.server import problems
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Running
from fluxroom.server.generations import answers
from fluxroom.server.generations.generations import Id
from fluxroom.store.news import Item
from fluxroom.store.story import Story
from fluxroom.types import Event, Queued
from fluxroom.types import Running as Working

router = APIRouter(prefix="/v1", tags=["generations"])

_NUMBER = re.compile(r"[0-9]{1,18}")  # what the database takes as a number
_TICK = 0.5  # seconds between two progress events, and the longest time until a stream notices that we stop
_LONGEST = 900.0  # seconds of one stream of everything: a key that was revoked meanwhile does not open the next one
_RETRY = 2000  # milliseconds after which a browser tries again


async def _existing(gateway: Running, caller: Asking, generation_id: Id) -> str:
    """The id of a generation that exists: after the first event it is too late for a 404."""
    return (await callers.snapshot(gateway, caller, generation_id)).generation.id


Existing = Annotated[str, Depends(_existing)]
LastEventId = Annotated[str, Header(description="The number of the last event that was seen", examples=["1024"])]


@router.get("/events", response_class=EventSourceResponse, summary="Follow everything")
async def everything(
    gateway: Running, caller: Asking, last_event_id: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """What happens to everything that the caller may see, from now on, or from the event after `Last-Event-ID`.

    `ready` says that it begins, with the number after which nothing is left out. `state` events are changes of a job's
    state: `{generation, job, from, to, why, at}`; their ids are what `Last-Event-ID` takes. `progress` events tell once
    a second how far running jobs are: `{generation, job, phase, elapsed, expected, usual, progress}`, and what those
    that are not sent yet wait for: `{generation, job, phase, position, why}`. `closing` ends
    the stream, after a quarter of an hour or when the gateway stops: connect again. A comment comes every 15 s.
    """
    after = int(last_event_id) if _NUMBER.fullmatch(last_event_id) else None
    ends = time.monotonic() + _LONGEST
    yield ServerSentEvent(comment="fluxroom", retry=_RETRY)
    async with aclosing(gateway.newsroom.follow(caller.only, after)) as rounds:
        async for told in rounds:
            if told.place is not None:
                yield ServerSentEvent(event="ready", id=str(told.place), data={"last": told.place})
            for item in told.items:
                yield ServerSentEvent(event="state", id=str(item.id), data=_changed(item))
            for one in told.progress:
                yield ServerSentEvent(
                    event="progress", data={"generation": one.job.generation, **(progress(one.event) or {})}
                )
            if time.monotonic() > ends:
                break
    yield ServerSentEvent(event="closing", data={"next": "Connect again with Last-Event-ID."})


@router.get(
    "/generations/{generation_id}/events",  # noqa: FAST003  `_existing` takes it
    response_class=EventSourceResponse,
    summary="Follow a generation",
)
async def events(
    gateway: Running, existing: Existing, last_event_id: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """Events until the generation is settled: `state` and `progress` as in `/v1/events`, then `end` with all of it.

    `problem` comes instead when the gateway cannot go on watching, `closing` when it stops; the job goes on.
    """
    story = Story(existing, after=int(last_event_id) if _NUMBER.fullmatch(last_event_id) else 0)
    yield ServerSentEvent(comment="fluxroom", retry=_RETRY)
    try:
        async for event in gateway.engine.events(existing, tick=_TICK):
            if gateway.closing.is_set():
                yield ServerSentEvent(event="closing", data={"next": "The job goes on. Connect again later."})
                return
            for row in await gateway.engine.store.database.read(story.read):
                yield ServerSentEvent(event="state", id=str(row["id"]), data=_state(row))
            told = progress(event)
            if told:
                yield ServerSentEvent(event="progress", data=told)
    except FluxroomError as error:
        yield ServerSentEvent(event="problem", data=problems.of(error))
        return
    found = await gateway.client.snapshot(existing)
    yield ServerSentEvent(event="end", data=answers.generation(found).model_dump())


def _state(row: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"job": row["job"], "from": row["from_state"] or None, "to": row["to_state"], "why": row["why"], "at": at}


def _changed(item: Item) -> dict[str, Any]:
    row = {name: getattr(item, name) for name in ("job", "from_state", "to_state", "why", "at")}
    return {"generation": item.generation, **_state(row)}


def progress(event: Event) -> dict[str, Any] | None:
    """How far a job is, as an event tells it; None for what is no progress."""
    if isinstance(event, Queued):
        return {"job": event.job, "phase": "queued", "position": event.position, "why": event.why}
    if isinstance(event, Working):
        return {
            "job": event.job,
            "phase": event.phase or "running",
            "elapsed": round(event.elapsed, 2),
            "expected": event.expected,
            "usual": event.usual,
            "progress": event.progress,
        }
    return None
