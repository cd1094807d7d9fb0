"""The providers' shortest form for benchmarks: fixed bytes of a set size after a set time, and no books.

A task's id holds the moment at which it is ready, so nothing is kept.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from fluxroom.sandbox.pictures import plain_png

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class _Stub:
    """Answers both providers from the path alone."""

    def __init__(self, size: int, seconds: float) -> None:
        self._picture = plain_png(size)
        self._seconds = seconds
        self._numbers = itertools.count()

    def _new_id(self) -> str:
        ready = int((time.time() + self._seconds) * 1000)
        text = f"{ready:012x}{next(self._numbers):020x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    @staticmethod
    def _moment(task_id: str) -> float:
        return int(task_id[:8] + task_id[9:13], 16) / 1000

    def _ready(self, task_id: str) -> bool:
        return time.time() >= self._moment(task_id)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if request.method == "POST":
            await request.read()
            return self._submit(request, path)
        if path.endswith(".png"):
            return web.Response(body=self._picture, content_type="image/png")
        if path.endswith("/get_result"):
            return self._bfl(request, request.query["id"])
        if path.endswith("/credits"):
            return _json({"credits": 1e6})
        if path.endswith("/status/stream"):
            return await self._stream(request, path.removesuffix("/stream"))
        return self._fal(request, path)

    async def _stream(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Fal's status as it changes: IN_PROGRESS, and COMPLETED when the task is ready."""
        headers = {"content-type": "text/event-stream", "x-fal-request-id": "stub"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        task_id = path.removesuffix("/status").rpartition("/")[2]
        left = self._moment(task_id) - time.time()
        if left > 0:
            await response.write(_event(self._status(request, path, ready=False)))
            await asyncio.sleep(left)
        await response.write(_event(self._status(request, path, ready=True)))
        return response

    def _submit(self, request: web.BaseRequest, path: str) -> web.Response:
        task_id, base = self._new_id(), f"{request.scheme}://{request.host}"
        if path.startswith("/bfl/"):
            url = f"{base}/bfl/v1/get_result?id={task_id}"
            return _json({"id": task_id, "polling_url": url, "cost": 3.0, "input_mp": 0.0, "output_mp": 1.0})
        if path.startswith("/fal/run/"):
            return _json(self._output(base, task_id))
        owner, app = path.split("/")[3:5]
        url = f"{base}/fal/queue/{owner}/{app}/requests/{task_id}"
        return _json({"status": "IN_QUEUE", "queue_position": 0, **_addresses(task_id, url)})

    def _bfl(self, request: web.BaseRequest, task_id: str) -> web.Response:
        body: dict[str, object] = {
            "id": task_id,
            "status": "Pending",
            "result": None,
            "progress": 0.5,
            "details": None,
            "preview": None,
        }
        if self._ready(task_id):
            url = f"{request.scheme}://{request.host}/bfl/delivery/{task_id}_0.png?sig=stub"
            result = {
                "sample": url,
                "prompt": "",
                "seed": 1,
                "start_time": 0.0,
                "end_time": 0.0,
                "duration": self._seconds,
            }
            body |= {"status": "Ready", "result": result, "progress": None, "cost": 3.0}
        return _json(body)

    def _fal(self, request: web.BaseRequest, path: str) -> web.Response:
        task_id, _, kind = path.partition("/requests/")[2].partition("/")
        ready = self._ready(task_id)
        if kind == "status":
            return _json(self._status(request, path, ready=ready), 200 if ready else 202)
        base = f"{request.scheme}://{request.host}"
        return _json(self._output(base, task_id)) if ready else _json({"detail": "Request is still in progress"}, 400)

    def _status(self, request: web.BaseRequest, path: str, *, ready: bool) -> dict[str, object]:
        url = f"{request.scheme}://{request.host}{path.removesuffix('/status')}"
        status = "COMPLETED" if ready else "IN_PROGRESS"
        told: dict[str, object] = {"status": status, "logs": None, "metrics": {"inference_time": self._seconds}}
        return told | _addresses(url.rpartition("/")[2], url)

    @staticmethod
    def _output(base: str, task_id: str) -> dict[str, object]:
        url = f"{base}/fal/cdn/files/b/stub/{task_id}_0.png"
        picture = {
            "url": url,
            "content_type": "image/png",
            "file_name": None,
            "file_size": None,
            "width": 1024,
            "height": 1024,
        }
        return {"images": [picture], "seed": 1, "prompt": "", "has_nsfw_concepts": [False], "timings": {}}


def _addresses(task_id: str, url: str) -> dict[str, str]:
    return {"request_id": task_id, "response_url": url, "status_url": f"{url}/status", "cancel_url": f"{url}/cancel"}


def _event(body: object) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def _json(body: object, status: int = 200) -> web.Response:
    headers = {"x-fal-request-id": "stub", "x-fal-billable-units": "1"}
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


def stub_handler(size: int, seconds: float) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The handler alone."""
    return _Stub(size, seconds).answer


def stub_runner(size: int, seconds: float) -> web.ServerRunner:
    """A server without routes, middlewares or logs around the handler."""
    return web.ServerRunner(web.Server(stub_handler(size, seconds), access_log=None))
