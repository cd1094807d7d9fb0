"""The life of a job, on one machine: a plan in, events and stored pictures out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from fluxroom.engine.accounts import Account, need
from fluxroom.engine.callback_addresses import KEY, Addresses
from fluxroom.engine.courier import Courier
from fluxroom.engine.decisions import Decisions
from fluxroom.engine.expectation import Experience, kind_at
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.engine.limits import Throttle
from fluxroom.engine.orders import Terms
from fluxroom.engine.owners import Presence
from fluxroom.engine.pacing import Clock, Pace, SystemClock
from fluxroom.engine.queue_local import LocalQueue
from fluxroom.engine.reception import Also, Reception
from fluxroom.engine.runner import Runner
from fluxroom.engine.submission import Submission
from fluxroom.engine.transport import Transport
from fluxroom.engine.webhooks import Callbacks
from fluxroom.errors import NotFound, WaitEnded
from fluxroom.logs import get_logger
from fluxroom.settings import Settings
from fluxroom.store import Store, images, jobs, signing_keys
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.types import Done, Event, Plan, Provider, Queued, Request, Running

_log = get_logger("fluxroom.engine")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A generation as it is at one moment."""

    generation: Generation
    jobs: Sequence[Job]
    images: Sequence[StoredImage]

    @property
    def settled(self) -> bool:
        """Whether nothing more happens without a person."""
        return all(job.state in SETTLED for job in self.jobs)

    def images_of(self, job: Job) -> list[StoredImage]:
        """The pictures of one of the jobs."""
        return [image for image in self.images if image.job == job.id]


