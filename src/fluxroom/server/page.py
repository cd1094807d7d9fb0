"""The built-in page: a few static files, served with a policy under which nothing inline and nothing foreign runs."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.exceptions import HTTPException

from fluxroom.server.images import unchanged
from fluxroom.server.security import PAGE_POLICY

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "drawing.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@router.get("/")
async def index(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The page itself."""
    return _file("index.html", if_none_match)


@router.get("/page/{name}")
async def part(name: str, if_none_match: Annotated[str, Header()] = "") -> Response:
    """A file that the page asks for."""
    if name not in _TYPES:
        raise HTTPException(404)
    return _file(name, if_none_match)


def _file(name: str, if_none_match: str) -> Response:
    data, etag = _read(name)
    # Asked for anew each time, so that an update shows at once; the answer is mostly 304.
    headers = {"etag": etag, "cache-control": "no-cache", "content-security-policy": PAGE_POLICY}
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_TYPES[name])


@cache
def _read(name: str) -> tuple[bytes, str]:
    data = (_FOLDER / name).read_bytes()
    return data, f'"{hashlib.sha256(data).hexdigest()[:32]}"'
