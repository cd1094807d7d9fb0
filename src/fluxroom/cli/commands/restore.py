"""`fluxroom restore`: an installation made of a backup, in an empty place."""

from __future__ import annotations

from pathlib import Path

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import settings, shared, wants_json


@click.command(name="restore")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER|FILE.tar")
@click.option("--name", default="", metavar="NAME", help="Another backup than the newest.")
@click.option("--unchanged", is_flag=True, help="Nothing was done since the backup: send waiting jobs without asking.")
@shared
@click.pass_context
def command(ctx: click.Context, /, folder: Path, name: str, *, unchanged: bool) -> None:
    """Bring back the newest backup of FOLDER into an empty data folder or database. Nothing is ever overwritten.

    Jobs that waited when the backup was made may have been sent since; they come back in doubt, so that none is paid
    twice: see `fluxroom jobs --state unknown`. With --unchanged they are sent.
    """
    from fluxroom.cli.records import at_home
    from fluxroom.store import backup, backup_file, restoring

    at_home(ctx, "this")
    chosen = settings(ctx)
    place = backup.Place(folder=chosen.data_folder, database_url=chosen.database, blobs=chosen.blobs)
    folder = folder.absolute()
    if backup_file.is_file(folder):
        with backup_file.unpacked(folder, chosen.data_folder) as inner:
            made, doubtful = restoring.restore(inner, place, name=name, unchanged=unchanged)
    else:
        made, doubtful = restoring.restore(folder, place, name=name, unchanged=unchanged)
    if wants_json(ctx):
        voice.document({**made.as_dict(), "in_doubt": doubtful, "data": str(chosen.data_folder)})
        return
    voice.say(f"{made.name} is back in {chosen.data_folder}: {made.rows.get('images', 0)} images.")
    if made.missing:
        voice.note(f"{len(made.missing)} files were missing already when it was made.")
    if doubtful:
        voice.note(f"{doubtful} jobs waited and may have been sent since: fluxroom jobs --state unknown")
