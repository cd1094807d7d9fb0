"""The processes' signs of life on PostgreSQL, all by the database's clock: no machine's own clock is believed.

A process that has given no sign for longer than its lease counts as dead. Only who has given every sign of its own in
time may say so of others: when the database was away, or a machine stood still, nobody could be heard, and each lease
begins anew. A process that has left in good order has no row.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

_SIGN = text("""
INSERT INTO processes AS p (id, seen_at, steady_at, lease)
VALUES (:id, clock_timestamp(), clock_timestamp(), :lease)
ON CONFLICT (id) DO UPDATE SET
    steady_at = CASE WHEN p.seen_at < clock_timestamp() - make_interval(secs => p.lease)
                THEN clock_timestamp() ELSE p.steady_at END,
    seen_at = clock_timestamp(),
    lease = excluded.lease
""")
_OTHERS = text("""
SELECT count(*) FROM processes
WHERE id <> :id AND seen_at >= clock_timestamp() - make_interval(secs => lease)
""")
_DEAD = text("""
SELECT asked.id FROM unnest(CAST(:owners AS text[])) AS asked (id) LEFT JOIN processes p ON p.id = asked.id
WHERE p.id IS NULL OR (
    p.seen_at < clock_timestamp() - make_interval(secs => p.lease)
    AND EXISTS (
        SELECT 1 FROM processes me WHERE me.id = :id
        AND me.seen_at >= clock_timestamp() - make_interval(secs => p.lease)
        AND me.steady_at <= clock_timestamp() - make_interval(secs => p.lease)
    )
)
""")
_LEAVE = text("DELETE FROM processes WHERE id = :id")
_FORGET = (
    text("DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 day'"),
    # The marks of their commits: long after the last of them can be in doubt.
    text("DELETE FROM commits WHERE at < clock_timestamp() - interval '30 days'"),
)


def enter(connection: Connection, process: str, lease: float) -> None:
    """The first sign of a process; those of processes long gone are cleared away."""
    for statement in _FORGET:
        connection.execute(statement)
    sign(connection, process, lease)


def sign(connection: Connection, process: str, lease: float) -> int:
    """A sign of life; the next one comes within `lease` seconds. Returns how many others live."""
    connection.execute(_SIGN, {"id": process, "lease": lease})
    return int(connection.execute(_OTHERS, {"id": process}).scalar_one())


def dead(connection: Connection, process: str, owners: Sequence[str]) -> list[str]:
    """Those of some processes that are surely dead, as far as this one may say."""
    return list(connection.execute(_DEAD, {"id": process, "owners": list(owners)}).scalars())


def leave(connection: Connection, process: str) -> None:
    """The process ends in good order."""
    connection.execute(_LEAVE, {"id": process})
