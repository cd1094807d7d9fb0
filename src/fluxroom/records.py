"""Jobs as they stand in the data folder, read without an engine: looking changes nothing and starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fluxroom.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fluxroom.result import Image, Shelf
    from fluxroom.store import Store
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Generation, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job with everything that is known of it."""

    job: Job
    generation: Generation
    images: Sequence[StoredImage]
    events: Sequence[Mapping[str, Any]]  # at, from_state, to_state, why
    places: Sequence[str]  # where each image is: a file, or the address of a gateway

    def pictures(self, blobs: Shelf) -> list[Image]:
        """Its pictures, as the library gives them."""
        from fluxroom.result import Image

        return [Image(stored, self.job, blobs, self.generation) for stored in self.images]


async def record(store: Store, part: str, *, owner: str = "") -> Record:
    """A job by its id, by the end of it, or by the id of a generation with one job.

    Args:
        store: an open data folder.
        part: the id, or the end of it.
        owner: only this owner's jobs; empty: everybody's.

    Raises:
        NotFound: there is none, or more than one.
    """
    return await store.database.read(partial(_read, store, part, owner))


def _read(store: Store, part: str, owner: str, connection: Connection) -> Record:
    from fluxroom.store import images, jobs

    job = _named(connection, part, owner)
    generation = jobs.generation(connection, job.generation)
    if generation is None:  # a foreign key forbids it
        raise NotFound(f"The generation of job {job.id} is gone")
    events = [event for event in jobs.events(connection, generation.id) if event["job"] == job.id]
    made = images.of_jobs(connection, [job.id])
    places = [str(store.blobs.local_path(one.sha256) or one.sha256) for one in made]
    return Record(job=job, generation=generation, images=made, events=events, places=places)


def _named(connection: Connection, part: str, owner: str) -> Job:
    from fluxroom.store import jobs

    exact = jobs.get(connection, part)
    if exact is not None and owner in {"", exact.owner}:
        return exact
    members = [job for job in jobs.of_generation(connection, part) if owner in {"", job.owner}]
    ids = [job.id for job in members] or jobs.like(connection, part)
    if len(ids) == 1 and (found := jobs.get(connection, ids[0])) and owner in {"", found.owner}:
        return found
    if members:
        listed = ", ".join(job.id[-8:] for job in members)
        raise NotFound(f"{part} is a generation of {len(members)} jobs", advice=f"Name one of them: {listed}.")
    many = len(ids) > 1 and not owner  # how many others have is not an owner's business
    raise NotFound(f"{'More than one job ends' if many else 'No job ends'} with {part!r}")
