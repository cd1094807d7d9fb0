"""Who lives is judged by signs of life in the database, and only by those who could have heard them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster

from fluxroom.engine.queue_postgres import Lease
from fluxroom.store import SCHEMA, processes
from fluxroom.store.postgres import PostgresDatabase, open_postgres

pytestmark = pytest.mark.anyio

LEASE = 10.0


@pytest.fixture
async def database(postgres: Cluster) -> AsyncIterator[PostgresDatabase]:
    one = open_postgres(postgres.fresh(), SCHEMA)
    yield one
    await asyncio.to_thread(one.stop)


async def sign(database: PostgresDatabase, *names: str) -> None:
    for name in names:
        await database.write(partial(signed, name))


def signed(name: str, connection: Connection) -> int:
    return processes.sign(connection, name, LEASE)


async def let_pass(database: PostgresDatabase, seconds: float, *names: str) -> None:
    """As if so much time had passed since these processes were last seen; everybody has been here for as long."""
    back = "make_interval(secs => :seconds)"
    seen = text(f"UPDATE processes SET seen_at = seen_at - {back} WHERE id = ANY(:names)")
    since = text(f"UPDATE processes SET steady_at = steady_at - {back}")
    await database.write(lambda c: c.execute(seen, {"seconds": seconds, "names": list(names)}).close())
    await database.write(lambda c: c.execute(since, {"seconds": seconds}).close())


async def dead(database: PostgresDatabase, judge: str, *owners: str) -> list[str]:
    return sorted(await database.read(lambda connection: processes.dead(connection, judge, owners)))


async def test_who_has_said_goodbye_or_never_came_is_dead_at_once(database: PostgresDatabase) -> None:
    await sign(database, "me", "you")
    assert await dead(database, "me", "you", "nobody") == ["nobody"]
    await database.write(lambda connection: processes.leave(connection, "you"))
    assert await dead(database, "me", "you") == ["you"]


async def test_who_is_silent_for_a_lease_is_dead(database: PostgresDatabase) -> None:
    await sign(database, "me", "you")
    await let_pass(database, LEASE * 0.9, "you")
    assert await dead(database, "me", "you") == []
    await let_pass(database, LEASE * 0.2, "you")
    assert await dead(database, "me", "you") == ["you"]
    await sign(database, "you")
    assert await dead(database, "me", "you") == []


async def test_who_has_just_come_does_not_judge(database: PostgresDatabase) -> None:
    await sign(database, "you")
    await let_pass(database, LEASE * 5, "you")
    await sign(database, "me")
    assert await dead(database, "me", "you") == []


async def test_after_the_database_was_away_nobody_judges_until_everybody_could_be_heard(
    database: PostgresDatabase,
) -> None:
    await sign(database, "me", "you", "she")
    await let_pass(database, LEASE * 5)
    await let_pass(database, LEASE * 3, "me", "you", "she")
    assert await dead(database, "me", "you", "she") == []
    await sign(database, "me")
    assert await dead(database, "me", "you", "she") == []
    await sign(database, "you")
    await let_pass(database, LEASE * 1.1, "she")
    assert await dead(database, "me", "you", "she") == ["she"]


async def test_who_stood_still_does_not_judge(database: PostgresDatabase) -> None:
    await sign(database, "me", "you")
    await let_pass(database, LEASE * 5)
    await let_pass(database, LEASE * 2, "me", "you")
    await sign(database, "you")
    await let_pass(database, LEASE * 2, "you")
    assert await dead(database, "me", "you") == [], "its own last sign is too old"
    await sign(database, "me")
    assert await dead(database, "me", "you") == [], "it has missed signs of its own"


async def test_a_process_gives_signs_and_takes_leave(database: PostgresDatabase) -> None:
    one, other = Lease(database, 0.2), Lease(database, 0.2)
    await one.begin()
    await other.begin()
    keeping = [asyncio.ensure_future(lease.keep()) for lease in (one, other)]
    await asyncio.sleep(0.8)
    assert await one.dead([other.id, one.id]) == []
    assert (one.others, other.others) == (1, 1)
    keeping[1].cancel()
    await asyncio.sleep(0.5)
    assert await one.dead([other.id]) == [other.id]
    await other.end()
    assert await one.dead([other.id]) == [other.id]
    assert await one.dead([one.id]) == []
    keeping[0].cancel()
    await asyncio.gather(*keeping, return_exceptions=True)


async def test_rows_of_processes_long_gone_are_cleared_away(database: PostgresDatabase) -> None:
    await sign(database, "old")
    await let_pass(database, 90_000.0, "old")
    await database.write(lambda connection: processes.enter(connection, "new", LEASE))
    rows: list[Any] = await database.read(lambda c: list(c.execute(text("SELECT id FROM processes")).scalars()))
    assert rows == ["new"]
