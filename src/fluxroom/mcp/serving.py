"""A server of the official SDK with our tools, and its life over standard input and output."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context, MCPServer

from fluxroom.mcp import tools
from fluxroom.mcp.desks import ClientDesk, Desk

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxroom.client import AsyncClient


def server(desk_of: Callable[[Context[Any, Any]], Desk]) -> MCPServer[Any]:
    """A server whose calls are worked on at the desk of whoever calls."""
    made: MCPServer[Any] = MCPServer(
        "fluxroom",
        title="Fluxroom",
        instructions=tools.INSTRUCTIONS,
        version=version("fluxroom"),
        log_level="ERROR",
    )
    tools.add(made, desk_of)
    return made


async def over_stdio(client: AsyncClient) -> None:
    """Serve one agent over standard input and output until it hangs up; the client is open and stays so."""
    desk = ClientDesk(client)
    await server(lambda _ctx: desk).run_stdio_async()
