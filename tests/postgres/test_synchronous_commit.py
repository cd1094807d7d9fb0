"""A server that is set up to answer before it has written: what was answered is there after a crash all the same."""

from __future__ import annotations

import asyncio
from signal import SIGQUIT
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.postgres.clusters import Cluster

from fluxroom.store import SCHEMA
from fluxroom.store.postgres import PostgresDatabase, open_postgres

pytestmark = pytest.mark.anyio


def run(statement: str) -> Any:
    return lambda connection: connection.execute(text(statement)).close()


def names(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT name FROM names ORDER BY name")).scalars())


def setting(connection: Connection) -> str:
    return str(connection.execute(text("SHOW synchronous_commit")).scalar_one())


async def opened(postgres: Cluster, value: str) -> PostgresDatabase:
    """A database on which commits are made in this way unless somebody says otherwise."""
    url = postgres.fresh()
    postgres.asked(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = {value}")
    return await asyncio.to_thread(open_postgres, url, SCHEMA)


async def test_what_was_answered_is_there_after_a_crash(postgres: Cluster) -> None:
    database = await opened(postgres, "off")
    await database.write(run("CREATE TABLE names (name TEXT PRIMARY KEY)"))
    expected: list[str] = []
    for number in range(3):
        expected.append(f"name {number}")
        await database.write(run(f"INSERT INTO names VALUES ('{expected[-1]}')"))
        postgres.stop(SIGQUIT)
        postgres.start()
        assert await database.read(names) == expected, "it was answered, and is gone"
    await asyncio.to_thread(database.stop)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ("off", "local"),
        ("local", "local"),
        ("on", "on"),
        ("remote_write", "remote_write"),
        ("remote_apply", "remote_apply"),
    ],
)
async def test_what_a_server_does_for_its_replicas_stays(postgres: Cluster, found: str, kept: str) -> None:
    database = await opened(postgres, found)
    assert await database.write(setting) == kept
    assert await database.read(setting) == kept
    await asyncio.to_thread(database.stop)
