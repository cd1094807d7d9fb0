"""Serves finished pictures, with whatever a media fault does to them."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from aiohttp import web

from fluxroom.sandbox.exchange import NOTES, answer, cut, html, world_of
from fluxroom.sandbox.gallery import EXTENSIONS, Gallery
from fluxroom.sandbox.painter import CONTENT_TYPES
from fluxroom.sandbox.pictures import bomb

if TYPE_CHECKING:
    from fluxroom.sandbox.faults import Fault
    from fluxroom.sandbox.tasks import Task

GALLERY: Final = web.AppKey("gallery", Gallery)
FOREIGN_HOST: Final = "pictures.example.com"
_NAME: Final = re.compile(r"^([0-9a-f-]{36})_(\d+)\.(png|jpg|webp)$")
_EXPIRED: Final = (
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code>'
    "<Message>Server failed to authenticate the request. Signature not valid in the specified time frame."
    "</Message></Error>"
)


def file_name(task: Task, index: int) -> str:
    """The name of one picture of a task."""
    return f"{task.id}_{index}.{EXTENSIONS[task.picture['format']]}"


def read_name(name: str) -> tuple[str, int] | None:
    """Task id and index in a picture's name."""
    found = _NAME.match(name)
    return (found[1], int(found[2])) if found else None


def foreign(task: Task, url: str) -> str:
    """The picture's address, on a foreign host if that was asked."""
    fault = task.faults.get("media-foreign")
    if fault is None:
        return url
    host = fault.value or FOREIGN_HOST
    return f"{host if '://' in host else f'https://{host}'}/{url.split('://', 1)[1].split('/', 1)[1]}"


def expired() -> web.Response:
    """The answer of a signed address after its time."""
    return web.Response(text=_EXPIRED, status=403, content_type="application/xml")


async def send_picture(request: web.Request, task: Task, index: int) -> web.StreamResponse:
    """One picture of a task."""
    world = world_of(request)
    request[NOTES].task = task.id
    for fault in task.faults.with_prefix("media-"):
        handler = _FAULTS.get(fault.name)
        if handler is not None and world.strikes(task.id, fault):
            return await handler(request, task, index, fault)
    data = await request.app[GALLERY].picture(task, index)
    return web.Response(body=data, content_type=CONTENT_TYPES[task.picture["format"]])


async def _busy(_request: web.Request, _task: Task, _index: int, _fault: Fault) -> web.StreamResponse:
    return answer({"detail": "Service Unavailable"}, 503)


async def _gone(_request: web.Request, _task: Task, _index: int, _fault: Fault) -> web.StreamResponse:
    return expired()


async def _truncated(request: web.Request, task: Task, index: int, _fault: Fault) -> web.StreamResponse:
    data = await request.app[GALLERY].picture(task, index)
    return await cut(request, data, CONTENT_TYPES[task.picture["format"]])


async def _page(_request: web.Request, _task: Task, _index: int, _fault: Fault) -> web.StreamResponse:
    return html("<!doctype html><html><body>Please log in</body></html>")


async def _bomb(_request: web.Request, _task: Task, _index: int, _fault: Fault) -> web.StreamResponse:
    return web.Response(body=await asyncio.to_thread(bomb), content_type="image/png")


async def _huge(request: web.Request, _task: Task, _index: int, fault: Fault) -> web.StreamResponse:
    size = int(float(fault.value or 200) * 1024 * 1024)
    response = web.StreamResponse(headers={"Content-Type": "image/png", "Content-Length": str(size)})
    await response.prepare(request)
    block = b"\x89PNG\r\n\x1a\n" + b"\0" * (1024 * 1024 - 8)
    for _ in range(size // len(block)):
        await response.write(block)
    await response.write(block[: size % len(block)])
    return response


async def _redirect(request: web.Request, task: Task, index: int, _fault: Fault) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"{other_origin(request)}/elsewhere/{file_name(task, index)}"})


async def _drip(request: web.Request, task: Task, index: int, fault: Fault) -> web.StreamResponse:
    data = await request.app[GALLERY].picture(task, index)
    response = web.StreamResponse(
        headers={"Content-Type": CONTENT_TYPES[task.picture["format"]], "Content-Length": str(len(data))}
    )
    await response.prepare(request)
    steps = 20
    size = -(-len(data) // steps)
    for start in range(0, len(data), size):
        await response.write(data[start : start + size])
        await asyncio.sleep(float(fault.value or 2.0) / steps)
    return response


_FAULTS: Final = {
    "media-503": _busy,
    "media-403": _gone,
    "media-truncated": _truncated,
    "media-html": _page,
    "media-bomb": _bomb,
    "media-huge": _huge,
    "media-redirect": _redirect,
    "media-drip": _drip,
}


def other_origin(request: web.Request) -> str:
    """Another name of this machine: the same server, but a foreign origin to whoever compares them."""
    host, _, port = request.host.rpartition(":")
    return f"{request.scheme}://{'localhost' if host == '127.0.0.1' else '127.0.0.1'}:{port}"


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """What a redirect leads to: a foreign origin that records what it is sent and gives a picture or a Ready."""
    found = read_name(request.match_info["name"])
    task = world_of(request).task(found[0]) if found else None
    if task is None or found is None:
        return answer(
            {"id": "elsewhere", "status": "Ready", "result": {"sample": f"{other_origin(request)}/elsewhere/x.png"}}
        )
    request[NOTES].task = task.id
    data = await request.app[GALLERY].picture(task, found[1])
    return web.Response(body=data, content_type=CONTENT_TYPES[task.picture["format"]])
