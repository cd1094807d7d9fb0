"""A server that goes down in the middle of a commit: every work happens once, whoever gets the transaction's number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from signal import SIGINT, SIGQUIT, Signals
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster

from fluxroom.store import SCHEMA, postgres_links, processes
from fluxroom.store.postgres import PostgresDatabase, open_postgres
from fluxroom.store.postgres_links import Commit

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(postgres: Cluster) -> AsyncIterator[PostgresDatabase]:
    one = await asyncio.to_thread(open_postgres, postgres.fresh(), SCHEMA)
    await one.write(run("CREATE TABLE names (name TEXT PRIMARY KEY)"))
    yield one
    await asyncio.to_thread(one.stop)


class Breaking:
    """A connection whose server goes down before COMMIT is sent, and has worked for others when it is back."""

    def __init__(self, whole: Connection, postgres: Cluster, how: Signals) -> None:
        self._whole = whole
        self._postgres = postgres
        self._how = how
        self.strangers: list[int] = []

    def execute(self, *arguments: Any) -> Any:
        return self._whole.execute(*arguments)

    def commit(self) -> None:
        self._postgres.stop(self._how)
        self._postgres.start()
        self.strangers = [int(self._postgres.asked("SELECT pg_current_xact_id()")) for _ in range(5)]
        self._whole.commit()


class Breaks:
    """Lets the server go down at the next commits of a database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, postgres: Cluster) -> None:
        self._whole = postgres_links._end
        self._postgres = postgres
        self.how: list[Signals] = []  # still to come
        self.misleading = 0  # how often somebody else was given the number
        monkeypatch.setattr(postgres_links, "_end", self._end)

    def _end(self, connection: Connection, commit: Commit) -> None:
        if not self.how:
            self._whole(connection, commit)
            return
        breaking: Any = Breaking(connection, self._postgres, self.how.pop())
        try:
            self._whole(breaking, commit)
        finally:
            self.misleading += int(commit.xid or 0) in breaking.strangers


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch, postgres: Cluster) -> Breaks:
    return Breaks(monkeypatch, postgres)


def run(statement: str) -> Any:
    return lambda connection: connection.execute(text(statement)).close()


def names(connection: Connection) -> Sequence[str]:
    return list(connection.execute(text("SELECT name FROM names ORDER BY name")).scalars())


async def test_a_number_that_a_crash_gave_to_somebody_else_is_not_believed(
    database: PostgresDatabase, breaks: Breaks
) -> None:
    expected: list[str] = []
    # Now and then PostgreSQL brings the number to the disk before it is killed.
    while not breaks.misleading:
        assert len(expected) < 10, "nobody else was ever given the number: this shows nothing"
        expected.append(f"name {len(expected)}")
        breaks.how = [SIGQUIT]
        await database.write(run(f"INSERT INTO names VALUES ('{expected[-1]}')"))
        assert await database.read(names) == expected, "it was answered, and is gone"


@pytest.mark.parametrize("how", [SIGINT, SIGQUIT], ids=["restart", "crash"])
async def test_several_works_in_a_commit_that_breaks_twice_happen_once(
    database: PostgresDatabase, breaks: Breaks, how: Signals
) -> None:
    breaks.how = [how, how]
    works = [database.write(run(f"INSERT INTO names VALUES ('name {number}')")) for number in range(5)]
    await asyncio.gather(*works)
    assert await database.read(names) == [f"name {number}" for number in range(5)]
    assert not breaks.how


async def test_what_changes_nothing_leaves_no_mark(database: PostgresDatabase) -> None:
    before = await database.read(marks)
    for _ in range(5):
        assert await database.write(names) == []
    assert await database.read(marks) == before
    await database.write(run("INSERT INTO names VALUES ('a fox')"))
    assert await database.read(marks) != before


async def test_old_marks_are_cleared_away(database: PostgresDatabase) -> None:
    await database.write(run("INSERT INTO commits VALUES ('long gone', 1, now() - interval '31 days')"))
    await database.write(run("INSERT INTO commits VALUES ('away', 7, now() - interval '29 days')"))
    await database.write(lambda connection: processes.enter(connection, "somebody", 10.0))
    found = await database.read(marks)
    assert found["away"] == 7
    assert "long gone" not in found


def marks(connection: Connection) -> dict[str, int]:
    return {row.link: row.mark for row in connection.execute(text("SELECT link, mark FROM commits"))}
