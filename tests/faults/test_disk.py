"""A database that SQLite itself refuses to write in the middle of a run: jobs pause with a clear error, then go on."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tests.faults.stage import LONG, opened
from tests.worlds import ROUTES, billed, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import StorageFull, StorageUnwritable
from fluxroom.store import database

pytestmark = pytest.mark.anyio

_ROOM_AGAIN = 2**31


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The library's connections to its database, to tell them that they may not write."""
    found: list[sqlite3.Connection] = []
    made = database._engine

    def engine(path: Path) -> Any:
        one = made(path)
        event.listen(one, "connect", lambda connection, _: found.append(connection))
        return one

    monkeypatch.setattr(database, "_engine", engine)
    return found


def tell(connections: list[sqlite3.Connection], pragma: str) -> int:
    """Tell all of them; the last one's answer."""
    answers = [connection.execute(f"PRAGMA {pragma}").fetchone() for connection in connections]
    return int((answers[-1] or (0,))[0])


async def state_of(client: AsyncClient, generation: str) -> str:
    return (await client.snapshot(generation)).jobs[0].state


@pytest.mark.parametrize("provider", ROUTES)
async def test_read_only_while_a_job_is_sent(
    tmp_path: Path, connections: list[sqlite3.Connection], provider: str
) -> None:
    """The worst moment: the provider has taken it, and the ticket cannot be written down."""
    async with opened(tmp_path / "data") as (box, client, _):
        box.world.plan_fault("submit-slow", value="0.3")
        generation = await client.submit("x", model=ROUTES[provider])
        while not box.world.tasks():
            await asyncio.sleep(0.01)
        tell(connections, "query_only = ON")
        with pytest.raises(StorageUnwritable, match="cannot be written"):
            await client.engine.wait(generation, LONG)
        with pytest.raises(StorageUnwritable):
            await client.submit("another", model=ROUTES[provider])
        assert await state_of(client, generation) == "submitting"
        tell(connections, "query_only = OFF")
        while await state_of(client, generation) != "succeeded":
            await asyncio.sleep(0.05)
        assert len(submits(box)) == len(billed(box)) == 1


@pytest.mark.parametrize("provider", ROUTES)
async def test_full_while_jobs_run(tmp_path: Path, connections: list[sqlite3.Connection], provider: str) -> None:
    async with opened(tmp_path / "data") as (box, client, _):
        box.world.set_duration(0.5)
        generation = await client.submit("x", model=ROUTES[provider])
        while await state_of(client, generation) != "running":
            await asyncio.sleep(0.01)
        tell(connections, f"max_page_count = {tell(connections, 'page_count')}")
        with pytest.raises(StorageFull) as full:
            await client.submit("a request that needs more room than is left " * 2000, model=ROUTES[provider])
        assert "waiting jobs then go on by themselves" in full.value.next_step
        tell(connections, f"max_page_count = {_ROOM_AGAIN}")
        while await state_of(client, generation) != "succeeded":
            await asyncio.sleep(0.05)
        image = await client.generate("there is room again", model=ROUTES[provider])
        assert image.receipt.state == "charged"
        assert len(submits(box)) == len(billed(box)) == 2


async def test_one_write_that_does_not_fit_is_told_truly_to_those_who_were_to_be_committed_with_it(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    """When the disk is full, SQLite may roll the whole transaction back: nobody's write is there, and all are told."""
    async with opened(tmp_path / "data") as (_, client, _):
        store = client.engine.store.database
        await store.write(lambda connection: connection.exec_driver_sql("CREATE TABLE notes (words TEXT)"))
        tell(connections, f"max_page_count = {tell(connections, 'page_count')}")

        def note(words: str) -> Any:
            return lambda connection: connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (words,))

        # The first one keeps the writer busy, so that the others are committed together.
        busy = asyncio.create_task(store.write(lambda _: time.sleep(0.3)))
        await asyncio.sleep(0.1)
        sizes = (10, 1_000_000, 10)
        told = await asyncio.gather(*(store.write(note("x" * size)) for size in sizes), return_exceptions=True)
        await busy
        tell(connections, f"max_page_count = {_ROOM_AGAIN}")
        kept = await store.read(lambda connection: connection.exec_driver_sql("SELECT words FROM notes").all())
        assert isinstance(told[1], StorageFull)
        assert [one for one in told if isinstance(one, BaseException) and not isinstance(one, StorageFull)] == []
        assert len(kept) == sum(not isinstance(one, BaseException) for one in told)


async def test_a_database_that_cannot_be_opened_is_said_and_nobody_waits_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many open files, a folder that has just become unreadable: it happens between two connections."""
    made = database._engine

    def engine(path: Path) -> Any:
        one = made(path)
        event.listen(one, "connect", refuse)
        return one

    def refuse(_connection: sqlite3.Connection, _record: Any) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(database, "_engine", engine)
    async with asyncio.timeout(LONG):
        with pytest.raises(StorageUnwritable, match="unable to open"):
            await AsyncClient(sandbox=True, data=tmp_path / "data").__aenter__()
