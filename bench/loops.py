"""Bare loops over the providers' HTTP: the floor of the benchmark, and the polling of other clients in our own words.

None of them survives anything: what is in flight when the process ends is paid for and gone.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import aiohttp
import orjson

ENDPOINTS = {"bfl": "/v1/flux-2-pro", "fal": "/fal-ai/flux-2-pro"}


class Bare:
    """Submits, polls and downloads with aiohttp, and remembers nothing.

    Args:
        provider: `bfl` or `fal`; where it listens is read from the environment.
        fields: what is sent beside the prompt.
    """

    def __init__(self, provider: str, **fields: Any) -> None:
        self.provider = provider
        self.calls: Counter[str] = Counter()
        self.found: dict[str, float] = {}  # task -> when it was known to be ready
        self._fields = fields
        base = os.environ["FLUXROOM_BFL_URL" if provider == "bfl" else "FLUXROOM_FAL_QUEUE_URL"]
        self._submit = base + ENDPOINTS[provider]
        self._headers = (
            {"x-key": os.environ["BFL_API_KEY"]}
            if provider == "bfl"
            else {"authorization": f"Key {os.environ['FAL_KEY']}"}
        )

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def picture(self, prompt: str, *, polls: Sequence[float] = (), grid: float = 0.1, first: bool = False) -> str:
        """Make one picture and return its task.

        Args:
            prompt: what to paint.
            polls: seconds after the submit's answer at which to ask; then every `grid` seconds.
            grid: seconds between two polls.
            first: ask once at once, before the first pause.
        """
        told = await self._json("submit", "POST", self._submit, {"prompt": prompt, **self._fields})
        start, task = time.monotonic(), str(told.get("id") or told["request_id"])
        moments = iter(polls)
        if not first:
            await self._pause(moments, start, grid)
        while not (picture := await self._ready(told)):
            await self._pause(moments, start, grid)
        self.found[task] = time.time()
        await self._fetch(told, picture)
        return task

    async def streamed(self, prompt: str) -> str:
        """Make one picture at fal, told by the status stream when it is ready."""
        told = await self._json("submit", "POST", self._submit, {"prompt": prompt, **self._fields})
        async for event in self._events(f"{told['status_url']}/stream"):
            if event["status"] == "COMPLETED":
                break
        self.found[told["request_id"]] = time.time()
        await self._fetch(told, {})
        return str(told["request_id"])

    async def _pause(self, moments: Any, start: float, grid: float) -> None:
        at = next(moments, None)
        await asyncio.sleep(grid if at is None else max(0.0, start + at - time.monotonic()))

    async def _ready(self, told: dict[str, Any]) -> dict[str, Any] | None:
        """What the poll says once the picture is there."""
        if self.provider == "bfl":
            body = await self._json("poll", "GET", told["polling_url"])
            return body if body["status"] == "Ready" else None
        body = await self._json("poll", "GET", told["status_url"])
        return body if body["status"] == "COMPLETED" else None

    async def _fetch(self, told: dict[str, Any], ready: dict[str, Any]) -> bytes:
        if self.provider == "bfl":
            url = ready["result"]["sample"]
        else:
            url = (await self._json("result", "GET", told["response_url"]))["images"][0]["url"]
        self.calls["download"] += 1
        async with self._session.get(url) as reply:
            return await reply.read()

    async def _json(self, kind: str, method: str, url: str, body: Any = None) -> dict[str, Any]:
        self.calls[kind] += 1
        data = None if body is None else orjson.dumps(body)
        headers = self._headers | ({"content-type": "application/json"} if data else {})
        async with self._session.request(method, url, data=data, headers=headers) as reply:
            found: dict[str, Any] = orjson.loads(await reply.read())
            return found

    async def _events(self, url: str) -> AsyncIterator[dict[str, Any]]:
        self.calls["stream"] += 1
        async with self._session.get(url, headers=self._headers) as reply:
            async for line in reply.content:
                if line.startswith(b"data:"):
                    yield orjson.loads(line[5:])
