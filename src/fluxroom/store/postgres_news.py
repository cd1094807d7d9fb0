"""What any process commits, told the moment it is committed: PostgreSQL's LISTEN and NOTIFY.

A trigger on `job_events` (migration 0002) sends every new row with its commit, in the order of the commits. That is
also why rows are not sought by their number here: a lower number may be committed after a higher one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from fluxroom.logs import get_logger
from fluxroom.store.postgres_errors import is_passing

_log = get_logger("fluxroom.postgres")

CHANNEL = "fluxroom_events"

_PULSE = 5.0
"""Seconds between two looks whether the connection still lives: a dead one hears nothing and says nothing."""

_LOOK = 0.2
"""Seconds between two looks whether the connection was closed."""

_PAUSE = 0.1
"""Seconds between two tries to connect again."""

_MOST_KEPT = 10_000
"""Rows that wait for a slow reader; with more, it is told to look for itself."""

Row = dict[str, Any]
"""A row of `job_events`; its `why` may be shortened."""


class Reader:
    """Takes rows from the database's thread into the event loop of whoever reads them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bell = asyncio.Event()
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._missed = False

    def tell(self, row: Row | None) -> None:
        """From any thread: a row, or None when some may have been missed."""
        with self._lock:
            quiet = not self._rows and not self._missed
            if row is None or len(self._rows) >= _MOST_KEPT:
                self._missed = True
                self._rows.clear()
            else:
                self._rows.append(row)
        if quiet:
            with suppress(RuntimeError):  # the reader's event loop is gone
                self._loop.call_soon_threadsafe(self._bell.set)

    async def next(self) -> list[Row] | None:
        """The rows since the last call, at least one; None when some were missed and everything may be different."""
        await self._bell.wait()
        self._bell.clear()
        with self._lock:
            rows, missed = self._rows, self._missed
            self._rows, self._missed = [], False
        return None if missed else rows


class News:
    """A connection that listens for as long as somebody reads, and comes back when it was lost.

    Args:
        connect: opens a connection of asyncpg's own kind.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._readers: set[Reader] = set()

    def add(self, reader: Reader) -> None:
        """Tell this reader from now on."""
        self._readers.add(reader)

    def remove(self, reader: Reader) -> None:
        """Tell it no more."""
        self._readers.discard(reader)

    async def listen(self) -> None:
        """Listen until cancelled."""
        while True:
            connection = None
            try:
                connection = await self._connect()
                await connection.add_listener(CHANNEL, self._heard)
                self._tell(None)  # whatever was committed before is not told again
                await _until_gone(connection)
            except Exception as error:  # noqa: BLE001  whatever it was, listening goes on
                if not is_passing(error):
                    _log.exception("cannot listen to the database; tries again")
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(_PAUSE)

    def _heard(self, _connection: Any, _process: int, _channel: str, payload: Any) -> None:
        import orjson

        self._tell(orjson.loads(payload))

    def _tell(self, row: Row | None) -> None:
        for reader in tuple(self._readers):
            reader.tell(row)


async def _until_gone(connection: Any) -> None:
    looks = 0
    while not connection.is_closed():
        await asyncio.sleep(_LOOK)
        looks += 1
        if looks * _LOOK >= _PULSE:
            await connection.execute("SELECT 1", timeout=_PULSE)
            looks = 0
