"""The proxy that fal's JavaScript client can be told to send everything to: ``x-fal-target-url`` says where to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from fluxroom.sandbox.exchange import MOUNTS, answer, origin

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOP: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "x-fal-target-url"})
_DROPPED: Final = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"})


def _own_url(request: web.Request, target: str) -> str | None:
    """The sandbox's own address of one of fal's addresses."""
    parts, mounts = urlsplit(target), request.app[MOUNTS]
    bases = {
        "queue.fal.run": mounts.queue,
        "fal.run": mounts.run,
        "rest.fal.ai": mounts.rest,
        "rest.alpha.fal.ai": mounts.rest,
        "v3.fal.media": mounts.cdn,
    }
    base = bases.get(parts.hostname or "")
    if base is None:
        return None
    return f"{origin(request)}{base}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {str(name): value for name, value in headers.items() if name.lower() not in names}


async def proxy(request: web.Request) -> web.StreamResponse:
    """Any request to ``/fal/proxy``. A request without a key gets the sandbox's own, as a real proxy adds its key."""
    url = _own_url(request, request.headers.get("x-fal-target-url", ""))
    if url is None:
        return answer({"detail": "Invalid x-fal-target-url"}, 400)
    headers = {"Authorization": "Key sandbox:proxy", **_without(request.headers, _HOP)}
    data = await request.read()
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(request.method, url, data=data or None, headers=headers, allow_redirects=False) as reply,
    ):
        response = web.StreamResponse(status=reply.status, headers=_without(reply.headers, _DROPPED))
        await response.prepare(request)
        async for block in reply.content.iter_any():
            await response.write(block)
        return response
