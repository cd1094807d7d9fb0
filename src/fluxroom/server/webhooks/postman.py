"""Tells endpoints what happened: finds it in the ledger, writes a message for each, and sends it until it is taken.

Every message is written down before it is sent, and sent again when its outcome is not known: at least once, also over
kill -9. Of several gateways on one database one sends a message. Signed by the standard-webhooks scheme, with a secret
that is derived from the endpoint's id and never stored.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Literal, get_args

import orjson

from fluxroom.engine.egress import PrivateAddressError, guarded_connector, is_inside
from fluxroom.errors import FluxroomError
from fluxroom.flows.pipelines.posting import EVENT as HANDED_ON
from fluxroom.logs import get_logger
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.doors.links import Links, own_address
from fluxroom.server.gateway import Gateway
from fluxroom.server.generations import answers
from fluxroom.settings import is_loopback, listed
from fluxroom.store import images, webhooks_out
from fluxroom.store.webhooks_out import Delivery, Endpoint, Told

_log = get_logger("fluxroom.server")

Event = Literal["generation.finished", "generation.failed", "job.unknown", "run.finished", "pipeline.images"]
EVENTS: tuple[Event, ...] = get_args(Event)

PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds before each further attempt: 75 hours in all, as the standard proposes."""

TIMEOUT = 15.0
"""Seconds for one call."""

_IN_HAND = 25.0
"""Seconds after which a message that a process has in hand is another's: it died, or the call would have ended."""

_LOOK = 0.5
"""Seconds between two looks."""

_LATE = 60.0
"""Seconds in which an event with a lower number may still be committed by another process (PostgreSQL)."""

_SECOND_LOOK = 15.0
"""Seconds between two looks for such events."""

_AT_ONCE = 16
_NEWS = 1000
_RUNS_BACK = 7 * 86400.0
_KEPT = 30 * 86400.0
"""Seconds for which messages can be seen that were taken or given up."""


class Postman:
    """Finds and sends messages.

    Args:
        gateway: whose ledger and clock.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._position = -1  # the last event that was looked at; -1: from where the endpoints are
        self._second_look = 0.0
        self._runs = 0.0  # since when runs that have ended are looked for; 0: as long as a gateway may have been away
        self._cleared = 0.0

    async def round(self) -> int:
        """Look once for what happened, then send what is due; returns how many messages were sent."""
        endpoints = await self._read(partial(webhooks_out.endpoints, owner=""))
        if not endpoints:
            return 0
        if awake := [one for one in endpoints if one.disabled_at is None]:
            await self._collect(awake)
        due = await self._read(partial(webhooks_out.due, now=self._gateway.engine.now(), limit=_AT_ONCE))
        await asyncio.gather(*(self._send(one, url) for one, url in due))
        return len(due)

    # finding ---------------------------------------------------------------------------------------------------------

    async def _collect(self, endpoints: list[Endpoint]) -> None:
        now = self._gateway.engine.now()
        shared = self._gateway.engine.store.fleet is not None
        if self._position < 0 or (shared and now - self._second_look > _SECOND_LOOK):
            self._position, self._second_look = min(one.seen for one in endpoints), now
        found, last, at = await self._read(partial(webhooks_out.news, after=self._position, limit=_NEWS))
        found += await self._read(partial(webhooks_out.finished_runs, since=self._runs or now - _RUNS_BACK))
        deliveries = await self._written(found, endpoints)
        settled = last if not shared or at < now - _LATE else 0
        if deliveries or (settled and last > self._position):
            step = partial(webhooks_out.put, deliveries=deliveries, seen=settled)
            await self._gateway.engine.store.database.write(step)
        self._position, self._runs = last, now - _LATE
        if now - self._cleared > 3600.0:
            self._cleared = now
            await self._gateway.engine.store.database.write(partial(webhooks_out.forget, edge=now - _KEPT))

    async def _written(self, found: list[Told], endpoints: list[Endpoint]) -> list[Delivery]:
        """The messages that are not written down yet."""
        wanted: dict[str, tuple[Told, str, str]] = {}
        for told in found:
            theirs = [one for one in endpoints if one.owner == told.owner and _is_news(told, one)]
            event = await self._event(told) if theirs else ""
            for endpoint in theirs:
                if event in endpoint.events:
                    wanted[told.id_for(endpoint.id, event)] = told, endpoint.id, event
        unknown = await self._read(partial(webhooks_out.unknown_among, ids=list(wanted))) if wanted else set()
        return [await self._delivery(one, *wanted[one]) for one in wanted if one in unknown]

    async def _event(self, told: Told) -> str:
        if told.kind != "generation":
            return {"unknown": "job.unknown", "run": "run.finished"}[told.kind]
        found = await self._gateway.client.snapshot(told.subject)
        return "generation.finished" if found.images else "generation.failed"

    async def _delivery(self, name: str, told: Told, endpoint: str, event: str) -> Delivery:
        data: dict[str, Any] = {"run": told.subject, "links": {"self": f"/v1/runs/{told.subject}"}}
        if told.kind != "run":
            found = await self._gateway.client.snapshot(told.subject)
            data = answers.generation(found).model_dump(mode="json")
            data |= {"job": told.job} if told.kind == "unknown" else {}
        return message(name, endpoint, event, told.subject, data, now=self._gateway.engine.now(), at=told.at)

    # sending ---------------------------------------------------------------------------------------------------------

    async def _send(self, one: Delivery, url: str) -> None:
        database, now = self._gateway.engine.store.database, self._gateway.engine.now()
        if not await database.write(partial(webhooks_out.claim, one=one, until=now + _IN_HAND)):
            return
        status, why = await post(self._gateway, url, one)
        taken = status is not None and 200 <= status < 300
        pause = PAUSES[one.attempts] if one.attempts < len(PAUSES) else None
        state = "delivered" if taken else "waiting" if pause and status != 410 else "failed"
        after = self._gateway.engine.now() + (pause or 0.0)
        step = partial(webhooks_out.told, one=one, state=state, status=status, why=why, next_at=after)
        await database.write(step)
        if status == 410:
            await database.write(partial(webhooks_out.disable, endpoint_id=one.endpoint, now=now))
        if not taken:
            _log.warning("a webhook was not taken", endpoint=one.endpoint, message=one.id, why=why, state=state)

    async def _read(self, work: Any) -> Any:
        return await self._gateway.engine.store.database.read(work)


def _is_news(told: Told, endpoint: Endpoint) -> bool:
    return told.number > endpoint.seen if told.number else told.at > endpoint.created_at


def message(
    name: str, endpoint: str, event: str, subject: str, data: Mapping[str, Any], *, now: float, at: float
) -> Delivery:
    """A message that waits to be sent."""
    return Delivery(
        id=name,
        endpoint=endpoint,
        event=event,
        subject=subject,
        body={"type": event, "timestamp": answers.moment(at), "data": dict(data)},
        state="waiting",
        attempts=0,
        status=None,
        why="",
        created_at=now,
        next_at=now,
    )


async def secret_of(gateway: Gateway, endpoint_id: str) -> str:
    """An endpoint's secret, as its receiver needs it: the same whenever it is asked for, and nowhere stored."""
    return f"whsec_{b64encode(await _key(gateway, endpoint_id)).decode()}"


