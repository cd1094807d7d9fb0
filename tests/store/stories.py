"""Generations and events for tests of their stories."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, insert
from tests.store import rows

from fluxroom.store import Store, jobs
from fluxroom.store.tables import job_events


async def generation(store: Store) -> tuple[str, str]:
    """A generation with one job, and no events but its first; returns the ids of both."""
    about = rows.generation(created_at=0.0)
    row = rows.row(about)
    await store.database.write(lambda connection: jobs.add(connection, about, [row]))
    return about.id, row["id"]


def event(names: tuple[str, str], to_state: str, at: float) -> Callable[[Connection], None]:
    """Writes down that something happened to the job of a generation."""
    row = {"job": names[1], "generation": names[0], "at": at, "from_state": "x", "to_state": to_state, "why": ""}

    def work(connection: Connection) -> None:
        connection.execute(insert(job_events), row)

    return work
