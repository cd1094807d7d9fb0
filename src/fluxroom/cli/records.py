"""Jobs as they stand in the data folder, read without an engine: looking changes nothing and starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli.shared import settings
from fluxroom.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fluxroom.result import Image
    from fluxroom.store import Store
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Generation, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job with everything that is known of it."""

    job: Job
    generation: Generation
    images: Sequence[StoredImage]
    events: Sequence[dict[str, Any]]

    def pictures(self, store: Store) -> list[Image]:
        """Its pictures, as the library gives them."""
        from fluxroom.result import Image

        return [Image(stored, self.job, store.blobs, self.generation) for stored in self.images]


@asynccontextmanager
async def opened_store(ctx: click.Context) -> AsyncIterator[Store]:
    """The data folder of this command line."""
    from fluxroom.store import open_store

    chosen = settings(ctx)
    store = await asyncio.to_thread(open_store, chosen.data_folder, chosen.database, chosen.blobs)
    try:
        yield store
    finally:
        store.close()


def is_new(ctx: click.Context) -> bool:
    """Nothing has ever been made in this data folder."""
    chosen = settings(ctx)
    return not chosen.database and not (chosen.data_folder / "fluxroom.db").exists()


async def record(store: Store, part: str) -> Record:
    """A job by its id, by the end of it, or by the id of a generation with one job.

    Raises:
        NotFound: there is none, or more than one.
    """

    def work(connection: Connection) -> Record:
        from fluxroom.store import images, jobs

        job = _named(connection, part)
        generation = jobs.generation(connection, job.generation)
        if generation is None:  # a foreign key forbids it
            raise NotFound(f"The generation of job {job.id} is gone")
        events = [event for event in jobs.events(connection, generation.id) if event["job"] == job.id]
        return Record(job=job, generation=generation, images=images.of_jobs(connection, [job.id]), events=events)

    return await store.database.read(work)


def _named(connection: Connection, part: str) -> Job:
    from fluxroom.store import jobs

    exact = jobs.get(connection, part)
    if exact is not None:
        return exact
    members = jobs.of_generation(connection, part)
    ids = [job.id for job in members] or jobs.like(connection, part)
    if len(ids) == 1 and (found := jobs.get(connection, ids[0])):
        return found
    if members:
        listed = ", ".join(job.id[-8:] for job in members)
        raise NotFound(f"{part} is a generation of {len(members)} jobs", advice=f"Name one of them: {listed}.")
    raise NotFound(f"{'More than one job ends' if ids else 'No job ends'} with {part!r}")
