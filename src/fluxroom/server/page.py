"""The studio: the built page, served so that nothing is asked for twice and nothing inline and nothing foreign runs.

Files with a hash in their name never change; the page itself is asked for anew each time, so that an update shows at
once. Addresses of the studio's own screens give the page too, so that they can be reloaded and shared. Without a build
(a checkout, no Node) a small page says so; the gateway works all the same.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.exceptions import HTTPException

from fluxroom.server.access.security import PAGE_POLICY
from fluxroom.server.envelope import takes_gzip
from fluxroom.server.library.deliveries import unchanged

router = APIRouter(include_in_schema=False)

BUILD = Path(__file__).parent / "studio"
"""Where `make studio` puts the build; the wheel carries it."""

_WITHOUT = Path(__file__).parent / "page"
SCREENS = (
    *("create", "chat", "chat/{id}", "tools", "tools/{tool}", "welcome", "gallery", "i/{id}"),
    *("compare", "compare/{id}", "bulk", "bulk/{id}", "pipelines", "pipelines/new", "pipelines/{id}"),
    *("models", "costs", "settings"),
)
"""Addresses of the studio's own: `studio/src/router.tsx` has the same."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOREVER = "public, max-age=31536000, immutable"
_PACKED = frozenset({".html", ".js", ".css", ".svg"})
"""What is a third as large when it is packed; fonts are packed already."""

Told = Annotated[str, Header()]


@router.get("/")
async def index(if_none_match: Told = "", accept_encoding: Told = "") -> Response:
    """The page itself, or the small one where no build is."""
    built = BUILD / "index.html"
    return _page(built if built.is_file() else _WITHOUT / "index.html", if_none_match, accept_encoding)


for _screen in SCREENS:
    router.add_api_route(f"/{_screen}", index, methods=["GET"])


@router.get("/icon.svg")
async def icon(if_none_match: Told = "", accept_encoding: Told = "") -> Response:
    """The page's sign."""
    return _page(_WITHOUT / "icon.svg", if_none_match, accept_encoding)


@router.get("/page/{name}")
async def part(name: str, accept_encoding: Told = "") -> Response:
    """A script, a style or a font: its name holds the hash of its content."""
    path = BUILD / "page" / name
    if Path(name).name != name or not path.is_file():
        raise HTTPException(404)
    data, _, headers = _sent(path, 0, accept_encoding)
    return Response(data, headers={"cache-control": _FOREVER, **headers}, media_type=_type(name))


def _page(path: Path, if_none_match: str, accept_encoding: str) -> Response:
    data, etag, headers = _sent(path, path.stat().st_mtime_ns, accept_encoding)
    headers |= {"etag": etag, "cache-control": "no-cache", "content-security-policy": PAGE_POLICY}
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_type(path.name))


def _sent(path: Path, changed: int, accept_encoding: str) -> tuple[bytes, str, dict[str, str]]:
    if path.suffix not in _PACKED:
        return *_read(path, changed, packed=False), {}
    packed = takes_gzip(accept_encoding)
    headers = {"vary": "accept-encoding"} | ({"content-encoding": "gzip"} if packed else {})
    return *_read(path, changed, packed=packed), headers


@cache
def _read(path: Path, _changed: int, *, packed: bool) -> tuple[bytes, str]:
    data = path.read_bytes()
    etag = hashlib.sha256(data).hexdigest()[:32]
    if packed:
        return gzip.compress(data, compresslevel=9, mtime=0), f'"{etag}-gzip"'
    return data, f'"{etag}"'


def _type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")
