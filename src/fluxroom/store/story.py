"""What happened to a generation, or to all jobs, read on and on: no event is left out.

SQLite numbers events in the order of their commits. PostgreSQL gives a number out before the commit, so a lower one may
appear after a higher one. There a reader looks again at everything that is not older than a transaction can be, and
tells what it has not told yet.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, bindparam, select

from fluxroom.store.tables import job_events

_LONGEST = 10.0
"""Seconds that a transaction can take, clocks a little apart: the server undoes one that stands still after five."""

_HIGHEST = 2**31 - 1
"""The largest number that the column takes."""

_AFTER = select(job_events).where(job_events.c.id > bindparam("b_after"))
_OF_ALL = _AFTER.order_by(job_events.c.id)
_OF_ONE = _AFTER.where(job_events.c.generation == bindparam("b_generation")).order_by(job_events.c.id)
_SURELY_TOLD = (
    select(job_events.c.id, job_events.c.at)
    .where(job_events.c.id <= bindparam("b_after"))
    .order_by(job_events.c.id.desc())
)


class Story:
    """A reader of events; each call of `read` goes on where the last one ended.

    Args:
        generation: whose events; empty: everybody's.
        after: the last event that the listener knows. On PostgreSQL it may be told some of those just before it once
            more: what matters is that none is missing.
    """

    def __init__(self, generation: str = "", *, after: int = 0) -> None:
        self._generation = generation
        self._settled = min(after, _HIGHEST)  # nothing new can appear up to here
        self._told: dict[int, float] = {}  # events after that, and since when they are known
        self._resumed = after == 0

    def read(self, connection: Connection) -> list[dict[str, Any]]:
        """The events that were not told yet, by their numbers."""
        late = connection.dialect.name == "postgresql"
        if late and not self._resumed:
            self._settled = self._before(connection, self._settled)
        self._resumed = True
        statement = _OF_ONE if self._generation else _OF_ALL
        binds = {"b_after": self._settled} | ({"b_generation": self._generation} if self._generation else {})
        rows = [dict(row) for row in connection.execute(statement, binds).mappings()]
        news = [row for row in rows if row["id"] not in self._told]
        # Their own times are other machines', and of the moment in which a change was asked for.
        self._told.update(dict.fromkeys((row["id"] for row in news), time.monotonic()))
        self._forget(_LONGEST if late else 0.0)
        return news

    def _forget(self, longest: float) -> None:
        """Up to here nothing can appear any more."""
        edge = time.monotonic() - longest
        for number in sorted(self._told):
            if self._told[number] > edge:
                return
            self._settled = number
            del self._told[number]

    def _before(self, connection: Connection, after: int) -> int:
        newest: float | None = None
        for number, at in connection.execute(_SURELY_TOLD, {"b_after": after}):
            newest = at if newest is None else newest
            if at <= newest - _LONGEST:
                return int(number)
        return 0
