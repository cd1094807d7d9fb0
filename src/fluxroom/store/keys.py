"""Keys of the gateway: what one looks like, and their rows. A key itself is never stored, only its SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from fluxroom.store.tables import keys

Scope = Literal["generate", "read", "admin"]
"""generate: spend money, upload, cancel. read: look at what is one's own. admin: everybody's, and the gateway's own."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u to misread
_MARK = "flux_"
_RANDOM = 34  # characters of 5 bits: 170 bits of chance
_CHECK = 6
_KEY = re.compile(f"{_MARK}[{_ALPHABET}]{{{_RANDOM + _CHECK}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known of a key."""

    id: str
    name: str
    owner: str  # whose pictures and budgets
    digest: str
    hint: str  # its last four characters
    scopes: Sequence[str]
    cap: int | None  # jobs of the owner in flight at once
    per_minute: int | None  # requests
    created_at: float
    used_at: float | None = None
    revoked_at: float | None = None


_ALL = select(keys).order_by(keys.c.id)
_BY_DIGEST = select(keys).where(keys.c.digest == bindparam("b_digest"))
_BY_ID = select(keys).where(keys.c.id == bindparam("b_id"))
_NAMED = (
    select(keys)
    .where(or_(keys.c.id == bindparam("b_name"), keys.c.name == bindparam("b_name")), keys.c.revoked_at.is_(None))
    .order_by(keys.c.id)
)
_USABLE = select(func.count()).select_from(keys).where(keys.c.revoked_at.is_(None))
_REVOKE = (
    update(keys)
    .where(keys.c.id == bindparam("b_id"), keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("v_revoked_at"))
)
_USED = update(keys).where(keys.c.id == bindparam("b_id")).values(used_at=bindparam("v_used_at"))


def new_secret() -> str:
    """A new key: a mark, 170 bits of chance, and a checksum by which a mistyped key is told from an unknown one.

    >>> well_formed(new_secret()), well_formed("flux_" + "0" * 40)
    (True, False)
    """
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{_MARK}{random}{_checksum(random)}"


def well_formed(secret: str) -> bool:
    """Whether a text is a whole key without a slip."""
    if not _KEY.fullmatch(secret):
        return False
    random, check = secret[len(_MARK) : -_CHECK], secret[-_CHECK:]
    return hmac.compare_digest(_checksum(random), check)


def _checksum(random: str) -> str:
    number = int.from_bytes(hashlib.sha256(random.encode()).digest()[:4], "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(0, 5 * _CHECK, 5))


def digest_of(secret: str) -> str:
    """What is stored of a key. It needs no salt and no slow hash: nobody guesses 170 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add(connection: Connection, key: Key) -> None:
    """Write a new key down."""
    connection.execute(insert(keys), {name: getattr(key, name) for name in key.__slots__})


def by_secret(connection: Connection, secret: str) -> Key | None:
    """The key with this secret, revoked or not."""
    digest = digest_of(secret)
    found = _one(connection.execute(_BY_DIGEST, {"b_digest": digest}).mappings().one_or_none())
    # The index compares as it likes; what counts is compared in constant time.
    return found if found and hmac.compare_digest(found.digest, digest) else None


def by_id(connection: Connection, key_id: str) -> Key | None:
    """The key with this id, revoked or not."""
    return _one(connection.execute(_BY_ID, {"b_id": key_id}).mappings().one_or_none())


def named(connection: Connection, name: str) -> list[Key]:
    """The keys that are not revoked and have this name or id."""
    return [Key(**row) for row in connection.execute(_NAMED, {"b_name": name}).mappings()]


def everyone(connection: Connection) -> list[Key]:
    """All keys, the oldest first, those that were revoked too."""
    return [Key(**row) for row in connection.execute(_ALL).mappings()]


def any_usable(connection: Connection) -> bool:
    """Whether there is a key that is not revoked."""
    return bool(connection.execute(_USABLE).scalar_one())


def revoke(connection: Connection, key_id: str, at: float) -> bool:
    """Make a key worthless. False: there is none with this id, or it was revoked before."""
    return connection.execute(_REVOKE, {"b_id": key_id, "v_revoked_at": at}).rowcount == 1


def used(connection: Connection, key_id: str, at: float) -> None:
    """Write down when a key was used."""
    connection.execute(_USED, {"b_id": key_id, "v_used_at": at})


def _one(row: Mapping[Any, Any] | None) -> Key | None:
    return None if row is None else Key(**row)
