"""What the engine may rely on, whichever database is behind it: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from fluxroom.errors import NotFound
from fluxroom.store import SCHEMA, Store, limits, open_store, reuse
from fluxroom.store.database import alone, hold, ping

pytestmark = pytest.mark.anyio

Open = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store again, as another process would."""
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    stores: list[Store] = []

    def one() -> Store:
        stores.append(open_store(tmp_path / "data", url))
        return stores[-1]

    yield one
    for store in stores:
        store.close()


@pytest.fixture
async def store(opened: Open) -> Store:
    found = opened()
    await found.database.write(make_notes)
    return found


def make_notes(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE notes (value TEXT PRIMARY KEY, number INTEGER NOT NULL DEFAULT 0)"))


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM notes")).scalar_one())


def add(value: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(text("INSERT INTO notes (value) VALUES (:value)"), {"value": value})
        return value

    return work


async def test_a_new_database_gets_this_versions_schema(store: Store) -> None:
    assert await store.database.read(ping) == 1
    version = await store.database.read(
        lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    )
    assert version == SCHEMA


async def test_the_migrations_make_the_tables_that_the_code_knows(opened: Open) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    import fluxroom.store.doors  # noqa: F401  its tables are known once it is imported
    from fluxroom.store.tables import metadata

    def ours(_object: Any, name: str | None, *_: Any) -> bool:
        # PostgreSQL's own (migrations 0002 and 0006), and each database's way to search (migration 0003).
        return name != "words" and not str(name).startswith(
            ("processes", "commits", "generation_words", "generations_words", "image_words")
        )

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        return list(compare_metadata(context, metadata))

    assert await opened().database.read(differences) == []


async def test_a_write_is_there_for_every_other_process(store: Store, opened: Open) -> None:
    assert await store.database.write(add("a")) == "a"
    assert await store.database.read(count) == 1
    assert await opened().database.read(count) == 1


async def test_many_writes_at_once_are_all_answered(store: Store) -> None:
    values = [str(number) for number in range(600)]
    assert await asyncio.gather(*(store.database.write(add(value)) for value in values)) == values
    assert await store.database.read(count) == 600


async def test_failing_writes_take_nobody_with_them(store: Store) -> None:
    await store.database.write(add("0"))
    results = await asyncio.gather(
        *(store.database.write(add(str(n % 50))) for n in range(100)), return_exceptions=True
    )
    assert sum(isinstance(result, Exception) for result in results) == 51
    assert await store.database.read(count) == 50


async def test_a_work_that_fails_in_the_middle_leaves_nothing_behind(store: Store) -> None:
    def half(connection: Connection) -> None:
        add("half")(connection)
        raise NotFound("the rest")

    results = await asyncio.gather(
        *(store.database.write(add(str(n))) for n in range(5)),
        store.database.write(half),
        *(store.database.write(add(str(n))) for n in range(5, 10)),
        return_exceptions=True,
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [NotFound]
    with pytest.raises(NotFound):
        await store.database.write(half)
    assert await store.database.read(count) == 10


async def test_a_read_that_fails_leaves_the_reader_usable(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(Exception, match="nowhere"):
            await store.database.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))
    assert await store.database.read(count) == 0


async def test_processes_do_not_get_in_each_others_way(store: Store, opened: Open) -> None:
    others = [opened() for _ in range(3)]
    await asyncio.gather(
        *(one.database.write(add(f"{name}-{n}")) for name, one in enumerate([store, *others]) for n in range(100))
    )
    assert await others[-1].database.read(count) == 400


async def test_writes_that_wait_at_closing_are_finished(store: Store, opened: Open) -> None:
    pending = [asyncio.ensure_future(store.database.write(add(str(n)))) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    assert len(await asyncio.gather(*pending)) == 50
    assert await opened().database.read(count) == 50


@alone("counting")
def count_up(connection: Connection) -> int:
    """Reads, thinks and writes: two at once would count one of them twice."""
    number = int(connection.execute(text("SELECT number FROM notes WHERE value = 'counter'")).scalar_one())
    connection.execute(text("UPDATE notes SET number = :number WHERE value = 'counter'"), {"number": number + 1})
    return number + 1


def count_up_held(connection: Connection) -> int:
    """The same for a work that shares its transaction with others."""
    hold(connection, "counting")
    return int(count_up(connection))


@pytest.mark.parametrize("work", [count_up, count_up_held])
async def test_a_work_that_counts_is_alone_on_all_processes(
    store: Store, opened: Open, work: Callable[[Connection], int]
) -> None:
    await store.database.write(add("counter"))
    others = [store, opened(), opened()]
    numbers = await asyncio.gather(*(others[n % 3].database.write(work) for n in range(90)))
    assert sorted(numbers) == list(range(1, 91))


async def test_what_two_processes_make_at_once_under_one_key_is_made_once(store: Store, opened: Open) -> None:
    """Look, and make it when it is not there: the loser of the race looks again."""

    def make(name: str) -> Callable[[Connection], str]:
        def work(connection: Connection) -> str:
            found = connection.execute(text("SELECT number FROM notes WHERE value = 'key'")).scalar_one_or_none()
            if found is not None:
                return "found"
            time.sleep(0.03)
            add("key")(connection)
            return name

        return work

    others = [store, *(opened() for _ in range(4))]
    answers = await asyncio.gather(*(one.database.write(make("made")) for one in others))
    assert sorted(answers) == ["found"] * 4 + ["made"]


async def test_what_two_processes_change_in_one_row_is_kept_of_both(store: Store, opened: Open) -> None:
    """One pauses an account while the other learns its cap."""

    def change(**what: Any) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            limit = limits.get(connection, "bfl:1")
            time.sleep(0.05)
            limits.put(connection, replace(limit or limits.Limit(account="bfl:1", cap=24.0), **what))

        return work

    other = opened()
    await store.database.write(change(cap=24.0))
    await asyncio.gather(store.database.write(change(paused=True)), other.database.write(change(cap=7.0)))
    found = await store.database.read(lambda connection: limits.get(connection, "bfl:1"))
    assert found
    assert (found.cap, found.paused) == (7.0, True)


async def test_unknown_and_known_keys(store: Store) -> None:
    assert await store.database.read(lambda c: reuse.known(c, "local", "key")) is None
    assert await store.database.read(lambda c: reuse.cached(c, "local", "key")) is None


async def test_money_is_exact(store: Store) -> None:
    from sqlalchemy import func, insert, select

    from fluxroom.store.tables import Money, budgets

    amounts = [Decimal("0.000001"), Decimal("0.03"), Decimal("123456789.123456")]
    rows = [{"scope": str(n), "period": "day", "most": amount} for n, amount in enumerate(amounts)]
    await store.database.write(lambda c: bool(c.execute(insert(budgets), rows)))
    total = await store.database.read(lambda c: c.execute(select(func.sum(budgets.c.most, type_=Money))).scalar_one())
    assert Decimal(total) == sum(amounts)
