"""What is around every answer: a request id, and for JSON that is read an ETag and gzip.

Pictures and streams of events pass untouched, and so does what the doors say: their clients do not expect it, and
base64 does not get smaller.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.identifiers import new_id
from fluxroom.logs import get_logger
from fluxroom.server.access import secret_paths
from fluxroom.server.library.deliveries import unchanged

_log = get_logger("fluxroom.server")

REQUEST_ID = "x-request-id"

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_OURS = ("/v1/", "/problems")
_JSON = "application/json"
_WORTH_IT = 1400  # bytes: what fits into one packet is not worth packing
_IN_A_THREAD = 64 * 1024  # bytes: packing more holds others up
_NONE = re.compile(r"\s*q=0(\.0*)?\s*")


class Envelope:
    """Names every request, and packs JSON that is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        # A text that could be anything would be a way to write into other people's logs.
        identity = given if _SANE.fullmatch(given) else new_id()
        reading = scope["method"] == "GET" and scope["path"].startswith(_OURS)
        answer = _Answer(identity, send, headers if reading else None)
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=identity):
            try:
                await self._app(scope, receive, answer.send)
            finally:
                seconds = round(time.perf_counter() - began, 4)
                facts = {"method": scope["method"], "path": secret_paths.shown(scope["path"]), "status": answer.status}
                _log.info("request", **facts, seconds=seconds)


class _Answer:
    """One answer on its way out.

    Args:
        identity: the request's id.
        send: the way out.
        asked: the request's headers when the answer may be packed, else None.
    """

    def __init__(self, identity: str, send: Send, asked: Headers | None) -> None:
        self.status = 0
        self._identity = identity
        self._send = send
        self._asked = asked
        self._held: Message | None = None  # the start of an answer that may be packed

    async def send(self, message: Message) -> None:
        """One message of the application."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self._identity
            if self._may_be_packed(headers):
                self._held = message
                return
        elif self._held and message["type"] == "http.response.body":
            start, self._held = self._held, None
            if not message.get("more_body"):
                message = await self._packed(start, message)
            await self._send(start)
        await self._send(message)

    def _may_be_packed(self, headers: Headers) -> bool:
        if self._asked is None or self.status != 200 or "content-encoding" in headers:
            return False
        return headers.get("content-type", "").split(";", 1)[0] == _JSON

    async def _packed(self, start: Message, message: Message) -> Message:
        """The body, smaller or not sent again; the headers say which."""
        asked = self._asked or Headers()
        body: bytes = message.get("body", b"")
        headers = MutableHeaders(scope=start)
        etag = headers.setdefault("etag", f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')
        headers.add_vary_header("accept-encoding")
        if headers.get("cache-control", "no-store") == "no-store":
            headers["cache-control"] = "private, no-cache"  # kept by nobody else, and asked for anew each time
        if unchanged(asked.get("if-none-match", ""), etag.removeprefix("W/")):
            self.status = start["status"] = 304
            del headers["content-length"]
            return {**message, "body": b""}
        if len(body) >= _WORTH_IT and takes(asked.get("accept-encoding", ""), "gzip"):
            body = await asyncio.to_thread(_pack, body) if len(body) > _IN_A_THREAD else _pack(body)
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        return {**message, "body": body}


def takes(accept_encoding: str, encoding: str) -> bool:
    """Whether an Accept-Encoding header takes this encoding.

    >>> takes("br, gzip;q=0.5", "gzip"), takes("gzip;q=0, br", "gzip"), takes("", "br")
    (True, False, False)
    """
    for one in accept_encoding.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == encoding:
            return not _NONE.fullmatch(weight)
    return False


def _pack(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=5, mtime=0)
