"""PostgreSQL behind the same calls as SQLite's `Database`: functions over a SQLAlchemy connection.

A thread with an event loop of its own holds a few asyncpg connections. Whatever waits to be written when one is free is
committed together. A commit whose answer was lost with its connection is looked up by its mark before anything is done
again, so that every work happens once, also when the server restarts in the middle. Reads run on connections that
commit by themselves. While the server is away works wait for some seconds; then whoever asked is told.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from fluxroom.errors import DatabaseUnavailable
from fluxroom.interpreter import event_loop
from fluxroom.logs import get_logger
from fluxroom.settings import BadSettings
from fluxroom.store.database import Job, Work, alone_as, answer, hold
from fluxroom.store.postgres_errors import address_of, in_our_words, is_collision, is_passing, is_unheard_of
from fluxroom.store.postgres_links import Commit, Link, apart, connect, engine_over, together, was_committed
from fluxroom.store.postgres_news import News, Reader, Row

T = TypeVar("T")

_log = get_logger("fluxroom.postgres")

_READERS = 2
"""Connections for reads: a long one must not hold up those that somebody waits for."""

_MOST_TOGETHER = 128
"""Works in one commit; more would make the first one wait for the last."""

_PATIENCE = 5.0
"""Seconds for which works wait for a server that is away before whoever asked is told; a restart takes one or two."""

_TICK = 0.02
"""Seconds in which what others commit is gathered before it is told."""

_LAST_WORKS = 2.0
"""Seconds for what still waits when the database is closed."""

_PAUSE = 0.1
"""Seconds between two tries to reach a server that is away."""

_HAS_SCHEMA = text("SELECT to_regclass('alembic_version')")
_SCHEMA = text("SELECT version_num FROM alembic_version")

_Queue = asyncio.Queue[Job | None]


class PostgresDatabase:
    """A PostgreSQL database.

    Args:
        url: as PostgreSQL's own tools take it: `postgresql://user:password@host:port/name?sslmode=require`.
        writers: connections for group commits.
        patience: seconds for which works wait for a server that is away.
    """

    def __init__(self, url: str, *, writers: int = 2, patience: float = _PATIENCE) -> None:
        self.address = address_of(url)
        self._url = url
        self._patience = patience
        self._loop = event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fluxroom-postgres", daemon=True)
        self._writes, self._alone, self._reads = _Queue(), _Queue(), _Queue()
        self._served = (
            (self._writes, self._write_for_ever, writers),
            (self._alone, self._write_for_ever, 1),
            (self._reads, self._read_for_ever, _READERS),
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._engine = engine_over(partial(connect, url))
        self._news = News(partial(connect, url))
        self._listening: asyncio.Task[None] | None = None
        self._deadline: float | None = None  # once it is being closed

    def start(self, bring_up_to_date: Callable[[Connection], None]) -> None:
        """Start the thread and bring the database's schema up to date.

        Raises:
            DatabaseUnavailable: it cannot be reached, or refuses this user; the message says why, without secrets.
        """
        self._thread.start()
        try:
            self._wait_for(self._open(bring_up_to_date))
        except Exception:
            self.stop()
            raise

    def stop(self) -> None:
        """Finish what waits, unless the server is away, then close the connections and end the thread."""
        if self._thread.is_alive():
            self._wait_for(self._finish())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; returns once it is on disk. It may be run again when the first try was undone.

        Raises:
            DatabaseUnavailable: the server is away for longer than a restart takes; nothing was changed.
            StorageFull, StorageUnwritable: it cannot take it; nothing was changed.
        """
        return await self._ask(self._alone if alone_as(work) else self._writes, work)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which only reads."""
        return await self._ask(self._reads, work)

    async def changes(self, *, ours: bool = True) -> AsyncGenerator[list[Row] | None, None]:  # noqa: ARG002  as on SQLite
        """The rows of `job_events` that any process commits, this one too; None when some were missed."""
        reader = Reader()
        self._loop.call_soon_threadsafe(self._attend, reader)
        try:
            while True:
                yield await reader.next()
                await asyncio.sleep(_TICK)
        finally:
            self._news.remove(reader)

    # both sides of the thread ----------------------------------------------------------------------------------------

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self, queue: _Queue, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future(), loop)
        self._loop.call_soon_threadsafe(queue.put_nowait, job)
        result: T = await job.done  # as SQLite's: the work is done whether anybody still listens or not
        return result

    def _attend(self, reader: Reader) -> None:
        self._news.add(reader)
        if self._listening is None:
            self._listening = asyncio.ensure_future(self._news.listen())
        else:
            reader.tell(None)

    async def _open(self, bring_up_to_date: Callable[[Connection], None]) -> None:
        await self._patiently(partial(self._prepare, bring_up_to_date))
        for queue, serve, number in self._served:
            self._tasks += [asyncio.ensure_future(serve(queue)) for _ in range(number)]

    async def _prepare(self, bring_up_to_date: Callable[[Connection], None]) -> None:
        engine = engine_over(partial(connect, self._url, patience=None))
        async with engine.begin() as connection:
            await connection.run_sync(bring_up_to_date)

    async def _finish(self) -> None:
        self._deadline = time.monotonic() + _LAST_WORKS
        for queue, _, number in self._served:
            for _ in range(number):
                queue.put_nowait(None)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORKS + 0.5)
        tasks = [*self._tasks, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for queue, _, _ in self._served:
            while not queue.empty():
                if job := queue.get_nowait():
                    answer([job], self._closing())

    def _closing(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"The database {self.address} is being closed.")

    # in the thread ---------------------------------------------------------------------------------------------------

    async def _write_for_ever(self, queue: _Queue) -> None:
        link = Link(self._engine)
        most = _MOST_TOGETHER if queue is self._writes else 1
        try:
            while (first := await queue.get()) is not None:
                batch = [first]
                while len(batch) < most and not queue.empty():
                    more = queue.get_nowait()
                    if more is None:  # the end; this batch is the last one
                        queue.put_nowait(None)
                        break
                    batch.append(more)
                await self._commit(link, batch)
        finally:
            await link.close()

    async def _commit(self, link: Link, batch: Sequence[Job]) -> None:
        """Run works in one transaction and answer; where one of them fails, again, each in a savepoint of its own."""
        for how in (together, apart):
            try:
                await self._patiently(partial(self._once, link, how, batch))
            except asyncio.CancelledError:
                answer(batch, self._closing())  # nobody shall wait for ever
                raise
            except Exception as error:  # noqa: BLE001  every error belongs to those who asked
                # Also a single one, when somebody else has just made what it was about to make: now it can see it.
                away = isinstance(error, DatabaseUnavailable)
                if how is together and not away and (len(batch) > 1 or is_collision(error)):
                    continue
                answer(batch, error)
            else:
                answer(batch)
            return

    async def _once(self, link: Link, how: Callable[..., None], batch: Sequence[Job]) -> None:
        commit = link.commit()
        try:
            await link.run(how, batch, commit)
        except Exception as error:
            doubt = commit.asked and commit.xid and is_passing(error)
            if not (doubt and await self._was_committed(link, commit)):
                raise

    async def _was_committed(self, link: Link, commit: Commit) -> bool:
        """Ask the server what became of a transaction; as long as it takes, since guessing would do a work twice."""
        _log.warning("lost the database in the middle of a commit; asks what became of it")
        while True:
            try:
                known = await link.run(was_committed, commit)
            except Exception as error:
                if is_unheard_of(error):
                    return False  # a server that has taken over without it
                if self._deadline and time.monotonic() > self._deadline:
                    raise
            else:
                if known is not None:
                    return known
            await asyncio.sleep(_PAUSE)

    async def _read_for_ever(self, queue: _Queue) -> None:
        link = Link(self._engine.execution_options(isolation_level="AUTOCOMMIT"))
        try:
            while (job := await queue.get()) is not None:
                try:
                    job.result = await self._patiently(partial(link.run, job.work))
                except asyncio.CancelledError:
                    answer([job], self._closing())
                    raise
                except Exception as error:  # noqa: BLE001  every error belongs to the one who asked
                    answer([job], error)
                else:
                    answer([job])
        finally:
            await link.close()

    async def _patiently(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Try until it works, fails for good, or the patience is over; errors in our words."""
        given_up = 0.0
        while True:
            try:
                return await attempt()
            except Exception as error:
                given_up = given_up or time.monotonic() + self._patience
                over = time.monotonic() > min(given_up, self._deadline or given_up)
                wrong = in_our_words(error, self.address)
                if wrong is error:
                    raise
                if over or not is_passing(error):
                    raise wrong from error
            await asyncio.sleep(_PAUSE)


