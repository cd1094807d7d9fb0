"""The studio: the built page, served so that nothing is asked for twice and nothing inline and nothing foreign runs.

Files with a hash in their name never change; the page itself is asked for anew each time, so that an update shows at
once. Addresses of the studio's own screens give the page too, so that they can be reloaded and shared, and name the
screen's own files at once: else the browser learns of them only when the first script runs. Without a build (a
checkout, no Node) a small page says so; the gateway works all the same.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.exceptions import HTTPException

from fluxroom.server.access.security import PAGE_POLICY
from fluxroom.server.envelope import takes
from fluxroom.server.library.deliveries import unchanged

router = APIRouter(include_in_schema=False)

BUILD = Path(__file__).parent / "studio"
"""Where `make studio` puts the build; the wheel carries it."""

_WITHOUT = Path(__file__).parent / "page"
SCREENS = {
    "create": "",
    "chat": "chat/ChatPage",
    "chat/{id}": "chat/ChatPage",
    "tools": "tools/ToolsPage",
    "tools/{tool}": "tools/ToolPage",
    "welcome": "welcome/WelcomePage",
    "gallery": "gallery/GalleryPage",
    "i/{id}": "image/ImagePage",
    "compare": "compare/ComparePage",
    "compare/{id}": "compare/ComparisonPage",
    "bulk": "bulk/BulkPage",
    "bulk/{id}": "bulk/BulkRunPage",
    "pipelines": "pipelines/PipelinesPage",
    "pipelines/new": "pipelines/EditorPage",
    "pipelines/{id}": "pipelines/PipelineRunPage",
    "models": "models/ModelsPage",
    "costs": "costs/CostsPage",
    "settings": "settings/SettingsPage",
}
"""Addresses of the studio's own, and where in `studio/src/features/` each begins; `studio/src/router.tsx` has the
same. What has no place of its own is part of the first script."""

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
async def index(request: Request, if_none_match: Told = "", accept_encoding: Told = "") -> Response:
    """The page itself, or the small one where no build is."""
    built = BUILD / "index.html"
    if not built.is_file():
        return _page(_WITHOUT / "index.html", if_none_match, accept_encoding)
    answer = _page(built, if_none_match, accept_encoding)
    screen = SCREENS.get(request.scope["route"].path.removeprefix("/"), "")
    if ahead := _ahead(BUILD, built.stat().st_mtime_ns, screen):
        answer.headers["link"] = ahead
    return answer


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
    if Path(name).name != name or path.suffix not in _TYPES or not path.is_file():
        raise HTTPException(404)
    data, _, headers = _sent(path, 0, accept_encoding)
    return Response(data, headers={"cache-control": _FOREVER, **headers}, media_type=_type(name))


def _page(path: Path, if_none_match: str, accept_encoding: str) -> Response:
    data, etag, headers = _sent(path, path.stat().st_mtime_ns, accept_encoding)
    headers |= {"etag": etag, "cache-control": "no-cache", "content-security-policy": PAGE_POLICY}
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_type(path.name))


@cache
def _ahead(build: Path, _changed: int, screen: str) -> str:
    """A Link header that names the files of a screen, which the page itself does not name."""
    chunks: Mapping[str, Any] = json.loads((build / "manifest.json").read_bytes())
    page = (build / "index.html").read_text("utf-8")
    chunk = f"src/features/{screen}.tsx"
    files = dict.fromkeys(_needed(chunks, chunk, set())) if screen and chunk in chunks else {}
    return ", ".join(
        f"</{file}>; rel={'preload; as=style' if file.endswith('.css') else 'modulepreload'}; crossorigin"
        for file in files
        if file not in page
    )


def _needed(chunks: Mapping[str, Any], name: str, seen: set[str]) -> Iterator[str]:
    if name in seen:
        return
    seen.add(name)
    yield chunks[name]["file"]
    yield from chunks[name].get("css", ())
    for other in chunks[name].get("imports", ()):
        yield from _needed(chunks, other, seen)


def _sent(path: Path, changed: int, accept_encoding: str) -> tuple[bytes, str, dict[str, str]]:
    if path.suffix not in _PACKED:
        return *_read(path, changed), {}
    tight = path.with_name(f"{path.name}.br")  # made with the build: it takes seconds
    how = "br" if takes(accept_encoding, "br") and tight.is_file() else "gzip" if takes(accept_encoding, "gzip") else ""
    headers = {"vary": "accept-encoding"} | ({"content-encoding": how} if how else {})
    return *_read(tight if how == "br" else path, changed, how=how), headers


@cache
def _read(path: Path, _changed: int, *, how: str = "") -> tuple[bytes, str]:
    data = path.read_bytes()
    etag = hashlib.sha256(data).hexdigest()[:32]
    return (
        gzip.compress(data, compresslevel=9, mtime=0) if how == "gzip" else data
    ), f'"{etag}{f"-{how}" if how else ""}"'


def _type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")
