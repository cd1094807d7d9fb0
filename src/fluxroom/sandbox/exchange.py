"""One HTTP exchange: addresses from the request's own Host, answers as JSON, dropped connections, the request book."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from fluxroom.sandbox.world import World, key_id_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LONGEST_KEPT: Final = 1000  # characters of a string that the books keep as they are
_SECRET_HEADERS: Final = frozenset({"authorization", "x-key", "cookie", "x-webhook-secret", "proxy-authorization"})
_SECRET_QUERY: Final = frozenset({"sig", "token"})


@dataclass(frozen=True, slots=True)
class Mounts:
    """Under which path each surface is served by an application. ``polling`` and ``delivery`` None: own host."""

    bfl: str = "/bfl"
    queue: str = "/fal/queue"
    run: str = "/fal/run"
    cdn: str = "/fal/cdn"
    rest: str = "/fal/rest"
    polls: bool = True
    polling: str | None = None
    delivery: str | None = None


@dataclass(slots=True)
class Notes:
    """What is found out about one request on its way, for the books. ``bare``: not the provider's own answer."""

    task: str | None = None
    faults: list[str] | None = None
    body: Any = None
    bare: bool = False
    dropped: bool = False


NOTES: Final = web.RequestKey("notes", Notes)
WORLD: Final = web.AppKey("world", World)
MOUNTS: Final = web.AppKey("mounts", Mounts)


def origin(request: web.Request) -> str:
    """Scheme, host and port as the caller wrote them."""
    return f"{request.scheme}://{request.host}"


def world_of(request: web.Request) -> World:
    """The state that this application serves."""
    return request.app[WORLD]


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


def html(text: str, status: int = 200) -> web.Response:
    """An HTML page, as proxies answer."""
    return web.Response(text=text, status=status, content_type="text/html")


def proxy_page(status: int, reason: str) -> web.Response:
    """The page of a proxy that did not reach the server. It carries no request id."""
    title = f"{status} {reason}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    return html(f"{page}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", status)


def bare(request: web.Request, response: web.Response) -> web.Response:
    """An answer that did not come from the provider's own server: without its request id."""
    request[NOTES].bare = True
    return response


def drop(request: web.Request, *, reset: bool = False) -> web.Response:
    """Close the connection without an answer; ``reset``: with a TCP reset, as a refusing machine does."""
    request[NOTES].dropped = True
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def body_of(response: web.Response) -> bytes:
    """The bytes of an answer of ours; never one of aiohttp's payloads."""
    return response.body if isinstance(response.body, bytes) else b""


async def cut(request: web.Request, body: bytes, content_type: str, *, keep: float = 0.5) -> web.StreamResponse:
    """Announce a whole body, send a part of it and close the connection."""
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": str(len(body))})
    response.force_close()
    await response.prepare(request)
    await response.write(body[: max(1, int(len(body) * keep))])
    if request.transport is not None:
        request.transport.close()
    return response


def shorten(value: Any) -> Any:
    """JSON with long strings replaced by their length and hash."""
    if isinstance(value, str):
        if len(value) <= LONGEST_KEPT:
            return value
        return f"<{len(value)} characters, sha256 {hashlib.sha256(value.encode()).hexdigest()}>"
    if isinstance(value, list):
        return [shorten(item) for item in value]
    if isinstance(value, dict):
        return {name: shorten(item) for name, item in value.items()}
    return value


def _redacted(name: str, value: str) -> str:
    return f"<redacted {key_id_of(value)}>" if name.lower() in _SECRET_HEADERS else value


def headers_kept(request: web.Request) -> dict[str, str]:
    """The request's headers with keys replaced by a short hash."""
    return {str(name): _redacted(name, value) for name, value in request.headers.items()}


async def read_json(request: web.Request) -> Any:
    """The body as JSON; ValueError when it is none."""
    data = await request.read()
    body = orjson.loads(data)
    request[NOTES].body = body
    return body


def new_id() -> str:
    """A task's id."""
    return str(uuid.uuid4())


class Refused(Exception):
    """Ends an exchange with this answer, from wherever it was found out."""

    def __init__(self, response: web.StreamResponse) -> None:
        super().__init__()
        self.response = response


@web.middleware
async def keep_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write every request of the two providers' surfaces into the books."""
    request[NOTES] = Notes()
    if request.path.startswith("/admin"):
        return await handler(request)
    world = world_of(request)
    if task := asyncio.current_task():
        world.under_way.add(task)
    at = world.now()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except Refused as stop:
        response = stop.response
        status = response.status
    except ConnectionResetError:
        # The caller went away in the middle of a stream; there is nobody left to answer.
        status = 499
        response = web.Response(status=status)
    except web.HTTPException as error:
        response = answer({"detail": error.reason}, error.status)
        status = error.status
    finally:
        _write_down(request, at, status)
        if task:
            world.under_way.discard(task)
    return response


def _write_down(request: web.Request, at: float, status: int) -> None:
    query = {name: "<redacted>" if name in _SECRET_QUERY else value for name, value in request.query.items()}
    line: dict[str, Any] = {
        "provider": "bfl" if request.path.startswith("/bfl") else "fal",
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "query": query,
        "headers": headers_kept(request),
        "status": 0 if request[NOTES].dropped else status,
    }
    notes = request[NOTES]
    if notes.task is not None:
        line["task"] = notes.task
    if notes.faults is not None:
        line["faults"] = notes.faults
    if notes.body is not None:
        line["body"] = shorten(notes.body)
    world_of(request).books.add_request(at, line)
