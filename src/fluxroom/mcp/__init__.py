"""Pictures for agents: the tools of the Model Context Protocol, over standard input and output or over HTTP.

Needs the extra `mcp`; importing the official SDK takes half a second, so it happens when the first agent comes.
"""

from __future__ import annotations

from importlib.util import find_spec


def installed() -> bool:
    """Whether the official SDK is there (`pip install fluxroom[mcp]`)."""
    return find_spec("mcp") is not None
