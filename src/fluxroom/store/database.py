"""One way to the database: functions over a SQLAlchemy connection, run where writing is safe.

SQLite: all writes of a process go through one thread. Whatever waits when it is free is committed together (group
commit): one `BEGIN IMMEDIATE … COMMIT` with `synchronous=FULL` for all of them, each in a savepoint of its own, so that
a failing one takes nobody with it. Reads have a thread and a connection of their own; WAL keeps both out of each
other's way. Several processes may use one file: SQLite's write lock makes every transaction see the others' commits.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from fluxroom.errors import FluxroomError, StorageBusy, StorageFull, StorageUnwritable

T = TypeVar("T")
Work = Callable[[Connection], T]
F = TypeVar("F", bound=Callable[..., Any])

_TICK = 0.05
"""Seconds between two looks at what other processes have committed; one look costs microseconds."""

_MOST_TOGETHER = 256
"""Writes in one commit; more would make the first one wait for the last."""


def alone(name: str) -> Callable[[F], F]:
    """Marks a work that counts before it writes: of one name only one runs at a time, on all machines together.

    On SQLite every work that writes is alone anyway; on PostgreSQL it takes a lock and a transaction of its own.
    """

    def mark(work: F) -> F:
        vars(work)["alone"] = name
        return work

    return mark


def hold(connection: Connection, name: str) -> None:
    """From here to the end of the transaction nobody else passes this line with this name, on any machine.

    For a work that counts before it writes; what it counts afterwards is what everybody has committed. SQLite has
    only one transaction that writes at a time, and needs nothing.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_HOLD, {"b_room": _ROOM, "b_name": name})


def alone_as(work: Callable[..., Any]) -> str:
    """The name under which a work must be alone; empty for most."""
    return str(getattr(getattr(work, "func", work), "alone", ""))


_HOLD = text("SELECT pg_advisory_xact_lock(:b_room, hashtext(:b_name))")
_ROOM = 0x666C7578
"""The first half of the number of every advisory lock of ours: "flux"."""


@dataclass(slots=True)
class Job:
    """A work, who asked for it, and what came of it."""

    work: Work[Any]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: Exception | None = None


