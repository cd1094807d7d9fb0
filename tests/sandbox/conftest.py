"""A running sandbox and somebody who calls it over real sockets."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from fluxroom.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BFL_KEY = {"x-key": "sandbox-key"}
FAL_KEY = {"Authorization": "Key id:secret"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Answer:
    """One answer, read to its end."""

    status: int
    headers: dict[str, str]
    raw: bytes
    url: str

    def json(self) -> Any:
        return orjson.loads(self.raw)


class Clock:
    """The sandbox's time, moved by hand."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Caller:
    """Calls one sandbox as a client of both providers would."""

    box: Sandbox
    session: aiohttp.ClientSession

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        async with self.session.request(method, url, allow_redirects=False, **options) as reply:
            raw = await reply.read()
            return Answer(reply.status, {k.lower(): v for k, v in reply.headers.items()}, raw, str(reply.url))

    async def get(self, url: str, **options: Any) -> Answer:
        return await self.request("GET", url, **options)

    def stop_clock(self) -> Clock:
        clock = Clock(self.box.world.now())
        self.box.world.now = clock
        return clock

    async def bfl(self, endpoint: str, body: Any, **headers: str) -> Answer:
        given = {**BFL_KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = io.BytesIO(orjson.dumps(body))
        given["Content-Type"] = "application/json"
        return await self.request("POST", f"{self.box.bfl_url}/v1/{endpoint}", data=data, headers=given)

    async def bfl_poll(self, task_id: str) -> Answer:
        return await self.get(f"{self.box.bfl_url}/v1/get_result", params={"id": task_id})

    async def bfl_done(self, endpoint: str, body: Any, **headers: str) -> Answer:
        submitted = await self.bfl(endpoint, body, **headers)
        assert submitted.status == 200, submitted.raw
        return await self.bfl_wait(submitted.json()["id"])

    async def bfl_wait(self, task_id: str) -> Answer:
        while True:
            polled = await self.bfl_poll(task_id)
            if polled.status != 200 or polled.json()["status"] not in {"Pending", "Reasoning", "Generating"}:
                return polled
            await asyncio.sleep(0.002)

    async def fal(self, endpoint: str, body: Any, *, query: str = "", **headers: str) -> Answer:
        given = {**FAL_KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.request("POST", f"{self.box.fal_queue_url}/{endpoint}{query}", json=body, headers=given)

    async def run(self, endpoint: str, body: Any, **headers: str) -> Answer:
        given = {**FAL_KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.request("POST", f"{self.box.fal_run_url}/{endpoint}", json=body, headers=given)

    async def fal_get(self, url: str) -> Answer:
        return await self.get(url, headers=FAL_KEY)

    async def fal_done(self, endpoint: str, body: Any, **headers: str) -> Answer:
        submitted = await self.fal(endpoint, body, **headers)
        assert submitted.status == 200, submitted.raw
        return await self.fal_wait(submitted.json())

    async def fal_wait(self, submitted: dict[str, Any]) -> Answer:
        while True:
            status = await self.fal_get(submitted["status_url"])
            if status.status == 200 and status.json()["status"] == "COMPLETED":
                return await self.fal_get(submitted["response_url"])
            await asyncio.sleep(0.002)


@pytest.fixture
async def session(anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as opened:
        yield opened


@pytest.fixture
async def call(session: aiohttp.ClientSession) -> AsyncIterator[Caller]:
    async with Sandbox(speed=1000) as box:
        yield Caller(box, session)
