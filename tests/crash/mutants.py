"""Workers that break the law on purpose: the audit must find out each of them, or it is worth nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from fluxroom.engine.lifecycle import State
from fluxroom.engine.queue_local import LocalQueue
from fluxroom.engine.submission import Submission
from fluxroom.providers import SubmitOutcome
from fluxroom.store import jobs
from fluxroom.store.jobs import Job, Move

PATCH = pytest.MonkeyPatch()
"""What is different in this process; it stays so to its end."""


def no_intent() -> None:
    """Send a job first and write down that it is being sent afterwards."""
    claim, send = LocalQueue._claim, Submission._send
    sent: set[str] = set()

    def only_look(self: LocalQueue, connection: Connection) -> tuple[list[Job], list[Job], float]:
        savepoint = connection.begin_nested()
        claimed, unprepared, due = claim(self, connection)
        savepoint.rollback()
        fresh = [job for job in claimed if job.id not in sent]
        sent.update(job.id for job in fresh)
        return fresh, unprepared, due

    async def send_and_write(self: Submission, job: Job, values: Mapping[str, str]) -> SubmitOutcome:
        outcome = await send(self, job, values)
        late = Move(
            job=job.id,
            generation=job.generation,
            from_states=(State.QUEUED,),
            to_state=State.SUBMITTING,
            why="has been sent",
            at=self._ledger.clock.time(),
            changes={"holder": job.holder, "attempt": job.attempt, "first_try_at": job.first_try_at},
        )
        await self._ledger.store.database.write(lambda connection: jobs.move(connection, late))
        sent.discard(job.id)
        return outcome

    PATCH.setattr(LocalQueue, "_claim", only_look)
    PATCH.setattr(Submission, "_send", send_and_write)


def sends_again() -> None:
    """Put a job back into the queue when the process that was sending it has died."""
    orphaned = LocalQueue._orphaned

    def put_back(self: LocalQueue, job: Job, now: float) -> Move:
        return replace(orphaned(self, job, now), to_state=State.QUEUED, why="sends it again", changes={})

    PATCH.setattr(LocalQueue, "_orphaned", put_back)