async def post(gateway: Gateway, url: str, one: Delivery) -> tuple[int | None, str]:
    """Send a message once, signed: the receiver's status, and what is wrong with it."""
    body = orjson.dumps(await _with_links(gateway, one))
    return await send(gateway, url, body, await _signed(gateway, one, body))


async def send(gateway: Gateway, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int | None, str]:
    """POST to an address that a caller has named: its status, and what is wrong without the address, which is secret.

    A redirect is not followed: it is no success, and its target would be another than the one that was checked.
    """
    import aiohttp

    # Only where nobody but this machine's user can name an address may it be on this machine.
    here = is_loopback(url) and not perimeter(gateway.settings).keyed
    here = here or (not is_loopback(url) and is_inside(url, frozenset(listed(gateway.settings.webhook_hosts))))
    connector = aiohttp.TCPConnector() if here else guarded_connector()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    told = {"content-type": "application/json", "user-agent": "fluxroom", **headers}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session,
            session.post(url, data=body, headers=told, allow_redirects=False) as reply,
        ):
            return reply.status, "" if 200 <= reply.status < 300 else f"HTTP {reply.status}"
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        private = isinstance(getattr(error, "os_error", error), PrivateAddressError)
        return None, "its address is not public" if private else type(error).__name__


async def _with_links(gateway: Gateway, one: Delivery) -> Mapping[str, Any]:
    """What is sent. Pictures that are handed on come with links that work without a key: a video tool has none."""
    if one.event != HANDED_ON:
        return one.body
    made = Links(await gateway.secret("links"), own_address(gateway.settings))
    ids = [image["id"] for image in one.body["data"]["images"]]
    rows = await gateway.engine.store.database.read(lambda connection: [images.get(connection, name) for name in ids])
    linked = {row.id: made.of(row) for row in rows if row}
    pictures = [{**image, "link": linked.get(image["id"])} for image in one.body["data"]["images"]]
    return {**one.body, "data": {**one.body["data"], "images": pictures}}


async def _signed(gateway: Gateway, one: Delivery, body: bytes) -> dict[str, str]:
    moment = str(int(gateway.engine.now()))
    signed = f"{one.id}.{moment}.".encode() + body
    proof = b64encode(hmac.new(await _key(gateway, one.endpoint), signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": one.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{proof}",
    }


async def _key(gateway: Gateway, endpoint_id: str) -> bytes:
    return hmac.new(await gateway.secret("webhooks"), endpoint_id.encode(), hashlib.sha256).digest()


@asynccontextmanager
async def at_work(gateway: Gateway) -> AsyncIterator[None]:
    """Tell endpoints what happens, as long as this is open."""
    task = asyncio.create_task(_serve(Postman(gateway)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _serve(postman: Postman) -> None:
    sent = 0
    while True:
        if sent < _AT_ONCE:
            await asyncio.sleep(_LOOK)
        sent = 0
        try:
            sent = await postman.round()
        except FluxroomError as error:  # the disk or the database, or something was deleted: it is tried again
            _log.warning("webhooks wait", why=error.detail)
        except Exception:  # noqa: BLE001  the next round may work
            _log.exception("unexpected error while sending webhooks")
