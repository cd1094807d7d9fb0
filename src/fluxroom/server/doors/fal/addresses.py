"""fal's many hosts as addresses of one gateway.

fal has a host each for direct calls, for the queue and for uploads. Clients reach the gateway in three ways: below
`/fal`, at the root of a port of its own (`--fal-port`), and through `/fal/proxy`, where a header names the address that
the client wanted. All three become the same paths before anything else looks at a request, so that every guard sees
where it really goes. Nothing is ever forwarded to another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from fluxroom.server.doors import links
from fluxroom.server.doors.fal.statuses import Place
from fluxroom.server.gateway import Gateway

ROOT = "fluxroom.fal.root"
"""Where the scope says under which path the caller reaches this door."""

PROXY = "/fal/proxy"

_HOSTS: Mapping[str, str] = {
    "queue.fal.run": "/fal/queue",
    "fal.run": "/fal",
    "rest.fal.ai": "/fal",
    "rest.alpha.fal.ai": "/fal",
}
"""fal's hosts -> where their paths are here."""

_LOW = 0
_NORMAL = 10


class Mapped:
    """Gives every request for this door its one path. The outermost of the application's layers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass under the path that it means; refuse what a proxy is not there for."""
        if scope["type"] == "http" and scope["path"] == PROXY:
            target = Headers(scope=scope).get("x-fal-target-url", "")
            found = mapped(target)
            if found is None:
                detail = "x-fal-target-url names no address of fal's queue, direct calls or uploads."
                await JSONResponse({"detail": detail}, 412)(scope, receive, send)
                return
            scope = _at(scope, *found)
        await self._app(scope, receive, send)


class AtRoot:
    """The application with fal's own hosts on a port of their own, whose paths begin at its root.

    Args:
        app: what stands behind it.
        port: the port; on every other one nothing changes.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass below the door's own path; pictures keep theirs."""
        here = scope["type"] == "http" and (scope.get("server") or ("", 0))[1] == self._port
        if here and not scope["path"].startswith("/files/"):
            host = Headers(scope=scope).get("host", "")
            queued = host.startswith("queue.") and not scope["path"].startswith("/queue/")
            path = f"/fal{'/queue' if queued else ''}{scope['path']}"
            scope = _at({**scope, ROOT: ""}, path, scope["query_string"].decode("latin-1"))
        await self._app(scope, receive, send)


def mapped(target: str) -> tuple[str, str] | None:
    """Path and query of this gateway for an address of fal's; None for every other address.

    >>> mapped("https://queue.fal.run/fal-ai/flux-2?fal_webhook=x")
    ('/fal/queue/fal-ai/flux-2', 'fal_webhook=x')
    >>> mapped("https://example.com/fal-ai/flux-2") is None
    True
    """
    try:
        parts = urlsplit(target)
        root = _HOSTS.get(parts.hostname or "") if parts.scheme == "https" and parts.port in {None, 443} else None
    except ValueError:
        return None
    path = unquote(parts.path)
    if root is None or ".." in path.split("/") or not path.startswith("/") or path.startswith("/proxy"):
        return None
    return f"{root}{path}", parts.query


def place(gateway: Gateway, request: Request) -> Place:
    """Where this request's caller finds the queue."""
    return Place(f"{base(gateway, request)}/queue")


def base(gateway: Gateway, request: Request) -> str:
    """Where this request's caller finds the door."""
    return f"{links.base_of(gateway, request)}{request.scope.get(ROOT, '/fal')}"


def priority(word: str) -> int:
    """A priority of fal's as one of ours.

    >>> priority("low"), priority("normal")
    (0, 10)
    """
    return _LOW if word.strip().lower() == "low" else _NORMAL


def _at(scope: Mapping[str, Any], path: str, query: str) -> dict[str, Any]:
    raw = path.encode("utf-8", "replace")
    return {**scope, "path": path, "raw_path": raw, "query_string": query.encode("utf-8", "replace")}
