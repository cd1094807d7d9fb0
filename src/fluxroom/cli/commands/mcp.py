"""`fluxroom mcp`: the tools for agents over standard input and output."""

from __future__ import annotations

import click

from fluxroom.cli.shared import shared


@click.command(name="mcp")
@shared
@click.pass_context
def command(ctx: click.Context) -> None:
    """Serve one AI agent over standard input and output (Model Context Protocol), until it hangs up.

    The agent gets tools to make, edit, price, search and look at pictures. The work is done here, or by the gateway
    that FLUXROOM_URL names, under its key's budgets. `fluxroom serve` has the same tools at /mcp.
    """
    from fluxroom.cli.runtime import opened, run
    from fluxroom.errors import LocalError
    from fluxroom.mcp import installed

    if not installed():
        raise LocalError("The official MCP SDK is not installed", advice="Install it: pip install 'fluxroom[mcp]'.")
    from fluxroom.mcp.serving import over_stdio

    async def work() -> None:
        async with opened(ctx) as client:
            await over_stdio(client)

    run(work)
