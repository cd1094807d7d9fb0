"""How calls leave this machine: aiohttp behind a small protocol, so that tests can inject another."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fluxroom.engine.egress import guarded_connector, is_inside
from fluxroom.providers import Call, Reply

if TYPE_CHECKING:
    import aiohttp

MOST_REPLY_BYTES = 96 * 1024 * 1024
"""Largest answer that is read: fal's sync_mode puts pictures into it as text."""

_IDLE_CONNECTION = 4.0
"""Seconds that an unused connection is kept. Short on purpose: a POST on a connection that the other side is just
closing ends in doubt, and a job in doubt needs a person."""


class NotSentError(Exception):
    """Surely not a byte of the request reached the other side: connection refused, or name not found."""


class InterruptedCallError(Exception):
    """The call broke off; what the other side made of it is not known."""


class TooLargeError(Exception):
    """The answer is larger than allowed; it was not read to its end."""


class Transport(Protocol):
    """What the engine needs of an HTTP client. Redirects are never followed."""

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the whole call's, in seconds
        """Carry out a call and read the whole answer.

        Raises:
            NotSentError, InterruptedCallError, TooLargeError
        """

    def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The data of each server-sent event of the answer; ends when the other side ends it."""

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the whole call's, in seconds
        """Fetch a file without any key; `Reply.body` is complete or an exception is raised."""

    async def close(self) -> None:
        """Close all connections."""


class AiohttpTransport:
    """The default transport.

    Args:
        aliases: origins that stand for others: `{"http://sandbox.localhost": "http://127.0.0.1:41234"}`. The call goes
            to the second one with the first one's name in its `Host` header.
        inside: hosts that may be on a private network; every other name must lead to a public address.
    """

    def __init__(self, aliases: Mapping[str, str] | None = None, inside: frozenset[str] = frozenset()) -> None:
        self._aliases = dict(aliases or {})
        self._inside = inside
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  passed on
        """See `Transport.request`."""
        import aiohttp
        import orjson

        body = orjson.dumps(call.json) if call.json is not None else call.body
        sent = {"accept": "application/json", **call.headers, **headers}
        if call.json is not None:
            sent["content-type"] = "application/json"
        return await self._exchange(
            call.method, call.url, sent, body, aiohttp.ClientTimeout(total=timeout, sock_connect=10), MOST_REPLY_BYTES
        )

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """See `Transport.stream`."""
        import aiohttp

        url, host = self._resolve(call.url)
        sent = {"accept": "text/event-stream", **call.headers, **headers, **host}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
        try:
            async with self._open(url).request(
                call.method, url, headers=sent, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise InterruptedCallError(f"HTTP {response.status}")
                data: list[bytes] = []
                async for line in response.content:
                    text = line.rstrip(b"\r\n")
                    if text.startswith(b"data:"):
                        data.append(text[5:].strip())
                    elif not text and data:
                        yield b"\n".join(data)
                        data = []
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise InterruptedCallError(_name(error)) from error

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  passed on
        """See `Transport.download`."""
        import aiohttp

        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=10, sock_read=30)
        return await self._exchange("GET", url, {}, None, limits, limit)

    async def close(self) -> None:
        """See `Transport.close`."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's own
        limit: int,
    ) -> Reply:
        import aiohttp

        url, host = self._resolve(url)
        try:
            async with self._open(url).request(
                method, url, headers={**headers, **host}, data=_in_parts(body), timeout=timeout, allow_redirects=False
            ) as response:
                data = await _read(response, limit)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Reply(status=response.status, headers=names, body=data)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSentError(_name(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise InterruptedCallError(_name(error)) from error

    def _resolve(self, url: str) -> tuple[str, dict[str, str]]:
        for alias, origin in self._aliases.items():
            if url == alias or url.startswith(alias + "/"):
                return origin + url[len(alias) :], {"host": alias.split("://", 1)[1]}
        return url, {}

    def _open(self, url: str) -> aiohttp.ClientSession:
        import aiohttp

        guarded = not is_inside(url, self._inside)
        if guarded not in self._sessions:
            # The caps are the engine's own; the pool must not add a second one.
            options: dict[str, Any] = {"limit": 0, "keepalive_timeout": _IDLE_CONNECTION, "ttl_dns_cache": 60}
            connector = guarded_connector(**options) if guarded else aiohttp.TCPConnector(**options)
            self._sessions[guarded] = aiohttp.ClientSession(
                connector=connector,
                read_bufsize=2**18,
                auto_decompress=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": "fluxroom"},
            )
        return self._sessions[guarded]


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise TooLargeError(f"{response.content_length} bytes announced")
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(2**18):
        size += len(part)
        if size > limit:
            raise TooLargeError(f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def _in_parts(body: bytes | None) -> bytes | io.BytesIO | None:
    # A large body in one piece would hold up the event loop while it is written.
    return io.BytesIO(body) if body and len(body) > 2**18 else body


def _name(error: Exception) -> str:
    # Never the URL: it may be signed.
    return type(error).__name__
