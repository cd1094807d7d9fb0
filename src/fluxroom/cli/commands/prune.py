"""`fluxroom prune`: what the trash and the retention settings delete, counted or done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from fluxroom.store.retention import Pruned


@click.command(name="prune")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@shared
@click.pass_context
def command(ctx: click.Context, /, *, dry_run: bool) -> None:
    """Delete what FLUXROOM_TRASH_DAYS, FLUXROOM_KEEP_PICTURES_DAYS and FLUXROOM_KEEP_RECORDS_DAYS say.

    A running gateway does the same once an hour. What was spent stays in the books.
    """
    from fluxroom.cli.records import is_new, opened_store
    from fluxroom.cli.runtime import run
    from fluxroom.store.retention import NOTHING, Rules, due, prune

    rules = Rules.of(settings(ctx))

    async def work() -> Pruned:
        if is_new(ctx):
            return NOTHING
        async with opened_store(ctx) as store:
            return await (due(store, rules) if dry_run else prune(store, rules))

    found = run(work)
    if wants_json(ctx):
        voice.document({**found.as_dict(), "dry_run": dry_run})
        return
    would = "would go" if dry_run else "went"
    voice.say(
        f"{found.trashed} pictures of the trash and {found.old} old ones {would}, {found.size_bytes / 1e6:.1f} MB."
    )
    voice.say(f"{found.records} requests {'would lose' if dry_run else 'lost'} their words and parameters.")
    voice.say(
        f"{found.blobs} files {'wait to be removed' if dry_run else 'were removed'}, where nothing else needs them."
    )
