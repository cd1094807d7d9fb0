"""Uploads whose address is known before their bytes: it carries its own proof, and works without a key.

Who asked for it and until when bytes may come stands in the address, so nobody else can use it. What comes is an asset
like any other: checked, kept once per content, its uploader's.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fluxroom.engine.intake import take_in
from fluxroom.errors import InvalidKey
from fluxroom.identifiers import new_id
from fluxroom.server.gateway import Gateway
from fluxroom.store import assets, doors
from fluxroom.store.assets import Asset
from fluxroom.store.doors import Upload
from fluxroom.types import Reference

_LIFE = 3600.0
"""Seconds in which bytes may come under an address."""

_UNFIT = re.compile(r"[^\w.-]+", re.ASCII)
_ADDRESS = re.compile(r"/storage/files/([\w.-]{1,600})/[^/?#]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to upload once, as an address carries it."""

    id: str
    owner: str
    until: float

    def signed(self, key: bytes) -> str:
        """The ticket as a text that only we can make."""
        owner = urlsafe_b64encode(self.owner.encode()).decode().rstrip("=")
        text = f"{self.id}.{self.until:.0f}.{owner}"
        return f"{text}.{_proof(key, text)}"


def ticket_in(text: str, key: bytes) -> Ticket | None:
    """The ticket that a text holds; None when it is none of ours."""
    plain, _, proof = text.rpartition(".")
    if not hmac.compare_digest(proof.encode("utf-8", "replace"), _proof(key, plain).encode()):
        return None
    name, until, owner = plain.split(".")
    try:
        return Ticket(name, urlsafe_b64decode(owner + "=" * (-len(owner) % 4)).decode(), float(until))
    except (ValueError, binascii.Error):
        return None


def _proof(key: bytes, text: str) -> str:
    return urlsafe_b64encode(hmac.new(key, text.encode("utf-8", "replace"), sha256).digest()).decode()[:22]


async def resolve(gateway: Gateway, text: str) -> str:
    """The SHA-256 of what came under an address of ours; empty when it is none, or nothing came yet."""
    found = _ADDRESS.search(text)
    arrived = await uploaded(gateway, found[1]) if found else None
    return arrived.sha256 if arrived else ""


async def uploaded(gateway: Gateway, text: str) -> Upload | None:
    """What came under the address that holds this ticket; None when it is none of ours, or nothing came yet."""
    ticket = ticket_in(text, await key(gateway))
    if ticket is None:
        return None
    return await gateway.engine.store.database.read(lambda connection: doors.upload(connection, ticket.id))


async def checked(gateway: Gateway, text: str) -> Ticket:
    """The ticket that a text holds.

    Raises:
        InvalidKey: it is none of ours, or its time is over.
    """
    ticket = ticket_in(text, await key(gateway))
    if ticket is None or ticket.until < gateway.engine.now():
        raise InvalidKey("This upload address is not ours, or an hour has passed.", advice="Ask for a new one.")
    return ticket


async def keep(gateway: Gateway, owner: str, data: bytes, name: str) -> Reference:
    """Bytes as an asset of their owner.

    Raises:
        InvalidReference: they are no picture that can be used.
    """
    store = gateway.engine.store
    kept = await take_in(data, store.blobs)
    facts: dict[str, Any] = {part: getattr(kept, part) for part in ("sha256", "mime", "width", "height", "size_bytes")}
    asset = Asset(owner=owner, name=file_name(name), created_at=gateway.engine.now(), **facts)
    await store.database.write(lambda connection: assets.add(connection, asset))
    return kept


def file_name(text: str) -> str:
    """A name for people, in which nothing is left that an address or a database could stumble over.

    >>> file_name("my photo (1).png"), file_name("../")
    ('my-photo-1-.png', 'upload')
    """
    return _UNFIT.sub("-", text)[-80:].strip(".-") or "upload"


def new(gateway: Gateway, owner: str) -> Ticket:
    """A ticket for an upload of this owner, from now on."""
    return Ticket(new_id(), owner, gateway.engine.now() + _LIFE)


async def key(gateway: Gateway) -> bytes:
    """The secret that tickets are signed with."""
    return await gateway.secret("uploads")
