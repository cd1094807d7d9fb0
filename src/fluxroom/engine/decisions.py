"""What a person decides about jobs: cancel them, send a doubtful one again, give it up."""

from __future__ import annotations

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
        if await self.withdraw(job):
            if job.doubted:
                return "cancelled before it was sent again; its attempt before that may have been charged"
            return "cancelled before it was sent; not charged"
        fresh = (await self._ledger.store.database.read(lambda connection: jobs.get(connection, job.id))) or job
        tongue, hosts = self._courier.desk(fresh)
        call = tongue.cancel(hosts, fresh.ticket) if fresh.ticket else None
        if call is None:
            return f"{job.provider} cannot cancel a job that it has taken: the picture arrives and is charged"
        try:
            reply = await self._courier.carry(fresh.provider, hosts, call)
        except (NotSentError, InterruptedCallError, UntrustedCallError) as broken:
            return f"{job.provider} could not be asked to cancel ({broken}): the job goes on"
        _log.info("asked the provider to cancel", job=job.id, status=reply.status)
        self._ledger.poke(job.id)
        return f"{job.provider} was asked to cancel; if it has begun, it may still finish and be charged"

    async def withdraw(self, job: Job) -> bool:
        """Cancel a job that has not been sent; False when it has."""
        error = Cancelled(provider=job.provider, job=job.id).as_dict()
        charge = {"charged": Decimal(0), "charge_state": "unknown" if job.doubted else "not_charged"}
        return await self._move(job, State.QUEUED, State.CANCELLED, Happening.CANCEL, error=error, **charge)

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
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(from_state,),
            to_state=to_state,
            why=f"{happening} by a person",
            at=self._ledger.clock.time(),
            changes=changes,
        )

        def work(connection: Connection) -> bool:
            return jobs.move(connection, change)

        done = await self._ledger.store.database.write(work)
        if done:
            self._ledger.announce(replace(job, state=to_state.value))
        return done
