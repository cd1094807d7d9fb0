"""The gateway: Fluxroom over HTTP, with a small page of its own.

`create_app` builds the application, `serve` runs it until it is told to stop.
"""

from __future__ import annotations

from fluxroom.server.app import create_app
from fluxroom.server.running import serve

__all__ = ["create_app", "serve"]
