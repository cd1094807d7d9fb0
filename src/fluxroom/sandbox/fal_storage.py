"""fal's storage: tokens, direct, two-step and multipart uploads, and the files (clients 1.0.3 and 1.10.1, 2026)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from fluxroom.sandbox.exchange import answer, read_json, world_of
from fluxroom.sandbox.fal_results import cdn_base
from fluxroom.sandbox.fal_tasks import require_key
from fluxroom.sandbox.media import read_name, send_picture
from fluxroom.sandbox.webhooks import WEBHOOKS

if TYPE_CHECKING:
    from fluxroom.sandbox.books import Books

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_TOKEN_HOURS: Final = 1


def _place(file_name: str | None) -> str:
    """A new path for an upload, as ``files/b/<prefix>/<random>_<name>``."""
    clean = _UNSAFE.sub("_", file_name or "")[-80:] or "upload.bin"
    return f"files/b/{secrets.token_hex(4)}/{secrets.token_urlsafe(12)}_{clean}"


def _lifecycle(request: web.Request) -> dict[str, Any]:
    kept = request.headers.get("X-Fal-Object-Lifecycle-Preference") or request.headers.get("X-Fal-Object-Lifecycle")
    return {"lifecycle": kept} if kept else {}


async def token(request: web.Request) -> web.Response:
    """``POST /storage/auth/token``: what the Python client asks for before it uploads."""
    require_key(request)
    now = world_of(request).now()
    end = dt.datetime.fromtimestamp(now, dt.UTC) + dt.timedelta(hours=_TOKEN_HOURS)
    value = f"sandbox-{secrets.token_hex(16)}"
    body = {"token": value, "token_type": "Bearer", "base_url": cdn_base(request), "expires_at": end.isoformat()}
    return answer(body)


async def initiate(request: web.Request) -> web.Response:
    """``POST /storage/upload/initiate``: where to PUT a file, and where it will be."""
    require_key(request)
    body = await read_json(request)
    place = _place(body.get("file_name"))
    url = f"{cdn_base(request)}/{place}"
    return answer({"upload_url": f"{url}?upload={secrets.token_hex(8)}", "file_url": url})


async def initiate_multipart(request: web.Request) -> web.Response:
    """``POST /storage/upload/initiate-multipart``: parts go to ``{upload_url}/{n}``, then ``/complete``."""
    require_key(request)
    body = await read_json(request)
    place = _place(body.get("file_name"))
    url = f"{cdn_base(request)}/{place}"
    return answer({"upload_url": f"{url}/multipart/{secrets.token_hex(8)}", "file_url": url})


async def upload(request: web.Request) -> web.Response:
    """``POST /files/upload``: raw bytes in one request."""
    require_key(request)
    place = _place(request.headers.get("X-Fal-File-Name"))
    await _keep(request, place)
    return answer({"access_url": f"{cdn_base(request)}/{place}"})


async def put_file(request: web.Request) -> web.Response:
    """``PUT`` of a file to the address that ``initiate`` gave; no key."""
    if "upload" not in request.query:
        return answer({"detail": "Forbidden"}, 403)
    await _keep(request, f"files/b/{request.match_info['prefix']}/{request.match_info['name']}")
    return web.Response(status=200)


async def _keep(request: web.Request, place: str) -> None:
    data = await request.read()
    kind = request.headers.get("Content-Type", "application/octet-stream")
    world_of(request).books.add_blob(place, kind, data, _lifecycle(request))


async def multipart(request: web.Request) -> web.Response:
    """``POST /files/upload/multipart``: begin an upload in parts."""
    require_key(request)
    place = _place(request.headers.get("X-Fal-File-Name"))
    return answer({"access_url": f"{cdn_base(request)}/{place}", "uploadId": secrets.token_hex(8)})


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _part(request: web.Request, number: int | str) -> str:
    return f"part/{request.match_info['name']}/{request.match_info['upload']}/{number}"


async def put_part(request: web.Request) -> web.Response:
    """``PUT .../multipart/{id}/{n}``: one part."""
    data = await request.read()
    world_of(request).books.add_blob(_part(request, request.match_info["number"]), request.content_type, data)
    return answer({"partNumber": int(request.match_info["number"])}, 200, {"ETag": f'"{_etag(data)}"'})


async def complete(request: web.Request) -> web.Response:
    """``POST .../multipart/{id}/complete``: put the parts together; their etags must be right."""
    books = world_of(request).books
    body = await read_json(request)
    parts = sorted(body.get("parts", []), key=lambda part: int(part.get("partNumber") or part.get("part_number")))
    joined, kind = bytearray(), "application/octet-stream"
    for part in parts:
        kept = books.blob(_part(request, part.get("partNumber") or part.get("part_number")))
        if kept is None or str(part.get("etag", "")).strip('"') != _etag(kept[1]):
            return answer({"detail": "InvalidPart"}, 400)
        kind, joined = kept[0], joined + kept[1]
    place = f"files/b/{request.match_info['prefix']}/{request.match_info['name']}"
    books.add_blob(place, kind, bytes(joined))
    return answer({"access_url": f"{cdn_base(request)}/{place}"})


async def get_file(request: web.Request) -> web.StreamResponse:
    """``GET /files/b/...``: an upload, or a finished picture."""
    world, name = world_of(request), request.match_info["name"]
    found = read_name(name)
    task = world.task(found[0]) if found else None
    if task is not None and found is not None and task.phase(world.now()) == "done" and task.outcome == "ready":
        return await send_picture(request, task, found[1])
    return _upload(world.books, f"files/b/{request.match_info['prefix']}/{name}")


def _upload(books: Books, place: str) -> web.Response:
    kept = books.blob(place)
    if kept is None:
        return answer({"detail": "Not Found"}, 404)
    return web.Response(body=kept[1], headers={"Content-Type": kept[0]})


async def jwks(request: web.Request) -> web.Response:
    """``GET /.well-known/jwks.json``: the public key that webhooks are signed with."""
    return answer(request.app[WEBHOOKS].jwks(), 200, {"Cache-Control": "max-age=86400"})


def routes(rest: str, cdn: str) -> list[web.RouteDef]:
    """The storage's routes under their prefixes."""
    place = f"{cdn}/files/b/{{prefix}}/{{name}}"
    return [
        web.get(f"{rest}/.well-known/jwks.json", jwks),
        web.post(f"{rest}/storage/auth/token", token),
        web.post(f"{rest}/storage/upload/initiate", initiate),
        web.post(f"{rest}/storage/upload/initiate-multipart", initiate_multipart),
        web.post(f"{cdn}/files/upload", upload),
        web.post(f"{cdn}/files/upload/multipart", multipart),
        web.get(place, get_file),
        web.put(place, put_file),
        web.put(f"{place}/multipart/{{upload}}/{{number:\\d+}}", put_part),
        web.post(f"{place}/multipart/{{upload}}/complete", complete),
    ]
