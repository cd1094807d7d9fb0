"""`fluxroom models check`: is a route offered now?"""

from __future__ import annotations

import click

from fluxroom.cli import voice
from fluxroom.cli.completing import complete_models
from fluxroom.cli.runtime import opened, run
from fluxroom.cli.shared import shared, wants_json


@click.command(name="check")
@click.argument("route", shell_complete=complete_models)
@shared
@click.pass_context
def command(ctx: click.Context, /, route: str) -> None:
    """Ask the provider whether it offers ROUTE now. No picture is made and nothing is charged."""

    async def work() -> tuple[bool | None, bool]:
        async with opened(ctx) as client:
            sandbox = any(account.sandbox for account in await client.worker.books.providers())
            return await client.check_available(route), sandbox

    offered, sandbox = run(work)
    if wants_json(ctx):
        voice.document({"route": route, "offered": offered, "sandbox": sandbox})
    else:
        word = {
            True: click.style("offered", fg="green"),
            False: click.style("not offered", fg="red"),
            None: click.style("cannot be told", fg="yellow"),
        }[offered]
        voice.say(f"{route}: {word}" + (" (asked the sandbox, not the provider)" if sandbox else ""))
    if offered is not True:
        raise click.exceptions.Exit(5 if offered is None else 4)
