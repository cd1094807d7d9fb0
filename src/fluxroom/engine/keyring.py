"""What a person does with the gateway's keys: make one with budgets, list them, revoke one. Needs no engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.accounting import checked_budget, in_utc
from fluxroom.engine.pacing import Clock, SystemClock
from fluxroom.errors import NotFound, RequestError
from fluxroom.identifiers import new_id
from fluxroom.store import Store, keys, ledger
from fluxroom.store.keys import SCOPES, Key, Scope
from fluxroom.store.ledger import Budget

DEFAULT_SCOPES: tuple[Scope, ...] = ("generate", "read")

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key as a person wishes it."""

    name: str
    owner: str = ""  # empty: as the name
    scopes: Sequence[str] = DEFAULT_SCOPES
    cap: int | None = None  # jobs of the owner in flight at once
    per_minute: int | None = None  # requests
    budget_day: str = ""  # US dollars; empty: none is set
    budget_month: str = ""

    @property
    def whose(self) -> str:
        """The owner that is meant."""
        return self.owner or self.name


class Keyring:
    """The gateway's keys.

    Args:
        store: an open data folder.
        clock: for the times of the rows.
    """

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()

    async def create(self, wish: NewKey) -> tuple[Key, str]:
        """Make a key and set its owner's budgets; returns it with its secret, which nobody can show again.

        Raises:
            RequestError: something about it cannot be so; nothing was written.
        """
        budgets = _checked(wish)
        secret = keys.new_secret()
        key = Key(
            id=new_id(),
            name=wish.name,
            owner=wish.whose,
            digest=keys.digest_of(secret),
            hint=secret[-4:],
            scopes=[scope for scope in SCOPES if scope in wish.scopes],
            cap=wish.cap,
            per_minute=wish.per_minute,
            created_at=self._clock.time(),
        )

        def work(connection: Connection) -> None:
            if keys.named(connection, key.name):
                raise RequestError(
                    f"There is a key named {key.name!r} already.",
                    advice=f"Choose another name, or revoke it first: fluxroom keys revoke {key.name}.",
                    field="name",
                )
            keys.add(connection, key)
            for budget in budgets:
                ledger.set_budget(connection, budget)

        await self._store.database.write(work)
        return key, secret

    async def all(self) -> list[Key]:
        """Every key, the oldest first, those that were revoked too."""
        return await self._store.database.read(keys.everyone)

    async def any_usable(self) -> bool:
        """Whether there is a key that is not revoked."""
        return await self._store.database.read(keys.any_usable)

    async def find(self, name: str) -> Key:
        """The key that is not revoked and has this name or id.

        Raises:
            NotFound: there is none.
        """
        found = await self._store.database.read(lambda connection: keys.named(connection, name))
        if not found:
            raise NotFound(f"There is no key {name[:40]!r} that is in use.", advice="List them: fluxroom keys list.")
        return found[0]

    async def revoke(self, name: str) -> Key:
        """Make a key worthless from now on; a gateway that runs notices within two seconds.

        Raises:
            NotFound: there is none that is in use.
        """
        key = await self.find(name)
        await self._store.database.write(lambda connection: keys.revoke(connection, key.id, self._clock.time()))
        return key


def as_dict(key: Key) -> dict[str, Any]:
    """A key as JSON, without anything that could be used in its place."""
    from datetime import UTC, datetime

    def time(at: float | None) -> str | None:
        return in_utc(None if at is None else datetime.fromtimestamp(at, UTC))

    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "cap": key.cap,
        "per_minute": key.per_minute,
        "created_at": time(key.created_at),
        "used_at": time(key.used_at),
        "revoked_at": time(key.revoked_at),
    }


def _checked(wish: NewKey) -> list[Budget]:
    """The budgets of a wish that can be fulfilled."""
    for field, text in (("name", wish.name), ("owner", wish.whose)):
        # Names stand in lists, logs and terminals: nothing that cannot be seen may be in them.
        if not text or len(text) > _LONGEST_NAME or not text.isprintable() or text != text.strip():
            raise RequestError(
                f"{text[:40]!r} cannot be the {field} of a key.",
                advice=f"Use up to {_LONGEST_NAME} visible characters, without blanks at the ends.",
                field=field,
            )
    unknown = [scope for scope in wish.scopes if scope not in SCOPES]
    if unknown or not wish.scopes:
        what = f"There is no scope {unknown[0][:40]!r}." if unknown else "A key without a scope may do nothing."
        raise RequestError(what, advice=f"The scopes are {', '.join(SCOPES)}.", field="scopes")
    for field, number in (("cap", wish.cap), ("per_minute", wish.per_minute)):
        if number is not None and not 1 <= number <= 1_000_000:
            raise RequestError(f"{field} must be a whole number of 1 or more.", field=field)
    wanted = (("day", wish.budget_day), ("month", wish.budget_month))
    return [checked_budget(f"owner:{wish.whose}", period, most) for period, most in wanted if most]
