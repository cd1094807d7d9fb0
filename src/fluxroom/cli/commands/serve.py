"""`fluxroom serve`: the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fluxroom.cli.shared import settings, shared

_File = click.Path(dir_okay=False, path_type=Path)


@click.command(name="serve")
@click.option("--host", help="Address to listen on, instead of FLUXROOM_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of FLUXROOM_PORT.")
@click.option("--tls", is_flag=True, default=None, help="Speak https, with a certificate of its own making.")
@click.option("--tls-cert", type=_File, help="Speak https with this certificate (PEM).")
@click.option("--tls-key", type=_File, help="The certificate's key (PEM).")
@click.option(
    "--fal-port", type=click.IntRange(0, 65535), help="A second port, for fal's own clients; 0: any free one."
)
@shared
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Start the gateway and the studio on this machine, until Ctrl-C."""
    wanted = {name: value for name, value in given.items() if value is not None}
    found = settings(ctx)
    # A copy keeps what --data and --sandbox said.
    chosen = found.model_copy(update=wanted) if wanted else found
    from fluxroom.server import serve

    serve(chosen)
