"""Several workers on one database: caps, deaths, freezes, and a database that goes away under load."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, Signals
from typing import Any

import pytest
from tests.postgres.clusters import Cluster
from tests.postgres.fleet import HEARTBEAT, check_books, fleet
from tests.postgres.kills import kill_workers
from tests.worlds import submits

pytestmark = pytest.mark.anyio

QUICK, MAX = "bfl/flux-2-klein-4b", "bfl/flux-kontext-max"


async def test_two_workers_share_the_work_and_keep_the_caps(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=0.4) as one:
        for n in range(120):
            await one.ask(MAX if n % 8 == 0 else QUICK)
        first, second = await one.hire(2)
        found = await one.settled()
        assert {job.state for job in found} == {"succeeded"}
        peaks = one.box.world.peaks()
        assert peaks["bfl"] <= 24
        assert peaks["bfl/flux-kontext-max"] <= 6
        assert peaks["bfl"] >= 12, "the seats are used"
        shares = [sum(worker.holds(job) for job in found) for worker in (first, second)]
        assert min(shares) >= 20, shares
        check_books(one.box, found)


async def test_a_dead_workers_jobs_are_taken_over(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=4.0) as one:
        first, second = await one.hire(2)
        for n in range(24):
            await one.ask(QUICK if n % 2 else "fal/flux-2-klein-4b")
        found = await one.until(lambda found: all(job.state == "running" for job in found))
        held = {job.id for job in found if first.holds(job)}
        assert held
        await first.end(SIGKILL)
        killed = time.monotonic()
        await one.until(lambda found: all(second.holds(job) for job in found))
        assert time.monotonic() - killed <= 2 * HEARTBEAT + 0.5  # half a second for a busy machine
        found = await one.settled()
        assert {job.state for job in found} == {"succeeded"}
        assert all(second.holds(job) for job in found if job.id in held)
        assert len(submits(one.box)) == 24
        check_books(one.box, found)


async def test_what_a_dead_worker_was_sending_is_in_doubt_and_not_sent_again(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=0.3) as one:
        one.box.world.plan_fault("submit-slow", times=5, value="3")
        [first] = await one.hire()
        for _ in range(5):
            await one.ask(QUICK)
        await one.until(lambda found: all(job.state == "submitting" for job in found))
        while len(one.box.world.tasks()) < 5:
            await asyncio.sleep(0.01)
        await first.end(SIGKILL)
        await one.hire()
        found = await one.settled()
        assert {(job.state, job.charge_state) for job in found} == {("unknown", "unknown")}
        assert len(one.box.world.tasks()) == 5
        assert all(job.error and job.error["code"] == "submit_unknown" for job in found)


async def test_a_frozen_worker_wakes_late_heals_its_jobs_and_sends_none_twice(
    tmp_path: Path, postgres: Cluster
) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=0.3) as one:
        first, second = await one.hire(2)
        one.box.world.plan_fault("submit-slow", times=12, value="3")
        for _ in range(12):
            await one.ask(QUICK)
        await one.until(lambda found: all(job.state == "submitting" for job in found))
        first.signal(SIGSTOP)
        await one.until(lambda found: any(first.holds(job) and job.state == "unknown" for job in found))
        await one.until(lambda found: all(job.state in {"unknown", "succeeded"} for job in found))
        first.signal(SIGCONT)
        found = await one.until(lambda found: all(job.state == "succeeded" for job in found))
        assert len(submits(one.box)) == 12
        assert any(first.holds(job) for job in found)
        assert any(second.holds(job) for job in found)
        check_books(one.box, found)


async def test_a_frozen_workers_running_jobs_are_finished_by_another(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=1.0) as one:
        [first] = await one.hire()
        for _ in range(5):
            await one.ask(QUICK)
        await one.until(lambda found: all(job.state == "running" for job in found))
        first.signal(SIGSTOP)
        [second] = await one.hire()
        found = await one.settled()
        assert {(job.state, second.holds(job)) for job in found} == {("succeeded", True)}
        first.signal(SIGCONT)
        await asyncio.sleep(0.5)  # it notices that its jobs are over, and does nothing to them
        assert await one.all_jobs() == found
        assert len(submits(one.box)) == 5
        await one.ask(QUICK)
        await one.settled()
        assert first.process.returncode is None


async def test_a_worker_that_is_told_to_stop_hands_over_at_once(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=3.0) as one:
        [first] = await one.hire()
        for _ in range(6):
            await one.ask(QUICK)
        await one.until(lambda found: all(job.state == "running" for job in found))
        [second] = await one.hire()
        begun = time.monotonic()
        assert await first.end(SIGTERM) == 0
        assert time.monotonic() - begun < 10
        ended = time.monotonic()
        await one.until(lambda found: all(second.holds(job) for job in found))
        assert time.monotonic() - ended < HEARTBEAT
        found = await one.settled()
        assert {job.state for job in found} == {"succeeded"}
        assert len(submits(one.box)) == 6


async def test_a_worker_ends_in_time_although_the_database_is_away(tmp_path: Path, postgres: Cluster) -> None:
    async with fleet(tmp_path, postgres.fresh(), seconds=2.0) as one:
        [first] = await one.hire()
        for _ in range(3):
            await one.ask(QUICK)
        await one.until(lambda found: all(job.state == "running" for job in found))
        await asyncio.to_thread(postgres.stop)
        begun = time.monotonic()
        assert await asyncio.wait_for(first.end(SIGTERM), 15) == 0
        assert time.monotonic() - begun < 10
        await asyncio.to_thread(postgres.start)
        await one.hire()
        found = await one.settled()
        assert {job.state for job in found} == {"succeeded"}
        assert len(submits(one.box)) == 3


@pytest.mark.parametrize("how", [SIGINT, SIGQUIT], ids=["restart", "crash"])
async def test_postgresql_restarts_under_load(tmp_path: Path, postgres: Cluster, how: Signals) -> None:
    """Workers and the one who asks go on by themselves: no gap above three seconds, nothing lost, nothing twice."""
    async with fleet(tmp_path, postgres.fresh(), seconds=0.5) as one:
        await one.hire(2)
        feeding = asyncio.ensure_future(feed(one, 120))
        await asyncio.sleep(1.0)
        for _ in range(2):
            await asyncio.to_thread(restart, postgres, how)
            await asyncio.sleep(1.0)
        await feeding
        found = await one.settled()
        assert len(found) == 120
        assert {job.state for job in found} == {"succeeded"}
        times = sorted(event["at"] for event in await sent(one))
        assert max(after - before for before, after in pairwise(times)) <= 3.0
        assert len(submits(one.box)) == len(one.box.world.tasks()) == 120
        check_books(one.box, found)


async def test_workers_that_die_again_and_again(tmp_path: Path, postgres: Cluster) -> None:
    """As `python -m tests.postgres.kills` does for longer."""
    figures = await kill_workers(tmp_path, postgres.fresh(), 3)
    assert figures["succeeded"] > figures["unknown"]


async def feed(one: Any, number: int) -> None:
    for _ in range(number):
        await one.ask(QUICK)
        await asyncio.sleep(0.02)


def restart(postgres: Cluster, how: Signals) -> None:
    postgres.stop(how)
    time.sleep(0.5)
    postgres.start()


async def sent(one: Any) -> list[dict[str, Any]]:
    from fluxroom.store import jobs

    events = await one.store.database.read(lambda connection: jobs.news(connection, 0))
    return [event for event in events if event["to_state"] == "running" and event["from_state"] == "submitting"]
