"""The one loop that asks, waits and gives up: from a ticket to the provider's final answer.

Polls repeat freely, since they cost nothing. Nothing in here sends a job.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fluxroom.engine.asking import Asking
from fluxroom.engine.courier import Courier
from fluxroom.engine.expectation import Expectation, Experience, took
from fluxroom.engine.keeping import Keeper
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import FINAL, Happening, State
from fluxroom.engine.pacing import TICKET_LIFE, Pace
from fluxroom.errors import Cancelled, FluxroomError, ModeratedInput, ModeratedOutput, TaskNotFound
from fluxroom.logs import get_logger
from fluxroom.providers import Again, Failed, Gone, Pending, PollOutcome, Ready, Refused
from fluxroom.store.jobs import Job

_log = get_logger("fluxroom.runner")

_LONGEST_STREAM = 600.0
"""Seconds for which a status stream is listened to instead of asking: longer than a picture takes."""


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
        self._keeper = Keeper(ledger, courier, experience)

    async def follow(self, job: Job) -> None:
        """Go on with a job that is `running` or `fetching`, until it has ended or somebody else has it."""
        moved: Job | None = job
        while moved is not None and moved.state not in FINAL and moved.state != State.UNKNOWN:
            moved = await self._end(moved, await self._final_answer(moved))
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
        asking = Asking()
        waited = job.state == State.RUNNING and clock.monotonic() - start < expected.early
        if waited:
            await self._ledger.nap(job, self._next_poll(clock.monotonic() - start, expected))
        before = first = clock.monotonic() - start
        while True:
            outcome = await self._courier.ask(job)
            elapsed = clock.monotonic() - start
            if asking.is_final(outcome, elapsed):
                at_once = waited and before == first
                return _Answer(outcome, expected.sooner(elapsed) if at_once else took(before, elapsed))
            # A call that breaks off says nothing: after a machine was off for days there may be no network yet. And
            # what is ready is charged: one answer must not lose it.
            says_nothing = isinstance(outcome, Again) or job.state == State.FETCHING
            if (elapsed - first if says_nothing else elapsed) > TICKET_LIFE:
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
        """The final answer from the provider's status stream; None where there is none, or when it broke off.

        Also None when it goes on for very long: one that is kept alive and says nothing must not keep us from asking.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_STREAM), aclosing(self._courier.watch(job)) as outcomes:
                async for outcome in outcomes:
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

    async def _end(self, job: Job, answer: _Answer) -> Job | None:
        """Do what the provider's final answer asks for; returns the job as it is then."""
        outcome = answer.outcome
        if isinstance(outcome, Ready):
            return await self._keeper.bring(job, outcome, answer.seconds if job.state == State.RUNNING else None)
        if job.state == State.FETCHING:
            return await self._keeper.lose(job)
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
