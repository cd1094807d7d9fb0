"""What fal says about a request: its status object, its result with the model's own status, its events."""

from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING, Any

from fluxroom.sandbox.exchange import MOUNTS, answer, origin, world_of
from fluxroom.sandbox.fal_catalog import app_of, endpoints
from fluxroom.sandbox.fal_errors import failure
from fluxroom.sandbox.media import GALLERY, file_name, foreign
from fluxroom.sandbox.painter import CONTENT_TYPES

if TYPE_CHECKING:
    from aiohttp import web

    from fluxroom.sandbox.gallery import Gallery
    from fluxroom.sandbox.tasks import Task


def cdn_base(request: web.Request) -> str:
    """Where this application serves files."""
    return f"{origin(request)}{request.app[MOUNTS].cdn}"


def addresses(request: web.Request, task: Task) -> dict[str, str]:
    """The request's own addresses: owner and app only, as fal's clients expect them."""
    base = f"{origin(request)}{request.app[MOUNTS].queue}"
    whole = f"{base}/{app_of(task.endpoint)}/requests/{task.id}"
    shown = _shown_base(task, whole)
    return {
        "request_id": task.id,
        "response_url": shown,
        "status_url": f"{shown}/status",
        "cancel_url": f"{shown}/cancel",
    }


def _shown_base(task: Task, whole: str) -> str:
    path = whole.split("://", 1)[1].split("/", 1)[1]
    fault = task.faults.get("polling-url-foreign")
    if fault is not None:
        host = fault.value or "queue.example.com"
        return f"{host if '://' in host else f'https://{host}'}/{path}"
    if "polling-url-http" in task.faults:
        return f"http://queue.fal.run/{app_of(task.endpoint)}/requests/{task.id}"
    if "polling-url-redirect" in task.faults:
        return whole.replace("/requests/", "/moved/")
    return whole


def status_name(task: Task, now: float) -> str:
    """One of fal's three states. There is no FAILED and no CANCELED."""
    return {"queued": "IN_QUEUE", "running": "IN_PROGRESS", "done": "COMPLETED"}[task.phase(now)]


def status_object(request: web.Request, task: Task, *, logs: bool) -> dict[str, Any]:
    """The body of a status request."""
    world = world_of(request)
    now = world.now()
    name = status_name(task, now)
    body: dict[str, Any] = {"status": name, **addresses(request, task), "logs": _logs(task, now) if logs else None}
    if name == "IN_QUEUE":
        body["queue_position"] = world.queue_position(task)
    if name == "COMPLETED":
        body["metrics"] = {"inference_time": round(max(0.0, task.ready - task.started), 4)}
        reply = _reply(task)
        if reply is not None:
            detail = reply["body"]["detail"]
            body["error"] = detail if isinstance(detail, str) else detail[0]["msg"]
            body["error_type"] = reply["error_type"]
    return body


def _logs(task: Task, now: float) -> list[dict[str, Any]]:
    if now < task.started:
        return []
    lines = [(task.started, "Runner started")]
    if now >= task.ready:
        lines.append((task.ready, "Finished"))
    return [
        {
            "message": text,
            "level": "INFO",
            "source": "run",
            "timestamp": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds"),
        }
        for at, text in lines
    ]


def _reply(task: Task) -> dict[str, Any] | None:
    """The answer that a failed run replays; None for a run that succeeded."""
    if task.outcome == "ready":
        return None
    return failure("client_cancelled") if task.outcome == "cancelled" else task.answer


async def result(request: web.Request, task: Task) -> web.Response:
    """The result of a request that is done: the model's own status, body and headers."""
    reply = _reply(task)
    if reply is not None:
        headers = {"x-fal-billable-units": "0", "X-Fal-Error-Type": reply["error_type"], **reply.get("headers", {})}
        if reply["status"] >= 500:
            headers |= {"X-Fal-Retryable": "true", "X-Fal-Needs-Retry": "1"}
        return answer(reply["body"], reply["status"], headers)
    body = await output(request.app[GALLERY], task, cdn_base(request))
    return answer(body, 200, {"x-fal-billable-units": f"{task.units:g}"})


async def output(gallery: Gallery, task: Task, base: str) -> dict[str, Any]:
    """The endpoint's output, in the shape that its published type has."""
    files = [await _file(gallery, task, index, base) for index in range(task.picture["count"])]
    seconds = round(max(0.0, task.ready - task.started), 4)
    prompt = task.body.get("prompt")
    known: dict[str, Any] = {
        "images": files,
        "image": files[0],
        "seed": task.picture["seed"],
        "prompt": prompt if isinstance(prompt, str) else "",
        "has_nsfw_concepts": [index < task.picture.get("nsfw", 0) for index in range(len(files))],
        "timings": {"inference": seconds},
        "caption": task.picture["prompt"],
        "diffusers_lora_file": _text_file(base, task, "lora.safetensors"),
        "config_file": _text_file(base, task, "config.json"),
    }
    return {name: known[name] for name in endpoints()[task.endpoint]["output"] if name in known}


def _text_file(base: str, task: Task, name: str) -> dict[str, Any]:
    return {
        "url": f"{base}/files/b/{task.id[:8]}/{name}",
        "content_type": "application/octet-stream",
        "file_name": name,
        "file_size": None,
    }


async def _file(gallery: Gallery, task: Task, index: int, base: str) -> dict[str, Any]:
    """One image file object. Its size in bytes is told only where the bytes are inline."""
    row, name = task.picture, file_name(task, index)
    kind = CONTENT_TYPES[row["format"]]
    if task.endpoint.endswith("klein/realtime"):
        data = await gallery.picture(task, index)
        return {
            "content": base64.b64encode(data).decode(),
            "content_type": kind,
            "width": row["width"],
            "height": row["height"],
        }
    size = None
    url = foreign(task, f"{base}/files/b/{task.id[:8]}/{name}")
    if row["sync_mode"]:
        data = await gallery.picture(task, index)
        url, size = f"data:{kind};base64,{base64.b64encode(data).decode()}", len(data)
    return {
        "url": url,
        "content_type": kind,
        "file_name": name,
        "file_size": size,
        "width": row["width"],
        "height": row["height"],
    }
