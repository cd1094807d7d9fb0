"""Hand-out of jobs on one machine: admission under the caps, take-over of dead owners' jobs, and the running tasks.

Several processes may share a data folder. Claims and caps are counted inside one write transaction, so they hold over
all of them; what another process has committed is noticed by its rows in `job_events`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine
from functools import partial
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.courier import Courier
from fluxroom.engine.ledger import Bell, Ledger
from fluxroom.engine.lifecycle import Happening, State
from fluxroom.engine.pacing import backoff
from fluxroom.engine.runner import Runner
from fluxroom.engine.submission import Prepared, Submission, pictures_in
from fluxroom.errors import LocalError, SubmitUnknown
from fluxroom.logs import get_logger
from fluxroom.settings import Settings
from fluxroom.store import jobs
from fluxroom.store.jobs import Job, Move

_log = get_logger("fluxroom.queue")

_TICK = 0.05
"""Seconds between two looks at what other processes have committed; one look costs microseconds."""

_SWEEP = 2.0
"""Seconds between two looks for owners that have died."""

_AHEAD = 16
"""Most jobs whose references are prepared before their turn: their bytes are held in memory."""


class LocalQueue:
    """Starts, carries and takes over jobs in this process.

    Args:
        ledger, courier, submission, runner: the engine's parts.
        settings: for the submit gate and the grace of a job in doubt.
        everyones: carry queued jobs of all makers (a gateway), or only those that this process made (a command).
    """

    def __init__(
        self,
        ledger: Ledger,
        courier: Courier,
        submission: Submission,
        runner: Runner,
        *,
        settings: Settings,
        everyones: bool,
    ) -> None:
        self._ledger = ledger
        self._courier = courier
        self._submission = submission
        self._runner = runner
        self._settings = settings
        self._everyones = everyones
        self._caps = {account.id: account.cap for account in courier.accounts.values()}
        self._wake: Bell = ledger.seat_freed
        self._sending: Counter[str] = Counter()
        self._prepared: dict[str, Prepared] = {}
        self._preparing: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._last_event = 0
        self._stopping = False

    async def start(self) -> None:
        """Take over what dead processes left, then start handing out."""
        self._last_event = await self._ledger.store.database.read(jobs.last_event)
        await self._sweep()
        self._loops = [
            asyncio.create_task(loop()) for loop in (self._admit_for_ever, self._listen, self._sweep_for_ever)
        ]
        self._wake.ring()

    async def stop(self, drain: float) -> None:
        """Hand out nothing more, let submits under way finish, and leave running jobs to whoever comes next.

        Args:
            drain: seconds to wait for submits; one that is cut off leaves its job in doubt.
        """
        self._stopping = True
        deadline = self._ledger.clock.monotonic() + drain
        while self._loops and (not self._loops[0].done() or self._sending.total()):
            # Admission is not cut off between its commit and the sending: that would leave a job in doubt.
            self._wake.ring()
            if self._ledger.clock.monotonic() > deadline:
                break
            await asyncio.wait([self._loops[0], *self._tasks], timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
        tasks = [*self._loops, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def kick(self) -> None:
        """There is something new to hand out."""
        self._wake.ring()

    @property
    def busy(self) -> bool:
        """Whether this process carries any job."""
        return bool(self._tasks)

    # admission -------------------------------------------------------------------------------------------------------

    async def _admit_for_ever(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                due = await self._admit()
                failures = 0
            except LocalError as error:
                failures += 1
                _log.error("waits: the data folder cannot be written", code=error.code, detail=error.detail)
                due = backoff(failures)
            await self._wake.wait(due)

    async def _admit(self) -> float:
        """Claim what may start now and start it; returns the seconds until it is worth looking again."""
        claimed, unprepared, due = await self._ledger.store.database.write(self._claim)
        for job in claimed:
            self._sending[job.provider] += 1
            self._spawn(self._carry(job, self._prepared.pop(job.id, Prepared())))
            self._ledger.ring(job.generation)
        for job in unprepared[: max(0, _AHEAD - len(self._preparing) - len(self._prepared))]:
            self._preparing.add(job.id)
            self._spawn(self._prepare(job))
        if claimed:
            self._wake.ring()
        return due

    def _claim(self, connection: Connection) -> tuple[list[Job], list[Job], float]:
        now = self._ledger.clock.time()
        room = {p: self._settings.submit_gate - self._sending[p] for p in self._courier.accounts}
        claimed: list[Job] = []
        unprepared: list[Job] = []
        if any(free > 0 for free in room.values()):
            seats = Counter(jobs.in_flight(connection, now))
            full: set[tuple[str, str]] = set()
            for job in self._candidates(connection, now, full):
                groups = self._groups(job)
                if any(seats[group] >= most for group, most in groups.items()):
                    full.add((job.account, job.model))
                elif job.id not in self._prepared and any(pictures_in(job.wire)):
                    if job.id not in self._preparing:
                        unprepared.append(job)
                elif room[job.provider] > 0 and (mine := self._take(connection, job, now)):
                    room[job.provider] -= 1
                    seats.update(dict.fromkeys(groups, 1))
                    claimed.append(mine)
        return claimed, unprepared, max(0.0, min(60.0, (jobs.next_time(connection, now) or now + 60.0) - now))

    def _candidates(self, connection: Connection, now: float, full: set[tuple[str, str]]) -> list[Job]:
        """Queued jobs that may start, the most urgent first; looks past cap groups that turn out to be full."""
        found: list[Job] = []
        limit = self._settings.submit_gate * len(self._caps) + _AHEAD
        while True:
            page = jobs.waiting(
                connection,
                accounts=list(self._caps),
                now=now,
                maker=None if self._everyones else self._ledger.presence.id,
                limit=limit,
                skip=len(found),
            )
            found += page
            if len(page) < limit or len({(job.account, job.model) for job in found}) > 1 or len(found) > 20 * limit:
                return [job for job in found if (job.account, job.model) not in full]

    def _groups(self, job: Job) -> dict[str, int]:
        """The cap groups of a job with their limits: its account, and its model within the account."""
        groups = {job.account: self._caps[job.account]}
        for group, most in job.caps.items():
            if "/" in group:
                groups[f"{job.account}/{job.model}"] = most
        return groups

    def _take(self, connection: Connection, job: Job, now: float) -> Job | None:
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(State.QUEUED,),
            to_state=State.SUBMITTING,
            why="has a seat",
            at=now,
            changes={
                "holder": self._ledger.presence.id,
                "attempt": job.attempt + 1,
                "first_try_at": job.first_try_at or now,
                "error": {},
            },
        )
        return jobs.get(connection, job.id) if jobs.move(connection, change) else None

    # carrying --------------------------------------------------------------------------------------------------------

    async def _prepare(self, job: Job) -> None:
        try:
            self._prepared[job.id] = await self._submission.prepare(job)
        finally:
            self._preparing.discard(job.id)
            self._wake.ring()

    async def _carry(self, job: Job, prepared: Prepared) -> None:
        try:
            running = await self._submission.submit(job, prepared)
        finally:
            self._sending[job.provider] -= 1
            self._wake.ring()
        if running:
            await self._follow(running)
        else:
            self._ledger.forget(job)

    async def _follow(self, job: Job) -> None:
        """Follow a job to its end, whatever goes wrong on our side: it is paid for."""
        failures = 0
        while True:
            try:
                await self._runner.follow(job)
            except Exception:  # noqa: BLE001  a picture is paid for: no fault of ours may end the following
                failures += 1
                _log.exception("a fault of ours while following a job; goes on", job=job.id)
                await self._ledger.clock.sleep(backoff(failures))
                fresh = await self._ledger.store.database.read(partial(_job, job.id))
                if fresh is None or fresh.holder != job.holder:
                    return
                job = fresh
            else:
                return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # other processes -------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Notice what other processes commit."""
        seen = self._ledger.store.database.data_version()
        while True:
            await asyncio.sleep(_TICK)
            version = self._ledger.store.database.data_version()
            if version == seen:
                continue
            seen = version
            with contextlib.suppress(LocalError):
                news, self._last_event = await self._ledger.store.database.read(
                    lambda connection: jobs.news(connection, self._last_event)
                )
                for generation in news:
                    self._ledger.ring(generation)
                if news:
                    self._wake.ring()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            try:
                await self._sweep()
            except LocalError as error:
                _log.warning("could not look for dead owners", code=error.code)

    async def _sweep(self) -> None:
        """Jobs of dead owners: what has a ticket is adopted, what was being sent is in doubt."""
        holders = await self._ledger.store.database.read(jobs.holders)
        dead = [holder for holder in holders if not self._ledger.presence.alive(holder)]
        if not dead:
            return
        adopted = await self._ledger.store.database.write(lambda connection: self._adopt(connection, dead))
        for job in adopted:
            _log.info("goes on with a job of a process that ended", job=job.id, state=job.state)
            self._spawn(self._follow(job))
            self._ledger.ring(job.generation)

    def _adopt(self, connection: Connection, dead: list[str]) -> list[Job]:
        now = self._ledger.clock.time()
        adopted = []
        for job in jobs.held_by(connection, dead):
            if job.state == State.SUBMITTING:
                jobs.move(connection, self._orphaned(job, now))
            elif job.account in self._caps:
                change = Move(
                    job=job.id,
                    generation=job.generation,
                    from_states=(job.state,),
                    to_state=job.state,
                    why="taken over from a process that ended",
                    at=now,
                    holder=job.holder,
                    attempt=job.attempt,
                    changes={"holder": self._ledger.presence.id},
                )
                if jobs.move(connection, change) and (mine := jobs.get(connection, job.id)):
                    adopted.append(mine)
        return adopted

    def _orphaned(self, job: Job, now: float) -> Move:
        why = "the process that was sending it ended before the answer was on disk"
        error = SubmitUnknown(
            f"The provider may or may not have taken the job: {why}. It is not sent again by itself.",
            provider=job.provider,
            job=job.id,
        )
        return Move(
            job=job.id,
            generation=job.generation,
            from_states=(State.SUBMITTING,),
            to_state=State.UNKNOWN,
            why=f"{Happening.DOUBT}: {why}",
            at=now,
            holder=job.holder,
            attempt=job.attempt,
            changes={
                "error": error.as_dict(),
                "charge_state": "unknown",
                "seat_until": now + self._settings.unknown_grace,
            },
        )


def _job(job_id: str, connection: Connection) -> Job | None:
    return jobs.get(connection, job_id)
