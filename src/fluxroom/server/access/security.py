"""Who may talk to the gateway, and what a browser may do with its answers.

On loopback the gateway needs no key, so everything that reaches it could come from a web page that the user has open.
Guards: the Host header must be one of ours (a rebound DNS name is not), a request that changes or costs something must
not come from another site, and a body has a limit and must arrive in time.

Callbacks of providers come from anywhere and under the gateway's public name. They prove themselves by their address
and their signature (`server.hooks`), so of the three guards only the limit holds for them, and it is a small one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.server import problems
from fluxroom.server.access.perimeter import Perimeter

MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request body: three references of 20 MB, or two as data URIs."""

MOST_CALLBACK = 1024 * 1024
"""Bytes of a callback: a few thousand, unless pictures are in it. A larger one is missed, and the job polled."""

PATIENCE = 30.0
"""Seconds that a body may take besides the time that its size explains."""

PACE = 16 * 1024
"""Bytes of a body per second, at the least: a slow line carries several times as many."""

MOST_VALUES = 10_000
"""Values in a JSON body, by its commas. Checking each costs far more than sending it, so a small body of many could
keep everybody else waiting. A sheet of rows has more (`MOST_IN_SHEET`), and is checked a few rows at a time."""

MOST_IN_SHEET = 3_000_000

_SHEETS = "/v1/bulk"

_BINARY = ("image/", "multipart/", "application/octet-stream")

_CALLBACK = re.compile(r"/hooks/[^/]+/[^/]+/[^/]+")

_BRIEF = frozenset({"/v1/session"})
"""What strangers may send a body to: all others are refused for want of a key before a byte of it is read."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's own files, its pictures, and the previews of files that were dropped; no script inline, nothing foreign.
Styles may stand in the page: the studio's components place themselves with them."""

_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type, idempotency-key, last-event-id, prefer, x-api-key",
    "access-control-max-age": "600",
}


class Doorkeeper:
    """Refuses foreign hosts, foreign sites, huge and slow bodies; adds the security headers to every answer.

    Args:
        app: what stands behind it.
        most_body: bytes of a request's body.
        perimeter: under which names it answers, and which other sites may use it.
        patience: seconds until the first bytes of a body must be there; more arrive at a certain pace (`PACE`).
    """

    def __init__(
        self,
        app: ASGIApp,
        most_body: int = MOST_BODY,
        *,
        perimeter: Perimeter | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._most_body = most_body
        self._perimeter = perimeter or Perimeter()
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with a problem."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "").lower()
        welcome = _cors(origin) if origin in self._perimeter.origins else {}

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in (*_HEADERS.items(), *welcome.items()):
                    answer.setdefault(name, value)
                if welcome:
                    answer.add_vary_header("Origin")
            await send(message)

        callback = is_callback(scope["method"], scope["path"])
        brief = callback or scope["path"] in _BRIEF
        most = min(self._most_body, MOST_CALLBACK) if brief else self._most_body
        refusal = _bad_length(headers, most) if callback else self._refusal(scope["method"], headers, most)
        if refusal:
            status, detail = refusal
            await problems.respond(problems.by_status(status, detail), path=scope["path"])(scope, receive, headed)
        elif welcome and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, headed)
        else:
            values = MOST_IN_SHEET if scope["path"].startswith(_SHEETS) else MOST_VALUES
            counted = not headers.get("content-type", "").lower().startswith(_BINARY)
            limits = _Limits(most, values if counted else None, self._patience)
            await self._app(scope, _counted(receive, limits), headed)

    def _refusal(self, method: str, headers: Headers, most: int) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if not self._perimeter.answers_to(hosts):
            named = hosts[0][:100] if hosts else "no host"
            return 421, f"{named!r} is not a name of this gateway."
        invited = headers.get("origin", "").lower() in self._perimeter.origins
        if not invited and method not in _READING and (site := foreign_site(headers, hosts[0])):
            return 403, f"The request comes from {site[:100]!r}, not from the gateway's own page."
        return _bad_length(headers, most)


def _bad_length(headers: Headers, most: int) -> tuple[int, str] | None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        return 400, "The Content-Length header is not a number."
    return (413, _too_large(most)) if int(length[:20]) > most else None


class _Limits(NamedTuple):
    """What a body may be."""

    most: int  # bytes
    values: int | None  # of JSON; None: it is none
    patience: float  # seconds


def _counted(receive: Receive, limits: _Limits) -> Receive:
    """What is received, as long as it stays below a size and comes at a pace.

    Without the pace a caller could hold a connection and its memory for ever with a byte now and then. Once the body
    is complete there is nothing more to wait for, and whoever still listens hears of the caller's leaving.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    taken = values = 0
    complete = False

    async def counted() -> Message:
        nonlocal taken, values, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(began + limits.patience + taken / PACE):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not arrive in time.", {"connection": "close"}) from None
        body = message.get("body", b"")
        taken += len(body)
        complete = not message.get("more_body", False)
        # HTTPExceptions, because FastAPI lets exactly these pass while it reads a body.
        if taken > limits.most:
            raise HTTPException(413, _too_large(limits.most), {"connection": "close"})
        if limits.values is not None:
            values += body.count(b",")
            if values > limits.values:
                raise HTTPException(413, f"The body has more than {limits.values} values.", {"connection": "close"})
        return message

    return counted


def is_callback(method: str, path: str) -> bool:
    """Whether a request can be a provider's callback.

    >>> is_callback("POST", "/hooks/fal/01kaz3x9f0m2n4p6q8r0st/1-x"), is_callback("POST", "/v1/generations")
    (True, False)
    """
    return method == "POST" and _CALLBACK.fullmatch(path) is not None


def foreign_site(headers: Headers, host: str) -> str:
    """The site that a browser says the request comes from, when it is not the gateway's own page; else empty.

    Programs send neither header. Browsers send Origin with every request that can change something, and a page that
    hides its origin sends "null".
    """
    origin = headers.get("origin")
    if origin is not None and _site(origin) != host.lower():
        return origin or "an empty origin"
    fetch_site = headers.get("sec-fetch-site", "none")
    return "" if fetch_site in {"none", "same-origin"} else fetch_site


def _site(origin: str) -> str | None:
    """The host of a web site's origin; None when it is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else None


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit // (1024 * 1024)} MB."


def _cors(origin: str) -> Mapping[str, str]:
    """What lets a script of an invited site read an answer. Never its cookies: it sends a key of its own."""
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "location, retry-after, x-request-id",
    }
