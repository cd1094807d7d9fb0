"""Files of pictures over HTTP: whole or in ranges, from a folder or a bucket, kept by browsers for ever.

A picture's bytes never change, since they are named by their hash; so an answer is immutable, and a range of it can be
trusted to be of the same file.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from fluxroom.errors import NotFound
from fluxroom.server import problems
from fluxroom.server.gateway import Gateway

FOREVER = "private, max-age=31536000, immutable"
"""An image's bytes never change: its id stands for one hash."""

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class _File(FileResponse):
    """A file in pieces so large that a picture takes a few hand-overs to the thread that reads, not a hundred."""

    chunk_size = 1024 * 1024


async def of_blob(
    request: Request, gateway: Gateway, digest: str, *, mime: str, headers: Mapping[str, str]
) -> Response:
    """The bytes of a hash as the request wants them: 200, 206, 304 or 416; for HEAD without a body.

    Raises:
        NotFound: the bytes are gone.
    """
    blobs = gateway.engine.store.blobs
    etag = f'"{digest}"'
    told = {"etag": etag, "cache-control": FOREVER, "accept-ranges": "bytes", **headers}
    if unchanged(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=told)
    try:
        size = await asyncio.to_thread(blobs.size, digest)
    except NotFound:
        raise bytes_missing(digest) from None
    kind = mime if mime in SUFFIXES else "application/octet-stream"  # only what a browser shows as a picture
    span = _span(request, etag, size)
    if span is not None and span[0] >= span[1]:
        problem = problems.by_status(416, f"The file has {size} bytes.")
        return problems.respond(problem, {"content-range": f"bytes */{size}"})
    start, end = span or (0, size)
    if span is not None:
        told["content-range"] = f"bytes {start}-{end - 1}/{size}"
    told["content-length"] = str(end - start)
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=told, media_type=kind)
    # FileResponse would read the header once more, and in its own way.
    if "range" not in request.headers and (path := blobs.local_path(digest)):
        return _File(path, headers=told, media_type=kind)
    pieces = await asyncio.to_thread(blobs.stream, digest, start=start, end=end)
    return StreamingResponse(pieces, status, told, media_type=kind)


def of_bytes(request: Request, data: bytes, *, mime: str, headers: Mapping[str, str]) -> Response:
    """Bytes that are made on the way; for HEAD without a body."""
    told = {"cache-control": FOREVER, **headers}
    if request.method == "HEAD":
        return Response(headers={**told, "content-length": str(len(data))}, media_type=mime)
    return Response(data, headers=told, media_type=mime)


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the caller has these bytes already (RFC 9110: a weak comparison).

    >>> unchanged('W/"a", "b"', '"b"'), unchanged("*", '"b"'), unchanged("", '"b"')
    (True, True, False)
    """
    held = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in held or etag in held


def bytes_missing(digest: str) -> NotFound:
    """The row is there, the bytes are not."""
    return NotFound(
        f"The picture {digest[:12]}… is in the ledger, but its file is gone.",
        advice="Put the data folder's blobs back from a backup.",
        sha256=digest,
    )


def _span(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """The part of the file that is asked for, empty when there is no such part; None for the whole.

    Several ranges at once, and what is no range at all, are answered with the whole file, as RFC 9110 allows.
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or found[1] == found[2] == "" or request.headers.get("if-range", etag) != etag:
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    last = int(found[2]) + 1 if found[2] else size
    return None if found[2] and last <= int(found[1]) else (int(found[1]), min(last, size))
