"""A sandbox that is stopped while somebody still listens: every answer ends before the books are closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

KEY = {"Authorization": "Key id:secret"}


@asynccontextmanager
async def listening(box: Sandbox, number: int) -> AsyncIterator[None]:
    """Status streams of tasks that take very long."""
    async with aiohttp.ClientSession() as session:
        streams = []
        for _ in range(number):
            url, body = f"{box.fal_queue_url}/fal-ai/flux-2", {"prompt": "a fox"}
            async with session.post(url, json=body, headers=KEY) as answer:
                status_url = (await answer.json())["status_url"]
            streams.append(await session.get(f"{status_url}/stream", headers=KEY))
            await streams[-1].content.readline()
        yield
        for stream in streams:
            stream.close()


@pytest.mark.parametrize("waits", [True, False], ids=["the server waits", "the server has not waited long enough"])
async def test_streams_end_before_the_books_are_closed(
    waits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    box = Sandbox(books=tmp_path / "sandbox.db", speed=0.001)
    await box.start()
    runners = list(box._runners)
    with caplog.at_level(logging.WARNING):
        async with listening(box, 5):
            assert len(box.world.under_way) == 5
            with monkeypatch.context() as patched:
                if not waits:
                    patched.setattr(web.BaseRunner, "cleanup", lambda _runner: asyncio.sleep(0))
                await box.stop()
            assert box.world.under_way == set()
            await asyncio.sleep(0.1)  # twice as long as a stream sleeps between two looks into the books
    for runner in runners:
        await runner.cleanup()
    assert [record.getMessage() for record in caplog.records] == []


async def test_what_was_cut_off_stands_in_the_books(tmp_path: Path) -> None:
    books = tmp_path / "sandbox.db"
    box = Sandbox(books=books, speed=0.001)
    await box.start()
    async with listening(box, 1):
        await box.stop()
    async with Sandbox(books=books) as again:
        assert any(line["path"].endswith("/stream") for line in again.world.requests())
        assert len(again.world.tasks()) == 1
