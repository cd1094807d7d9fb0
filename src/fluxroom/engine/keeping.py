"""From the provider's word that it is ready to stored pictures.

What was made is paid for. So a download that fails is repeated, with fresh links, for as long as the provider still
says that it has the pictures, and at most for the life of a ticket after this process's first try. Only its own last
word ends that sooner, or bytes that can never be right: from a foreign address, larger than any picture, or a
decompression bomb.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from fluxroom import catalog
from fluxroom.engine.asking import Asking
from fluxroom.engine.courier import Courier
from fluxroom.engine.expectation import Experience
from fluxroom.engine.fetch import FetchError, Trouble, bring_home, examined
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import Happening, State
from fluxroom.engine.pacing import SLOW_POLL, TICKET_LIFE, backoff
from fluxroom.errors import ImageLost, LocalError, ModeratedOutput
from fluxroom.identifiers import new_id
from fluxroom.imaging.probe import Picture
from fluxroom.logs import get_logger
from fluxroom.providers import Media, Ready, Reply
from fluxroom.store import images, jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Job, Move

_log = get_logger("fluxroom.keeping")

_AT_ONCE = 1.0
"""Seconds in which pictures usually come home: then everything from `running` to `succeeded` is one commit. A process
that dies before it asks the provider again, and nothing is lost."""

_GONE = "the provider no longer gives the picture out"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A picture whose bytes are stored."""

    picture: Picture
    digest: str
    size: int


@dataclass(slots=True)
class _Delivery:
    """The pictures of one job on their way home."""

    ready: Ready
    media: tuple[Media, ...]
    began: float  # on the clock that never jumps
    seconds: float | None  # how long the job took, where that is known
    kept: list[_Kept] = field(default_factory=list)
    data: bytes = b""  # of the next one, fetched and not stored yet
    asking: Asking = field(default_factory=Asking)
    failures: int = 0
    stale: bool = False  # its links have failed in a way that only fresh ones can mend