def open_postgres(url: str, schema: str) -> PostgresDatabase:
    """Open a database and bring it to this schema; blocks for a moment.

    Raises:
        DatabaseUnavailable: it cannot be reached or used; the message says why, without secrets.
        BadSettings: the extra `postgres` is not installed, or the URL cannot be read.
    """
    if find_spec("asyncpg") is None:
        raise BadSettings(
            "FLUXROOM_DATABASE_URL: PostgreSQL needs one more package.",
            advice="Install it: pip install 'fluxroom[postgres]'.",
            field="FLUXROOM_DATABASE_URL",
        )
    database = PostgresDatabase(url)
    database.start(partial(_bring_to, schema))
    return database


def prepare(url: str, schema: str) -> None:
    """Bring an empty database to the schema of a backup, which may be an older one; blocks for a moment.

    Raises:
        DatabaseUnavailable: it cannot be reached, or has a newer schema already.
    """
    open_postgres(url, schema).stop()


def _bring_to(schema: str, connection: Connection) -> None:
    found = _schema_of(connection)
    if found == schema:
        return
    if found > schema:
        raise DatabaseUnavailable(
            "The database has the schema of a newer Fluxroom.", advice="Update Fluxroom on this machine too."
        )
    from fluxroom.store.migrations import upgrade_over

    # One process migrates, the others wait and find nothing left to do.
    hold(connection, "schema")
    upgrade_over(connection, schema)


def _schema_of(connection: Connection) -> str:
    if connection.execute(_HAS_SCHEMA).scalar_one() is None:
        return ""
    return str(connection.execute(_SCHEMA).scalar() or "")