class Engine:
    """Carries jobs from a plan to stored pictures, and goes on with them after a restart.

    Args:
        store: an open data folder; the engine does not close it.
        accounts: the keys and addresses to work with.
        settings: caps, polls and waits.
        transport: how calls leave; the engine closes it.
        clock: for tests.
        everyones: carry the queued jobs of all makers on this data folder, as a gateway does.
    """

    def __init__(
        self,
        store: Store,
        accounts: Mapping[Provider, Account],
        settings: Settings,
        *,
        transport: Transport,
        clock: Clock | None = None,
        everyones: bool = False,
    ) -> None:
        self.store = store
        self.accounts = accounts
        self._settings = settings
        self._clock = clock or SystemClock()
        self._presence, queue = _among_others(store, settings)
        self._ledger = Ledger(store, self._presence, self._clock)
        self.courier = Courier(transport, accounts, settings)
        self.watchers = self._ledger.watchers = self.courier.watchers
        self._reception = Reception(store, self._presence.id, self._clock)
        self._decisions = Decisions(self._ledger, self.courier)
        # Only a process that carries everybody's jobs also listens: a command would be gone before it is called back.
        addresses = Addresses(settings) if everyones and settings.public_url else None
        self.experience = Experience(store, self._clock)
        caps = {account.id: account.cap for account in accounts.values()}
        self.throttle = Throttle(store, caps, self._clock)
        pace = Pace(first=settings.poll_first, longest=settings.poll_max, wait=settings.wait)
        self._queue = queue(
            self._ledger,
            self.courier,
            Submission(self._ledger, self.courier, settings, throttle=self.throttle, addresses=addresses),
            Runner(self._ledger, self.courier, pace, self.experience),
            throttle=self.throttle,
            settings=settings,
            everyones=everyones,
        )
        heal = self._queue.adopt
        self.callbacks = Callbacks(self._ledger, self.courier, addresses, follow=heal) if addresses else None

    async def start(self) -> None:
        """Go on with what earlier processes left behind, then take new jobs."""
        if self.callbacks:
            self.callbacks.addresses.key = await self.store.database.write(partial(signing_keys.kept, name=KEY))
        self._presence.enter()
        await self._queue.start()

    async def stop(self, drain: float = 10.0) -> None:
        """Let submits under way finish (at most `drain` seconds); running jobs stay resumable."""
        await self._queue.stop(drain)
        await self.courier.transport.close()
        self._presence.leave()

    @property
    def presence(self) -> Presence:
        """This process among those that share the ledger."""
        return self._presence

    def now(self) -> float:
        """Seconds since 1970, by the engine's clock."""
        return self._clock.time()

    @property
    def busy(self) -> bool:
        """Whether this process carries any job."""
        return self._queue.busy

    # asking for pictures ---------------------------------------------------------------------------------------------

    async def submit(
        self, request: Request, plan: Plan, terms: Terms | None = None, *, also: Also | None = None
    ) -> str:
        """Write a generation with its jobs down and start it; returns its id. Nothing is paid before it is on disk.

        `also` is done with its id in the same transaction; when it raises, nothing is written and nothing starts.

        Raises:
            MissingKey: no key is set for the route's provider.
            BudgetExceeded: a budget does not allow it.
            IdempotencyConflict: the idempotency key was used for another request.
            StorageFull, StorageUnwritable, StorageBusy: it could not be written; nothing was sent.
        """
        account = need(self.accounts, plan.provider)
        generation = await self._reception.take(request, plan, account, terms or Terms(), also)
        self.watchers.ordered(generation)
        self._queue.kick()
        return generation

    async def snapshot(self, generation_id: str) -> Snapshot:
        """A generation with its jobs and pictures.

        Raises:
            NotFound: there is none with this id.
        """
        found = await self.store.database.read(lambda connection: _snapshot(connection, generation_id))
        if found is None:
            raise NotFound(f"There is no generation {generation_id!r}.")
        return found

    async def wait(self, generation_id: str, seconds: float) -> Snapshot:
        """Wait until a generation is settled; the jobs go on whether anybody waits or not.

        Raises:
            WaitEnded: it is not settled after so many seconds.
            StorageFull, StorageUnwritable: the disk stands in the way; the job goes on when it no longer does.
        """
        deadline = self._clock.monotonic() + seconds
        bell = self._ledger.bell(generation_id, at_the_end=True)
        try:
            states = await self.store.database.read(partial(_states, generation_id))
            while not SETTLED.issuperset(states.values()):
                self._raise_trouble(states)
                left = deadline - self._clock.monotonic()
                rang = left > 0 and await bell.wait(left)
                if rang and len(states) > 1:
                    states = await self.store.database.read(partial(_states, generation_id))
                    continue
                found = await self.snapshot(generation_id)  # of one job it is what the states would lead to
                if found.settled:
                    return found
                if not rang:
                    raise wait_ended(found, seconds)
            return await self.snapshot(generation_id)
        finally:
            self._ledger.hush(generation_id, bell)

    async def events(self, generation_id: str, *, tick: float = 0.5) -> AsyncGenerator[Event, None]:
        """What happens to a generation's jobs until all are settled; at least one event every `tick` seconds."""
        bell = self._ledger.bell(generation_id)
        told: set[str] = set()
        try:
            while True:
                found = await self.snapshot(generation_id)
                self._raise_trouble([job.id for job in found.jobs])
                for job in found.jobs:
                    if job.id not in told:
                        yield self._event(found, job)
                    if job.state in SETTLED:
                        told.add(job.id)
                if found.settled:
                    return
                await bell.wait(tick)
        finally:
            self._ledger.hush(generation_id, bell)

    async def usual(self, plan: Plan) -> float:
        """Seconds that a job of this plan usually takes: as measured here, or the catalog's figure."""
        kind = kind_at(plan.route, plan.mode, plan.wire[0])
        return (await self.experience.of(kind, plan.seconds)).usual

    def _event(self, found: Snapshot, job: Job) -> Event:
        if job.state in SETTLED:
            error = None if job.state == State.SUCCEEDED else job.error
            return Done(job=job.id, state=job.state, images=found.images_of(job), error=error or None)
        return self.progress(job)

    def progress(self, job: Job) -> Queued | Running:
        """How far a job is that is not settled, as far as this process knows."""
        if job.state in {State.QUEUED, State.SUBMITTING}:
            why = self.throttle.why(job.account, self._clock.time()) or (job.error or {}).get("message", "")
            return Queued(job=job.id, why=str(why))
        pending = self._ledger.live[job.id].pending if job.id in self._ledger.live else None
        if pending and pending.queued:
            return Queued(job=job.id, position=pending.position)
        expectation = self.experience.at_once(job)
        return Running(
            job=job.id,
            elapsed=max(0.0, self._clock.time() - job.submitted_at),
            expected=expectation.usual,
            usual=expectation.text,
            progress=pending.progress if pending else None,
            phase=pending.phase if pending else job.state,
        )

    def _raise_trouble(self, ids: Iterable[str]) -> None:
        for job_id in ids:
            if job_id in self._ledger.live and (trouble := self._ledger.live[job_id].trouble):
                raise trouble

    # a person's words ------------------------------------------------------------------------------------------------

    async def cancel(self, generation_id: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled; says for each job what became of it and whether it is charged."""
        found = await self.snapshot(generation_id)
        return [(job, await self._decisions.cancel(job)) for job in found.jobs]

    async def take_up(self, generation_id: str) -> None:
        """Carry a generation's queued jobs here when the process that made them is dead: nobody else may do it."""
        makers = await self.store.database.read(partial(jobs.queued_by, generation_id=generation_id))
        dead = await self._presence.dead([one for one in makers if one != self._presence.id])
        if dead:
            mine = self._presence.id
            await self.store.database.write(lambda connection: jobs.take_up(connection, generation_id, dead, mine))
            self._queue.kick()

    async def withdraw(self, generation_id: str) -> bool:
        """Cancel a generation of which no job has been sent: its jobs, all or none. False: one was sent."""
        return await self._decisions.withdraw((await self.snapshot(generation_id)).jobs)

    async def resolve(self, job_id: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job in doubt: send it again (which pays again if the provider took it), or give it up.

        Raises:
            NotFound: there is no such job, or it is not in doubt.
        """
        job = await self.job(job_id)
        await self._decisions.resolve(job, choice)
        return await self.job(job.id)

    async def job(self, part: str) -> Job:
        """The job with this id, or the only one whose id ends with it.

        Raises:
            NotFound: there is none, or more than one.
        """

        def work(connection: Connection) -> tuple[Job | None, int]:
            ids = jobs.like(connection, part)
            exact = jobs.get(connection, part)
            return exact or (jobs.get(connection, ids[0]) if len(ids) == 1 else None), len(ids)

        job, matches = await self.store.database.read(work)
        if job is None:
            raise NotFound(f"{'More than one job ends' if matches > 1 else 'No job ends'} with {part!r}.")
        return job


def _states(generation_id: str, connection: Connection) -> dict[str, str]:
    return jobs.states(connection, generation_id)


def _snapshot(connection: Connection, generation_id: str) -> Snapshot | None:
    generation = jobs.generation(connection, generation_id)
    if generation is None:
        return None
    listed = jobs.of_generation(connection, generation_id)
    made = images.of_generation(connection, generation_id)
    place = {job.id: job.number for job in listed}
    return Snapshot(generation, listed, sorted(made, key=lambda image: (place[image.job], image.number)))


def _among_others(store: Store, settings: Settings) -> tuple[Presence, type[LocalQueue]]:
    """How processes know of each other: on one machine by lock files, on many by signs of life in their database."""
    if store.fleet is None:
        return Presence(store.locks), LocalQueue
    from fluxroom.engine.queue_postgres import FleetQueue, Lease

    return Lease(store.fleet, settings.heartbeat), FleetQueue


def wait_ended(found: Snapshot, seconds: float) -> WaitEnded:
    """The error that says that a wait is over and the jobs go on."""
    open_jobs = [job for job in found.jobs if job.state not in SETTLED]
    first = open_jobs[0] if open_jobs else found.jobs[0]
    return WaitEnded(
        f"Not finished after {seconds:g} s; the job is {first.state} and goes on.",
        job=first.id,
        generation=found.generation.id,
        provider=first.provider,
        request_id=first.request_id or None,
    )
