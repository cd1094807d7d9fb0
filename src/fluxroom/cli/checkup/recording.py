"""A transport that remembers what was said, for comparing a provider with the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fluxroom.cli.checkup.shapes import Exchange, without_ids

if TYPE_CHECKING:
    from fluxroom.engine.transport import Transport
    from fluxroom.providers import Call, Reply


class Recording:
    """Passes every call on and keeps the exchange. Keys are added in headers, which are never kept.

    Args:
        inner: the transport that carries the calls.
        bases: the addresses that calls go to; what comes after them names a call.
    """

    def __init__(self, inner: Transport, bases: Sequence[str]) -> None:
        self._inner = inner
        self._bases = sorted(filter(None, bases), key=len, reverse=True)
        self.exchanges: list[Exchange] = []

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        """See `Transport.request`."""
        reply = await self._inner.request(call, headers, timeout=timeout)
        self._keep(call.method, call.url, reply, request=call.json)
        return reply

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """See `Transport.stream`."""
        async for data in self._inner.stream(call, headers):
            body = _decoded(data)
            self.exchanges.append(Exchange(role=f"STREAM {self._name(call.url)}", status=200, body=body))
            yield data

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        """See `Transport.download`."""
        reply = await self._inner.download(url, limit=limit, timeout=timeout)
        kind = reply.headers.get("content-type", "")
        self.exchanges.append(Exchange(role="GET the picture", status=reply.status, body=None, kind=kind))
        return reply

    async def close(self) -> None:
        """See `Transport.close`."""
        await self._inner.close()

    def _keep(self, method: str, url: str, reply: Reply, *, request: Any) -> None:
        role = f"{method} {self._name(url)}"
        kind = reply.headers.get("content-type", "")
        self.exchanges.append(Exchange(role, reply.status, _decoded(reply.body), request, kind))

    def _name(self, url: str) -> str:
        """The path below the base: the same at the provider and in the sandbox."""
        base = next((base for base in self._bases if url.startswith(base)), "")
        path = url[len(base) :].split("?", 1)[0] if base else _path(url, self._bases)
        return without_ids(path)


def _path(url: str, bases: Sequence[str]) -> str:
    """The path on another host of the provider, such as a regional one; its prefix is that of a base."""
    path = urlsplit(url).path
    prefix = next((urlsplit(base).path for base in bases if path.startswith(urlsplit(base).path + "/")), "")
    return path[len(prefix) :]


def _decoded(data: bytes) -> Any:
    import orjson

    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
