"""What a person decides about jobs: cancel them, send a doubtful one again, give it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection

from fluxroom.engine.courier import Courier, UntrustedCallError
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import FINAL, Happening, State
from fluxroom.engine.transport import InterruptedCallError, NotSentError
from fluxroom.errors import Abandoned, Cancelled, NotFound
from fluxroom.logs import get_logger
from fluxroom.store import jobs
from fluxroom.store.jobs import Job, Move

_log = get_logger("fluxroom.decisions")


class UnwantedError(Exception):
    """A change that must not happen any more, or not yet: whatever was done with it is undone."""


def insist(job_id: str, connection: Connection) -> None:
    """Part of a change that lets a job be sent again or elsewhere.

    Raises:
        UnwantedError: a person has cancelled it while it was being sent.
    """
    job = jobs.get(connection, job_id)
    if job and job.cancel_asked:
        raise UnwantedError


def withdrawn(job: Job) -> dict[str, Any]:
    """What is written down of a job that is cancelled before any provider has taken it."""
    return {
        "error": Cancelled(provider=job.provider, job=job.id).as_dict(),
        "charged": Decimal(0),
        "charge_state": "unknown" if job.doubted else "not_charged",
    }


class Decisions:
    """A person's words about jobs.

    Args:
        ledger: where they are written down.
        courier: the way to ask a provider to cancel.
    """

    def __init__(self, ledger: Ledger, courier: Courier) -> None:
        self._ledger = ledger
        self._courier = courier

    async def cancel(self, job: Job) -> str:
        """Cancel a job if that can be done; says what became of it and whether it is charged."""
        if job.state in FINAL:
            return f"it has already ended: {job.state}"
        if await self.withdraw([job]):
            if job.doubted:
                return "cancelled before it was sent again; its attempt before that may have been charged"
            return "cancelled before it was sent; not charged"
        if await self._move(job, State.SUBMITTING, State.SUBMITTING, Happening.CANCEL, cancel_asked=True):
            return (
                f"it is just being sent: cancelled if {job.provider} does not take it, else it goes on and is charged"
            )
        fresh = (await self._ledger.store.database.read(lambda connection: jobs.get(connection, job.id))) or job
        return f"it has just ended: {fresh.state}" if fresh.state in FINAL else await self._cancelled_there(fresh)

    async def _cancelled_there(self, job: Job) -> str:
        """Ask the provider that has taken a job to cancel it."""
        tongue, hosts = self._courier.desk(job)
        call = tongue.cancel(hosts, job.ticket) if job.ticket else None
        if call is None:
            return f"{job.provider} cannot cancel a job that it has taken: the picture arrives and is charged"
        try:
            reply = await self._courier.carry(job.provider, hosts, call)
        except (NotSentError, InterruptedCallError, UntrustedCallError) as broken:
            return f"{job.provider} could not be asked to cancel ({broken}): the job goes on"
        _log.info("asked the provider to cancel", job=job.id, status=reply.status)
        self._ledger.poke(job.id)
        return f"{job.provider} was asked to cancel; if it has begun, it may still finish and be charged"

    async def withdraw(self, listed: Sequence[Job]) -> bool:
        """Cancel jobs of which none has been sent, all of them or none. False: one has."""
        now = self._ledger.clock.time()
        changes = [
            _change(job, (State.QUEUED, State.CANCELLED), Happening.CANCEL, now, withdrawn(job)) for job in listed
        ]

        def work(connection: Connection) -> None:
            if not all(jobs.move(connection, change) for change in changes):
                raise UnwantedError  # what was changed is undone

        try:
            await self._ledger.store.database.write(work)
        except UnwantedError:
            return False
        for job in listed:
            self._ledger.announce(replace(job, state=State.CANCELLED.value))
        return True

    async def resolve(self, job: Job, choice: Literal["retry", "abandon"]) -> None:
        """Decide about a job in doubt: send it again (which pays again if the provider took it), or give it up.

        Raises:
            NotFound: it is not in doubt.
        """
        if choice == "retry":
            # What the attempt in doubt may have cost stays on the receipt, whatever becomes of the next one.
            doubted = job.doubted + job.at_stake
            done = await self._move(
                job,
                State.UNKNOWN,
                State.QUEUED,
                Happening.RETRY,
                error={},
                seat_until=0.0,
                not_before=0.0,
                doubted=doubted,
                cancel_asked=False,
            )
        else:
            error = Abandoned(provider=job.provider, job=job.id).as_dict()
            done = await self._move(job, State.UNKNOWN, State.ABANDONED, Happening.ABANDON, error=error, seat_until=0.0)
        if not done:
            raise NotFound(
                f"Job {job.id} is {job.state}, not unknown: there is nothing to decide.",
                advice="See the jobs in doubt with `fluxroom jobs --state unknown`.",
            )

    async def _move(self, job: Job, from_state: State, to_state: State, happening: Happening, **changes: Any) -> bool:
        change = _change(job, (from_state, to_state), happening, self._ledger.clock.time(), changes)

        def work(connection: Connection) -> bool:
            return jobs.move(connection, change)

        done = await self._ledger.store.database.write(work)
        if done:
            self._ledger.announce(replace(job, state=to_state.value))
        return done


def _change(job: Job, way: tuple[State, State], happening: Happening, at: float, changes: Mapping[str, Any]) -> Move:
    return Move(
        job=job.id,
        generation=job.generation,
        from_states=way[:1],
        to_state=way[1],
        why=f"{happening} by a person",
        at=at,
        changes=changes,
    )
