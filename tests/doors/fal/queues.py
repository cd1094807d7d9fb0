"""What a plain client of fal's queue does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.doors.openai.worlds import World

KEY = {"authorization": "Key some-id:some-secret"}
FAST = "fal-ai/flux-2/klein/4b"


async def submit(door: World, app: str = FAST, *, query: str = "", **body: Any) -> dict[str, Any]:
    status, headers, told = await door.call(f"/fal/queue/{app}{query}", body, KEY)
    assert status == 200, told
    assert headers["x-fal-request-id"] == told["request_id"]
    found: dict[str, Any] = told
    return found


async def get(door: World, url: str) -> tuple[int, Mapping[str, str], Any]:
    assert url.startswith(door.url)
    return await door.call(url.removeprefix(door.url), method="GET", headers=KEY)


async def finished(door: World, told: dict[str, Any]) -> dict[str, Any]:
    """Ask for the status until it is COMPLETED."""
    while True:
        status, _, now = await get(door, f"{told['status_url']}?logs=1")
        if now["status"] == "COMPLETED":
            assert status == 200
            found: dict[str, Any] = now
            return found
        assert status == 202
        await asyncio.sleep(0.02)


async def result(door: World, told: dict[str, Any]) -> tuple[int, Mapping[str, str], Any]:
    await finished(door, told)
    return await get(door, told["response_url"])
