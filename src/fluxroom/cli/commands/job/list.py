"""`fluxroom jobs [ID]`: the newest jobs, or one with its whole story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.commands.job.shape import as_object, line
from fluxroom.cli.runtime import run
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.store.jobs import Job


@click.command(name="jobs")
@click.argument("job_id", metavar="[ID]", required=False)
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only jobs in this state; may be repeated.")
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@shared
@click.pass_context
def command(ctx: click.Context, /, job_id: str | None, states: tuple[str, ...], limit: int) -> None:
    """List the newest jobs, or show the one whose id ends with ID."""
    if job_id is not None:
        from fluxroom.cli.commands.job.story import tell

        tell(ctx, job_id)
        return
    _known(states)
    found = _listed(ctx, states, limit)
    if wants_json(ctx):
        voice.document([as_object(job) for job in found])
    elif found:
        for job in found:
            voice.say(line(job))
        _doubts(found)
    else:
        voice.note("No such jobs." if states else "No jobs yet: fluxroom generate 'a red fox in fresh snow'")


def _known(states: Sequence[str]) -> None:
    from fluxroom.engine.lifecycle import State

    for state in states:
        if state not in set(State):
            raise click.BadParameter(f"{state!r} is not one of {', '.join(State)}.", param_hint="--state")


def _listed(ctx: click.Context, states: Sequence[str], limit: int) -> list[Job]:
    from fluxroom.cli.records import is_new, opened_books

    if is_new(ctx):
        return []

    async def work() -> list[Job]:
        async with opened_books(ctx) as books:
            return await books.jobs(states=states, limit=limit)

    return run(work)


def _doubts(found: Sequence[Job]) -> None:
    doubts = [job for job in found if job.state == "unknown"]
    if doubts:
        voice.note(
            f"{len(doubts)} in doubt: the provider may have taken it. See `fluxroom jobs {doubts[0].id[-8:]}`, then "
            f"`fluxroom jobs resolve {doubts[0].id[-8:]} --retry` or `--abandon`."
        )
