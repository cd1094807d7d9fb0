"""Requests that were made before: idempotency keys, and pictures that the cache may give again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from fluxroom.store.tables import idempotency, images, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A request that came with an idempotency key."""

    body_hash: str
    generation: str


_KNOWN = select(idempotency.c.body_hash, idempotency.c.generation).where(
    idempotency.c.owner == bindparam("b_owner"), idempotency.c.key == bindparam("b_key")
)
_CACHED = (
    select(jobs.c.id)
    .where(
        jobs.c.cache_key == bindparam("b_key"),
        jobs.c.owner == bindparam("b_owner"),
        jobs.c.state == "succeeded",
        select(images.c.id).where(images.c.job == jobs.c.id).exists(),  # they may have been deleted since
        jobs.c.id.not_in(bindparam("b_without", expanding=True)),
    )
    .order_by(jobs.c.created_at)
    .limit(1)
)
_CACHED_AND_HELD = _CACHED.with_for_update(read=True, of=jobs)

_SOME_CACHED = select(jobs.c.cache_key).where(
    jobs.c.cache_key.in_(bindparam("b_keys", expanding=True)),
    jobs.c.owner == bindparam("b_owner"),
    jobs.c.state == "succeeded",
)


def known(connection: Connection, owner: str, key: str) -> Known | None:
    """What an owner has asked for with this idempotency key."""
    row = connection.execute(_KNOWN, {"b_owner": owner, "b_key": key}).mappings().one_or_none()
    return None if row is None else Known(**row)


def remember(connection: Connection, owner: str, key: str, *, body_hash: str, generation: str, at: float) -> None:
    """Keep an idempotency key with what it made."""
    row = {"owner": owner, "key": key, "body_hash": body_hash, "generation": generation, "created_at": at}
    connection.execute(insert(idempotency), row)


def cached(
    connection: Connection, owner: str, cache_key: str, without: Collection[str] = (), *, held: bool = False
) -> str | None:
    """The first job of this owner that made the picture of the same request, leaving some jobs out.

    `held`: its pictures stay until the transaction ends, though somebody else is about to delete them.
    """
    binds = {"b_owner": owner, "b_key": cache_key, "b_without": list(without)}
    found: str | None = connection.execute(_CACHED_AND_HELD if held else _CACHED, binds).scalar_one_or_none()
    return found


def some_cached(connection: Connection, owner: str, cache_keys: Sequence[str]) -> set[str]:
    """Those of these keys whose pictures this owner has made."""
    return set(connection.execute(_SOME_CACHED, {"b_keys": list(cache_keys), "b_owner": owner}).scalars())
