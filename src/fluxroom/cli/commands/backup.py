"""`fluxroom backup`: a copy of everything, taken while gateways run."""

from __future__ import annotations

from pathlib import Path

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import settings, shared, wants_json


@click.command(name="backup")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER|FILE.tar")
@click.option("--verify", is_flag=True, help="Make none; read the newest one whole and say what is wrong with it.")
@click.option("--name", default="", metavar="NAME", help="With --verify: another one than the newest.")
@shared
@click.pass_context
def command(ctx: click.Context, /, folder: Path, name: str, *, verify: bool) -> None:
    """Copy database and pictures into FOLDER, while gateways and workers go on.

    With a name that ends with .tar it becomes one file.

    Several backups can share a folder: pictures that are there already are not copied again. Provider keys are in no
    backup; the gateway's own keys are, hashed.
    """
    from fluxroom.cli.records import at_home
    from fluxroom.store import backup, backup_file

    at_home(ctx, "a backup")
    folder = folder.absolute()
    if verify:
        _verify(ctx, folder, name)
        return
    chosen = settings(ctx)
    place = backup.Place(folder=chosen.data_folder, database_url=chosen.database, blobs=chosen.blobs)
    if backup_file.is_file(folder):
        with backup_file.packed(folder) as inner:
            made = backup.back_up(place, inner)
    else:
        made = backup.back_up(place, folder)
    if wants_json(ctx):
        voice.document(made.as_dict())
        return
    rows = made.rows
    voice.say(str(folder if backup_file.is_file(folder) else folder / made.name))
    voice.say(
        f"  {rows.get('generations', 0)} generations, {rows.get('images', 0)} images, "
        f"{made.blobs} files ({made.copied} new)"
    )
    if made.missing:
        voice.note(
            f"{len(made.missing)} files were missing or damaged before; they are listed in {made.name}/backup.json"
        )
    voice.note(f"Bring it back with: fluxroom restore {folder} --data NEW-FOLDER")


def _verify(ctx: click.Context, folder: Path, name: str) -> None:
    from fluxroom.store import backup, backup_file

    if backup_file.is_file(folder):
        with backup_file.unpacked(folder, folder.parent) as inner:
            made, wrong = backup.verify(inner, name)
    else:
        made, wrong = backup.verify(folder, name)
    if wants_json(ctx):
        voice.document({**made.as_dict(), "wrong": wrong})
    elif not wrong:
        voice.say(f"{folder} is whole: {made.name}, {made.blobs} files, {sum(made.rows.values())} rows.")
    for line in () if wants_json(ctx) else wrong:
        voice.say(line)
    if wrong:
        raise click.exceptions.Exit(1)
