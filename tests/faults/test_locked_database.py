"""Somebody else holds the database's write lock for longer than SQLite waits: nothing is lost, and work goes on.

A frozen process, a backup or a slow disk does this. The worst moment is the one in which a ticket must be written down.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import StorageBusy
from fluxroom.sandbox import Sandbox
from fluxroom.store import database, jobs
from fluxroom.store.database import Database

pytestmark = pytest.mark.anyio

_PATIENCE = 100
"""Milliseconds that SQLite waits for the lock here, instead of thirty seconds."""

_STUCK = 60.0
"""Seconds after which a test counts as stuck; none comes near it."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    made = database._engine

    def impatient(path: Path) -> Any:
        engine = made(path)
        event.listen(engine, "connect", lambda connection, _: connection.execute(f"PRAGMA busy_timeout={_PATIENCE}"))
        return engine

    monkeypatch.setattr(database, "_engine", impatient)


class Lock:
    """Holds the write lock of a data folder's database, as another process would."""

    def __init__(self, data: Path) -> None:
        self._connection = sqlite3.connect(data / "fluxroom.db", isolation_level=None, timeout=5)

    def take(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def give_back(self) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


@contextmanager
def counted(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Counts the writes that were asked for and refused."""
    refused: list[Exception] = []
    write = client.engine.store.database.write

    async def watched(work: Any) -> Any:
        try:
            return await write(work)
        except Exception as error:
            refused.append(error)
            raise

    with monkeypatch.context() as patch:
        patch.setattr(client.engine.store.database, "write", watched)
        yield refused


@pytest.mark.parametrize("provider", ROUTES)
async def test_a_ticket_waits_until_the_lock_is_free(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    box.world.plan_fault("submit-slow", value="0.3")
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(_STUCK):
        generation = await client.submit("x", model=ROUTES[provider])
        while not box.world.tasks():
            await asyncio.sleep(0.01)
        lock = Lock(tmp_path)
        lock.take()
        with counted(client, monkeypatch) as refused:
            while len(refused) < 2:
                await asyncio.sleep(0.02)
        lock.give_back()
        found = await wait_by_looking(client, generation)
        assert found.state == "succeeded"
        assert len(submits(box)) == len(billed(box)) == 1


async def test_admission_and_take_over_survive_the_lock(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(_STUCK):
        await settled(client, "first", model=ROUTES["bfl"])
        lock = Lock(tmp_path)
        lock.take()
        with counted(client, monkeypatch) as refused:
            client.engine._queue.kick()
            while len(refused) < 1:
                await asyncio.sleep(0.02)
        lock.give_back()
        found = await settled(client, "second", model=ROUTES["bfl"])
        assert found.jobs[0].state == "succeeded"
        assert not [loop for loop in client.engine._queue._loops if loop.done()]


async def wait_by_looking(client: AsyncClient, generation: str) -> jobs.Job:
    while True:
        job = (await client.snapshot(generation)).jobs[0]
        if job.state not in {"queued", "submitting", "running", "fetching"}:
            return job
        await asyncio.sleep(0.05)


async def test_a_process_that_could_not_listen_listens_again(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[bool] = []
    whole = Database.changes

    def changes(self: Database, *, ours: bool = True) -> Any:
        begun.append(ours)
        if len(begun) == 1:
            raise StorageBusy
        return whole(self, ours=ours)

    monkeypatch.setattr(Database, "changes", changes)
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(_STUCK):
        while len(begun) < 2:
            await asyncio.sleep(0.02)
        found = await settled(client, "heard", model=ROUTES["bfl"])
        assert found.jobs[0].state == "succeeded"
        assert not [loop for loop in client.engine._queue._loops if loop.done()]
