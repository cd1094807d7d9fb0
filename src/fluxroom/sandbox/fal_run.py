"""fal's synchronous host: the output as the answer, or as the last of a stream of events."""

from __future__ import annotations

import asyncio
from typing import Final

import orjson
from aiohttp import web

from fluxroom.sandbox.exchange import NOTES, Refused, answer, body_of, world_of
from fluxroom.sandbox.fal_catalog import endpoints
from fluxroom.sandbox.fal_results import result
from fluxroom.sandbox.fal_tasks import make_task, require_app, require_key
from fluxroom.sandbox.switches import disturbed, open_submit
from fluxroom.sandbox.tasks import NEVER, Task
from fluxroom.sandbox.world import key_id_of

_LONGEST: Final = 3600.0  # an app's own time limit after its start (fal docs, 2026)


async def run(request: web.Request) -> web.StreamResponse:
    """``POST https://fal.run/{endpoint}``, and ``/stream`` below it."""
    tail = request.match_info["tail"]
    streamed = tail.endswith("/stream") and tail not in endpoints()
    endpoint = tail.removesuffix("/stream") if streamed else tail
    key_id = key_id_of(require_key(request))
    require_app(endpoint)
    body, asked = await open_submit(request, "fal", endpoint, key_id)
    _check_limit(request)
    task = await make_task(request, endpoint, body, asked)
    world_of(request).take(task, adjust=_judge_at_once)
    request[NOTES].task = task.id
    if streamed:
        return await _stream(request, task)
    await _until_ready(request, task)
    return await disturbed(request, asked, await result(request, task))


def _check_limit(request: web.Request) -> None:
    """Unlike the queue, the synchronous host refuses what is over the account's limit."""
    world = world_of(request)
    if world.active("fal") >= world.caps()["fal"]:
        body = {"detail": "Too many concurrent requests", "error_type": "concurrent_requests_limit"}
        headers = {"X-Fal-Needs-Retry": "1", "X-Fal-Error-Type": "concurrent_requests_limit"}
        raise Refused(answer(body, 429, headers))


def _judge_at_once(task: Task) -> None:
    """An input that is not valid never runs."""
    if task.outcome == "invalid":
        task.ready = task.started = task.submitted


async def _until_ready(request: web.Request, task: Task) -> None:
    end = task.ready if task.ready < NEVER else task.submitted + _LONGEST
    await asyncio.sleep(max(0.0, end - world_of(request).now()))


async def _stream(request: web.Request, task: Task) -> web.StreamResponse:
    """Server-sent events; the last one is the final output."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    response.headers["x-fal-request-id"] = task.id
    await response.prepare(request)
    await response.write(b"data: " + orjson.dumps({"images": [], "progress": 0.0}) + b"\n\n")
    await _until_ready(request, task)
    final = await result(request, task)
    await response.write(b"data: " + body_of(final) + b"\n\n")
    return response
