"""Committed changes of state, and a bell for those who wait for them.

Every change goes through `Ledger.move`: a compare-and-set that is on disk when it returns. A disk that is full does not
lose anything: the change is tried again until there is room, and waiting callers are told meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from fluxroom.engine.lifecycle import SETTLED, Happening, State, after
from fluxroom.engine.owners import Presence
from fluxroom.engine.pacing import Clock
from fluxroom.engine.watching import Watchers
from fluxroom.errors import LocalError
from fluxroom.logs import get_logger
from fluxroom.providers import Pending
from fluxroom.store import Store, jobs
from fluxroom.store.database import Work
from fluxroom.store.jobs import Job, Move

T = TypeVar("T")

_log = get_logger("fluxroom.ledger")

Also = Callable[[Connection], None]
"""What belongs to a change of state, and is committed with it or not at all."""

_PAUSE = 1.0
"""Seconds between two tries to ask a database that is away or locked, or to write to a disk that is full."""


class Bell:
    """Rings for everybody who waits at that moment; a ring before anybody waits is remembered once.

    Args:
        at_the_end: whoever listens cares only for settled jobs and for trouble.
    """

    def __init__(self, *, at_the_end: bool = False) -> None:
        self._event = asyncio.Event()
        self.at_the_end = at_the_end

    def ring(self) -> None:
        """Wake the waiting."""
        self._event.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for a ring, at most so many seconds. False: it did not ring."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


@dataclass(slots=True)
class Live:
    """What only this process knows of a job at the moment."""

    pending: Pending | None = None
    since: float | None = None  # when the provider took it, on the clock that never jumps
    trouble: LocalError | None = None


class Ledger:
    """The store's jobs, as the engine changes them.

    Args:
        store: the open data folder.
        presence: this process's name in the ledger.
        clock: where the times of the rows come from.
    """

    def __init__(self, store: Store, presence: Presence, clock: Clock) -> None:
        self.store = store
        self.presence = presence
        self.clock = clock
        self.live: dict[str, Live] = defaultdict(Live)
        self.seat_freed = Bell()
        self.watchers = Watchers()
        self._bells: dict[str, set[Bell]] = defaultdict(set)
        self._naps: dict[str, asyncio.Future[None]] = {}
        self._poked: set[str] = set()

    async def move(
        self, job: Job, happening: Happening, why: str, *, also: Also | None = None, **changes: Any
    ) -> Job | None:
        """Let something happen to a job that this process holds; `also` is done in the same transaction.

        Returns the job as it is now, or None when it is no longer where it was: somebody else has moved it.
        """
        change = self._change(job, happening, why, changes)

        def work(connection: Connection) -> bool:
            moved = jobs.move(connection, change)
            if moved and also:
                also(connection)
            return moved

        while True:
            try:
                moved = await self.store.database.write(work)
            except LocalError as error:
                self.live[job.id].trouble = error
                self.ring(job.generation)
                await self.clock.sleep(_PAUSE)
                continue
            break
        self.live[job.id].trouble = None
        if not moved:
            return None
        known = {name: value for name, value in changes.items() if value is not None}
        now = replace(job, **{"state": change.to_state, "changed_at": change.at, **known})
        self.announce(now)
        return now

    async def patiently(self, ask: Callable[[Work[T]], Awaitable[T]], work: Work[T]) -> T:
        """Ask the database, with its `read` or `write`, until it answers: nothing is decided without it."""
        while True:
            try:
                return await ask(work)
            except LocalError as error:
                _log.warning("the database cannot be asked; tries again", code=error.code, detail=error.detail)
                await self.clock.sleep(_PAUSE)

    def _change(self, job: Job, happening: Happening, why: str, changes: Mapping[str, Any]) -> Move:
        # The late owner of a job in doubt may still bring its ticket, so its state is not compared to the letter.
        late = happening is Happening.ACCEPTED and job.state == State.SUBMITTING
        states = (State.SUBMITTING, State.UNKNOWN) if late else (State(job.state),)
        return Move(
            job=job.id,
            generation=job.generation,
            from_states=states,
            to_state=after(State(job.state), happening),
            why=why,
            at=self.clock.time(),
            holder=job.holder,
            attempt=job.attempt,
            changes=changes,
        )

    def announce(self, job: Job) -> None:
        """Tell everybody in this process that a job has changed."""
        self.watchers.moved(job)
        self.ring(job.generation, settled=job.state in SETTLED)
        if job.state not in {State.SUBMITTING, State.RUNNING}:
            self.seat_freed.ring()

    def ring(self, generation: str, *, settled: bool = True) -> None:
        """Wake those who wait for a generation; those who wait for its end only when a job is settled."""
        for bell in self._bells.get(generation, ()):
            if settled or not bell.at_the_end:
                bell.ring()

    def ring_all(self) -> None:
        """Wake everybody: another process has changed something."""
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()

    @property
    def waited_for(self) -> bool:
        """Whether anybody in this process waits for a generation."""
        return bool(self._bells)

    def bell(self, generation: str, *, at_the_end: bool = False) -> Bell:
        """A bell that rings when a job of the generation changes; give it back with `hush`."""
        bell = Bell(at_the_end=at_the_end)
        self._bells[generation].add(bell)
        return bell

    def hush(self, generation: str, bell: Bell) -> None:
        """Give a bell back."""
        self._bells[generation].discard(bell)
        if not self._bells[generation]:
            del self._bells[generation]

    def note(self, job: Job, pending: Pending) -> None:
        """Remember what the provider says of a running job, for those who watch it in this process."""
        if self.live[job.id].pending != pending:
            self.live[job.id].pending = pending
            self.ring(job.generation, settled=False)

    async def nap(self, job: Job, seconds: float) -> None:
        """Wait until the next poll of a job, or until somebody pokes it; not at all when that has happened already."""
        if job.id in self._poked:
            self._poked.discard(job.id)
            return
        loop = asyncio.get_running_loop()
        nap = self._naps[job.id] = loop.create_future()
        alarm = loop.call_later(seconds, _wake, nap)
        try:
            await nap
        finally:
            alarm.cancel()
            self._naps.pop(job.id, None)

    def poke(self, job_id: str) -> None:
        """Let whoever polls this job in this process ask now: its provider has called back."""
        nap = self._naps.get(job_id)
        if nap is not None:
            _wake(nap)
        else:
            self._poked.add(job_id)  # whoever follows it is just asking, or about to begin

    def forget(self, job: Job) -> None:
        """The job is over: nothing more to remember."""
        self.live.pop(job.id, None)
        self._poked.discard(job.id)


def _wake(nap: asyncio.Future[None]) -> None:
    if not nap.done():
        nap.set_result(None)
