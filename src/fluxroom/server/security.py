"""Who may talk to the gateway, and what a browser may do with its answers.

The gateway listens on loopback without a key, so everything that reaches it could come from a web page that the user
has open. Three guards: the Host header must name this machine (a rebound DNS name does not), a request that changes or
costs something must not come from another site, and a body has a limit.

Callbacks of providers come from anywhere and under the gateway's public name. They prove themselves by their address
and their signature (`server.hooks`), so of the three guards only the limit holds for them, and it is a small one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.server import problems
from fluxroom.settings import is_loopback

MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request body: three references of 20 MB, or two as data URIs."""

MOST_CALLBACK = 1024 * 1024
"""Bytes of a callback: a few thousand, unless pictures are in it. A larger one is missed, and the job polled."""

_CALLBACK = re.compile(r"/hooks/[^/]+/[^/]+/[^/]+")

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's own files, its pictures, and the previews of files that were dropped; nothing inline, nothing foreign."""

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


class Doorkeeper:
    """Refuses foreign hosts, foreign sites and huge bodies; adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, most_body: int = MOST_BODY) -> None:
        self._app = app
        self._most_body = most_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it with a problem."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        callback = is_callback(scope["method"], scope["path"])
        most = min(self._most_body, MOST_CALLBACK) if callback else self._most_body
        refusal = _bad_length(headers, most) if callback else self._refusal(scope["method"], headers)
        if refusal:
            status, detail = refusal
            await problems.respond(problems.by_status(status, detail), path=scope["path"])(scope, receive, headed)
            return
        await self._app(scope, _counted(receive, most), headed)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if not names_this_machine(hosts):
            named = hosts[0][:100] if hosts else "no host"
            return 421, f"{named!r} does not name this machine."
        if method not in _READING and (site := foreign_site(headers, hosts[0])):
            return 403, f"The request comes from {site[:100]!r}, not from the gateway's own page."
        return _bad_length(headers, self._most_body)


def _bad_length(headers: Headers, most: int) -> tuple[int, str] | None:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        return 400, "The Content-Length header is not a number."
    return (413, _too_large(most)) if int(length[:20]) > most else None


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            # An HTTPException, because FastAPI lets exactly these pass while it reads a body.
            raise HTTPException(413, _too_large(most))
        return message

    return counted


def is_callback(method: str, path: str) -> bool:
    """Whether a request can be a provider's callback.

    >>> is_callback("POST", "/hooks/fal/01kaz3x9f0m2n4p6q8r0st/1-x"), is_callback("POST", "/v1/generations")
    (True, False)
    """
    return method == "POST" and _CALLBACK.fullmatch(path) is not None


def names_this_machine(hosts: Sequence[str]) -> bool:
    """Whether there is exactly one Host header and it names loopback.

    >>> names_this_machine(["127.0.0.1:7860"]), names_this_machine(["attacker.example:7860"])
    (True, False)
    """
    if len(hosts) != 1 or any(sign in hosts[0] for sign in "/\\@?# "):
        return False
    address = f"http://{hosts[0].lower()}"
    try:
        _ = urlsplit(address).port
    except ValueError:
        return False
    return is_loopback(address)


def foreign_site(headers: Headers, host: str) -> str:
    """The site that a browser says the request comes from, when it is not the gateway's own page; else empty.

    Programs send neither header. Browsers send Origin with every request that can change something, and a page that
    hides its origin sends "null".
    """
    origin = headers.get("origin")
    if origin is not None:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() != host.lower():
            return origin or "an empty origin"
    fetch_site = headers.get("sec-fetch-site", "none")
    return "" if fetch_site in {"none", "same-origin"} else fetch_site


def _too_large(limit: int) -> str:
    return f"The body is larger than {limit // (1024 * 1024)} MB."
