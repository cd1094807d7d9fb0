"""The pictures that jobs made: rows that name bytes in the blob store by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, cast, insert, or_, select

from fluxroom.store.statements import Prepared, Question
from fluxroom.store.tables import images, jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """A picture of a job; its bytes are the blob `sha256`."""

    id: str
    job: str
    number: int
    sha256: str
    mime: str
    width: int  # pixels
    height: int  # pixels
    size_bytes: int
    seed: int | None
    created_at: float
    owner: str


_FACTS = [images.c[name] for name in StoredImage.__slots__]

# What a library is filtered by is copied from the job, so that a page is read from one table.
_OF_THE_JOB = ("generation", "provider", "model", "mode", "sandbox")
_ADD = Prepared(
    insert(images).from_select(
        [*StoredImage.__slots__, *_OF_THE_JOB],
        select(
            *(cast(bindparam(f"b_{column.name}"), column.type) for column in _FACTS),
            *(jobs.c[name] for name in _OF_THE_JOB),
        ).where(jobs.c.id == bindparam("b_job")),
    )
)
_OF_JOBS = (
    select(*_FACTS).where(images.c.job.in_(bindparam("b_jobs", expanding=True))).order_by(images.c.job, images.c.number)
)
_OF_GENERATION = Question(
    select(*_FACTS).where(images.c.generation == bindparam("b_id")).order_by(images.c.job, images.c.number)
)
_BY_ID = select(*_FACTS).where(images.c.id == bindparam("b_id"))
_BY_HASH = (
    select(*_FACTS)
    .where(
        images.c.sha256 == bindparam("b_sha256"),
        or_(bindparam("b_everyone", type_=images.c.sandbox.type), images.c.owner == bindparam("b_owner")),
    )
    .limit(1)
)
_MADE_BY = (
    select(images.c.job)
    .join(jobs, jobs.c.id == images.c.job)
    .where(images.c.sha256 == bindparam("b_sha256"))
    .order_by(images.c.created_at)
)


def add(connection: Connection, rows: Sequence[StoredImage]) -> None:
    """Write the pictures of a job."""
    if rows:
        _ADD.run(connection, *({f"b_{name}": getattr(row, name) for name in row.__slots__} for row in rows))


def of_jobs(connection: Connection, job_ids: Sequence[str]) -> list[StoredImage]:
    """The pictures of some jobs, in order."""
    return [StoredImage(**row) for row in connection.execute(_OF_JOBS, {"b_jobs": list(job_ids)}).mappings()]


def of_generation(connection: Connection, generation: str) -> list[StoredImage]:
    """The pictures of a generation, job by job."""
    found = _OF_GENERATION.rows(connection, b_id=generation)
    return [StoredImage(**dict(zip(StoredImage.__slots__, row, strict=True))) for row in found]


def get(connection: Connection, image_id: str) -> StoredImage | None:
    """A picture by its id."""
    row = connection.execute(_BY_ID, {"b_id": image_id}).mappings().one_or_none()
    return None if row is None else StoredImage(**row)


def by_hash(connection: Connection, sha256: str, owner: str) -> StoredImage | None:
    """A picture of the owner's ("": anybody's) with these very bytes."""
    binds = {"b_sha256": sha256, "b_owner": owner, "b_everyone": not owner}
    row = connection.execute(_BY_HASH, binds).mappings().one_or_none()
    return None if row is None else StoredImage(**row)


def made_by(connection: Connection, sha256: str) -> list[str]:
    """The jobs that made this very picture, the first one first."""
    return list(connection.execute(_MADE_BY, {"b_sha256": sha256}).scalars())
