"""`fluxroom jobs cancel`: as far as the provider can."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.records import opened_books
from fluxroom.cli.runtime import opened, run
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.store.jobs import Job

_PATIENCE = 3.0
"""Seconds in which a provider that was asked to cancel may still say what became of it."""


@click.command(name="cancel")
@click.argument("job_id", metavar="ID")
@shared
@click.pass_context
def command(ctx: click.Context, /, job_id: str) -> None:
    """Cancel the request of the job whose id ends with ID, with all of its jobs.

    fal can cancel; BFL cannot: a picture that it has begun arrives and is charged.
    """

    async def work() -> list[tuple[Job, str]]:
        from fluxroom.errors import WaitEnded

        async with opened_books(ctx) as books:
            generation = (await books.record(job_id)).generation.id
        async with opened(ctx) as client:
            told = await client.cancel(generation)
            with contextlib.suppress(WaitEnded):
                await client.wait(generation, _PATIENCE)
            now = {job.id: job for job in (await client.snapshot(generation)).jobs}
            return [(now[job.id], what) for job, what in told]

    found = run(work)
    if wants_json(ctx):
        voice.document([{"job": job.id, "state": job.state, "what": what} for job, what in found])
    else:
        for job, what in found:
            voice.say(f"{job.id[-8:]}  {job.state:<16} {what}")
