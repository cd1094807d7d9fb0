"""One books file, several processes: the world outlives each of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

import fluxroom
from fluxroom.sandbox import Sandbox

SERVER = """
import asyncio, sys
from pathlib import Path
from fluxroom.sandbox import serve
asyncio.run(serve(books=Path(sys.argv[1])))
"""
KEY = {"x-key": "k"}
FAL = {"Authorization": "Key a:b"}


async def started(books: Path) -> tuple[asyncio.subprocess.Process, str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(fluxroom.__file__).parents[1])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(books), stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if line.startswith(b"FLUXROOM_BFL_URL="):
            return process, line.decode().strip().partition("=")[2].removesuffix("/bfl")
    raise AssertionError("the sandbox did not start")


@pytest.mark.anyio
async def test_a_task_of_a_killed_process_is_polled_and_downloaded_at_another(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    books = tmp_path / "books.sqlite"
    process, url = await started(books)
    headers = {**KEY, "x-sandbox-duration": "0.5"}
    async with session.post(f"{url}/bfl/v1/flux-2-pro", json={"prompt": "a fox"}, headers=headers) as reply:
        bfl = (await reply.json())["id"]
    async with session.post(f"{url}/fal/queue/fal-ai/flux-2", json={"prompt": "a fox"}, headers=FAL | headers) as reply:
        fal = (await reply.json())["request_id"]
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with Sandbox(books) as box:
        end = box.world.now() + 2
        box.world.now = lambda: end
        async with session.get(f"{box.bfl_url}/v1/get_result", params={"id": bfl}) as reply:
            body = await reply.json()
        assert body["status"] == "Ready"
        assert body["result"]["sample"].startswith(box.url)
        async with session.get(body["result"]["sample"]) as reply:
            assert reply.status == 200
        async with session.get(f"{box.fal_queue_url}/fal-ai/flux-2/requests/{fal}", headers=FAL) as reply:
            picture = (await reply.json())["images"][0]["url"]
        async with session.get(picture) as reply:
            assert reply.status == 200
        assert [task["billed"] for task in box.world.tasks()] == [True, True]


@pytest.mark.anyio
async def test_two_sandboxes_share_caps_credits_faults_and_addresses(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    books = tmp_path / "books.sqlite"
    async with Sandbox(books, speed=1000) as one, Sandbox(books, speed=1000) as two:
        one.world.set_caps({"bfl": 1})
        one.world.set_duration(60.0)
        statuses = []
        for box in (one, two):
            async with session.post(f"{box.bfl_url}/v1/flux-2-pro", json={"prompt": "x"}, headers=KEY) as reply:
                statuses.append(reply.status)
        assert statuses == [200, 429]
        assert two.world.peaks()["bfl"] == 1
        one.world.plan_fault("submit-500", times=1)
        for box in (two, one):
            async with session.post(f"{box.bfl_url}/v1/flux-2-pro", json={"prompt": "y"}, headers=KEY) as reply:
                statuses.append(reply.status)
        assert statuses[2:] == [500, 429]
        assert one.world.requests() == two.world.requests()


@pytest.mark.anyio
async def test_submits_at_the_same_time_never_pass_the_cap(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    books = tmp_path / "books.sqlite"
    async with Sandbox(books) as one, Sandbox(books) as two:
        one.world.set_duration(600.0)

        async def submit(number: int) -> int:
            box = (one, two)[number % 2]
            async with session.post(f"{box.bfl_url}/v1/flux-2-pro", json={"prompt": "x"}, headers=KEY) as reply:
                return reply.status

        statuses = await asyncio.gather(*(submit(number) for number in range(60)))
        assert sorted(statuses) == [200] * 24 + [429] * 36
        assert one.world.peaks()["bfl"] == 24


def test_in_stub_mode_and_before_the_start_there_is_no_world() -> None:
    with pytest.raises(RuntimeError, match="no world"):
        _ = Sandbox().world
