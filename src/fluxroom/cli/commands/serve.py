"""`fluxroom serve`: the gateway."""

from __future__ import annotations

import click

from fluxroom.cli.shared import settings, shared


@click.command(name="serve")
@click.option("--host", help="Address to listen on, instead of FLUXROOM_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of FLUXROOM_PORT.")
@shared
@click.pass_context
def command(ctx: click.Context, /, host: str | None, port: int | None) -> None:
    """Start the gateway and the studio on this machine, until Ctrl-C."""
    wanted = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    found = settings(ctx)
    # A copy keeps what --data and --sandbox said.
    chosen = found.model_copy(update=wanted) if wanted else found
    from fluxroom.server import serve

    serve(chosen)
