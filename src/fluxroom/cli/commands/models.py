"""`fluxroom models`: what there is, what it takes, what it costs."""

from __future__ import annotations

import click

from fluxroom.cli.lazy import LazyGroup

COMMANDS = {
    "list": "List all models. (The default; `fluxroom models MODEL` shows one.)",
    "show": "Show a model: every parameter per provider and mode, limits and price.",
    "check": "Ask the provider whether it offers a route now; costs nothing.",
}


@click.group(cls=LazyGroup, package="fluxroom.cli.commands.model", table=COMMANDS, default="list", name="models")
def command() -> None:
    """List the models; show one with all its parameters; check a route.

    \b
    fluxroom models                     all of them, with prices
    fluxroom models show flux-2-flex    everything about one
    fluxroom models check fal/flux-2-pro
    """  # noqa: D301  \b is click's mark for lines that stay as they are
