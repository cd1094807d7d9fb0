"""A store that is closed while works wait or are under way: whoever asked is answered, one way or the other."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster

from fluxroom.errors import DatabaseUnavailable, StorageUnwritable
from fluxroom.store import SCHEMA, open_store
from fluxroom.store.database import Job, ping
from fluxroom.store.postgres import open_postgres

pytestmark = pytest.mark.anyio


def asleep(connection: Connection) -> None:
    connection.execute(text("SELECT pg_sleep(20)")).close()


@pytest.mark.parametrize("kind", ["write", "read"])
async def test_works_that_take_too_long_are_told_that_the_database_is_closed(postgres: Cluster, kind: str) -> None:
    database = await asyncio.to_thread(open_postgres, postgres.fresh(), SCHEMA)
    ask = database.write if kind == "write" else database.read
    waiting = [asyncio.ensure_future(ask(asleep)) for _ in range(5)]
    while not await busy(postgres):
        await asyncio.sleep(0.01)
    await asyncio.to_thread(database.stop)
    done, open_ones = await asyncio.wait(waiting, timeout=10)
    assert not open_ones
    for one in done:
        assert isinstance(one.exception(), DatabaseUnavailable)
        assert "is being closed" in str(one.exception())


async def busy(postgres: Cluster) -> bool:
    question = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)' AND state = 'active'"
    return int(await asyncio.to_thread(postgres.asked, question)) > 0


@pytest.mark.parametrize("kind", ["_writes", "_reads"])
async def test_a_work_that_comes_in_the_moment_of_the_end_is_told_so(tmp_path: Path, kind: str) -> None:
    """Behind the end of the queue, where nobody takes it any more."""
    store = open_store(tmp_path)
    database, loop = store.database, asyncio.get_running_loop()
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Connection) -> str:
        begun.set()
        go_on.wait(10)
        return "done"

    first = asyncio.ensure_future(database.write(slow) if kind == "_writes" else database.read(slow))
    assert await asyncio.to_thread(begun.wait, 5)
    closing = asyncio.ensure_future(asyncio.to_thread(store.close))
    queue = getattr(database, kind)
    while kind == "_writes" and queue.empty():
        await asyncio.sleep(0.001)
    late = Job(ping, loop.create_future(), loop)
    if kind == "_reads":
        queue.put(None)  # the end, which `stop` says again
    queue.put(late)
    go_on.set()
    assert await first == "done"
    await closing
    with pytest.raises(StorageUnwritable, match="closed"):
        await asyncio.wait_for(late.done, 5)
    with pytest.raises(StorageUnwritable, match="closed"):
        await database.write(ping)
