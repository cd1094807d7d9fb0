"""A machine that was off for days: that there is no network yet says nothing about a picture that was paid for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, update
from tests.engine.asking import job_of
from tests.worlds import ROUTES, billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import Engine
from fluxroom.engine.accounts import accounts
from fluxroom.engine.courier import Courier
from fluxroom.engine.pacing import GONE_PATIENCE, TICKET_LIFE, SystemClock
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.providers import Again, Gone, Pending, PollOutcome
from fluxroom.sandbox import Sandbox
from fluxroom.store import open_store
from fluxroom.store.jobs import Job
from fluxroom.store.tables import jobs

pytestmark = pytest.mark.anyio

DAYS = 3 * 86400.0


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


class Hurried(SystemClock):
    """A clock on which every pause between two tries is over at once, and has taken its time all the same."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await super().sleep(0.005)


async def left_behind(box: Sandbox, data: Path, provider: str, state: str) -> str:
    """A process ends with a job in this state; it is as if that had been days ago. Returns the generation."""
    box.world.set_duration(0.6)
    fault = " [[fault:media-503 x6]]" if state == "fetching" else ""
    async with AsyncClient(settings=settings_for(box, data)) as client, asyncio.timeout(60):
        generation = await client.submit(f"x{fault}", model=ROUTES[provider])
        while (await job_of(client, generation)).state != state:
            await asyncio.sleep(0.01)

    def long_ago(connection: Connection) -> None:
        times = {name: jobs.c[name] - DAYS for name in ("created_at", "changed_at", "submitted_at", "ready_at")}
        connection.execute(update(jobs).values(times))

    store = open_store(data)
    await store.database.write(long_ago)
    await asyncio.to_thread(store.close)
    return generation


@asynccontextmanager
async def days_later(box: Sandbox, data: Path, clock: SystemClock) -> AsyncIterator[Engine]:
    """Another process on the same data folder."""
    settings, store = settings_for(box, data), open_store(data)
    engine = Engine(store, accounts(settings), settings, transport=AiohttpTransport(), clock=clock)
    await engine.start()
    try:
        async with asyncio.timeout(60):
            yield engine
    finally:
        await engine.stop()
        await asyncio.to_thread(store.close)


def instead_of(monkeypatch: pytest.MonkeyPatch, times: int, answer: Callable[[], PollOutcome]) -> list[PollOutcome]:
    """Let so many polls find another answer; returns a list of those."""
    whole, played = Courier.ask, list[PollOutcome]()

    async def ask(self: Courier, job: Job) -> PollOutcome:
        if len(played) < times:
            played.append(answer())
            return played[-1]
        return await whole(self, job)

    async def unseen(self: Courier, job: Job) -> AsyncIterator[PollOutcome]:
        for none in list[PollOutcome]():
            yield none

    monkeypatch.setattr(Courier, "ask", ask)
    monkeypatch.setattr(Courier, "watch", unseen)
    return played


def no_network() -> PollOutcome:
    return Again(why="the call broke off (ClientConnectorDNSError)")


@pytest.mark.parametrize("state", ["running", "fetching"])
@pytest.mark.parametrize("provider", ROUTES)
async def test_a_network_that_is_not_there_yet_costs_no_picture(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, state: str
) -> None:
    generation = await left_behind(box, tmp_path, provider, state)
    played = instead_of(monkeypatch, 3, no_network)
    async with days_later(box, tmp_path, Hurried()) as engine:
        [job] = (await engine.wait(generation, 60)).jobs
    assert (job.state, job.charge_state, len(played)) == ("succeeded", "charged", 3)
    assert len(submits(box)) == len(billed(box)) == 1


@pytest.mark.parametrize("answer", [Gone, lambda: Pending(phase="IN_PROGRESS")], ids=["gone", "pending"])
async def test_what_the_provider_says_after_days_still_ends_it(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], PollOutcome]
) -> None:
    generation = await left_behind(box, tmp_path, "bfl", "running")
    instead_of(monkeypatch, 10_000, answer)
    async with days_later(box, tmp_path, Hurried()) as engine:
        [job] = (await engine.wait(generation, 60)).jobs
    assert (job.state, job.charge_state) == ("unknown", "unknown")
    assert job.error
    assert job.error["code"] == "task_not_found"


async def test_a_provider_that_cannot_be_reached_for_a_day_leaves_the_job_in_doubt(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = await left_behind(box, tmp_path, "bfl", "running")
    clock = Hurried()
    played = instead_of(monkeypatch, 10_000, no_network)
    async with days_later(box, tmp_path, clock) as engine:
        while len(played) < 2:
            await asyncio.sleep(0.01)
        assert (await engine.snapshot(generation)).jobs[0].state == "running"
        clock.slept += TICKET_LIFE
        [job] = (await engine.wait(generation, 60)).jobs
    assert job.state == "unknown"


async def test_a_picture_that_the_provider_no_longer_has_is_lost_by_its_own_word(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = await left_behind(box, tmp_path, "bfl", "fetching")
    clock = Hurried()
    played = instead_of(monkeypatch, 10_000, Gone)
    async with days_later(box, tmp_path, clock) as engine:
        while not played:
            await asyncio.sleep(0.01)
        assert (await engine.snapshot(generation)).jobs[0].state == "fetching", "one answer is no last word"
        clock.slept += GONE_PATIENCE
        [job] = (await engine.wait(generation, 60)).jobs
    assert (job.state, job.charge_state) == ("lost", "charged")
    assert job.error
    assert "no longer gives the picture out" in job.error["message"]
