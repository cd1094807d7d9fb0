"""Workers as real processes on one PostgreSQL, and somebody who only writes jobs down for them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, Signals
from typing import Any

from tests.worlds import billed, environment_for, sandbox, settings_for

from fluxroom.engine import Engine
from fluxroom.engine.accounts import accounts
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.engine.routing import plan
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.sandbox import Sandbox
from fluxroom.store import jobs, open_store
from fluxroom.store.jobs import Job
from fluxroom.types import Request

PATIENCE = 180.0
"""Seconds for a worker to start: a machine may be busy with other things."""

HEARTBEAT = 1.0  # seconds
OPEN = [state.value for state in State if state not in SETTLED]


class Worker:
    """A `fluxroom worker`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def holder(self) -> str:
        """The part of its name in the ledger that tells it from others."""
        return f"-{self.process.pid}-"

    def holds(self, job: Job) -> bool:
        return self.holder in job.holder

    def signal(self, number: Signals) -> None:
        self.process.send_signal(number)

    async def end(self, number: Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


class Fleet:
    """A sandbox, a database, workers, and the one who gives them work."""

    def __init__(self, box: Sandbox, folder: Path, url: str, **settings: Any) -> None:
        self.box = box
        self._folder = folder
        self._url = url
        self.settings = settings_for(box, folder, database_url=url, heartbeat=HEARTBEAT, **settings)
        self.store = open_store(folder, url)
        # Not started: it writes down and reads, and carries nothing.
        self.scribe = Engine(
            self.store, accounts(self.settings), self.settings, transport=AiohttpTransport(), everyones=False
        )
        self.workers: list[Worker] = []

    async def hire(self, number: int = 1, **variables: str) -> list[Worker]:
        """Start workers and wait until they work."""
        environment = {
            **os.environ,
            **environment_for(self.box, self._folder),
            "FLUXROOM_DATABASE_URL": self._url,
            "FLUXROOM_HEARTBEAT": str(HEARTBEAT),
            **variables,
        }
        hired = []
        for _ in range(number):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "fluxroom", "worker", env=environment, stdout=subprocess.PIPE
            )
            hired.append(Worker(process))
        self.workers += hired
        for worker in hired:
            assert worker.process.stdout
            assert b"Carries jobs" in await asyncio.wait_for(worker.process.stdout.readline(), PATIENCE)
        return hired

    async def ask(self, model: str, prompt: str = "x") -> str:
        """Write a request for one picture down; returns the generation."""
        request = Request(model=model, prompt=prompt)
        return await self.scribe.submit(request, plan(request, self.scribe.accounts, self.settings))

    async def all_jobs(self) -> list[Job]:
        # All of them: a long run makes more than any page holds.
        return await self.store.database.read(lambda connection: jobs.in_states(connection, list(State)))

    async def open_jobs(self) -> list[Job]:
        return await self.store.database.read(lambda connection: jobs.in_states(connection, OPEN))

    async def until(self, what: Any, seconds: float = 60.0) -> list[Job]:
        """Wait until this is true of all jobs."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.all_jobs()
            if what(found):
                return found
            assert asyncio.get_running_loop().time() < deadline, Counter(job.state for job in found)
            await asyncio.sleep(0.02)

    async def settled(self, seconds: float = 60.0) -> list[Job]:
        """Wait until nothing more happens by itself."""
        deadline = asyncio.get_running_loop().time() + seconds
        while left := await self.open_jobs():
            assert asyncio.get_running_loop().time() < deadline, f"left: {[await self.story(job) for job in left[:5]]}"
            await asyncio.sleep(0.02)
        return await self.all_jobs()

    async def story(self, job: Job) -> str:
        """What became of a job until now, for somebody who asks why it did not end."""
        events = await self.store.database.read(lambda connection: jobs.events(connection, job.generation, after=0))
        steps = [f"{event['at']:.1f} {event['to_state']}: {event['why']}" for event in events]
        holders = [worker.process.returncode for worker in self.workers if worker.holds(job)]
        return f"{job.state} (workers that hold it have ended with {holders}) {steps}"

    async def close(self) -> None:
        for worker in self.workers:
            if worker.process.returncode is None:
                worker.signal(SIGCONT)
                await worker.end(SIGKILL)
        await self.scribe.courier.transport.close()
        await asyncio.to_thread(self.store.close)


@asynccontextmanager
async def fleet(folder: Path, url: str, *, seconds: float = 0.5, **settings: Any) -> AsyncIterator[Fleet]:
    """A fleet without workers yet; the sandbox's jobs take `seconds`."""
    async with sandbox(seconds=seconds) as box:
        one = Fleet(box, folder, url, **settings)
        try:
            yield one
        finally:
            await one.close()


def check_books(box: Sandbox, found: Sequence[Job]) -> None:
    """Every task at the provider belongs to one job, and no job has two."""
    tasks = Counter(task["id"] for task in box.world.tasks())
    known = Counter(job.request_id for job in found if job.request_id)
    assert max(known.values(), default=1) == 1, "a task belongs to two jobs"
    assert len(tasks) <= len(found), f"{len(tasks)} tasks, {len(found)} jobs: something was sent twice"
    strangers = set(tasks) - set(known)
    doubtful = [job for job in found if job.state == "unknown"]
    assert len(strangers) <= len(doubtful), "a task that no job knows of"
    paid = {task["id"] for task in billed(box)}
    assert not [job for job in found if job.request_id in paid and job.charge_state == "not_charged"]
