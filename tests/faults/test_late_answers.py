"""A process that stands still (Ctrl-Z, a paused container) while the answer to a submit comes and its time runs out."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.engine.asking import job_of
from tests.faults.stage import LONG, opened
from tests.worlds import ROUTES, billed, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.sandbox import Sandbox
from fluxroom.store import jobs

pytestmark = pytest.mark.anyio

PATIENCE = 2.0
"""Seconds that we wait for the answer to a submit here, instead of two minutes."""


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox in a thread of its own, which goes on while this one stands still."""
    one, ready, leave = Sandbox(), threading.Event(), threading.Event()

    async def run() -> None:
        async with one:
            one.world.set_duration(0.15)
            ready.set()
            while not leave.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait(LONG)
    yield one
    leave.set()
    thread.join(LONG)


@pytest.mark.parametrize("provider", ROUTES)
async def test_an_answer_that_lies_in_the_socket_is_read_before_the_job_is_in_doubt(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr("fluxroom.engine.courier._SUBMIT_TIMEOUT", PATIENCE)
    box.world.plan_fault("submit-slow", value="0.3")
    async with AsyncClient(settings=settings_for(box, tmp_path / "data")) as client, asyncio.timeout(LONG):
        generation = await client.submit("x", model=ROUTES[provider])
        while not box.world.tasks():
            await asyncio.sleep(0.01)
        time.sleep(1.5 * PATIENCE)  # noqa: ASYNC251  the whole process stands still
        found = await client.engine.wait(generation, LONG)
        assert found.jobs[0].state == "succeeded"
        assert len(submits(box)) == 1


@pytest.mark.parametrize("provider", ROUTES)
async def test_an_answer_that_comes_while_a_persons_retry_waits_saves_the_second_payment(
    tmp_path: Path, provider: str
) -> None:
    """Its owner was taken for dead meanwhile, a person chose retry, and then the owner brings the ticket after all."""
    async with opened(tmp_path / "data") as (box, client, _):
        box.world.plan_fault("submit-slow", value="1", times=1)
        generation = await client.submit("x", model=ROUTES[provider])
        while (job := await job_of(client, generation)).state != "submitting":
            await asyncio.sleep(0.01)
        await client.engine.throttle.pause(job.account, paused=True)
        orphaned = client.engine._queue._orphaned(job, time.time())
        assert await client.engine.store.database.write(lambda connection: jobs.move(connection, orphaned))
        waiting = await client.resolve(job.id, "retry")
        assert (waiting.state, waiting.doubted) == ("queued", job.reserved)
        found = await client.engine.wait(generation, LONG)
        [job] = found.jobs
        assert (job.state, job.attempt, job.doubted) == ("succeeded", 1, Decimal(0))
        assert len(submits(box)) == len(billed(box)) == 1
