"""Following a generation at a gateway: its server-sent events, come back to wherever the connection broke."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import SETTLED
from fluxroom.errors import GatewayUnreachable
from fluxroom.logs import get_logger
from fluxroom.remote import answers
from fluxroom.remote.line import Line, Told, error_from, heard, other_version, segment
from fluxroom.types import Done, Event, Queued, Running

_log = get_logger("fluxroom.remote")

_AGAIN = 0.5
"""Seconds before somebody who follows comes back."""

_KINDS = frozenset({"state", "progress", "problem", "end"})
"""The events that say something about a generation."""


@dataclass(slots=True)
class Followed:
    """A generation that is followed."""

    id: str
    last: str = ""  # number of the last event, for `Last-Event-ID`
    latest: dict[str, Queued | Running] = field(default_factory=dict)  # by job
    end: Snapshot | None = None


async def follow(line: Line, generation: str, patience: float) -> AsyncGenerator[Event | Followed, None]:
    """What happens to a generation until it is settled; the last item holds how it ended.

    While the gateway is away the latest events are told again, with the reason, so that nobody waits in silence.

    Raises:
        FluxroomError: what the gateway said.
        GatewayUnreachable: it was away for longer than `patience` seconds; the jobs go on when it is back.
    """
    told = Followed(generation)
    heard = time.monotonic()
    while told.end is None:
        try:
            async for event in _once(line, told):
                heard = time.monotonic()
                yield event
        except GatewayUnreachable as away:
            if not line.met or time.monotonic() - heard > patience:
                raise
            _log.warning("the gateway is away, coming back", generation=generation, why=away.detail)
            for event in list(told.latest.values()):
                yield replace(event, why=f"{away.detail.rstrip('.')}; the job goes on there, asking again")
        if told.end is None:
            if time.monotonic() - heard > patience:
                raise GatewayUnreachable(f"{line.base} ends its events again and again without saying how it ended.")
            await asyncio.sleep(_AGAIN)
    yield told


async def _once(line: Line, told: Followed) -> AsyncIterator[Event]:
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": told.last} if told.last else {})}
    async with line.stream(f"/v1/generations/{segment(told.id)}/events", headers) as lines:
        async for kind, number, data in read_events(lines):
            told.last = number or told.last
            if kind not in _KINDS:
                continue  # a later version's, about something else
            if not isinstance(data, Told):
                raise other_version(f"its event {kind!r} is no object")
            if kind == "problem":
                raise error_from(data)
            if kind == "end":
                told.end = answers.snapshot(data)
                return
            event = await _event(line, told, kind, data)
            if event is not None:
                yield event


async def _event(line: Line, told: Followed, kind: str, data: Told) -> Event | None:
    job = str(data.get("job", ""))
    if kind == "state" and str(data["to"]) in SETTLED:
        told.latest.pop(job, None)
        return _done(answers.snapshot(await line.get(f"/v1/generations/{segment(told.id)}")), job)
    if kind == "state" and data["to"] == "queued":
        told.latest[job] = Queued(job=job, why="" if data["from"] is None else str(data["why"]))
    elif kind == "progress" and data["phase"] == "queued":
        told.latest[job] = Queued(job=job, position=data.get("position"), why=data.get("why") or "")
    elif kind == "progress":
        told.latest[job] = answers.running(data, job)
    else:
        return None
    return told.latest[job]


def _done(found: Snapshot, job_id: str) -> Done | None:
    job = next((one for one in found.jobs if one.id == job_id), None)
    if job is None or job.state not in SETTLED:  # a person sent it again meanwhile
        return None
    return Done(job=job.id, state=job.state, images=found.images_of(job), error=job.error or None)


def _read(data: str) -> Any:
    try:
        told = orjson.loads(data)
    except ValueError:
        raise other_version("an event is no JSON") from None
    return heard(told)


async def read_events(lines: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, str, Any]]:
    """Kind, id and data of each server-sent event; one that is cut off is left out."""
    fields: dict[str, str] = {}
    async for raw in lines:
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if "data" in fields:
                yield fields.get("event", "message"), fields.get("id", ""), _read(fields["data"])
            fields = {}
            continue
        name, colon, value = text.partition(":")
        if name and colon:
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