def answer(batch: Sequence[Job], error: Exception | None = None) -> None:
    """Wake those who asked, from another thread; all of an event loop at once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in batch:
        job.error = error or job.error
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        with suppress(RuntimeError):  # the event loop of whoever asked is gone; what was to be done is done
            loop.call_soon_threadsafe(_settle, jobs)


def _settle(batch: Sequence[Job]) -> None:
    for job in batch:
        if job.done.cancelled():
            continue
        if job.error is None:
            job.done.set_result(job.result)
        else:
            job.done.set_exception(job.error)


class Database:
    """A SQLite file with its writer and reader thread.

    Args:
        path: the file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)
        self._writes: SimpleQueue[Job | None] = SimpleQueue()
        self._reads: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._write_all, name="fluxroom-writer", daemon=True),
            threading.Thread(target=self._read_all, name="fluxroom-reader", daemon=True),
        ]
        self._watch: sqlite3.Connection | None = None
        self._closed = False

    def start(self) -> None:
        """Open the file twice and start the two threads; what is wrong with the file is said here."""
        self._writing, self._reading = self._engine.connect(), self._engine.connect()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what waits, then end the threads and close the file."""
        self._closed = True
        for queue, thread in zip((self._writes, self._reads), self._threads, strict=True):
            queue.put(None)
            if thread.is_alive():
                thread.join()
            while not queue.empty():  # asked for from another thread, in the very moment of the end
                if job := queue.get():
                    answer([job], StorageUnwritable("The data folder is closed."))
        if self._watch:
            self._watch.close()
        self._engine.dispose()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; returns once it is on disk.

        Raises:
            StorageFull, StorageUnwritable: the data folder cannot take it; nothing was changed.
        """
        return await self._ask(self._writes, work)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which only reads."""
        return await self._ask(self._reads, work)

    def data_version(self) -> int:
        """A number that changes when another connection has committed: the cheap way to notice other processes."""
        if self._watch is None:
            self._watch = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        version: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
        return version

    async def changes(self, *, ours: bool = True) -> AsyncGenerator[list[dict[str, Any]] | None, None]:
        """Comes round when another connection has committed; None: look for yourself what it was.

        Args:
            ours: also when only this process itself has committed.
        """
        seen, theirs = self.data_version(), await self.write(_version)
        while True:
            await asyncio.sleep(_TICK)
            version = self.data_version()
            if version == seen:
                continue
            seen = version
            # On the connection that has made a commit the number stays, so there it tells of others only.
            before, theirs = theirs, theirs if ours else await self.write(_version)
            if ours or theirs != before:
                yield None

    async def _ask(self, queue: SimpleQueue[Job | None], work: Work[T]) -> T:
        if self._closed:
            # A work that nobody takes any more would be waited for for ever.
            raise StorageUnwritable("The data folder is closed.")
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future(), loop)
        queue.put(job)
        # Whoever is cancelled while it waits hears no more; the work is done all the same.
        result: T = await job.done
        return result

    def _write_all(self) -> None:
        with self._writing as connection:
            while (first := self._writes.get()) is not None:
                batch, last = [first], False
                while len(batch) < _MOST_TOGETHER and not self._writes.empty():
                    more = self._writes.get()
                    if more is None:
                        last = True
                        break
                    batch.append(more)
                _commit_together(connection, batch)
                if last:
                    return

    def _read_all(self) -> None:
        with self._reading as connection:
            while (job := self._reads.get()) is not None:
                try:
                    job.result = job.work(connection)
                except Exception as error:  # noqa: BLE001  every error belongs to the one who asked
                    job.error = as_storage_error(error)
                finally:
                    connection.rollback()
                answer([job])


def _commit_together(connection: Connection, batch: list[Job]) -> None:
    """Run every job in a savepoint, commit once, and answer only then."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        driver: Any = connection.connection.driver_connection
        for job in batch:
            if len(batch) == 1:
                job.result = job.work(connection)
                continue
            # Said to the driver directly: SQLAlchemy's own savepoints cost more than the write itself.
            driver.execute("SAVEPOINT one")
            try:
                job.result = job.work(connection)
            except Exception as error:
                if not driver.in_transaction:
                    raise  # SQLite has rolled everything back by itself, as it does on a full disk
                driver.execute("ROLLBACK TO one")  # the others in the batch go on
                job.error = as_storage_error(error)
            driver.execute("RELEASE one")
        connection.commit()
    except Exception as error:  # noqa: BLE001  nothing of the batch is on disk: everybody is told
        connection.rollback()
        answer(batch, as_storage_error(error))
    else:
        answer(batch)


def as_storage_error(error: Exception) -> Exception:
    """The same error in our words where the disk is to blame."""
    text_of = str(error).lower()
    if isinstance(error, FluxroomError):
        return error
    if isinstance(error, (DBAPIError, sqlite3.Error, OSError)):
        if "full" in text_of or "no space" in text_of:
            return StorageFull()
        if "locked" in text_of or "database is busy" in text_of:
            return StorageBusy()
        if any(
            word in text_of for word in ("readonly", "read-only", "unable to open", "permission denied", "disk i/o")
        ):
            return StorageUnwritable(f"The database of the data folder cannot be written: {_driver_words(error)}.")
    return error


def _driver_words(error: Exception) -> str:
    return str(error.orig) if isinstance(error, OperationalError) else str(error)


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        json_serializer=_to_json,
        json_deserializer=_from_json,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # SQLAlchemy's transactions are turned off in the driver: BEGIN IMMEDIATE is ours to say.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _to_json(value: Any) -> str:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _from_json(value: str) -> Any:
    import orjson

    return orjson.loads(value)


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def ping(connection: Connection) -> int:
    """One row, to see that the database answers."""
    return int(connection.execute(text("SELECT 1")).scalar_one())