class Keeper:
    """Brings pictures home and writes them down.

    Args:
        ledger: where every step is written.
        courier: the way to the providers.
        experience: learns how long jobs take.
    """

    def __init__(self, ledger: Ledger, courier: Courier, experience: Experience) -> None:
        self._ledger = ledger
        self._courier = courier
        self._experience = experience

    async def bring(self, job: Job, ready: Ready, seconds: float | None) -> Job | None:
        """Fetch and keep the pictures of a job that the provider has finished.

        Args:
            job: it is `running`, or `fetching` after a restart.
            ready: the provider's answer.
            seconds: how long the job took, where that is known.

        Returns the job when it has ended; None: somebody else has moved it.
        """
        now = self._ledger.clock.time()
        # From now, also when it is ready for long: days in which nobody tried are no tries.
        delivery = _Delivery(ready, ready.media, self._ledger.clock.monotonic(), seconds)
        first = asyncio.ensure_future(self._fetch(job, delivery))
        try:
            if job.state == State.RUNNING:
                known = _known(job, ready) | {"ready_at": now}
                done, _ = await asyncio.wait({first}, timeout=_AT_ONCE)
                if done and first.exception() is None:
                    return await self._keep(job, delivery, known)
                moved = await self._ledger.move(job, Happening.READY, "the provider is ready", **known)
                if moved is None:
                    return None
                job = moved
            return await self._persist(job, delivery, first)
        finally:
            first.cancel()

    async def lose(self, job: Job, why: str = _GONE) -> Job | None:
        """Write down that a picture was made and charged, and can no longer be had."""
        error = ImageLost(f"{ImageLost.sentence()[:-1]}: {why}.", provider=job.provider, request_id=job.request_id)
        _log.error("a picture that was charged is lost", job=job.id, route=job.route, why=why)
        return await self._ledger.move(job, Happening.GONE_FOR_GOOD, why, error=error.as_dict(), charge_state="charged")

    # fetching --------------------------------------------------------------------------------------------------------

    async def _fetch(self, job: Job, delivery: _Delivery) -> None:
        """Fetch and store what is still missing, each from its link of now."""
        tongue, hosts = self._courier.desk(job)
        while len(delivery.kept) < len(delivery.media):
            media = delivery.media[len(delivery.kept)]
            if not delivery.data:
                with self._courier.watchers.calling(job.provider, "download", job) as watched:
                    delivery.data = await bring_home(self._courier.transport, tongue, hosts, media)
                    watched.reply = Reply(status=200, body=b"")
            try:
                delivery.kept.append(await asyncio.to_thread(self._stored, delivery.data))
            except FetchError:
                delivery.data = b""
                raise
            delivery.data = b""

    def _stored(self, data: bytes) -> _Kept:
        return _Kept(examined(data), self._ledger.store.blobs.put(data), len(data))

    async def _persist(self, job: Job, delivery: _Delivery, attempt: Awaitable[None]) -> Job | None:
        """Try until the pictures are here, or nobody can have them any more."""
        while True:
            try:
                await attempt
            except FetchError as error:
                _log.info("download failed", job=job.id, trouble=error.trouble.value, why=str(error))
                if error.trouble in {Trouble.UNTRUSTED, Trouble.HOPELESS}:
                    return await self.lose(job, str(error))
                delivery.failures += 1
                delivery.stale |= error.trouble is not Trouble.PASSING or delivery.failures > 1
            except LocalError as error:
                await self._wait_for_room(job, error)
                attempt = self._fetch(job, delivery)
                continue
            else:
                return await self._keep(job, delivery)
            if self._ledger.clock.monotonic() - delivery.began > TICKET_LIFE:
                return await self.lose(job, "a day of tries brought nothing")
            await self._ledger.clock.sleep(backoff(delivery.failures, longest=SLOW_POLL))
            if delivery.stale and not await self._renewed(job, delivery):
                return await self.lose(job)
            attempt = self._fetch(job, delivery)

    async def _renewed(self, job: Job, delivery: _Delivery) -> bool:
        """Ask for fresh links; the old ones stay while there is no answer. False: the provider's last word is no."""
        outcome = await self._courier.ask(job)
        if isinstance(outcome, Ready) and len(outcome.media) == len(delivery.media):
            delivery.media = outcome.media
        over = delivery.asking.is_final(outcome, self._ledger.clock.monotonic() - delivery.began)
        return isinstance(outcome, Ready) or not over

    # keeping ---------------------------------------------------------------------------------------------------------

    async def _keep(self, job: Job, delivery: _Delivery, known: dict[str, Any] | None = None) -> Job | None:
        """Write the rows that name the stored bytes, and the final state, in one transaction.

        Args:
            job: as it is in the ledger.
            delivery: everything is stored.
            known: what the provider's answer says, where that is not written down yet.
        """
        now = self._ledger.clock.time()
        rows = [_row(job, delivery, number, now) for number in range(len(delivery.kept))]
        changes = (known or {}) | _withheld(job, delivery.ready)
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(job.state,),
            via=() if known is None else ((State.FETCHING, "the provider is ready"),),
            to_state=State.SUCCEEDED,
            why="stored",
            at=now,
            holder=job.holder,
            attempt=job.attempt,
            changes=changes,
        )

        def work(connection: Connection) -> bool:
            if not jobs.move(connection, change):
                return False
            images.add(connection, rows)
            if delivery.seconds is not None:
                self._experience.write(connection, job, delivery.seconds)
            return True

        if not await self._written(job, work):
            return None
        if delivery.seconds is not None:
            self._experience.learn(job, delivery.seconds)
        moved = replace(job, state=State.SUCCEEDED.value, changed_at=now, **changes)
        self._ledger.announce(moved)
        _log.info("stored", job=job.id, route=job.route, images=len(rows), seconds=round(now - job.submitted_at, 2))
        return moved

    async def _written(self, job: Job, work: Callable[[Connection], bool]) -> bool:
        while True:
            try:
                done = await self._ledger.store.database.write(work)
            except LocalError as error:
                await self._wait_for_room(job, error)
            else:
                self._ledger.live[job.id].trouble = None
                return done

    async def _wait_for_room(self, job: Job, error: LocalError) -> None:
        """A full disk stops the storing, not the job: it goes on when there is room, and whoever waits is told."""
        self._ledger.live[job.id].trouble = error
        self._ledger.ring(job.generation)
        _log.error("the picture waits for room on the disk", job=job.id, code=error.code)
        await self._ledger.clock.sleep(1.0)


def _known(job: Job, ready: Ready) -> dict[str, Any]:
    """What the provider's answer says about seed and money."""
    cost = next((known for known in (ready.cost, _by_units(job, ready), job.charged) if known is not None), None)
    return {
        "seed": job.seed if ready.seed is None else ready.seed,
        "charge_state": "charged",
        "charged": job.estimated if cost is None else cost,
        "charge_source": "estimate" if cost is None else "provider",
    }


def _by_units(job: Job, ready: Ready) -> Decimal | None:
    """What fal billed, where it says how many units and has published the price of one."""
    price = catalog.endpoint(job.provider, job.endpoint).unit_price
    return None if ready.billable_units is None or price is None else ready.billable_units * price


def _withheld(job: Job, ready: Ready) -> dict[str, Any]:
    """What a job that succeeded remembers of the pictures that moderation kept back."""
    if not ready.withheld:
        return {}
    of_all = len(ready.media) + ready.withheld
    told = f"{job.provider}'s moderation withheld {ready.withheld} of {of_all} pictures."
    return {"error": ModeratedOutput(told, provider=job.provider, withheld=ready.withheld).as_dict()}


def _row(job: Job, delivery: _Delivery, number: int, at: float) -> StoredImage:
    one = delivery.kept[number]
    return StoredImage(
        id=new_id(),
        job=job.id,
        number=number,
        owner=job.owner,
        sha256=one.digest,
        mime=one.picture.mime,
        width=one.picture.width,
        height=one.picture.height,
        size_bytes=one.size,
        seed=delivery.ready.seed,
        created_at=at,
    )
