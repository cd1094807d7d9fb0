"""Hands finished pictures on: a message to an address, written down before it is sent and sent until it is taken.

The message is one of the webhooks that gateways send anyway: signed by the standard-webhooks scheme, repeated for three
days, to be seen and sent again at `/v1/webhooks`. Its id follows from run, step and how often the step was made again,
so whoever writes it down a second time, after a crash, writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection

from fluxroom.engine.egress import is_inside, is_public
from fluxroom.errors import InvalidParams
from fluxroom.identifiers import new_id
from fluxroom.settings import Settings, listed
from fluxroom.store import Store, webhooks_out
from fluxroom.store.database import hold
from fluxroom.store.runs import Run
from fluxroom.store.webhooks_out import Delivery, Endpoint
from fluxroom.types import JSON

EVENT = "pipeline.images"
"""What such a message is called."""

MOST_ENDPOINTS = 20
"""Of one owner."""

_LONGEST = 2083
_PATIENCE = 15.0
"""Seconds after which a message that nobody has tried to send is told: no gateway runs on these data."""

_TRIES = 2
"""Attempts after which a person is told that it is not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A message and how far it is."""

    id: str
    endpoint: str
    state: str  # waiting, delivered, failed
    stuck: str = ""  # why a person has to look


class Messenger(Protocol):
    """Hands pictures on."""

    async def hand_on(self, run: Run, step: str, url: str, images: Sequence[Mapping[str, JSON]]) -> Handed:
        """Write the message of a step down, once, and say how far it is."""

    async def send_again(self, handed: Handed) -> None:
        """Send it now, from its first attempt on."""


class Post:
    """Writes messages down for the gateways on these data, which send them.

    Args:
        store: where they are written.
        settings: which private hosts may be called.
        now: the engine's clock.
    """

    def __init__(self, store: Store, settings: Settings, now: Callable[[], float]) -> None:
        self._store = store
        self._inside = frozenset(listed(settings.webhook_hosts))
        self._now = now

    async def hand_on(self, run: Run, step: str, url: str, images: Sequence[Mapping[str, JSON]]) -> Handed:
        """See `Messenger.hand_on`.

        Raises:
            InvalidParams: the address may not be called, or the owner has too many.
        """
        if not may_be_called(url, self._inside):
            raise InvalidParams(
                f"Step {step}: url must be a public https address.",
                advice="A host on a private network must be named in FLUXROOM_WEBHOOK_HOSTS.",
                field=f"steps.{step}.url",
            )
        now = self._now()
        name = message_id(run, step)

        def work(connection: Connection) -> tuple[Delivery, Endpoint]:
            hold(connection, f"webhooks:{run.owner}")
            if (known := webhooks_out.delivery(connection, name)) is None:
                endpoint = _endpoint(connection, run.owner, url, now)
                known = _message(name, endpoint.id, run, step, images, now=now)
                webhooks_out.put(connection, [known], seen=0)
            found = webhooks_out.endpoint(connection, "", known.endpoint)
            assert found is not None  # noqa: S101  a message goes with its endpoint
            return known, found

        message, endpoint = await self._store.database.write(work)
        return Handed(
            id=message.id, endpoint=endpoint.id, state=message.state, stuck=_stuck(message, endpoint, now, url)
        )

    async def send_again(self, handed: Handed) -> None:
        """See `Messenger.send_again`."""
        now = self._now()

        def work(connection: Connection) -> None:
            webhooks_out.enable(connection, handed.endpoint)
            webhooks_out.replay(connection, handed.endpoint, handed.id, now)

        await self._store.database.write(work)


def may_be_called(url: str, inside: frozenset[str]) -> bool:
    """Whether an address has a form that may be called; where it leads is looked at once more for each call.

    >>> may_be_called("https://example.com/in", frozenset()), may_be_called("http://example.com", frozenset())
    (True, False)
    """
    try:
        parts = urlsplit(url)
        near = is_inside(url, inside)
        fine = parts.scheme == "https" or (parts.scheme == "http" and near)
        fine = fine and bool(parts.hostname) and not parts.username and parts.port != 0
        address = (parts.hostname or "").strip("[]")
        literal = address.replace(".", "").isdigit() or ":" in address
        fine = fine and (near or not literal or is_public(address))
    except ValueError:
        return False
    return fine and len(url) <= _LONGEST and url.isprintable() and " " not in url


def message_id(run: Run, step: str) -> str:
    """The id of a step's message: the same until the step is made again."""
    facts = f"{EVENT}\0{run.id}\0{step}\0{run.spec.get('again', {}).get(step, 0)}"
    return f"msg_{hashlib.sha256(facts.encode()).hexdigest()[:32]}"


def _endpoint(connection: Connection, owner: str, url: str, now: float) -> Endpoint:
    """The owner's webhook with this address; one that is told nothing else is made when there is none."""
    own = [one for one in webhooks_out.endpoints(connection, owner) if one.owner == owner]
    if same := [one for one in own if one.url == url]:
        return min(same, key=lambda one: one.disabled_at is not None)
    if len(own) >= MOST_ENDPOINTS:
        raise InvalidParams(f"You have {MOST_ENDPOINTS} webhooks already.", advice="Delete one first.", field="url")
    made = Endpoint(id=new_id(), owner=owner, url=url, events=[EVENT], created_at=now, disabled_at=None, seen=0)
    return webhooks_out.add(connection, made)


def _message(
    name: str, endpoint: str, run: Run, step: str, images: Sequence[Mapping[str, JSON]], *, now: float
) -> Delivery:
    moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "run": run.id,
        "name": run.name,
        "step": step,
        "images": [{**one, "url": f"/v1/images/{one['id']}/file"} for one in images],
        "links": {"self": f"/v1/runs/{run.id}"},
    }
    return Delivery(
        id=name,
        endpoint=endpoint,
        event=EVENT,
        subject=run.id,
        body={"type": EVENT, "timestamp": moment, "data": data},
        state="waiting",
        attempts=0,
        status=None,
        why="",
        created_at=now,
        next_at=now,
    )


def _stuck(message: Delivery, endpoint: Endpoint, now: float, url: str) -> str:
    """Why a person has to look; empty while there is nothing to be done."""
    host = urlsplit(url).hostname
    if message.state == "delivered":
        return ""
    if message.state == "failed" or endpoint.disabled_at is not None:
        return f"{host} has not taken the pictures ({message.why or 'it is switched off'}). Resume to send them again."
    if message.attempts == 0 and now - message.next_at > _PATIENCE:
        return "the pictures wait to be sent. A gateway sends them: start `fluxroom serve`, then resume."
    if message.attempts >= _TRIES and message.why:
        tries = f"{message.why}, {message.attempts} attempts"
        return f"{host} has not taken the pictures ({tries}). They are sent again by themselves; resume to do it now."
    return ""
