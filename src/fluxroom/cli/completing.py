"""Completion of model names, cheap enough to run at every press of the tab key."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def complete_models(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  click's signature
    """The models, and after `bfl/` or `fal/` the routes, that begin so."""
    from fluxroom.catalog.rows import models

    provider, slash, _ = incomplete.partition("/")
    if slash:
        names = {row.routes[at].name: row for row in models().values() for at in row.routes if at == provider}
    else:
        names = dict(models())
    return [
        CompletionItem(name, help=row.title)
        for name, row in names.items()
        if name.startswith(incomplete) and row.status != "retired"
    ]
