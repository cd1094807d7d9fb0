"""A PostgreSQL database copied table by table with COPY, all in one transaction that sees one moment.

Not pg_dump: that is a program of its own, must be as new as the server, and is not where Fluxroom runs in a container.
The schema is not copied; our migrations make it again. What processes say of themselves (signs of life, marks of
commits) is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fluxroom.errors import NotFound, RequestError
from fluxroom.store import doors as _doors  # noqa: F401  its tables belong to the metadata
from fluxroom.store.backup_sqlite import NAMING, Copied
from fluxroom.store.postgres_errors import address_of, in_our_words
from fluxroom.store.postgres_links import connect
from fluxroom.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")

_LEFT_OUT = frozenset({"alembic_version", "processes", "commits"})
_TABLES = """
SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_schema = current_schema() AND is_generated = 'NEVER' GROUP BY table_name
"""
_SERIALS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND (column_default LIKE 'nextval%' OR is_identity = 'YES')
"""


def dump(url: str, folder: Path) -> Copied:
    """Copy the database into `folder`, a file for each table.

    Raises:
        DatabaseUnavailable: it cannot be reached.
        NotFound: there is nothing of Fluxroom in it.
    """
    return _run(url, partial(_dump, folder=folder))


def load(url: str, folder: Path) -> None:
    """Fill an empty database that has the schema of the copy in `folder`: everything, or nothing.

    Raises:
        DatabaseUnavailable: it cannot be reached.
        RequestError: it is not empty.
    """
    _run(url, partial(_load, folder=folder))


def is_empty(url: str) -> bool:
    """Whether nothing was ever made with this database."""
    return _run(url, _is_empty)


def _run(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _connection(url) as connection:
            return await work(connection)

    try:
        return asyncio.run(run())
    except Exception as error:
        wrong = in_our_words(error, address_of(url))
        if wrong is error:
            raise
        raise wrong from error


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    found = await connect(url, patience=None)
    try:
        yield found
    finally:
        await found.close()


async def _dump(connection: Any, *, folder: Path) -> Copied:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        columns = await _columns(connection)
        if "jobs" not in columns:
            raise NotFound("There is nothing of Fluxroom in this database.", advice="Check FLUXROOM_DATABASE_URL.")
        rows, hashes = {}, set()
        for table, names in sorted(columns.items()):
            with (folder / f"{table}.copy").open("wb") as file:
                told = await connection.copy_from_table(table, columns=names, output=file)
            rows[table] = int(told.rpartition(" ")[2])
        for table in (name for name in NAMING if name in columns):
            hashes |= {row[0] for row in await connection.fetch(f"SELECT DISTINCT sha256 FROM {table}")}  # noqa: S608
        schema = await connection.fetchval("SELECT version_num FROM alembic_version")
    return Copied(schema=str(schema), rows=rows, hashes=sorted(hashes))


async def _load(connection: Any, *, folder: Path) -> None:
    async with connection.transaction():
        if not await _is_empty(connection):
            raise RequestError("The database is not empty; nothing was changed.", advice="Restore into an empty one.")
        columns = await _columns(connection)
        known = [table.name for table in metadata.sorted_tables if table.name in columns]
        for table in (*known, *sorted(columns.keys() - set(known))):
            file = folder / f"{table}.copy"
            if file.is_file():
                await connection.execute(f'DELETE FROM "{table}"')  # noqa: S608  what a migration has put there
                await connection.copy_to_table(table, columns=columns[table], source=str(file))
        for table, column in await connection.fetch(_SERIALS):
            if table in columns:
                await connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608  names of ours
                    f'coalesce((SELECT max("{column}") FROM "{table}"), 0) + 1, false)'
                )


async def _is_empty(connection: Any) -> bool:
    columns = await _columns(connection)
    for name in ("jobs", "keys"):
        if name in columns and await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {name})"):  # noqa: S608
            return False
    return True


async def _columns(connection: Any) -> dict[str, list[str]]:
    """The columns of each table that is copied."""
    return {name: list(columns) for name, columns in await connection.fetch(_TABLES) if name not in _LEFT_OUT}
