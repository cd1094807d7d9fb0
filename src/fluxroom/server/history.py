"""Generations of the past, newest first, read in one go."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from fluxroom.engine import Snapshot
from fluxroom.store import images, tables
from fluxroom.store.jobs import Generation, Job

# Ids sort by time, so the id is the key of the page: what comes after it was made before it.
_PAGE = (
    select(tables.generations)
    .where(tables.generations.c.id < bindparam("b_before"))
    .order_by(tables.generations.c.id.desc())
    .limit(bindparam("b_limit"))
)
_THEIR_JOBS = (
    select(tables.jobs)
    .where(tables.jobs.c.generation.in_(bindparam("b_generations", expanding=True)))
    .order_by(tables.jobs.c.generation, tables.jobs.c.number)
)
_AFTER_ALL = "~"  # sorts after every id


def page(connection: Connection, *, limit: int, before: str = "") -> list[Snapshot]:
    """Up to `limit` generations with their jobs and pictures, the newest first; `before` is the last id of a page."""
    rows = connection.execute(_PAGE, {"b_before": before or _AFTER_ALL, "b_limit": limit}).mappings()
    found = [Generation(**row) for row in rows]
    jobs = [
        Job(**row) for row in connection.execute(_THEIR_JOBS, {"b_generations": [one.id for one in found]}).mappings()
    ]
    pictures = images.of_jobs(connection, [job.id for job in jobs])
    snapshots = []
    for one in found:
        own = [job for job in jobs if job.generation == one.id]
        ids = {job.id for job in own}
        snapshots.append(Snapshot(one, own, [picture for picture in pictures if picture.job in ids]))
    return snapshots
