"""What PostgreSQL may do to a transaction at a bad moment: works wait and are done once, under their lock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster

from fluxroom.errors import DatabaseUnavailable
from fluxroom.store import SCHEMA, postgres_links
from fluxroom.store import postgres as postgres_module
from fluxroom.store.database import Job, alone
from fluxroom.store.postgres import PostgresDatabase, open_postgres
from fluxroom.store.postgres_links import Commit

pytestmark = pytest.mark.anyio


@pytest.fixture
async def databases(postgres: Cluster) -> AsyncIterator[tuple[PostgresDatabase, PostgresDatabase]]:
    """Two processes on one database, with a table of names."""
    url = postgres.fresh()
    one, other = [await asyncio.to_thread(open_postgres, url, SCHEMA) for _ in range(2)]
    await one.write(run("CREATE TABLE names (name TEXT PRIMARY KEY)"))
    yield one, other
    for database in (one, other):
        await asyncio.to_thread(database.stop)


def run(statement: str) -> Callable[[Connection], None]:
    return lambda connection: connection.execute(text(statement)).close()


def names(connection: Connection) -> Sequence[str]:
    return list(connection.execute(text("SELECT name FROM names ORDER BY name")).scalars())


async def test_a_statement_that_the_server_stops_is_done_again(
    databases: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    """As with `statement_timeout` on the server, while somebody else holds what it waits for."""
    one, other = databases
    held, go_on = threading.Event(), threading.Event()

    def hold_on(connection: Connection) -> None:
        run("LOCK TABLE names IN EXCLUSIVE MODE")(connection)
        held.set()
        go_on.wait(4)

    tries = list[None]()

    def impatient(connection: Connection) -> None:
        tries.append(None)
        if len(tries) > 1:
            go_on.set()
        run("SET LOCAL statement_timeout = '200ms'")(connection)
        run("INSERT INTO names VALUES ('a fox')")(connection)

    holding = asyncio.create_task(other.write(hold_on))
    assert await asyncio.to_thread(held.wait, 5)
    await one.write(impatient)
    await holding
    assert len(tries) >= 2
    assert await one.read(names) == ["a fox"]


async def test_a_server_that_stops_every_statement_is_told_as_such(
    databases: tuple[PostgresDatabase, PostgresDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = databases
    monkeypatch.setattr(one, "_patience", 0.3)
    with pytest.raises(DatabaseUnavailable, match="canceling statement"):
        await one.write(slow)


def slow(connection: Connection) -> None:
    run("SET LOCAL statement_timeout = '20ms'")(connection)
    run("SELECT pg_sleep(5)")(connection)


class Answers:
    """Lets the question what became of a commit fail in some way, some times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> None:
        self._whole, self._error, self._times = postgres_links.was_committed, error, times
        self.asked = 0
        monkeypatch.setattr(postgres_module, "was_committed", self.was_committed)

    def was_committed(self, connection: Connection, commit: Commit) -> bool | None:
        self.asked += 1
        if self.asked <= self._times:
            raise self._error
        return self._whole(connection, commit)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.QueryCanceledError("canceling statement due to user request"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.OutOfMemoryError("out of memory"),
        RuntimeError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_commit_in_doubt_is_asked_about_until_the_server_tells(
    databases: tuple[PostgresDatabase, PostgresDatabase], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever else goes wrong with the question is no answer: taken for a no, the work would be done twice."""
    one, _ = databases
    await one.write(run("CREATE TABLE counter (number INTEGER)"))
    whole, broken = postgres_links._end, iter([True])

    def end(connection: Connection, commit: Commit) -> None:
        whole(connection, commit)
        if next(broken, False):
            raise ConnectionResetError(104, "Connection reset by peer")  # the answer to COMMIT is lost

    monkeypatch.setattr(postgres_links, "_end", end)
    answers = Answers(monkeypatch, error, 3)
    await one.write(run("INSERT INTO counter VALUES (1)"))
    assert answers.asked == 4
    assert await one.read(lambda c: c.execute(text("SELECT count(*) FROM counter")).scalar_one()) == 1


async def test_a_server_that_never_gave_the_number_out_did_not_commit_it(
    databases: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    """After a failover to one that does not have everything."""
    one, _ = databases
    unheard = Commit("a link", 1, xid=str(2**62), asked=True)
    link = postgres_links.Link(one._engine)

    async def ask() -> bool:
        try:
            return await one._was_committed(link, unheard)
        finally:
            await link.close()

    assert await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ask(), one._loop)) is False


async def test_a_work_that_is_alone_keeps_its_lock_when_it_is_done_again(
    databases: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    one, other = databases
    at_once, most = list[int](), list[int]()
    lock, tried = threading.Lock(), set[str]()

    def counting(name: str) -> Callable[[Connection], None]:
        @alone("names")
        def work(connection: Connection) -> None:
            if name not in tried:
                tried.add(name)
                run("INSERT INTO names VALUES ('taken')")(connection)  # a collision: it is done again
            with lock:
                at_once.append(1)
                most.append(len(at_once))
            run(f"INSERT INTO names SELECT '{name}' FROM pg_sleep(0.2)")(connection)
            with lock:
                at_once.pop()

        return work

    await one.write(run("INSERT INTO names VALUES ('taken')"))
    await asyncio.gather(one.write(counting("a")), other.write(counting("b")))
    assert await one.read(names) == ["a", "b", "taken"]
    assert max(most) == 1


async def test_somebody_elses_row_is_seen_also_when_another_work_failed_first(
    databases: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    """As with an idempotency key that two processes use at once, beside a request that is refused."""
    one, other = databases
    written, go_on = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        run("INSERT INTO names VALUES ('key')")(connection)
        written.set()
        go_on.wait(3)

    looked = list[bool]()

    def second(connection: Connection) -> str:
        there = "key" in names(connection)
        looked.append(there)
        if there:
            return "known"
        go_on.set()
        run("INSERT INTO names VALUES ('key')")(connection)
        return "made"

    def refused(_: Connection) -> None:
        raise KeyError("no budget")

    holding = asyncio.create_task(other.write(first))
    assert await asyncio.to_thread(written.wait, 5)
    loop, works = asyncio.get_running_loop(), list[Callable[[Connection], Any]]([refused, second])
    batch = [Job(work, loop.create_future(), loop) for work in works]
    link = postgres_links.Link(one._engine)

    async def commit() -> None:
        await one._commit(link, batch)
        await link.close()

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(commit(), one._loop))
    await holding
    with pytest.raises(KeyError):
        await batch[0].done
    assert await batch[1].done == "known"
    assert looked == [False, True]
