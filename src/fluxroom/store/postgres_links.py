"""One held connection to PostgreSQL, and what is done over it in one go."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from fluxroom.store.database import Job, alone_as, hold
from fluxroom.store.postgres_errors import is_collision, is_passing, unreadable

T = TypeVar("T")

_CONNECT = 5.0
"""Seconds until a server that does not let us in counts as away."""

_ANSWER = 30.0
"""Seconds until a server that does not answer counts as away."""

_OPTIONS = {
    "application_name": "fluxroom",
    # A process that stands still in the middle of a transaction would hold up all others: it is undone.
    "idle_in_transaction_session_timeout": "5000",
    # The server's side of a machine that is gone.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# A server that may answer a commit before it is on disk would lose tickets when it crashes. What it is told to do for
# its replicas stays as it is.
_ON_DISK = """
SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'
"""

# A transaction that has changed nothing has no number, and needs no mark.
_MARK = text("""
INSERT INTO commits (link, mark, at)
SELECT CAST(:link AS text), CAST(:mark AS bigint), now() WHERE pg_current_xact_id_if_assigned() IS NOT NULL
ON CONFLICT (link) DO UPDATE SET mark = excluded.mark, at = excluded.at
RETURNING CAST(pg_current_xact_id() AS text)
""")
_FATE = text("SELECT pg_xact_status(CAST(CAST(:xid AS text) AS xid8))")
_MARKED = text("SELECT mark FROM commits WHERE link = :link")


@dataclass(slots=True)
class Commit:
    """How far a transaction came."""

    link: str
    mark: int  # its number on this connection
    xid: str | None = None  # None: it has changed nothing
    asked: bool = False  # COMMIT was sent, so only the server knows


class Link:
    """One held connection, opened when it is needed, and again when it was lost."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._id = secrets.token_hex(8)
        self._marks = count(1)

    def commit(self) -> Commit:
        """A transaction that begins."""
        return Commit(self._id, next(self._marks))

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run a function over the connection."""
        if self._connection is None:
            self._connection = await self._engine.connect()
        try:
            return await self._connection.run_sync(work, *arguments)
        except BaseException as error:
            await self._recover(error)
            raise

    async def close(self) -> None:
        """Close it; whatever is not committed is undone by the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.invalidate()
            with suppress(Exception):
                await connection.close()

    async def _recover(self, error: BaseException) -> None:
        if self._connection is not None and isinstance(error, Exception) and not is_passing(error):
            with suppress(Exception):
                await self._connection.rollback()
                return
        await self.close()


def together(connection: Connection, batch: Sequence[Job], commit: Commit) -> None:
    """Run works in one transaction; the first that fails ends it."""
    for job in batch:
        _do(connection, job)
    _end(connection, commit)


def apart(connection: Connection, batch: Sequence[Job], commit: Commit) -> None:
    """Run works in one transaction, each in a savepoint of its own, so that a failing one takes nobody with it."""
    for job in batch:
        # Twice where somebody else has just made what it was about to make: now it can see it.
        for last in (False, True):
            savepoint = connection.begin_nested()
            try:
                _do(connection, job)
                savepoint.commit()
            except Exception as error:
                if is_passing(error):
                    raise
                savepoint.rollback()
                job.error = error
                if is_collision(error) and not last:
                    continue
            break
    _end(connection, commit)


def _do(connection: Connection, job: Job) -> None:
    if name := alone_as(job.work):
        hold(connection, name)
    job.result, job.error = job.work(connection), None


def _end(connection: Connection, commit: Commit) -> None:
    commit.xid = connection.execute(_MARK, {"link": commit.link, "mark": commit.mark}).scalar()
    commit.asked = True
    connection.commit()


def was_committed(connection: Connection, commit: Commit) -> bool | None:
    """Whether a transaction was committed; None: the server is still at it.

    Its number alone does not tell: a server that crashed gives numbers whose traces were not on disk to others.
    """
    fate = connection.execute(_FATE, {"xid": commit.xid}).scalar_one()
    # Asked after its end, since a statement sees what was committed when it began.
    mark = connection.execute(_MARKED, {"link": commit.link}).scalar()
    connection.rollback()
    return None if fate == "in progress" else mark == commit.mark


def engine_over(connect: Callable[..., Awaitable[Any]]) -> AsyncEngine:
    """SQLAlchemy over connections that `connect` opens."""
    return create_async_engine(
        "postgresql+asyncpg:///?prepared_statement_cache_size=300",
        async_creator=connect,
        poolclass=NullPool,  # connections are held, and a lost one is replaced here
        hide_parameters=True,  # prompts stay out of error texts
        json_serializer=_to_json,
        json_deserializer=_from_json,
    )


async def connect(url: str, *_: Any, patience: float | None = _ANSWER, **_more: Any) -> Any:
    """A connection of asyncpg's own kind; it may take `patience` seconds to answer a statement."""
    import asyncpg  # type: ignore[import-untyped]

    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT, command_timeout=patience, server_settings=_OPTIONS)
    except ValueError:
        raise unreadable() from None
    try:
        await connection.execute(_ON_DISK)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _to_json(value: Any) -> str:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _from_json(value: str) -> Any:
    import orjson

    return orjson.loads(value)
