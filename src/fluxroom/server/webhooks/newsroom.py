"""Everything that happens to jobs, read once per process and told to everybody who listens.

Whoever listens has a place in the order of events and nothing else: no queue of their own. The newest events are kept
in memory for those who keep up; whoever is slower, or comes back after a while, reads from the database, page by page.
So a slow reader costs no memory, and two readers see the same in the same order.

Numbers are given before they are committed, so on PostgreSQL a higher one may be seen first. A gap is therefore waited
for, for as long as a commit may take; a number that does not come by then was rolled back.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from fluxroom.engine import Engine
from fluxroom.logs import get_logger
from fluxroom.store import jobs, news
from fluxroom.store.jobs import Job
from fluxroom.store.news import Item
from fluxroom.types import Queued, Running

T = TypeVar("T")

_log = get_logger("fluxroom.server")

TICK = 1.0
"""Seconds between two words about the progress of running jobs."""

_KEPT = 2000
"""Events in memory, for those who keep up."""

_PAGE = 500
"""Events read at once by those who do not."""

_STRETCH = 20_000
"""Numbers that are looked through at once, however few of them are the listener's: others read too."""

_GRACE = 5.0
"""Seconds for which a gap in the numbers is taken for a commit that is still under way."""

_LOOK = 0.1
"""Seconds until the database is looked at again after a gap."""

_UNDER_WAY = ("submitting", "running", "fetching")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, of which nothing is written down."""

    job: Job
    event: Queued | Running


@dataclass(frozen=True, slots=True)
class Round:
    """What a listener is told at once: where they are, then changes of state, or the progress of what runs."""

    place: int | None = None  # in the first round: the number after which they are told everything
    items: Sequence[Item] = ()
    progress: Sequence[Progress] = ()


@dataclass(slots=True)
class Newsroom:
    """Reads while anybody listens.

    Args:
        engine: whose jobs it is about.
        closing: set when the process is about to end.
    """

    engine: Engine
    closing: asyncio.Event
    _kept: deque[Item] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _last: int = 0  # the newest number that was told
    _before: int = 0  # nothing after this number is missing in `_kept`
    _seen: dict[int, float] = field(default_factory=dict)  # rows behind a gap, and since when they are there
    _progress: Sequence[Progress] = ()
    _beat: int = 0  # counts the rounds of progress
    _turn: asyncio.Event = field(default_factory=asyncio.Event)  # set, and replaced, when there is something new
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _door: asyncio.Lock = field(default_factory=asyncio.Lock)
    _listeners: int = 0
    _work: list[asyncio.Task[None]] = field(default_factory=list)

    async def follow(self, owner: str, after: int | None) -> AsyncGenerator[Round, None]:
        """What happens to the jobs of an owner, until the process ends.

        Args:
            owner: whose jobs; empty for everybody's.
            after: the number of the last event that was seen; None: from now on.
        """
        await self._enter()
        place, beat = self._last if after is None else min(after, self._last), self._beat
        try:
            yield Round(place=place)
            while not self.closing.is_set():
                turn = self._turn
                found, place = await self._from(place, owner)
                if found:
                    yield Round(items=found)
                elif beat != self._beat:
                    beat = self._beat
                    if mine := [one for one in self._progress if owner in {"", one.job.owner}]:
                        yield Round(progress=mine)
                elif place >= self._last:
                    await self._next(turn)
        finally:
            self._leave()

    async def _from(self, place: int, owner: str) -> tuple[list[Item], int]:
        """The owner's next events after a place, and the place after them."""
        last = self._last
        if place >= self._before:
            return [one for one in self._kept if one.id > place and owner in {"", one.owner}], last
        until = min(last, place + _STRETCH)
        found = await self._read(partial(news.since, after=place, until=until, owner=owner, limit=_PAGE))
        return found, found[-1].id if len(found) == _PAGE else until

    async def _next(self, turn: asyncio.Event) -> None:
        """Wait until there is something new, or the process is about to end."""
        waiting = {asyncio.ensure_future(turn.wait()), asyncio.ensure_future(self.closing.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    # reading ---------------------------------------------------------------------------------------------------------

    async def _enter(self) -> None:
        async with self._door:
            if not self._work:
                self._last = self._before = await self._read(jobs.last_event)
                self._kept.clear()
                self._work = [asyncio.ensure_future(one) for one in (self._listen(), self._tell())]
            self._listeners += 1

    def _leave(self) -> None:
        self._listeners -= 1
        if not self._listeners:
            for task in self._work:
                task.cancel()
            self._work = []

    async def _listen(self) -> None:
        """Ring whenever something was committed."""
        async with aclosing(self.engine.store.database.changes()) as changes:
            async for _ in changes:
                self._bell.set()

    async def _tell(self) -> None:
        """Read what is new when it rings, soon again while a number is missing, and progress once a tick."""
        next_beat = time.monotonic()
        while True:
            pause = _LOOK
            try:
                if await self._look():
                    pause = next_beat - time.monotonic()
                if pause <= 0 or time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + TICK
                    await self._measure()
                    pause = min(pause, TICK) if pause > 0 else TICK
            except Exception:  # noqa: BLE001  whoever listens must not be left without news for ever
                _log.exception("cannot read what happened; tries again")
            # Not `asyncio.wait_for`: it forgets that it was cancelled when the bell rings at the same moment.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, 0.0)):
                    await self._bell.wait()
            self._bell.clear()

    async def _look(self) -> bool:
        """Take in what is new; whether nothing is missing."""
        rows = await self._read(partial(news.since, after=self._last, limit=_PAGE))
        # Since when a row is here is this process's own knowledge: its `at` is the time of another machine, and of the
        # moment in which its change was asked for.
        now, told = time.monotonic(), 0
        for row in rows:
            if row.id != self._last + 1 and now - self._seen.get(row.id, now) < _GRACE:
                break  # a lower number may still be on its way
            self._last, told = row.id, told + 1
        self._seen = {row.id: self._seen.get(row.id, now) for row in rows[told:]}
        if told:
            full = len(self._kept) + told > _KEPT
            self._kept.extend(rows[:told])
            self._before = self._kept[0].id - 1 if full else self._before
            self._wake()
        if told == _PAGE:
            self._bell.set()  # there may be more
        return told == len(rows)

    async def _measure(self) -> None:
        """See how far the jobs are that run."""
        running = await self._read(partial(jobs.in_states, states=_UNDER_WAY))
        self._progress = [Progress(job, self.engine.progress(job)) for job in running]
        if running:
            self._beat += 1
            self._wake()

    def _wake(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self.engine.store.database.read(work)
