"""A database that SQLite itself refuses to write in the middle of a run: jobs pause with a clear error, then go on."""

from __future__ import annotations

import asyncio
import sqlite3
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
        event.listen(one, "connect", lambda connection, _: found.append(connection.driver_connection))
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
