"""Hand-out of jobs on one machine: admission under the caps, take-over of dead owners' jobs, and the running tasks.

Several processes may share a data folder. Claims and caps are counted inside one write transaction, so they hold over
all of them; what another process has committed is noticed by its rows in `job_events`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.courier import Courier
from fluxroom.engine.ledger import Bell, Ledger
from fluxroom.engine.lifecycle import SETTLED, Happening, State
from fluxroom.engine.limits import Throttle
from fluxroom.engine.pacing import backoff
from fluxroom.engine.preparation import AHEAD, Preparation
from fluxroom.engine.runner import Runner
from fluxroom.engine.submission import Prepared, Submission
from fluxroom.errors import LocalError, SubmitUnknown
from fluxroom.logs import get_logger
from fluxroom.settings import Settings
from fluxroom.store import admission, jobs
from fluxroom.store.database import alone
from fluxroom.store.jobs import Job, Move

_log = get_logger("fluxroom.queue")

_TICK = 0.05
"""Seconds between two looks at what other processes have committed; one look costs microseconds."""

_IDLE = 60.0
"""Seconds until admission looks again although nothing has happened."""


class LocalQueue:
    """Starts, carries and takes over jobs in this process.

    Args:
        ledger, courier, submission, runner, throttle: the engine's parts.
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
        throttle: Throttle,
        settings: Settings,
        everyones: bool,
    ) -> None:
        self._ledger = ledger
        self._courier = courier
        self._submission = submission
        self._runner = runner
        self._settings = settings
        self._everyones = everyones
        self._throttle = throttle
        self._accounts = list(throttle.caps)
        self._wake: Bell = ledger.seat_freed
        self._sending: Counter[str] = Counter()
        self._preparation = Preparation(ledger.store, submission, spawn=self._spawn, done=self._wake.ring)
        self._looks_ahead = False  # whether jobs with pictures wait
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[str] = set()
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

    def adopt(self, job: Job) -> None:
        """Go on with a submitted job that this process holds."""
        self._spawn(self._follow(job))

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
            except Exception:  # noqa: BLE001  whatever it was, the jobs that wait must not wait for ever
                failures += 1
                _log.exception("a fault of ours while admitting jobs; goes on")
                due = backoff(failures)
            await self._wake.wait(due)

    async def _admit(self) -> float:
        """Claim what may start now and start it; returns the seconds until it is worth looking again."""
        if not any(self._gates().values()):
            return _IDLE
        claimed, unprepared, due = await self._ledger.store.database.write(self._claim)
        for job in claimed:
            self._sending[job.provider] += 1
            self._spawn(self._carry(job, self._preparation.take(job)))
            self._ledger.ring(job.generation, settled=False)
        await self._preparation.begin(unprepared)
        return due

    def _gates(self) -> dict[str, int]:
        """How many more submits may be under way, by provider."""
        return {name: max(0, self._settings.submit_gate - self._sending[name]) for name in self._courier.accounts}

    @alone("seats")
    def _claim(self, connection: Connection) -> tuple[list[Job], list[Job], float]:
        now = self._ledger.clock.time()
        gates, seats = self._gates(), Counter(admission.in_flight(connection, now))
        room, again = self._throttle.look(connection, now)
        claimed: list[Job] = []
        unprepared: dict[str, Job] = {}
        for job in self._candidates(connection, now, seats, room):
            if not self._has_seat(job, seats, room):
                continue
            if self._preparation.is_needed(job):
                unprepared[job.id] = job
            elif gates[job.provider] > 0 and (mine := self._take(connection, job, now)):
                gates[job.provider] -= 1
                seats.update({*self._groups(job, room), f"owner:{job.owner}"})
                claimed.append(mine)
        self._looks_ahead = bool(unprepared)
        if not any(gates.values()):
            return claimed, list(unprepared.values()), _IDLE  # whoever gives the gate free looks again
        times = [admission.next_time(connection, now), again]
        return claimed, list(unprepared.values()), min([_IDLE, *(time - now for time in times if time)])

    def _candidates(
        self, connection: Connection, now: float, seats: Counter[str], room: Mapping[str, int]
    ) -> Iterator[Job]:
        """Queued jobs that may start: the most urgent first, and among equals the owner with the fewest seats."""
        # Only so many can start; more are looked at only to prepare the references of those that come next.
        limit = max(self._gates().values()) + (AHEAD if self._looks_ahead else 0)
        if not self._everyones:
            yield from self._own_candidates(connection, now, seats, room, limit)
            return
        open_lines = [line for line in admission.lines(connection) if seats[line.account] < room.get(line.account, 0)]
        pages = {line: iter(admission.waiting(connection, line, now=now, limit=limit)) for line in open_lines}
        heads = {line: job for line, page in pages.items() if (job := next(page, None))}
        while heads:
            line = min(
                heads, key=lambda one: (-heads[one].priority, seats[f"owner:{one.owner}"], heads[one].created_at)
            )
            yield heads.pop(line)
            if following := next(pages[line], None):
                heads[line] = following

    def _own_candidates(
        self, connection: Connection, now: float, seats: Counter[str], room: Mapping[str, int], limit: int
    ) -> Iterator[Job]:
        """Those that this process made. A model without a free seat must not hide what waits behind it."""
        gates = self._gates()
        accounts = [one for one, most in room.items() if seats[one] < most and gates[one.split(":")[0]]]
        full: set[str] = set()
        while True:
            page = admission.waiting_of(
                connection, self._ledger.presence.id, now=now, limit=limit, accounts=accounts, without=full
            )
            yield from page
            found = {job.model for job in page if not self._has_seat(job, seats, room)} - full
            if not found or len(page) < limit:
                return
            full |= found

    def _has_seat(self, job: Job, seats: Counter[str], room: Mapping[str, int]) -> bool:
        return all(seats[group] < most for group, most in self._groups(job, room).items())

    def _groups(self, job: Job, room: Mapping[str, int]) -> dict[str, int]:
        """The cap groups of a job with their limits: its account, its model within the account, and its owner's own."""
        groups = {job.account: room[job.account]}
        for group, most in job.caps.items():
            if group == f"owner:{job.owner}":
                groups[group] = most
            elif "/" in group:
                groups[f"{job.account}/{job.model}"] = min(most, room[job.account])
        return groups

    def _take(self, connection: Connection, job: Job, now: float) -> Job | None:
        changes: dict[str, Any] = {
            "holder": self._ledger.presence.id,
            "attempt": job.attempt + 1,
            "first_try_at": job.first_try_at or now,
            "error": {},
        }
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(State.QUEUED,),
            to_state=State.SUBMITTING,
            why="has a seat",
            at=now,
            changes=changes,
        )
        taken = replace(job, **{"state": State.SUBMITTING.value, "changed_at": now, **changes})
        return taken if jobs.move(connection, change) else None

    # carrying --------------------------------------------------------------------------------------------------------

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
        """Follow a job to its end; once, though its sender and its callback may both bring it."""
        if job.id in self._followed:
            return
        self._followed.add(job.id)
        try:
            await self._follow_whatever_happens(job)
        finally:
            self._followed.discard(job.id)

    async def _follow_whatever_happens(self, job: Job) -> None:
        """A job that was sent is paid for: no fault of ours may end the following."""
        failures = 0
        while True:
            try:
                if failures:
                    fresh = await self._ledger.store.database.read(partial(_job, job.id))
                    if fresh is None or fresh.holder != job.holder:
                        return
                    job = fresh
                await self._runner.follow(job)
            except Exception:  # noqa: BLE001  a picture is paid for: no fault of ours may end the following
                failures += 1
                _log.exception("a fault of ours while following a job; goes on", job=job.id)
                await self._ledger.clock.sleep(backoff(failures))
            else:
                return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # other processes -------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Notice what other processes commit; a database that cannot be asked for a while is asked again."""
        failures = 0
        while True:
            try:
                if failures:
                    await self._hear()  # what was committed meanwhile
                await self._listen_closely()
            except Exception:  # noqa: BLE001  a deaf process would never notice what others do
                failures += 1
                _log.exception("could not listen; tries again")
                await self._ledger.clock.sleep(backoff(failures))

    async def _listen_closely(self) -> None:
        async with aclosing(self._ledger.store.database.changes(ours=False)) as changes:
            async for news in changes:
                try:
                    await self._hear() if news is None else self._told(news)
                except Exception:  # noqa: BLE001  the next news may be heard
                    _log.exception("a fault of ours while listening; goes on")

    async def _hear(self) -> None:
        read = self._ledger.store.database.read
        self._told(await self._ledger.patiently(read, lambda connection: jobs.news(connection, self._last_event)))

    def _told(self, news: Sequence[Mapping[str, Any]]) -> None:
        for event in news:
            self._last_event = max(self._last_event, event["id"])
            if event["from_state"] == event["to_state"] == State.RUNNING and event["job"] in self._followed:
                self._ledger.poke(event["job"])
        for generation in {event["generation"] for event in news if event["to_state"] not in SETTLED}:
            self._ledger.ring(generation, settled=False)
        for generation in {event["generation"] for event in news if event["to_state"] in SETTLED}:
            self._ledger.ring(generation)
        if news:
            self._wake.ring()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._ledger.presence.sweep)
            try:
                await self._sweep()
            except Exception:  # noqa: BLE001  jobs of dead owners must not be forgotten
                _log.exception("could not look for dead owners; tries again")

    async def _sweep(self) -> None:
        """Jobs of dead owners: what has a ticket is adopted, what was being sent is in doubt."""
        dead = await self._ledger.presence.dead(await self._ledger.store.database.read(jobs.holders))
        if not dead:
            return
        for job in await self._ledger.store.database.write(lambda connection: self._adopt(connection, dead)):
            self._ledger.announce(job)
            if job.state != State.UNKNOWN:
                _log.info("goes on with a job of a process that ended", job=job.id, state=job.state)
                self._spawn(self._follow(job))

    def _adopt(self, connection: Connection, dead: list[str]) -> list[Job]:
        """The jobs of dead owners that have changed: now ours, or in doubt."""
        now = self._ledger.clock.time()
        adopted = []
        for job in jobs.held_by(connection, dead):
            change: Move | None = None
            if job.state == State.SUBMITTING:
                change = self._orphaned(job, now)
            elif job.account in self._throttle.caps:
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
            if change and jobs.move(connection, change) and (mine := jobs.get(connection, job.id)):
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
