"""`fluxroom sandbox`: both providers on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fluxroom.cli.shared import shared


@click.command(name="sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=7861, show_default=True, help="0: any free port.")
@click.option("--regional", is_flag=True, help="BFL's polling and delivery on ports of their own, as in reality.")
@click.option("--tls", is_flag=True, help="fal's hosts over https as well, for clients that speak nothing else.")
@click.option("--stub", metavar="BYTES:SECONDS", help="Fixed bytes after a fixed time, for benchmarks.")
@click.option("--books", type=click.Path(dir_okay=False, path_type=Path), help="Keep tasks and requests in this file.")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Times faster."
)
@shared
def command(stub: str | None, port: int, **options: Any) -> None:
    """Serve Black Forest Labs' and fal.ai's APIs on this machine, free of charge, until Ctrl-C.

    Prints the environment variables that point Fluxroom, and fal's own client, here.
    """
    import errno

    from fluxroom.cli.runtime import run
    from fluxroom.errors import LocalError
    from fluxroom.sandbox import serve

    fixed = _stub(stub)
    try:
        run(lambda: serve(stub=fixed, port=port, **options))
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
            raise
        raise LocalError(
            f"{options['host']}:{port} cannot be listened on: {error.strerror}",
            advice="Give another port with --port, or --port 0 for any free one.",
        ) from error


def _stub(text: str | None) -> Any:
    if text is None:
        return None
    from fluxroom.sandbox import Stub

    size, _, seconds = text.partition(":")
    try:
        return Stub(int(size or 100_000), float(seconds or 0))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not BYTES:SECONDS, such as 100000:0.5.", param_hint="--stub") from error
