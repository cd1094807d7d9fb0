"""What happens to a generation, as server-sent events.

`state` events are rows of the ledger and carry their number as id, so that a reader who comes back with `Last-Event-ID`
misses none. `progress` events are fleeting and carry no id. The stream ends with `end` (the whole generation), with
`problem`, or with `closing` when the gateway stops: the job goes on, come back later.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fluxroom.errors import FluxroomError
from fluxroom.server import answers, problems
from fluxroom.server.gateway import Running, checked_id
from fluxroom.store.story import Story
from fluxroom.types import Event, Queued
from fluxroom.types import Running as Working

router = APIRouter(prefix="/v1", tags=["generations"])

_NUMBER = re.compile(r"[0-9]{1,18}")  # what the database takes as a number
_TICK = 0.5  # seconds between two progress events, and the longest time until a stream notices that we stop
_RETRY = 2000  # milliseconds after which a browser tries again


async def _existing(gateway: Running, generation_id: str) -> str:
    """The id of a generation that exists: after the first event it is too late for a 404."""
    found = await gateway.client.snapshot(checked_id(generation_id, "generation"))
    return found.generation.id


Existing = Annotated[str, Depends(_existing)]


@router.get(
    "/generations/{generation_id}/events",  # noqa: FAST003  `_existing` takes it
    response_class=EventSourceResponse,
    summary="Follow a generation",
)
async def events(
    gateway: Running, existing: Existing, last_event_id: Annotated[str, Header()] = ""
) -> AsyncIterator[ServerSentEvent]:
    """Events until the generation is settled."""
    story = Story(existing, after=int(last_event_id) if _NUMBER.fullmatch(last_event_id) else 0)
    yield ServerSentEvent(comment="fluxroom", retry=_RETRY)
    try:
        async for event in gateway.engine.events(existing, tick=_TICK):
            if gateway.closing.is_set():
                yield ServerSentEvent(event="closing", data={"next": "The job goes on. Connect again later."})
                return
            for row in await gateway.engine.store.database.read(story.read):
                yield ServerSentEvent(event="state", id=str(row["id"]), data=_state(row))
            progress = _progress(event)
            if progress:
                yield ServerSentEvent(event="progress", data=progress)
    except FluxroomError as error:
        yield ServerSentEvent(event="problem", data=problems.of(error))
        return
    found = await gateway.client.snapshot(existing)
    yield ServerSentEvent(event="end", data=answers.generation(found).model_dump())


def _state(row: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"job": row["job"], "from": row["from_state"] or None, "to": row["to_state"], "why": row["why"], "at": at}


def _progress(event: Event) -> dict[str, Any] | None:
    if isinstance(event, Queued):
        return {"job": event.job, "phase": "queued", "position": event.position}
    if isinstance(event, Working):
        return {
            "job": event.job,
            "phase": event.phase or "running",
            "elapsed": round(event.elapsed, 2),
            "expected": event.expected,
            "progress": event.progress,
        }
    return None
