"""BFL's polling and delivery: the status walk, the task bodies and the signed addresses that expire."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from fluxroom.sandbox.exchange import MOUNTS, NOTES, answer, drop, origin, world_of
from fluxroom.sandbox.media import expired, file_name, foreign, read_name, send_picture

if TYPE_CHECKING:
    from fluxroom.sandbox.tasks import Task
    from fluxroom.sandbox.world import World

UNKNOWN_STATUS: Final = "Dreaming"


def media_base(request: web.Request) -> str:
    """Where this application's pictures are delivered."""
    mounts = request.app[MOUNTS]
    return mounts.delivery or f"{origin(request)}{mounts.bfl}"


def task_body(task_id: str, status: str, **others: Any) -> dict[str, Any]:
    """A reply of get_result. Every key is there, as in the published ResultResponse."""
    return {
        "id": task_id,
        "status": status,
        "result": None,
        "progress": None,
        "details": None,
        "preview": None,
        **others,
    }


def signed_url(world: World, task: Task, base: str) -> str:
    """A new address of the task's picture that lives ten minutes."""
    end = int(world.now() + world.link_seconds())
    stamp = dt.datetime.fromtimestamp(end, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce, name = secrets.token_hex(6), file_name(task, 0)
    query = f"se={stamp.replace(':', '%3A')}&sp=r&sr=b&skoid={nonce}&sig={_signature(world, name, stamp, nonce)}"
    return foreign(task, f"{base}/delivery/{name}?{query}")


def _signature(world: World, name: str, stamp: str, nonce: str) -> str:
    text = f"{name}\n{stamp}\n{nonce}".encode()
    return hmac.new(bytes.fromhex(world.secret("delivery")), text, hashlib.sha256).hexdigest()


async def deliver(request: web.Request) -> web.StreamResponse:
    """``GET /delivery/<name>``: the picture, to whoever has a signature that has not expired."""
    world = world_of(request)
    name, stamp = request.match_info["name"], request.query.get("se", "")
    right = _signature(world, name, stamp, request.query.get("skoid", ""))
    if not hmac.compare_digest(right, request.query.get("sig", "")):
        return expired()
    if world.now() > dt.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC).timestamp():
        return expired()
    found = read_name(name)
    task = world.task(found[0]) if found else None
    if task is None:
        return answer({"detail": "Not Found"}, 404)
    return await send_picture(request, task, 0)


async def get_result(request: web.Request) -> web.StreamResponse:
    """``GET /v1/get_result?id=``. No key is needed."""
    world = world_of(request)
    task_id = request.query.get("id")
    if task_id is None:
        return answer(
            {"detail": [{"type": "missing", "loc": ["query", "id"], "msg": "Field required", "input": None}]}, 422
        )
    request[NOTES].task = task_id
    task = world.task(task_id) if request.app[MOUNTS].polls else None
    if task is None or task.provider != "bfl":
        return answer(task_body(task_id, "Task not found"), 404)
    return _faulty(request, task) or answer(*poll_reply(world, task, media_base(request)))


def _faulty(request: web.Request, task: Task) -> web.Response | None:
    """What a poll fault answers, if one happens now."""
    world = world_of(request)
    if world.strike(task, "poll-drop"):
        return drop(request)
    if world.strike(task, "poll-429"):
        return answer({"detail": "Too many requests"}, 429, {"Retry-After": "1"})
    if world.strike(task, "poll-503"):
        return answer({"detail": "Service Unavailable"}, 503, {"Retry-After": "1"})
    if world.strike(task, "poll-404"):
        return answer(task_body(task.id, "Task not found"), 404)
    return _odd_status(world, task)


def _odd_status(world: World, task: Task) -> web.Response | None:
    if world.strike(task, "poll-unknown-status"):
        return answer(task_body(task.id, UNKNOWN_STATUS))
    if task.progress(world.now()) > 0.2 and world.strike(task, "poll-backward"):
        return answer(task_body(task.id, "Pending", progress=0.0))
    return None


def poll_reply(world: World, task: Task, base: str) -> tuple[dict[str, Any], int]:
    """The body and the HTTP status of a poll without faults; the webhook's body too."""
    now = world.now()
    if task.phase(now) != "done":
        progress = round(task.progress(now), 2)
        return task_body(task.id, _walk(task.endpoint, progress), progress=progress), 200
    if task.outcome == "ready":
        return _ready(world, task, base), 200
    if task.outcome in {"request-moderated", "content-moderated"}:
        status = "Request Moderated" if task.outcome == "request-moderated" else "Content Moderated"
        return task_body(task.id, status, details={"Moderation Reasons": task.answer["reasons"]}), 200
    return task_body(task.id, "Error", details={"error": task.answer["error"]}), int(task.answer["status"])


def _walk(endpoint: str, progress: float) -> str:
    """The status of a task that works: FLUX 3 also reasons before it generates."""
    if not endpoint.startswith("flux-3") or progress < 0.1:
        return "Pending"
    return "Reasoning" if progress < 0.4 else "Generating"


def _ready(world: World, task: Task, base: str) -> dict[str, Any]:
    result = {
        "sample": signed_url(world, task, base),
        "prompt": task.body.get("prompt") or "",
        "seed": task.picture["seed"],
        "start_time": round(task.started, 3),
        "end_time": round(task.ready, 3),
        "duration": round(task.ready - task.started, 3),
    }
    return task_body(task.id, "Ready", result=result, cost=task.cost)


async def moved(request: web.Request) -> web.StreamResponse:
    """A polling address that redirects to another origin."""
    return web.Response(status=307, headers={"Location": request.query["to"]})
