"""fal's queue: submit, status, status stream, result and cancel (fal docs, queue, 2026)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from fluxroom.sandbox.exchange import NOTES, Refused, answer, drop, world_of
from fluxroom.sandbox.fal_catalog import app_of
from fluxroom.sandbox.fal_results import addresses, result, status_object
from fluxroom.sandbox.fal_tasks import limit_wait, make_task, require_app, require_key
from fluxroom.sandbox.media import other_origin
from fluxroom.sandbox.switches import disturbed, open_submit
from fluxroom.sandbox.tasks import NEVER
from fluxroom.sandbox.webhooks import WEBHOOKS
from fluxroom.sandbox.world import key_id_of

if TYPE_CHECKING:
    from fluxroom.sandbox.tasks import Task

_REQUEST: Final = re.compile(
    r"^(?P<app>[^/]+/[^/]+).*/requests/(?P<id>[^/]+)(?P<tail>/status/stream|/status|/response|/cancel|)$"
)
_MOVED: Final = re.compile(r"^[^/]+/[^/]+/moved/(?P<id>[^/]+)(?P<tail>/.*|)$")
UNKNOWN_STATUS: Final = "DREAMING"
IN_PROGRESS: Final = "Request is still in progress"


async def dispatch(request: web.Request) -> web.StreamResponse:
    """Every path of the queue's host."""
    tail = request.match_info["tail"]
    if request.method == "POST":
        return await submit(request, tail)
    moved = _MOVED.match(tail)
    if moved is not None:
        return web.Response(status=307, headers={"Location": f"{other_origin(request)}/elsewhere/{moved['id']}"})
    found = _REQUEST.match(tail)
    if found is None:
        return answer({"detail": "Method Not Allowed"}, 405)
    require_key(request)
    return await _about(request, found)


async def submit(request: web.Request, endpoint: str) -> web.StreamResponse:
    """``POST /{owner}/{app}[/path]``: every known app takes any JSON body; the body is judged by the run."""
    key_id = key_id_of(require_key(request))
    require_app(endpoint)
    body, asked = await open_submit(request, "fal", endpoint, key_id)
    _check_length(request)
    task = await make_task(request, endpoint, body, asked)
    wanted = request.query.get("fal_webhook")
    task.webhook = {"url": wanted} if wanted else None
    request[NOTES].task = task.id
    return await disturbed(request, asked, await _taken(request, task))


async def _taken(request: web.Request, task: Task) -> web.Response:
    world = world_of(request)
    world.take(task, adjust=lambda new: limit_wait(request, new))
    if task.webhook is not None and "webhook-early" in task.faults:
        await request.app[WEBHOOKS].deliver(task)
    elif task.webhook is not None:
        request.app[WEBHOOKS].plan(task)
    reply: dict[str, Any] = {
        "status": "IN_QUEUE",
        **addresses(request, task),
        "queue_position": world.queue_position(task),
    }
    if task.webhook is not None:
        reply["gateway_request_id"] = task.id
    return answer(reply)


def _check_length(request: web.Request) -> None:
    longest = request.query.get("fal_max_queue_length", "")
    if longest.isdigit() and world_of(request).waiting() > int(longest):
        raise Refused(answer({"detail": "Queue is full", "error_type": "queue_full"}, 429))


async def _about(request: web.Request, found: re.Match[str]) -> web.StreamResponse:
    request[NOTES].task = found["id"]
    task = world_of(request).task(found["id"])
    if task is None or task.provider != "fal" or app_of(task.endpoint) != found["app"]:
        return answer({"status": "NOT_FOUND"}, 404)
    kind = found["tail"]
    if request.method == "PUT" and kind == "/cancel":
        return _cancel(request, task)
    if request.method != "GET" or kind == "/cancel":
        return answer({"detail": "Method Not Allowed"}, 405)
    faulty = _faulty(request, task)
    if faulty is not None:
        return faulty
    return await _stream(request, task) if kind == "/status/stream" else await _read(request, task, kind)


async def _read(request: web.Request, task: Task, kind: str) -> web.Response:
    done = task.phase(world_of(request).now()) == "done"
    if kind == "/status":
        return answer(status_object(request, task, logs=_wants_logs(request)), 200 if done else 202)
    if not done:
        return answer({"detail": IN_PROGRESS}, 400)
    if "result-expired" in task.faults:
        return answer({"detail": "Request not found"}, 404)
    return await result(request, task)


def _wants_logs(request: web.Request) -> bool:
    return request.query.get("logs", "").lower() in {"1", "true"}


def _faulty(request: web.Request, task: Task) -> web.Response | None:
    world = world_of(request)
    if world.strike(task, "poll-drop"):
        return drop(request)
    if world.strike(task, "poll-429"):
        return answer({"detail": "Too many requests"}, 429, {"Retry-After": "1"})
    if world.strike(task, "poll-503"):
        return answer({"detail": "Service Unavailable"}, 503, {"Retry-After": "1"})
    if world.strike(task, "poll-404"):
        return answer({"status": "NOT_FOUND"}, 404)
    return _odd_status(request, task) if request.path.endswith("/status") else None


def _odd_status(request: web.Request, task: Task) -> web.Response | None:
    world = world_of(request)
    if world.strike(task, "poll-unknown-status"):
        return answer({**status_object(request, task, logs=False), "status": UNKNOWN_STATUS}, 202)
    if task.phase(world.now()) != "queued" and world.strike(task, "poll-backward"):
        return answer({"status": "IN_QUEUE", **addresses(request, task), "queue_position": 0, "logs": None}, 202)
    return None


def _cancel(request: web.Request, task: Task) -> web.Response:
    """Cancel: 200 when it was still queued and is gone, 202 when it was running and has been asked to stop."""
    world = world_of(request)
    phase = task.phase(world.now())
    if phase == "done":
        return answer({"status": "ALREADY_COMPLETED"}, 400)
    if phase == "queued" or "cancel-ignored" not in task.faults:
        world.books.end_task(task.id, outcome="cancelled", ready=world.now())
    return answer({"status": "CANCELLATION_REQUESTED"}, 200 if phase == "queued" else 202)


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


async def _stream(request: web.Request, task: Task) -> web.StreamResponse:
    """Status objects as server-sent events, one at each change, closed after COMPLETED."""
    world = world_of(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    response.headers["x-fal-request-id"] = task.id
    await response.prepare(request)
    logs = _wants_logs(request)
    if world.strike(task, "poll-unknown-status"):
        await response.write(_event({**status_object(request, task, logs=False), "status": UNKNOWN_STATUS}))
    while True:
        body = status_object(request, task, logs=logs)
        await response.write(_event(body))
        if body["status"] == "COMPLETED":
            return response
        edge = task.started if body["status"] == "IN_QUEUE" else task.ready
        before = body["status"]
        while before == status_object(request, task, logs=False)["status"]:
            await asyncio.sleep(min(0.05, max(0.001, edge - world.now())) if edge < NEVER else 0.05)
            task = world.task(task.id) or task
            edge = task.started if before == "IN_QUEUE" else task.ready
