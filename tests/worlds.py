"""A sandbox in this process and clients that work against it over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot
from fluxroom.sandbox import Sandbox
from fluxroom.settings import Settings, load

ROUTES = {"bfl": "bfl/flux-2-pro", "fal": "fal/flux-2-pro"}


def settings_for(box: Sandbox, data: Path, **more: Any) -> Settings:
    """Settings that name the sandbox's addresses, as a person would set them for `fluxroom sandbox`."""
    values: dict[str, Any] = {
        "bfl_url": box.bfl_url,
        "fal_queue_url": box.fal_queue_url,
        "fal_run_url": box.fal_run_url,
        "fal_rest_url": box.fal_rest_url,
        "fal_api_url": box.fal_api_url,
        "bfl_api_key": "bfl-test-key",
        "fal_key": "fal-test-id:fal-test-secret",
        "data": data,
        "poll_first": 0.05,
        "poll_max": 0.15,
        "wait": 30.0,
        **more,
    }
    return load(**values)


def environment_for(box: Sandbox, data: Path) -> dict[str, str]:
    """The same as environment variables, for other processes."""
    return {
        "FLUXROOM_BFL_URL": box.bfl_url,
        "FLUXROOM_FAL_QUEUE_URL": box.fal_queue_url,
        "FLUXROOM_FAL_RUN_URL": box.fal_run_url,
        "FLUXROOM_FAL_REST_URL": box.fal_rest_url,
        "FLUXROOM_FAL_API_URL": box.fal_api_url,
        "BFL_API_KEY": "bfl-test-key",
        "FAL_KEY": "fal-test-id:fal-test-secret",
        "FLUXROOM_DATA": str(data),
        "FLUXROOM_POLL_FIRST": "0.05",
        "FLUXROOM_POLL_MAX": "0.15",
    }


@asynccontextmanager
async def sandbox(*, seconds: float = 0.15, **more: Any) -> AsyncIterator[Sandbox]:
    """A running sandbox whose jobs take `seconds`."""
    async with Sandbox(**more) as box:
        box.world.set_duration(seconds)
        yield box


@contextmanager
def sandbox_in_thread(*, seconds: float = 0.15, **more: Any) -> Iterator[Sandbox]:
    """The same for tests that do not know of `async`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    box = Sandbox(**more)
    asyncio.run_coroutine_threadsafe(box.start(), loop).result(10)
    box.world.set_duration(seconds)
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(box.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def settled(client: AsyncClient, prompt: str, *, wait: float = 20.0, **options: Any) -> Snapshot:
    """Send a request and wait until its jobs are settled, whatever became of them."""
    generation = await client.submit(prompt, **options)
    return await client.engine.wait(generation, wait)


def submits(box: Sandbox) -> list[dict[str, Any]]:
    """The requests that could have made a picture."""
    return [
        request
        for request in box.world.requests()
        if request["method"] == "POST" and "/storage/" not in request["path"] and "/files/" not in request["path"]
    ]


def billed(box: Sandbox) -> list[dict[str, Any]]:
    """The tasks that the sandbox has charged."""
    return [task for task in box.world.tasks() if task["billed"]]
