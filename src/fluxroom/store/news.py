"""What happened to all jobs, in order: what streams of events are read from and replayed from."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, or_, select

from fluxroom.store.tables import job_events, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One change of a job's state."""

    id: int
    job: str
    generation: str
    owner: str
    at: float
    from_state: str
    to_state: str
    why: str


_SINCE = (
    select(*(job_events.c[name] for name in Item.__slots__ if name != "owner"), jobs.c.owner)
    .join(jobs, jobs.c.id == job_events.c.job)
    .where(
        job_events.c.id > bindparam("b_after"),
        job_events.c.id <= bindparam("b_until"),
        or_(bindparam("b_everyone", type_=jobs.c.sandbox.type), jobs.c.owner == bindparam("b_owner")),
    )
    .order_by(job_events.c.id)
    .limit(bindparam("b_limit"))
)
_HIGHEST = 2**31 - 1
"""The largest number that the column takes."""


def since(
    connection: Connection, after: int, *, until: int = _HIGHEST, owner: str = "", limit: int = 500
) -> list[Item]:
    """Up to `limit` changes with numbers above `after` and up to `until`, the oldest first; of all, or of one owner."""
    binds = {"b_after": after, "b_until": until, "b_everyone": not owner, "b_owner": owner, "b_limit": limit}
    return [Item(**row) for row in connection.execute(_SINCE, binds).mappings()]
