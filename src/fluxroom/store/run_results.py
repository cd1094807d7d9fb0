"""What became of the items of a run: jobs, pictures with their ratings, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from fluxroom.store import images, runs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Job
from fluxroom.store.runs import Item
from fluxroom.store.tables import generations, jobs
from fluxroom.types import JSON


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an item."""

    jobs: Sequence[Job] = ()
    images: Sequence[StoredImage] = ()
    not_sent: Sequence[Mapping[str, JSON]] = ()  # what was asked for and left out, and why
    ratings: Mapping[str, int] = field(default_factory=dict)  # by picture


_THEIR_JOBS = (
    select(jobs)
    .where(jobs.c.generation.in_(bindparam("b_generations", expanding=True)))
    .order_by(jobs.c.generation, jobs.c.number)
)
_NOT_SENT = select(generations.c.id, generations.c.not_sent).where(
    generations.c.id.in_(bindparam("b_generations", expanding=True))
)


def made(connection: Connection, found: Sequence[Item]) -> dict[str, Made]:
    """What became of some items, by their generation."""
    ids = [one.generation for one in found if one.generation]
    if not ids:
        return {}
    jobs_of: dict[str, list[Job]] = {one: [] for one in ids}
    for row in connection.execute(_THEIR_JOBS, {"b_generations": ids}).mappings():
        jobs_of[row["generation"]].append(Job(**row))
    pictures: dict[str, list[StoredImage]] = {job.id: [] for listed in jobs_of.values() for job in listed}
    for picture in images.of_jobs(connection, list(pictures)) if pictures else ():
        pictures[picture.job].append(picture)
    rated = runs.ratings(connection, [one.id for some in pictures.values() for one in some])
    left_out = {str(one): notes for one, notes in connection.execute(_NOT_SENT, {"b_generations": ids})}
    return {
        one: _made(listed, [picture for job in listed for picture in pictures[job.id]], left_out.get(one, ()), rated)
        for one, listed in jobs_of.items()
    }


def _made(
    listed: Sequence[Job],
    shown: Sequence[StoredImage],
    not_sent: Sequence[Mapping[str, JSON]],
    ratings: Mapping[str, int],
) -> Made:
    return Made(listed, shown, not_sent, {one.id: ratings[one.id] for one in shown if ratings.get(one.id)})
