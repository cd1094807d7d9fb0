"""`fluxroom edit`: a picture and words in, a picture in a file."""

from __future__ import annotations

from typing import Any

import click

from fluxroom.cli.asking import request_options
from fluxroom.cli.delivering import delivery_options
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared


@click.command(cls=Command, name="edit")
@click.argument("image")
@click.argument("prompt", required=False)
@request_options
@delivery_options
@shared
@click.pass_context
def command(ctx: click.Context, /, image: str, **given: Any) -> None:
    """Edit IMAGE, a file or an https URL, as PROMPT says. Further pictures come with -r; IMAGE is "image 1".

    \b
    fluxroom edit photo.jpg "make it dusk" -o dusk.png
    fluxroom edit room.jpg "put the chair of image 2 into image 1" -r chair.png
    fluxroom edit photo.jpg "a wooden door" --mask door.png -m flux-pro-fill
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from fluxroom.cli.making import make

    make(ctx, {**given, "references": (image, *given["references"])})
