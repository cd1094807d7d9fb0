"""`fluxroom inspect`: what made a picture, from the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fluxroom.cli import voice
from fluxroom.cli.delivering import delivery_options
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared, wants_json
from fluxroom.errors import InvalidReference, NotFound

_MOST_BYTES = 256 * 1024 * 1024
"""Larger files are not read: no provider makes such pictures."""


@click.command(cls=Command, name="inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--again", is_flag=True, help="Ask for the picture again: same route, parameters, seed and references.")
@click.option(
    "-r", "--reference", "references", multiple=True, help="With --again: these instead of its own, in order."
)
@click.option("--cache", type=click.Choice(["on", "off"]), help="With --again: off makes it anew even if it is here.")
@delivery_options
@shared
@click.pass_context
def command(
    ctx: click.Context, /, file: Path, *, again: bool, references: tuple[str, ...], cache: str | None, **given: Any
) -> None:
    """Show prompt, model, parameters, seed and request id that FILE carries; with --again, ask for it once more.

    References are taken by their hash from the data folder or the gateway; where one is gone, it is named.
    """
    facts = _read(file.expanduser())
    if again:
        from fluxroom.cli.making import make_again

        make_again(ctx, facts, given, references=references, cache=cache)
        return
    if wants_json(ctx):
        voice.document(facts)
        return
    for name, value in facts.items():
        text = value if isinstance(value, str) else voice.dumps(value)
        voice.say(f"{voice.dim(f'{name:<11}')} {text}")
    if facts.get("sandbox"):
        voice.note(f"{click.style('sandbox', fg='yellow', bold=True)}: a practice picture, not made by a provider")


def _read(file: Path) -> dict[str, Any]:
    from fluxroom.imaging.metadata import read

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InvalidReference(f"{file} is larger than {_MOST_BYTES // 2**20} MB")
        data = file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file}: {error.strerror}", advice="Name a PNG, JPEG or WebP file.") from error
    facts = read(data)
    if not facts:
        raise NotFound(
            f"{file} carries nothing about how it was made",
            advice="Fluxroom writes it unless --no-metadata is given; other programs often remove it.",
        )
    return facts
