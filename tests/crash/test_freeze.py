"""SIGSTOP in the middle of a submit, for longer than any lease: no second submit, and the late owner heals its jobs."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from tests.crash import ledger
from tests.crash.audit import audit
from tests.crash.crew import Worker, crew, until
from tests.crash.harness import CAPS, DRAIN, faults_of_ours, settings_of, unsettled, watched_sandbox, working
from tests.crash.worker import Orders

from fluxroom.sandbox import Sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

ROUNDS = 20
FREEZE = 0.3
"""Seconds: longer than an answer to a submit, and several looks for dead owners."""


_SEEDS = itertools.count(1)  # no two workers ask for the same pictures


def worker(box: Sandbox, folder: Path, *changes: str, backlog: int = 0) -> Worker:
    settings = settings_of(box, folder, unknown_grace=60.0)
    changes = ("short-pauses", "watchful", *changes)
    return Worker(Orders(settings, folder, seed=next(_SEEDS), backlog=backlog, troubles=False, changes=changes))


async def caught_while_sending(folder: Path, frozen: Worker) -> set[str]:
    """Freeze a worker while it sends, and nothing else: the jobs that it was sending.

    A process that is frozen inside a transaction holds up all others; that is another test's business.
    """
    while True:
        await until(lambda: ledger.sending(folder, frozen.pid))
        frozen.freeze()
        await asyncio.sleep(0.02)  # a write that had just begun is done now, or hangs
        if (caught := ledger.sending(folder, frozen.pid)) and can_write(folder):
            return caught
        frozen.wake()


def are_in_doubt(folder: Path, some: set[str]) -> bool:
    return states(folder, some) == {"unknown"}


async def has_sent(folder: Path, some: set[str]) -> None:
    """Wait until a woken worker has written down what became of the jobs that it was sending."""
    await until(lambda: not states(folder, some) & {"submitting", "unknown"})


def can_write(folder: Path) -> bool:
    connection = sqlite3.connect(folder / "fluxroom.db", timeout=0.05, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return True


def states(folder: Path, some: set[str]) -> set[str]:
    return {row.state for row in ledger.read_jobs(folder) if row.id in some}


async def come_to_rest(box: Sandbox, folder: Path, *workers: Worker) -> None:
    try:
        await until(lambda: not unsettled(folder) and not working(box), DRAIN)
    except TimeoutError:
        pytest.fail(f"stuck: {dict(ledger.counts(folder))}")
    for one in workers:
        one.ask_to_leave()
        assert await one.gone() == 0


async def test_a_frozen_owner_keeps_its_jobs(tmp_path: Path) -> None:
    """Its lock says that it lives: nobody touches what it is sending, however long it sleeps."""
    folder = tmp_path / "data"
    folder.mkdir()
    caught: set[str] = set()
    async with watched_sandbox() as box:
        with crew() as workers:
            frozen, beside = worker(box, folder, backlog=4), worker(box, folder)
            workers += [frozen, beside]
            for one in workers:
                await one.start()
            for _ in range(ROUNDS):
                sending = await caught_while_sending(folder, frozen)
                await asyncio.sleep(FREEZE)
                assert states(folder, sending) == {"submitting"}
                frozen.wake()
                await has_sent(folder, sending)
                caught |= sending
            frozen.ask_to_leave()
            assert await frozen.gone() == 0
            await come_to_rest(box, folder, beside)
        found = audit(ledger.read_jobs(folder), box.world.tasks(), box.world.peaks(), CAPS)
    assert [*found.wrong, *faults_of_ours(folder)] == []
    assert len(caught) >= ROUNDS
    assert set(found.states) == {"succeeded"}


async def test_a_late_owner_heals_its_own_jobs(tmp_path: Path) -> None:
    """The other process takes it for dead, as a lease would: in doubt until the sleeper wakes and brings the ticket."""
    folder = tmp_path / "data"
    folder.mkdir()
    caught: set[str] = set()
    async with watched_sandbox() as box:
        with crew() as workers:
            frozen, beside = worker(box, folder, backlog=4), worker(box, folder, "mistaken")
            workers += [frozen, beside]
            for one in workers:
                await one.start()
            for _ in range(ROUNDS):
                sending = await caught_while_sending(folder, frozen)
                await until(partial(are_in_doubt, folder, sending))
                await asyncio.sleep(FREEZE)
                assert are_in_doubt(folder, sending)
                frozen.wake()
                await has_sent(folder, sending)
                caught |= sending
            frozen.ask_to_leave()
            assert await frozen.gone() == 0
            await come_to_rest(box, folder, beside)
        found = audit(ledger.read_jobs(folder), box.world.tasks(), box.world.peaks(), CAPS)
    assert len(caught) >= ROUNDS
    assert found.figures["paid twice"] == 0
    assert found.wrong == []
    assert set(found.states) == {"succeeded"}
    assert faults_of_ours(folder) == []


async def test_a_process_frozen_inside_a_transaction_does_not_stop_the_others_for_good(tmp_path: Path) -> None:
    """It holds the database's write lock. When it wakes, everybody goes on, and nothing is paid twice."""
    folder = tmp_path / "data"
    folder.mkdir()
    async with watched_sandbox() as box:
        with crew() as workers:
            frozen, beside = worker(box, folder, backlog=4), worker(box, folder, "impatient", backlog=2)
            workers += [frozen, beside]
            for one in workers:
                await one.start()
            for _ in range(3):
                async with asyncio.timeout(60):
                    await caught_inside_a_transaction(folder, frozen)
                await asyncio.sleep(1.0)
                frozen.wake()
            for one in workers:
                one.ask_to_leave()
                assert await one.gone() == 0
            last = worker(box, folder)
            workers.append(last)
            await last.start()
            await come_to_rest(box, folder, last)
        found = audit(ledger.read_jobs(folder), box.world.tasks(), box.world.peaks(), CAPS)
    assert found.wrong == []
    assert set(found.states) == {"succeeded"}


async def caught_inside_a_transaction(folder: Path, frozen: Worker) -> None:
    while True:
        await asyncio.sleep(0.003)
        frozen.freeze()
        if not can_write(folder):
            return
        frozen.wake()
