"""Callbacks: under which address a provider calls us back, and what its call does.

A callback is never believed about a picture or about money. It proves one thing, that the provider took a job under an
id of its own, and it says that now is the time to ask. So a job in doubt gets its ticket and goes on, a running one is
asked at once, and everything else is thanked for and changes nothing. Missed callbacks cost nothing: every job is
polled all the same, at its usual pace.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.callback_addresses import Address, Addresses
from fluxroom.engine.courier import Courier, UntrustedCallError
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import FINAL, Happening, State, after
from fluxroom.engine.pacing import Clock
from fluxroom.engine.transport import InterruptedCallError, NotSentError, TooLargeError
from fluxroom.errors import Unavailable
from fluxroom.logs import get_logger
from fluxroom.providers import Accepted, Call, Callback, CalledBack, Dialect, Hosts, Order, Verdict
from fluxroom.store import jobs
from fluxroom.store.jobs import Attempt, Job, Move

_log = get_logger("fluxroom.webhooks")

CALLED = "the provider called back"
"""Why a row of a running job is in `job_events`: whoever holds the job asks now."""

_KEYS_KEPT = 24 * 3600.0
"""Seconds for which fal allows its keys to be kept (fal.ai docs, webhooks)."""

_KEYS_PAUSE = 60.0
"""Seconds between two fetches of keys: a flood of forged callbacks must not become a flood of ours."""

_KEYS_PAUSE_WITHOUT = 5.0
"""The same while there are none at all, and every callback has to be sent away."""

_KEYS_TIMEOUT = 6.0
"""fal gives up a first callback after 15 seconds."""

_TRIES = 5
"""How often a change is tried that somebody else overtakes."""

_REMEMBERED = 10_000
"""Tasks whose last callback is remembered, to know a repeated one."""

_OPEN = frozenset(State) - FINAL - {State.FETCHING}
"""States in which a callback can still matter."""


# keys ----------------------------------------------------------------------------------------------------------------


Keys = tuple[bytes, ...]


@dataclass(slots=True)
class _Ring:
    """The keys of one provider at one address."""

    keys: Keys = ()
    read_at: float = 0.0
    tried_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """The public keys that providers sign with, fetched when they are needed and kept for at most a day.

    Args:
        courier: the way to the providers.
        clock: for ages, which must not jump.
    """

    def __init__(self, courier: Courier, clock: Clock) -> None:
        self._courier = courier
        self._clock = clock
        self._rings: dict[str, _Ring] = {}

    async def get(self, tongue: Dialect, hosts: Hosts, call: Call, *, newer_than: Keys = ()) -> Keys:
        """The keys that are published at the address of `call`; none when they cannot be had.

        Args:
            tongue: reads the answer.
            hosts: the provider's addresses.
            call: asks for the keys.
            newer_than: keys of which none fits: they are fetched again, at most once a minute.
        """
        ring = self._rings.setdefault(call.url, _Ring())
        async with ring.lock:
            now = self._clock.monotonic()
            if ring.keys and now - ring.read_at > _KEYS_KEPT:
                ring.keys = ()
            wanted = not ring.keys or ring.keys == newer_than
            if wanted and now - ring.tried_at >= (_KEYS_PAUSE if ring.keys else _KEYS_PAUSE_WITHOUT):
                ring.tried_at = now
                if found := await self._fetched(tongue, hosts, call):
                    ring.keys, ring.read_at = found, now
            return ring.keys

    async def _fetched(self, tongue: Dialect, hosts: Hosts, call: Call) -> Keys:
        try:
            async with asyncio.timeout(_KEYS_TIMEOUT):
                reply = await self._courier.carry(tongue.name, hosts, call)
        except (NotSentError, InterruptedCallError, TooLargeError, UntrustedCallError, TimeoutError) as error:
            _log.warning("the keys of callbacks cannot be fetched", provider=tongue.name, why=type(error).__name__)
            return ()
        found = tongue.read_callback_keys(reply)
        if not found:
            _log.warning("the keys of callbacks cannot be read", provider=tongue.name, status=reply.status)
        return found


# hearing -------------------------------------------------------------------------------------------------------------


class Heard(StrEnum):
    """What became of a callback."""

    USED = "used"  # it moved the job on, or made us ask
    KNOWN = "known"  # it told nothing new
    NO_JOB = "no_job"  # there is no such job
    REFUSED = "refused"  # it is not the provider's, or not of now
    UNREADABLE = "unreadable"  # it is the provider's, and names no task
    OTHER_TASK = "other_task"  # it is about a task that this job does not have


@dataclass(frozen=True, slots=True)
class Hearing:
    """What became of a callback, and why."""

    heard: Heard
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Due:
    """What a callback means, and what is to be written."""

    hearing: Hearing
    change: Move | None = None


class Callbacks:
    """Hears what providers call.

    Args:
        ledger: the jobs.
        courier: for the providers' keys.
        addresses: prove which job an address belongs to.
        follow: goes on with a job in this process; without it, the sweep for abandoned jobs finds it.
    """

    def __init__(
        self, ledger: Ledger, courier: Courier, addresses: Addresses, *, follow: Callable[[Job], None] | None = None
    ) -> None:
        self.addresses = addresses
        self._ledger = ledger
        self._courier = courier
        self._follow = follow
        self._keys = PublishedKeys(courier, ledger.clock)
        self._last: OrderedDict[tuple[str, str], tuple[str, bytes]] = OrderedDict()

    async def hear(self, address: Address, callback: Callback) -> Hearing:
        """Do what a callback to one of our addresses asks for.

        Raises:
            MissingKey: this process has no account at the provider.
            Unavailable: the provider's keys cannot be had at the moment; it shall call again.
            StorageFull, StorageUnwritable: nothing was changed; it shall call again.
        """
        job = await self._ledger.store.database.read(lambda connection: jobs.get(connection, address.job))
        if job is None or job.provider != address.provider or address.attempt > job.attempt:
            return Hearing(Heard.NO_JOB)
        verdict = await self._verdict(job, address, callback)
        if verdict is not Verdict.GENUINE:
            _log.warning("a callback is not believed", job=job.id, provider=job.provider, why=verdict.value)
            return Hearing(Heard.REFUSED, verdict.value)
        tongue, hosts = self._courier.desk(job)
        called = tongue.called_back(hosts, Order(endpoint=job.endpoint, body={}), callback)
        if called is None:
            _log.warning("a callback names no task", job=job.id, provider=job.provider)
            return Hearing(Heard.UNREADABLE, "it names no task")
        hearing = await self._act(job, address, called, hashlib.sha256(callback.body).digest())
        if hearing.heard is Heard.OTHER_TASK:
            _log.error(
                "a callback is about a task that the job does not have: it may have been made and charged besides",
                job=job.id, route=job.route, state=job.state, request_id=called.accepted.request_id, why=hearing.why,
            )  # fmt: skip
        return hearing

    async def _verdict(self, job: Job, address: Address, callback: Callback) -> Verdict:
        tongue, hosts = self._courier.desk(job)
        secret = self.addresses.secret(address.provider, address.job, address.attempt)
        call = tongue.callback_keys(hosts)
        if call is None:
            return tongue.verdict(callback, secret=secret, keys=(), now=self._ledger.clock.time())
        keys = await self._keys.get(tongue, hosts, call)
        if not keys:
            raise Unavailable(f"The keys of {job.provider} cannot be had at the moment.", provider=job.provider)
        verdict = tongue.verdict(callback, secret=secret, keys=keys, now=self._ledger.clock.time())
        if verdict is Verdict.FORGED:
            newer = await self._keys.get(tongue, hosts, call, newer_than=keys)
            if newer != keys:
                verdict = tongue.verdict(callback, secret=secret, keys=newer, now=self._ledger.clock.time())
        return verdict

    # acting ----------------------------------------------------------------------------------------------------------

    async def _act(self, job: Job, address: Address, called: CalledBack, digest: bytes) -> Hearing:
        task = (job.provider, called.accepted.request_id)
        last = self._last.get(task)
        if last is not None and last[0] != job.id:
            return Hearing(Heard.OTHER_TASK, "it is another job's")
        if last == (job.id, digest) and job.state == State.RUNNING and job.request_id == called.accepted.request_id:
            return Hearing(Heard.KNOWN)
        hearing = await (self._write(address, called) if job.state in _OPEN else self._read(address, called))
        if hearing.heard is not Heard.OTHER_TASK:
            self._last[task] = (job.id, digest)
            self._last.move_to_end(task)
            while len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return hearing

    async def _read(self, address: Address, called: CalledBack) -> Hearing:
        """For a job that has ended: nothing is written."""
        due = await self._ledger.store.database.read(lambda connection: self._due(connection, address, called))
        return due.hearing

    async def _write(self, address: Address, called: CalledBack) -> Hearing:
        """Look again inside the transaction that changes something; once more when somebody else was faster."""

        def work(connection: Connection) -> tuple[_Due, Job | None]:
            due = self._due(connection, address, called)
            done = due.change is not None and jobs.move(connection, due.change)
            return due, jobs.get(connection, address.job) if done else None

        for _ in range(_TRIES):
            due, moved = await self._ledger.store.database.write(work)
            if due.change is None:
                return due.hearing
            if moved is not None:
                self._tell(moved, healed=due.change.why != CALLED)
                return due.hearing
        raise Unavailable("The job changes faster than a callback can be written down.", provider=address.provider)

    def _tell(self, job: Job, *, healed: bool) -> None:
        """Wake those who wait for the job, and let somebody ask how it is doing."""
        self._ledger.announce(job)
        if healed:
            _log.info("a callback has brought the ticket", job=job.id, route=job.route, request_id=job.request_id)
            if self._follow is not None and job.holder == self._ledger.presence.id:
                self._follow(job)
        poke(self._ledger, job)

    def _due(self, connection: Connection, address: Address, called: CalledBack) -> _Due:
        """What a genuine callback means for a job as it is now."""
        job = jobs.get(connection, address.job)
        if job is None:
            return _Due(Hearing(Heard.NO_JOB))
        made = jobs.attempts(connection, job.id)
        if objection := _objection(job, address, called.accepted, made):
            return _Due(Hearing(Heard.OTHER_TASK, objection))
        if job.state not in _OPEN:
            if not job.request_id:
                # Given up, cancelled or refused, and taken all the same: whoever looks for the picture needs the id.
                _log.warning("a callback for a job that has ended", job=job.id, request_id=called.accepted.request_id)
            return _Due(Hearing(Heard.KNOWN))
        if job.state == State.RUNNING:
            asks = self._move(job, State.RUNNING, CALLED)
            return _Due(Hearing(Heard.USED), asks) if called.over else _Due(Hearing(Heard.KNOWN))
        return _Due(Hearing(Heard.USED), self._healed(job, called.accepted, made[address.attempt - 1 :]))

    def _healed(self, job: Job, accepted: Accepted, made: Sequence[Attempt]) -> Move:
        """The ticket, to be written down. Whoever can carry the job takes it over.

        Args:
            job: it is being sent, in doubt, or queued once more.
            accepted: the ticket, made from the id alone.
            made: the attempt that calls, and those after it.
        """
        known = job.request_id == accepted.request_id  # with the provider's own addresses, which are better
        # A person's retry has put what this attempt may have cost on the receipt besides: now it is the job's own.
        doubted = job.doubted_without_this if job.state == State.QUEUED and _was_in_doubt(made) else None
        if self._follow is not None and job.account in {account.id for account in self._courier.accounts.values()}:
            holder = self._ledger.presence.id
        else:
            # Its sender still waits for an answer and goes on by itself; a job that nobody holds is found by the sweep.
            holder = job.holder if job.state == State.SUBMITTING else ""
        return self._move(
            job,
            after(State(job.state), Happening.ACCEPTED),
            "the provider took it, as its callback tells",
            holder=holder,
            ticket=None if known else dict(accepted.ticket),
            request_id=accepted.request_id,
            submitted_at=None if known else self._began(made),
            doubted=doubted,
            charge_state="unknown",
            error={},
        )

    def _began(self, made: Sequence[Attempt]) -> float:
        now = self._ledger.clock.time()
        return min(made[0].began, now) if made else now

    def _move(self, job: Job, to_state: State, why: str, **changes: Any) -> Move:
        return Move(
            job=job.id,
            generation=job.generation,
            from_states=(job.state,),
            to_state=to_state,
            why=why,
            at=self._ledger.clock.time(),
            holder=job.holder,
            attempt=job.attempt,
            changes=changes,
        )


def _objection(job: Job, address: Address, accepted: Accepted, made: Sequence[Attempt]) -> str:
    """Why a callback is not about the job's own task; empty when it is.

    Args:
        job: as it is now. Its request id may be that of an attempt before the last one.
        address: the attempt that calls.
        accepted: the task that calls.
        made: all attempts to send the job.
    """
    if job.state == State.QUEUED:
        return ""  # whichever attempt it was: what has been taken is not sent again
    if job.state == State.SUBMITTING:
        return "the job is being sent again" if address.attempt < job.attempt else ""
    has_ticket = bool(made) and made[-1].became == State.RUNNING
    if has_ticket and job.request_id and job.request_id != accepted.request_id:
        return f"the job has {job.request_id}"
    return ""


def _was_in_doubt(made: Sequence[Attempt]) -> bool:
    """Whether the first of these attempts ended in doubt; one that came back to the queue by itself did not."""
    return bool(made) and made[0].became in {State.UNKNOWN, State.RUNNING}


def poke(ledger: Ledger, job: Job) -> None:
    """Let whoever follows this job ask now. Another process that holds it sees the row in `job_events`."""
    if job.holder == ledger.presence.id:
        ledger.poke(job.id)
