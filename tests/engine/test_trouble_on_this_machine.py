"""A full disk, a clock that jumps, faults of our own: nothing is lost, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom import logs
from fluxroom.client import AsyncClient
from fluxroom.engine import Engine
from fluxroom.engine.accounts import accounts
from fluxroom.engine.pacing import SystemClock
from fluxroom.engine.routing import plan
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.errors import StorageFull
from fluxroom.sandbox import Sandbox
from fluxroom.store import open_store
from fluxroom.store.blobs import Blobs
from fluxroom.types import Request

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.mark.parametrize("provider", ROUTES)
async def test_a_picture_waits_for_room_on_the_disk(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client:
        keep, full = Blobs.put, True

        def put(self: Blobs, data: bytes) -> str:
            if full:
                raise StorageFull
            return keep(self, data)

        monkeypatch.setattr(Blobs, "put", put)
        generation = await client.submit("x", model=ROUTES[provider])
        with pytest.raises(StorageFull) as caught:
            await client.engine.wait(generation, 10)
        assert "go on by themselves" in caught.value.next_step
        assert (await client.snapshot(generation)).jobs[0].state == "fetching"
        full = False
        while (await client.snapshot(generation)).jobs[0].state != "succeeded":
            await asyncio.sleep(0.05)
        assert len(submits(box)) == len(billed(box)) == 1


async def test_a_ticket_waits_until_the_database_can_be_written(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the provider has taken the job, and its ticket cannot be written down."""
    box.world.plan_fault("submit-slow", value="0.3")
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client:
        database = client.engine.store.database
        generation = await client.submit("x" * 100, model="bfl/flux-2-pro")
        while (await client.snapshot(generation)).jobs[0].state != "submitting":
            await asyncio.sleep(0.01)
        write, full = database.write, True

        async def writes_when_there_is_room(work: Any) -> Any:
            if full:
                raise StorageFull
            return await write(work)

        monkeypatch.setattr(database, "write", writes_when_there_is_room)
        with pytest.raises(StorageFull):
            await client.engine.wait(generation, 10)
        assert (await client.snapshot(generation)).jobs[0].state == "submitting"
        full = False
        while (await client.snapshot(generation)).jobs[0].state != "succeeded":
            await asyncio.sleep(0.05)
        assert len(submits(box)) == 1


async def test_a_request_that_cannot_be_written_down_is_not_sent(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client:

        async def full(work: Any) -> Any:
            raise StorageFull

        monkeypatch.setattr(client.engine.store.database, "write", full)
        with pytest.raises(StorageFull):
            await client.submit("x", model="bfl/flux-2-pro")
        monkeypatch.undo()
    assert submits(box) == []


class Jumping(SystemClock):
    """A wall clock that somebody sets while jobs run."""

    jump = 0.0

    def time(self) -> float:
        return super().time() + self.jump


@pytest.mark.parametrize("jump", [3 * 86400.0, -3 * 86400.0])
@pytest.mark.parametrize("provider", ROUTES)
async def test_a_clock_that_jumps_loses_nothing(box: Sandbox, tmp_path: Path, provider: str, jump: float) -> None:
    box.world.set_duration(0.6)
    settings, clock = settings_for(box, tmp_path), Jumping()
    store = open_store(tmp_path)
    engine = Engine(store, accounts(settings), settings, transport=AiohttpTransport(), clock=clock)
    await engine.start()
    request = Request(model=ROUTES[provider], prompt="x")
    generation = await engine.submit(request, plan(request, engine.accounts, settings))
    while (await engine.snapshot(generation)).jobs[0].state != "running":
        await asyncio.sleep(0.01)
    clock.jump = jump
    found = await engine.wait(generation, 20)
    await engine.stop()
    await asyncio.to_thread(store.close)
    assert found.jobs[0].state == "succeeded"
    assert len(submits(box)) == 1


async def test_a_fault_of_ours_while_following_does_not_lose_the_picture(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client:
        real, broken = client.engine.courier.ask, iter([True, False])

        async def ask(job: Any) -> Any:
            if next(broken, False):
                raise ZeroDivisionError
            return await real(job)

        monkeypatch.setattr(client.engine.courier, "ask", ask)
        found = await settled(client, "x", model="bfl/flux-2-pro")
        assert found.jobs[0].state == "succeeded"
        assert len(submits(box)) == 1


async def test_a_fault_of_ours_around_the_submit_is_in_doubt_only_when_the_request_may_have_left(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client:
        with monkeypatch.context() as patch:
            patch.setattr("fluxroom.providers.bfl.dialect.BFL.accepted", lambda *_: 1 / 0)
            found = await settled(client, "x", model="bfl/flux-2-pro")
            assert found.jobs[0].state == "unknown"
        with monkeypatch.context() as patch:
            patch.setattr("fluxroom.providers.bfl.dialect.BFL.submit", lambda *_: 1 / 0)
            found = await settled(client, "x", model="bfl/flux-2-pro")
            assert (found.jobs[0].state, found.jobs[0].charge_state) == ("failed", "not_charged")
        assert len(submits(box)) == 1


async def test_the_log_says_what_is_sent_and_no_secret(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, root = io.StringIO(), logging.getLogger("fluxroom")
    before = list(root.handlers)
    root.handlers = [logging.StreamHandler(stream)]
    try:
        settings = settings_for(
            box, tmp_path, log_level="debug", bfl_api_key="planted-bfl", fal_key="planted-a:planted-b"
        )
        logs.configure(settings)
        async with AsyncClient(settings=settings) as client:
            for route in (*ROUTES.values(), "fal/flux-kontext-dev"):
                first = await client.generate("a red fox", model="bfl/flux-2-klein-4b", seed=7)
                await client.edit(first, "dusk " * 100, model=route, seed=41)
    finally:
        root.handlers = before
        root.setLevel(logging.NOTSET)
    text = stream.getvalue()
    lines = [line for line in text.splitlines() if "Submitting FLUX.2 job" in line]
    assert len(lines) == 3  # the same picture twice more came from the cache
    assert "seed=41" in lines[1]
    assert "safety_tolerance=2" in lines[1]
    assert any("Submitting FLUX.1 Kontext job" in line for line in text.splitlines())
    assert " debug " in text
    assert "payload=" in text
    assert "answer=" in text
    assert "planted" not in text
    assert "sig=" not in text.lower()
    assert "base64," not in text
    assert "dusk " * 41 not in text
