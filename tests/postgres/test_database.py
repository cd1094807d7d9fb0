"""PostgreSQL when the way to it breaks: every work happens once, and whoever waits is told in our words."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster
from tests.postgres.proxy import Moment, Proxy

from fluxroom.errors import DatabaseUnavailable, StorageUnwritable
from fluxroom.settings import BadSettings
from fluxroom.store import SCHEMA, open_store
from fluxroom.store.database import alone, ping
from fluxroom.store.postgres import PostgresDatabase, open_postgres

pytestmark = pytest.mark.anyio


def nothing(_connection: Connection) -> None:
    """The schema is not looked at."""


@pytest.fixture
async def proxy(postgres: Cluster) -> AsyncIterator[Proxy]:
    async with Proxy(postgres.port) as one:
        yield one


@pytest.fixture
async def database(postgres: Cluster, proxy: Proxy) -> AsyncIterator[PostgresDatabase]:
    url = postgres.fresh().replace(f":{postgres.port}/", f":{proxy.port}/")
    one = PostgresDatabase(url, patience=1.0)
    await asyncio.to_thread(one.start, nothing)
    await one.write(make_counter)
    yield one
    await asyncio.to_thread(one.stop)


def make_counter(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE counter (number INTEGER NOT NULL)"))
    connection.execute(text("INSERT INTO counter VALUES (0)"))


def up(connection: Connection) -> int:
    return int(connection.execute(text("UPDATE counter SET number = number + 1 RETURNING number")).scalar_one())


def number(connection: Connection) -> int:
    return int(connection.execute(text("SELECT number FROM counter")).scalar_one())


@alone("counter")
def up_alone(connection: Connection) -> int:
    return up(connection)


@pytest.mark.parametrize("work", [up, up_alone])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_commit_whose_answer_was_lost_happens_once(
    database: PostgresDatabase, proxy: Proxy, moment: Moment, work: Callable[[Connection], int]
) -> None:
    for expected in range(1, 6):
        proxy.cut(moment)
        assert await database.write(work) == expected
    assert proxy.cuts == []
    assert await database.read(number) == 5


async def test_many_at_once_while_connections_break(database: PostgresDatabase, proxy: Proxy) -> None:
    for _ in range(5):
        proxy.cut("before", 2)
        proxy.cut("after", 2)
        await asyncio.gather(*(database.write(up) for _ in range(40)))
    assert await database.read(number) == 200


async def test_a_server_that_is_away_for_a_moment_is_waited_for(database: PostgresDatabase, proxy: Proxy) -> None:
    proxy.away = True
    proxy.hang_up()
    asyncio.get_running_loop().call_later(0.4, setattr, proxy, "away", False)
    assert list(await asyncio.gather(database.write(up), database.read(ping))) == [1, 1]


async def test_a_server_that_stays_away_is_told_and_comes_back(database: PostgresDatabase, proxy: Proxy) -> None:
    proxy.away = True
    proxy.hang_up()
    begun = time.monotonic()
    answers = await asyncio.gather(
        *(database.write(up) for _ in range(20)), database.read(number), return_exceptions=True
    )
    assert time.monotonic() - begun < 3
    for answer in answers:
        assert isinstance(answer, DatabaseUnavailable)
        assert f"127.0.0.1:{proxy.port}" in answer.detail
        assert "planted" not in answer.detail
        assert answer.__class__.retryable
    proxy.away = False
    assert await database.write(up) == 1


async def test_closing_while_the_server_is_away_ends_soon(database: PostgresDatabase, proxy: Proxy) -> None:
    proxy.away = True
    proxy.hang_up()
    waiting = asyncio.ensure_future(database.write(up))
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    await asyncio.to_thread(database.stop)
    assert time.monotonic() - begun < 4
    with pytest.raises(DatabaseUnavailable):
        await waiting


async def test_news_are_heard_again_after_a_break(postgres: Cluster, proxy: Proxy, tmp_path: Path) -> None:
    url = postgres.fresh()
    through = url.replace(f":{postgres.port}/", f":{proxy.port}/")
    database = await asyncio.to_thread(open_postgres, through, SCHEMA)
    changes = database.changes()
    assert await anext(changes) is None  # everything may be new
    tell = text("SELECT pg_notify('fluxroom_events', '{\"id\": 1}')")
    await database.write(lambda connection: connection.execute(tell).close())
    assert await asyncio.wait_for(anext(changes), 5) == [{"id": 1}]
    proxy.hang_up()
    assert await asyncio.wait_for(anext(changes), 5) is None
    await database.write(lambda connection: connection.execute(tell).close())
    assert await asyncio.wait_for(anext(changes), 5) == [{"id": 1}]
    await changes.aclose()
    await asyncio.to_thread(database.stop)


async def test_who_stands_still_in_a_transaction_does_not_hold_up_the_others(postgres: Cluster) -> None:
    """As a frozen process would, in the middle of a claim."""
    url = postgres.fresh()
    frozen, other = (PostgresDatabase(url) for _ in range(2))
    for one in (frozen, other):
        await asyncio.to_thread(one.start, nothing)
    await other.write(make_counter)
    stills = iter([7.0, 0.0])

    @alone("counter")
    def stand_still(connection: Connection) -> int:
        found = up(connection)
        time.sleep(next(stills))
        return found

    late = asyncio.ensure_future(frozen.write(stand_still))
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    assert await other.write(up_alone) == 1
    assert time.monotonic() - begun < 6.5
    assert await late == 2  # what it had done was undone, and done again
    for one in (frozen, other):
        await asyncio.to_thread(one.stop)


def test_several_processes_open_a_new_database_at_once(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.empty()
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda n: open_store(tmp_path / str(n), url), range(6)))
    for store in stores:
        store.close()


def test_a_database_of_a_newer_version_is_left_alone(postgres: Cluster) -> None:
    url = postgres.fresh()
    with pytest.raises(DatabaseUnavailable, match="newer Fluxroom") as caught:
        open_postgres(url, "0000")
    assert "Update" in caught.value.next_step


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://fluxroom:planted-secret@127.0.0.1:{port}/nowhere", "no database of this name"),
        ("postgresql://nobody:planted-secret@127.0.0.1:{port}/postgres", "does not let this user in"),
        ("postgresql://fluxroom:planted-secret@[broken/postgres", "cannot be read"),
        ("postgresql://fluxroom:planted-secret@127.0.0.1:planted/postgres", "cannot be read"),
        ("postgresql://fluxroom:planted-secret@127.0.0.1:{port}/postgres?sslmode=planted", "cannot be read"),
    ],
)
def test_a_url_that_does_not_work_is_one_line_without_secrets(
    postgres: Cluster, url: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises((DatabaseUnavailable, BadSettings)) as caught:
        open_postgres(url.replace("{port}", str(postgres.port)), SCHEMA)
    assert why in caught.value.detail
    assert "\n" not in caught.value.detail
    assert "planted" not in caught.value.detail + caught.value.next_step + caplog.text


async def test_a_database_that_takes_no_writes_says_so(postgres: Cluster) -> None:
    url = postgres.fresh()
    database = PostgresDatabase(url, writers=1)
    await asyncio.to_thread(database.start, nothing)
    await database.write(lambda c: c.execute(text("SET default_transaction_read_only = on")).close())
    with pytest.raises(StorageUnwritable, match="read-only"):
        await database.write(lambda c: c.execute(text("INSERT INTO limits VALUES ('a',1,1,false,'',1)")).close())
    await asyncio.to_thread(database.stop)
