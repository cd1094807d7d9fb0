"""The one place that sends a job to a provider and so spends money.

References are encoded or uploaded first, while the job is still queued: then the time between the intent on disk
(`submitting`) and the ticket on disk (`running`) is one round trip, and a crash leaves little in doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from fluxroom import catalog
from fluxroom.engine.callback_addresses import Addresses
from fluxroom.engine.courier import Courier, UntrustedCallError
from fluxroom.engine.decisions import UnwantedError, insist, withdrawn
from fluxroom.engine.elsewhere import Elsewhere
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import Happening, State
from fluxroom.engine.limits import Throttle
from fluxroom.engine.pacing import backoff
from fluxroom.engine.transport import InterruptedCallError, NotSentError, TooLargeError
from fluxroom.errors import (
    FluxroomError,
    LocalError,
    ModeratedInput,
    RateLimited,
    SubmitUnknown,
    Unavailable,
    UntrustedAnswer,
)
from fluxroom.imaging.probe import probe
from fluxroom.logs import get_logger
from fluxroom.providers import Accepted, Ambiguous, Inline, NotTaken, Order, Rejected, Reply, SubmitOutcome
from fluxroom.settings import Settings
from fluxroom.store import jobs
from fluxroom.store.jobs import Job
from fluxroom.types import JSON, Reference

_log = get_logger("fluxroom.submission")

_UPLOAD_KEPT = 1800.0
"""Seconds for which an uploaded reference is used again; providers keep uploads far longer."""

_UPLOAD_TRIES = 4

_FAMILIES = {
    "flux-1": "FLUX.1",
    "flux-2": "FLUX.2",
    "flux-2-gallery": "FLUX.2",
    "flux-3": "FLUX 3",
    "flux-kontext": "FLUX.1 Kontext",
    "flux-tools": "FLUX Tools",
    "rundiffusion": "RunDiffusion",
}
"""The families' names in the log line that every submit writes."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What stands for each of a job's pictures in its body, or why it could not be prepared."""

    values: Mapping[str, str] = field(default_factory=dict)  # sha256 -> text
    error: FluxroomError | None = None


class Submission:
    """Prepares and sends jobs.

    Args:
        ledger: where every step is written before and after it happens.
        courier: the way to the providers.
        throttle: learns how much the providers take.
        settings: fal's storage preferences and how long a refused submit is tried again.
        addresses: where providers are asked to call back; None: nowhere.
    """

    def __init__(
        self,
        ledger: Ledger,
        courier: Courier,
        settings: Settings,
        *,
        throttle: Throttle,
        addresses: Addresses | None = None,
    ) -> None:
        self._throttle = throttle
        self._addresses = addresses
        self._ledger = ledger
        self._courier = courier
        self._settings = settings
        self._elsewhere = Elsewhere(ledger, courier.accounts, settings)
        self._uploads: dict[tuple[str, str], tuple[float, str]] = {}

    async def prepare(self, job: Job) -> Prepared:
        """Encode or upload the pictures of a job that is still queued; nothing is paid yet."""
        values: dict[str, str] = {}
        try:
            for digest in dict.fromkeys(pictures_in(job.wire)):
                values[digest] = await self._stand_in(job, digest)
        except FluxroomError as error:
            return Prepared(error=error)
        except Exception as error:  # noqa: BLE001  a bug must not leave the job waiting for ever
            _log.exception("a fault of ours while preparing a job", job=job.id)
            return Prepared(error=FluxroomError(f"The references could not be prepared ({type(error).__name__})."))
        return Prepared(values)

    async def submit(self, job: Job, prepared: Prepared) -> Job | None:
        """Send a job whose intent (`submitting`) is on disk.

        Returns the running job, or None when there is nothing to follow: refused, put back, or in doubt.
        """
        outcome = Rejected(error=prepared.error) if prepared.error else await self._send(job, prepared.values)
        try:
            return await self._written(job, outcome)
        except Exception as error:  # noqa: BLE001  nobody would look again at a job that stays `submitting`
            told = outcome.request_id if isinstance(outcome, Accepted) else ""
            _log.exception("a fault of ours while an answer was written down", job=job.id, request_id=told)
            why = f"a fault of ours while the answer was written down ({type(error).__name__})"
            moved = await self._doubt(job, why)
            return None if moved else await self._overtaken(job, outcome)

    async def _written(self, job: Job, outcome: SubmitOutcome) -> Job | None:
        match outcome:
            case Accepted():
                self._ledger.live[job.id].since = self._ledger.clock.monotonic()
                moved = await self._taken(job, outcome)
            case NotTaken():
                moved = await self._unless_cancelled(job, self._put_back(job, outcome))
            case Rejected(error=error):
                moved = await self._unless_cancelled(job, self._refuse(job, error))
            case Ambiguous(why=why):
                moved = await self._doubt(job, why)
        await self._learn(job, outcome)
        if moved is None:
            return await self._overtaken(job, outcome)
        return moved if moved.state == State.RUNNING else None

    async def _taken(self, job: Job, accepted: Accepted, **money: Any) -> Job | None:
        return await self._ledger.move(
            job,
            Happening.ACCEPTED,
            "the provider took it",
            ticket=dict(accepted.ticket),
            request_id=accepted.request_id,
            submitted_at=self._ledger.clock.time(),
            charged=accepted.cost,
            charge_source=None if accepted.cost is None else "provider",
            charge_state="unknown",
            **money,
        )

    async def _learn(self, job: Job, outcome: SubmitOutcome) -> None:
        """What the provider takes at the moment is for all processes to know."""
        try:
            if isinstance(outcome, Accepted):
                await self._throttle.taken(job.account)
            elif isinstance(outcome, NotTaken) and isinstance(outcome.error, RateLimited):
                await self._throttle.refused(job.account, backoff(job.attempt, asked=outcome.retry_after))
        except LocalError:
            # The job's own row is what counts, and that is written.
            return

    async def _overtaken(self, job: Job, outcome: SubmitOutcome) -> Job | None:
        """Before the answer was there, a callback has brought the ticket, or a person has decided.

        Returns the job when this process is to go on with it.
        """
        database = self._ledger.store.database
        fresh = await self._ledger.patiently(database.read, lambda connection: jobs.get(connection, job.id))
        ours = fresh is not None and (fresh.holder, fresh.attempt) == (job.holder, job.attempt)
        if fresh and ours and fresh.state == State.QUEUED and isinstance(outcome, Accepted):
            # A person has sent it back to the queue meanwhile: this saves the second payment.
            return await self._taken(fresh, outcome, doubted=fresh.doubted_without_this)
        told = outcome.request_id if isinstance(outcome, Accepted) else ""
        if told and (fresh is None or fresh.request_id != told):
            # Whoever looks for the picture needs the id.
            _log.error("a ticket came too late", job=job.id, route=job.route, request_id=told)
            return None
        if fresh is None or fresh.state not in {State.RUNNING, State.FETCHING}:
            return None
        return fresh if ours else None

    async def _send(self, job: Job, values: Mapping[str, str]) -> SubmitOutcome:
        """POST the job: the only function in Fluxroom that does."""
        tongue, hosts = self._courier.desk(job)
        try:
            order = self._order(job, values)
            call = tongue.submit(hosts, order)
        except Exception as error:  # noqa: BLE001  nothing was sent yet: the job ends, and nothing is charged
            _log.exception("a fault of ours before sending a job", job=job.id)
            return Rejected(error=FluxroomError(f"The job could not be sent ({type(error).__name__})."))
        try:
            reply = await self._courier.carry(job.provider, hosts, call, submit=True, job=job)
            _log.debug("answer", job=job.id, status=reply.status, answer=_without_address(reply, order))
            return tongue.accepted(hosts, order, reply)
        except NotSentError as error:
            return NotTaken(error=Unavailable(f"{job.provider} could not be reached ({error}).", provider=job.provider))
        except UntrustedCallError:
            return Rejected(error=UntrustedAnswer(provider=job.provider, charge="not_charged"))
        except (InterruptedCallError, TooLargeError) as error:
            return Ambiguous(why=f"the connection broke after the request was sent ({error})")
        except Exception as error:  # noqa: BLE001  whatever it was, the request may have left
            _log.exception("a fault of ours while sending a job", job=job.id)
            return Ambiguous(why=f"a fault of ours while the answer was read ({type(error).__name__})")

    def _order(self, job: Job, values: Mapping[str, str]) -> Order:
        family = catalog.models()[job.model].family
        _log.info(
            f"Submitting {_FAMILIES.get(family, family)} job",
            job=job.id,
            route=job.route,
            mode=job.mode,
            **_shown(job.wire),
        )
        _log.debug("payload", job=job.id, endpoint=job.endpoint, payload=job.wire)
        address, secret = self._callback(job)
        return Order(
            endpoint=job.endpoint,
            body=filled(job.wire, values),
            webhook_url=address,
            webhook_secret=secret,
            store_io=self._settings.fal_store_io,
            lifecycle=self._settings.fal_lifecycle,
        )

    def _callback(self, job: Job) -> tuple[str, str]:
        """Address and secret for the provider's callback; empty when none is asked for."""
        if self._addresses is None:
            return "", ""
        try:
            address = self._addresses.of(job)
            return (address, self._addresses.secret(job.provider, job.id, job.attempt)) if address else ("", "")
        except FluxroomError as error:
            # A callback is a help and no more: the job is sent without.
            _log.warning("no callback is asked for", job=job.id, code=error.code, detail=error.detail)
            return "", ""

    async def _put_back(self, job: Job, outcome: NotTaken) -> Job | None:
        now = self._ledger.clock.time()
        if now - job.first_try_at > self._settings.wait:
            return await self._refuse(job, outcome.error)
        pause = backoff(job.attempt, asked=outcome.retry_after)
        _log.info("not taken, goes back to the queue", job=job.id, code=outcome.error.code, seconds=round(pause, 1))
        return await self._ledger.move(
            job,
            Happening.NOT_TAKEN,
            outcome.error.detail,
            also=partial(insist, job.id),
            not_before=now + pause,
            error=outcome.error.as_dict(),
        )

    async def _unless_cancelled(self, job: Job, step: Awaitable[Job | None]) -> Job | None:
        """A job that was not taken goes on, unless a person has cancelled it while it was being sent."""
        try:
            return await step
        except UnwantedError:
            return await self._ledger.move(job, Happening.CANCEL, "a person has cancelled it", **withdrawn(job))

    async def _refuse(self, job: Job, error: FluxroomError) -> Job | None:
        moderated = isinstance(error, ModeratedInput)
        way = await self._elsewhere.of(job, error)
        told = {**error.as_dict(), "elsewhere": way.to} if way else error.as_dict()
        _log.warning(
            "refused", job=job.id, route=job.route, code=error.code, detail=error.detail, elsewhere=way and way.to
        )
        return await self._ledger.move(
            job,
            Happening.INPUT_MODERATED if moderated else Happening.REFUSED,
            f"{error.detail} It goes to {way.to} instead." if way else error.detail,
            also=way.also if way else None,
            error=told,
            charged=Decimal(0),
            charge_state="unknown" if job.doubted else "not_charged",
        )

    async def _doubt(self, job: Job, why: str) -> Job | None:
        _log.warning("in doubt: the provider may have taken the job", job=job.id, route=job.route, why=why)
        error = SubmitUnknown(
            f"The provider may or may not have taken the job: {why}. It is not sent again by itself.",
            provider=job.provider,
            job=job.id,
        )
        return await self._ledger.move(
            job,
            Happening.DOUBT,
            why,
            error=error.as_dict(),
            charge_state="unknown",
            seat_until=self._ledger.clock.time() + self._settings.unknown_grace,
        )

    async def _stand_in(self, job: Job, digest: str) -> str:
        now = self._ledger.clock.monotonic()
        kept = self._uploads.get((job.account, digest))
        if kept and now - kept[0] < _UPLOAD_KEPT:
            return kept[1]
        data = await asyncio.to_thread(self._ledger.store.blobs.get, digest)
        picture = probe(data)
        reference = Reference(
            sha256=digest, mime=picture.mime, width=picture.width, height=picture.height, size_bytes=len(data)
        )
        tongue, hosts = self._courier.desk(job)
        step = await asyncio.to_thread(tongue.prepare, hosts, reference, data)
        if isinstance(step, Inline):
            return step.value
        for failures in range(1, _UPLOAD_TRIES * 4):
            try:
                reply = await self._courier.carry(job.provider, hosts, step.call, job=job)
            except (NotSentError, InterruptedCallError) as error:
                if failures >= _UPLOAD_TRIES:
                    raise Unavailable(f"A reference could not be uploaded ({error}).", provider=job.provider) from error
                await self._ledger.clock.sleep(backoff(failures))
                continue
            except UntrustedCallError:
                raise UntrustedAnswer(provider=job.provider, charge="not_charged") from None
            following = tongue.uploaded(step, reply)
            if isinstance(following, FluxroomError):
                if not following.retryable or failures >= _UPLOAD_TRIES:
                    raise following
                await self._ledger.clock.sleep(backoff(failures, asked=reply.retry_after))
            elif isinstance(following, Inline):
                self._uploads[job.account, digest] = (now, following.value)
                return following.value
            else:
                step = following
        raise Unavailable("A reference could not be uploaded.", provider=job.provider)


