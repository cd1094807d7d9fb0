"""The one loop that asks, waits, retries and gives up: from a ticket to a stored picture.

Polls and downloads repeat freely, since they cost nothing. Nothing in here sends a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Connection

from fluxroom import catalog
from fluxroom.engine.courier import Courier
from fluxroom.engine.expectation import Expectation, Experience
from fluxroom.engine.fetch import Fetched, FetchError, Trouble, bring_home
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import FINAL, Happening, State
from fluxroom.engine.pacing import GONE_PATIENCE, SLOW_POLL, TICKET_LIFE, Pace, backoff
from fluxroom.errors import (
    Cancelled,
    FluxroomError,
    ImageLost,
    LocalError,
    ModeratedInput,
    ModeratedOutput,
    TaskNotFound,
)
from fluxroom.identifiers import new_id
from fluxroom.logs import get_logger
from fluxroom.providers import Again, Failed, Gone, Media, Pending, PollOutcome, Ready, Refused
from fluxroom.store import images, jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Job, Move

_log = get_logger("fluxroom.runner")

T = TypeVar("T")

_MOST_BROKEN = 5
"""Fresh links that are tried when what comes is no picture, before it counts as lost."""


@dataclass(slots=True)
class _Asking:
    """How the polls of one job have gone so far."""

    failures: int = 0
    gone_since: float | None = None

    def is_final(self, outcome: PollOutcome, elapsed: float) -> bool:
        """Whether this answer ends the asking."""
        if isinstance(outcome, Again):
            self.failures += 1
            return False
        self.failures = 0
        if not isinstance(outcome, Gone):
            self.gone_since = None
            return not isinstance(outcome, Pending)
        self.gone_since = elapsed if self.gone_since is None else self.gone_since
        return elapsed - self.gone_since >= GONE_PATIENCE

    def pause(self, outcome: PollOutcome) -> float | None:
        """Seconds until the next poll where this answer decides it; None: the usual pace."""
        if isinstance(outcome, Again):
            return min(backoff(self.failures, asked=outcome.retry_after), SLOW_POLL)
        return 1.0 if isinstance(outcome, Gone) else None


@dataclass(frozen=True, slots=True)
class _Answer:
    """A final answer, and the seconds since the submit where that says how long the job took."""

    outcome: PollOutcome
    seconds: float | None = None


class Runner:
    """Follows submitted jobs to their end.

    Args:
        ledger: where every step is written.
        courier: the way to the providers.
        pace: how often to ask.
        experience: when a picture can be there.
    """

    def __init__(self, ledger: Ledger, courier: Courier, pace: Pace, experience: Experience) -> None:
        self._ledger = ledger
        self._courier = courier
        self._pace = pace
        self._experience = experience

    async def follow(self, job: Job) -> None:
        """Go on with a job that is `running` or `fetching`, until it has ended or somebody else has it."""
        moved: Job | None = job
        while moved is not None and moved.state not in FINAL and moved.state != State.UNKNOWN:
            answer = await self._final_answer(moved)
            if answer.seconds is not None and isinstance(answer.outcome, Ready) and moved.state == State.RUNNING:
                await self._experience.learn(moved, answer.seconds)
            moved = await self._end(moved, answer.outcome)
        self._ledger.forget(job)

    # asking ----------------------------------------------------------------------------------------------------------

    async def _final_answer(self, job: Job) -> _Answer:
        """The provider's final answer, or `Gone` when it no longer knows the job or the ticket is a day old."""
        clock = self._ledger.clock
        # Elapsed time is monotonic, so that a clock that jumps cannot make a job look a day old. Only after a restart
        # the wall clock must tell how old it is.
        since = self._ledger.live[job.id].since
        start = clock.monotonic() - max(0.0, clock.time() - job.submitted_at) if since is None else since
        expected = await self._experience.expectation(job)
        if job.state == State.RUNNING and (streamed := await self._streamed_answer(job)):
            return _Answer(streamed, clock.monotonic() - start)
        asking = _Asking()
        if job.state == State.RUNNING and clock.monotonic() - start < expected.early:
            await self._ledger.nap(job, self._next_poll(clock.monotonic() - start, expected))
        before = clock.monotonic() - start
        while True:
            outcome = await self._courier.ask(job)
            elapsed = clock.monotonic() - start
            if asking.is_final(outcome, elapsed):
                # An answer found long after the last question says little about how long the job took.
                return _Answer(outcome, elapsed if elapsed - before <= max(1.0, elapsed / 4) else None)
            if elapsed > TICKET_LIFE:
                return _Answer(Gone(why="its ticket is a day old and there is no final answer"))
            if isinstance(outcome, Pending):
                self._note(job, outcome)
            elif isinstance(outcome, Again):
                _log.info("poll failed, asks again", job=job.id, why=outcome.why, failures=asking.failures)
            before = elapsed
            await self._ledger.nap(job, asking.pause(outcome) or self._next_poll(elapsed, expected))

    def _next_poll(self, elapsed: float, expected: Expectation) -> float:
        return self._pace.next_poll(elapsed, expected.early, expected.late)

    async def _streamed_answer(self, job: Job) -> PollOutcome | None:
        """The final answer from the provider's status stream; None where there is none, or when it broke off."""
        async for outcome in self._courier.watch(job):
            if isinstance(outcome, (Ready, Refused, Failed)):
                return outcome
            if isinstance(outcome, Pending):
                self._note(job, outcome)
        return None

    def _note(self, job: Job, pending: Pending) -> None:
        if pending.unlisted:
            _log.warning("unlisted status, keeps polling", job=job.id, provider=job.provider, status=pending.phase)
        self._ledger.note(job, pending)

    # ending ----------------------------------------------------------------------------------------------------------

    async def _end(self, job: Job, outcome: PollOutcome) -> Job | None:
        """Write the provider's final answer down; returns the job when there is still something to do."""
        if isinstance(outcome, Ready):
            return await self._ready(job, outcome)
        if job.state == State.FETCHING:
            return await self._lose(job, "the provider no longer gives the picture out")
        if isinstance(outcome, (Refused, Failed)):
            return await self._failed(job, outcome.error, outcome.cost)
        why = outcome.why if isinstance(outcome, Gone) and outcome.why else TaskNotFound.sentence()
        error = TaskNotFound(provider=job.provider, request_id=job.request_id, job=job.id)
        _log.warning("the provider no longer knows the job", job=job.id, route=job.route, why=why)
        return await self._ledger.move(
            job, Happening.FORGOTTEN, why, error=error.as_dict(), charge_state="unknown", seat_until=0.0
        )

    async def _failed(self, job: Job, error: FluxroomError, cost: Decimal | None) -> Job | None:
        happening = Happening.FAILED
        if isinstance(error, ModeratedInput):
            happening = Happening.INPUT_MODERATED
        elif isinstance(error, ModeratedOutput):
            happening = Happening.OUTPUT_MODERATED
        elif isinstance(error, Cancelled):
            happening = Happening.CANCELLED_THERE
        error.context.setdefault("provider", job.provider)
        error.context.setdefault("request_id", job.request_id)
        charge: dict[str, Any] = {"charge_state": error.context.get("charge", error.charge)}
        if cost is not None:
            charge = {
                "charged": cost,
                "charge_source": "provider",
                "charge_state": "charged" if cost else "not_charged",
            }
        elif charge["charge_state"] == "charged":
            charge |= {"charged": job.estimated if job.charged is None else job.charged}
        elif charge["charge_state"] == "not_charged":
            charge |= {"charged": Decimal(0)}
        if job.doubted and charge["charge_state"] == "not_charged":
            charge["charge_state"] = "unknown"
        _log.warning("failed at the provider", job=job.id, route=job.route, code=error.code, detail=error.detail)
        return await self._ledger.move(job, happening, error.detail, error=error.as_dict(), **charge)

    async def _ready(self, job: Job, ready: Ready) -> Job | None:
        moved: Job | None = job
        if job.state == State.RUNNING:
            cost = next(
                (known for known in (ready.cost, _by_units(job, ready), job.charged) if known is not None), None
            )
            moved = await self._ledger.move(
                job,
                Happening.READY,
                "the provider is ready",
                ready_at=self._ledger.clock.time(),
                seed=ready.seed,
                charge_state="charged",
                charged=job.estimated if cost is None else cost,
                charge_source="estimate" if cost is None else "provider",
            )
        return None if moved is None else await self._fetch(moved, ready)

    # fetching --------------------------------------------------------------------------------------------------------

    async def _fetch(self, job: Job, ready: Ready) -> Job | None:
        tongue, hosts = self._courier.desk(job)
        fetched: dict[int, Fetched] = {}
        passing, broken, media = 0, 0, ready.media
        while len(fetched) < len(media):
            number = len(fetched)
            try:
                fetched[number] = await bring_home(self._courier.transport, tongue, hosts, media[number])
                continue
            except FetchError as error:
                _log.info("download failed, tries again", job=job.id, trouble=error.trouble.value, why=str(error))
                passing += error.trouble is Trouble.PASSING
                broken += error.trouble is not Trouble.PASSING
                if broken >= _MOST_BROKEN:
                    return await self._lose(job, str(error))
                wait = backoff(passing + broken)
            if self._ledger.clock.time() - job.ready_at > TICKET_LIFE:
                return await self._lose(job, "a day of tries brought nothing")
            await self._ledger.clock.sleep(wait)
            fresh = await self._fresh_links(job, media, renew=broken > 0 or passing > 1)
            if fresh is None:
                return await self._lose(job, "the provider no longer gives the picture out")
            media = fresh
        return await self._keep(job, ready, list(fetched.values()))

    async def _fresh_links(self, job: Job, media: tuple[Media, ...], *, renew: bool) -> tuple[Media, ...] | None:
        """New links for the same pictures; the old ones while the provider does not answer; None when it is over."""
        if not renew:
            return media
        outcome = await self._courier.ask(job)
        if isinstance(outcome, Ready) and len(outcome.media) == len(media):
            return outcome.media
        if isinstance(outcome, Gone) and self._ledger.clock.time() - job.ready_at < GONE_PATIENCE:
            return media
        return media if isinstance(outcome, (Again, Pending, Ready)) else None

    async def _lose(self, job: Job, why: str) -> Job | None:
        error = ImageLost(f"{ImageLost.sentence()[:-1]}: {why}.", provider=job.provider, request_id=job.request_id)
        _log.error("a picture that was charged is lost", job=job.id, route=job.route, why=why)
        return await self._ledger.move(job, Happening.GONE_FOR_GOOD, why, error=error.as_dict(), charge_state="charged")

    async def _keep(self, job: Job, ready: Ready, fetched: list[Fetched]) -> Job | None:
        """Store the bytes, then the rows that name them and the final state, in one transaction."""
        now = self._ledger.clock.time()
        rows = []
        for number, one in enumerate(fetched):
            digest = await self._store(job, one.data)
            rows.append(
                StoredImage(
                    id=new_id(),
                    job=job.id,
                    number=number,
                    sha256=digest,
                    mime=one.picture.mime,
                    width=one.picture.width,
                    height=one.picture.height,
                    size_bytes=len(one.data),
                    seed=ready.seed,
                    created_at=now,
                )
            )
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(State.FETCHING,),
            to_state=State.SUCCEEDED,
            why="stored",
            at=now,
            holder=job.holder,
            attempt=job.attempt,
        )

        def work(connection: Connection) -> Job | None:
            if not jobs.move(connection, change):
                return None
            images.add(connection, rows)
            return jobs.get(connection, job.id)

        moved = await self._until_there_is_room(job, lambda: self._ledger.store.database.write(work))
        self._ledger.announce(moved or job)
        _log.info("stored", job=job.id, route=job.route, images=len(rows), seconds=round(now - job.submitted_at, 2))
        return moved

    async def _store(self, job: Job, data: bytes) -> str:
        return str(await self._until_there_is_room(job, lambda: asyncio.to_thread(self._ledger.store.blobs.put, data)))

    async def _until_there_is_room(self, job: Job, write: Callable[[], Awaitable[T]]) -> T:
        """A full disk stops the storing, not the job: it goes on when there is room."""
        while True:
            try:
                result = await write()
            except LocalError as error:
                self._ledger.live[job.id].trouble = error
                self._ledger.ring(job.generation)
                _log.error("the picture waits for room on the disk", job=job.id, code=error.code)
                await self._ledger.clock.sleep(1.0)
                continue
            self._ledger.live[job.id].trouble = None
            return result


def _by_units(job: Job, ready: Ready) -> Decimal | None:
    """What fal billed, where it says how many units and has published the price of one."""
    price = catalog.endpoint(job.provider, job.endpoint).unit_price
    return None if ready.billable_units is None or price is None else ready.billable_units * price
