"""`fluxroom jobs save`: pictures out of the data folder."""

from __future__ import annotations

from pathlib import Path

import click

from fluxroom.cli import voice
from fluxroom.cli.delivering import check_target, deliver
from fluxroom.cli.records import opened_books
from fluxroom.cli.runtime import run
from fluxroom.cli.shared import shared, wants_json
from fluxroom.errors import NotFound


@click.command(name="save")
@click.argument("job_id", metavar="ID")
@click.option("-o", "--output", metavar="FILE", help="File or folder; default: the current folder.")
@click.option("--metadata/--no-metadata", default=True, help="Whether the file says what made it.")
@shared
@click.pass_context
def command(ctx: click.Context, /, job_id: str, output: str | None, *, metadata: bool) -> None:
    """Write the pictures of the job whose id ends with ID to files."""
    check_target(output)

    async def work() -> list[Path]:
        async with opened_books(ctx) as books:
            found = await books.record(job_id)
            if not found.images:
                raise NotFound(
                    f"Job {found.job.id} is {found.job.state} and has no picture",
                    advice=f"See why with `fluxroom jobs {found.job.id[-8:]}`.",
                )
            return deliver(found.pictures(await books.fetched(found.images)), output, metadata=metadata)

    files = run(work)
    if wants_json(ctx):
        voice.document([str(file) for file in files])
    else:
        for file in files:
            voice.say(str(file))