def pictures_in(wire: JSON) -> Iterator[str]:
    """The hashes of the stored pictures that a payload names, in order."""
    if isinstance(wire, Mapping):
        if "$reference" in wire:
            yield wire["$reference"]
        else:
            for value in wire.values():
                yield from pictures_in(value)
    elif isinstance(wire, (list, tuple)):
        for value in wire:
            yield from pictures_in(value)


def filled(wire: JSON, values: Mapping[str, str]) -> JSON:
    """The payload with every stored picture replaced by the text that stands for it."""
    if isinstance(wire, Mapping):
        if "$reference" in wire:
            return values[wire["$reference"]]
        return {name: filled(value, values) for name, value in wire.items()}
    if isinstance(wire, (list, tuple)):
        return [filled(value, values) for value in wire]
    return wire


def _without_address(reply: Reply, order: Order) -> JSON:
    """The answer to a submit without the callback address, which BFL repeats: whoever knows it can call."""
    told = reply.json()
    if not order.webhook_url or not isinstance(told, dict):
        return told
    return {name: "[hidden]" if value == order.webhook_url else value for name, value in told.items()}


def _shown(wire: Mapping[str, JSON]) -> dict[str, JSON]:
    """The payload's values as fields of a log line, without names that the line itself uses."""
    return {f"payload_{name}" if name in {"job", "route", "mode", "event"} else name: v for name, v in wire.items()}
