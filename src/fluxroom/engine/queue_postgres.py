"""Hand-out of jobs on many machines: what differs from one machine when the ledger is in PostgreSQL.

Claims, caps and take-over are the same transactions as on one machine (`LocalQueue`), each claim under a lock that
holds over all machines. Two things cannot be the same. Whether another process lives is told by signs of life in the
database, since nobody can try the lock on another machine's file. And what others commit is told by the database
itself. Why no queue engine does this: docs/decisions.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from fluxroom.engine.lifecycle import State
from fluxroom.engine.owners import Presence
from fluxroom.engine.queue_local import LocalQueue
from fluxroom.engine.submission import Prepared
from fluxroom.errors import LocalError
from fluxroom.logs import get_logger
from fluxroom.store import admission, jobs, processes
from fluxroom.store.jobs import Job
from fluxroom.store.postgres import PostgresDatabase

_log = get_logger("fluxroom.queue")

_IDLE = 60.0
"""Seconds until admission looks again although nothing has happened."""

_LEASE = 1.5
"""Heartbeats after which a silent process counts as dead. With the sweep it is less than two until others go on."""

_SWEEPS = 8
"""Looks for dead processes in a heartbeat; one in so many looks after this process's own jobs."""

_GOODBYE = 1.5
"""Seconds for the last word: a process that is told to stop does not wait for a database that is away."""

_DEFER = 0.0005
"""Seconds for which a process lets others go first, for each job that it carries: so the load spreads."""

_LONGEST_DEFER = 0.05


class Lease(Presence):
    """This engine's sign of life in PostgreSQL.

    Args:
        database: where it is given.
        heartbeat: seconds between two signs.
    """

    def __init__(self, database: PostgresDatabase, heartbeat: float) -> None:
        super().__init__(Path())
        host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:40]
        self.id = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
        self.others = 0  # processes that live beside this one
        self.lease = heartbeat * _LEASE
        self.sweep = heartbeat / _SWEEPS
        self._database = database
        self._heartbeat = heartbeat

    def enter(self) -> None:
        """Nothing yet: see `begin`."""

    def leave(self) -> None:
        """Nothing any more: see `end`."""

    def alive(self, owner: str) -> bool:
        """Whether it is this very process; of others only the database can say (`dead`)."""
        return owner == self.id

    async def begin(self) -> None:
        """Give the first sign."""
        await self._database.write(lambda connection: processes.enter(connection, self.id, self.lease))

    async def keep(self) -> None:
        """Give signs until cancelled."""
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                self.others = await self._database.write(self._sign)
            except LocalError as error:
                _log.warning("could not give a sign of life; tries again", code=error.code, detail=error.detail)
            except Exception:  # noqa: BLE001  a process that falls silent would lose its jobs
                _log.exception("a fault of ours while giving a sign of life; goes on")

    async def end(self) -> None:
        """Say good-bye: whoever comes next goes on with this process's jobs at once."""
        try:
            work = self._database.write(lambda connection: processes.leave(connection, self.id))
            await asyncio.wait_for(work, _GOODBYE)
        except (LocalError, TimeoutError):
            _log.warning("could not say good-bye: others take over when the lease ends")

    async def dead(self, owners: Sequence[str]) -> list[str]:
        """Those of these processes that no longer run, or could not be heard for a lease."""
        others = [owner for owner in owners if owner != self.id]
        if not others:
            return []
        return await self._database.read(lambda connection: processes.dead(connection, self.id, others))

    def _sign(self, connection: Connection) -> int:
        return processes.sign(connection, self.id, self.lease)


class FleetQueue(LocalQueue):
    """Starts, carries and takes over jobs beside processes on other machines."""

    _sweeps = 0

    async def start(self) -> None:
        """Give a sign of life, take over what dead processes left, then start handing out."""
        await self._lease.begin()
        await super().start()
        self._loops.append(asyncio.create_task(self._lease.keep()))

    async def stop(self, drain: float) -> None:
        """As on one machine; then others may go on with the running jobs at once."""
        await super().stop(drain)
        await self._lease.end()

    @property
    def _lease(self) -> Lease:
        lease = self._ledger.presence
        if not isinstance(lease, Lease):
            raise TypeError("a fleet's processes hold leases")
        return lease

    async def _sweep(self) -> None:
        await super()._sweep()
        self._sweeps += 1
        if self._sweeps % _SWEEPS == 0:
            await self._pick_up()

    async def _pick_up(self) -> None:
        """Jobs of this process that nobody in it follows any more: the database was away at a bad moment."""
        for job in await self._ledger.store.database.read(partial(_held, self._lease.id)):
            if job.state != State.SUBMITTING and job.id not in self._followed:
                _log.warning("goes on with a job of this process that was left lying", job=job.id, state=job.state)
                self.adopt(job)

    async def _admit(self) -> float:
        # Whoever has nothing to do does not stand in line for the lock.
        if not await self._ledger.store.database.read(admission.any_queued):
            return _IDLE
        if self._lease.others:
            await asyncio.sleep(min(len(self._tasks) * _DEFER, _LONGEST_DEFER))
        return await super()._admit()

    async def _carry(self, job: Job, prepared: Prepared) -> None:
        if not await self._is_still_ours(job):
            self._sending[job.provider] -= 1
            self._wake.ring()
            return
        await super()._carry(job, prepared)

    async def _is_still_ours(self, job: Job) -> bool:
        """A process that stood still between claim and submit looks whether somebody has decided meanwhile."""
        if self._ledger.clock.time() - job.changed_at < self._lease.lease / 2:
            return True
        fresh = await self._ledger.patiently(self._ledger.store.database.read, partial(_job, job.id))
        if fresh is None or fresh.state not in {State.SUBMITTING, State.UNKNOWN}:
            return False
        return (fresh.holder, fresh.attempt) == (job.holder, job.attempt)

    async def _hear(self) -> None:
        await super()._hear()
        # Numbers are not given in the order of the commits, so a row may have been missed: everybody looks.
        self._ledger.ring_all()
        self._wake.ring()


def _job(job_id: str, connection: Connection) -> Job | None:
    return jobs.get(connection, job_id)


def _held(process: str, connection: Connection) -> list[Job]:
    return jobs.held_by(connection, [process])
