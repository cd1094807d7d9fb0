"""`fluxroom generate`: words in, a picture in a file."""

from __future__ import annotations

from typing import Any

import click

from fluxroom.cli.asking import request_options
from fluxroom.cli.delivering import delivery_options
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared


@click.command(cls=Command, name="generate")
@click.argument("prompt", required=False)
@request_options
@delivery_options
@shared
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Make a picture from PROMPT and write it to a file.

    \b
    fluxroom generate "a red fox in fresh snow" -m flux-2-pro --seed 7 -o fox.png
    fluxroom generate "a tram at night" -m fal/flux-2-flex --size 1536x1024 --steps 30 -n 4
    fluxroom generate --prompt-file scene.json -m flux-2-max --max-price 0.10

    Piped, or with --json, it answers with JSON lines: what happens, then one result.
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from fluxroom.cli.making import make

    make(ctx, given)
