"""Images: the files as the providers made them, downloads that say what made them, and thumbnails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.imaging import thumbnail
from fluxroom.result import Image
from fluxroom.server import answers
from fluxroom.server.answers import ImageAnswer
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.thumbnails import kept_or_made
from fluxroom.store import images, jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job

router = APIRouter(prefix="/v1/images", tags=["images"])

_FOREVER = "private, max-age=31536000, immutable"
"""An image's bytes never change: its id stands for one hash."""

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {mime: {} for mime in _SUFFIXES}, "description": "The file"},
    304: {"description": "Unchanged"},
}


@router.get("/{image_id}", summary="Look at an image's facts")
async def get(gateway: Running, image_id: str) -> ImageAnswer:
    """Size, hash, seed and addresses of an image."""
    return answers.image((await _found(gateway, image_id))[0])


@router.get("/{image_id}/file", response_class=Response, responses=_FILES, summary="The file of an image")
async def file(
    gateway: Running,
    image_id: str,
    *,
    metadata: Annotated[bool, Query(description="Write prompt, model and seed into the file")] = False,
    download: Annotated[bool, Query(description="Offer it as a download")] = False,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The provider's bytes, untouched; or, with `metadata=1`, a download with what made it written in."""
    stored, job, generation = await _found(gateway, image_id)
    blobs = gateway.engine.store.blobs
    # What is written in names the job, so two images of the same bytes differ in it.
    etag = f'"{stored.sha256}-{stored.id}"' if metadata else f'"{stored.sha256}"'
    headers = {
        "etag": etag,
        "cache-control": _FOREVER,
        "content-disposition": _disposition(stored, job, attached=metadata or download),
    }
    if unchanged(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    if not await asyncio.to_thread(blobs.has, stored.sha256):
        raise _bytes_missing(stored)
    if not metadata:
        if path := blobs.local_path(stored.sha256):
            return FileResponse(path, headers=headers, media_type=_mime(stored))
        return StreamingResponse(
            blobs.stream(stored.sha256),
            headers={**headers, "content-length": str(stored.size_bytes)},
            media_type=_mime(stored),
        )
    picture = Image(stored, job, blobs, generation)
    return Response(await asyncio.to_thread(picture.with_metadata), headers=headers, media_type=_mime(stored))


@router.get("/{image_id}/thumbnail", response_class=Response, responses=_FILES, summary="A small preview")
async def small(
    gateway: Running,
    image_id: str,
    size: Annotated[Literal["256", "512", "1024"], Query(description="The longest side in pixels")] = "512",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """A WebP of at most `size` pixels a side."""
    stored, _, _ = await _found(gateway, image_id)
    headers = {"etag": f'"{stored.sha256}-{size}"', "cache-control": _FOREVER}
    if unchanged(if_none_match, headers["etag"]):
        return Response(status_code=304, headers=headers)
    blobs = gateway.engine.store.blobs

    def make() -> bytes:
        try:
            return thumbnail(blobs.get(stored.sha256), int(size))
        except NotFound:
            raise _bytes_missing(stored) from None

    cache = _cache(gateway, stored.sha256, size)
    return Response(await asyncio.to_thread(kept_or_made, cache, make), headers=headers, media_type="image/webp")


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the caller has these bytes already (RFC 9110: a weak comparison).

    >>> unchanged('W/"a", "b"', '"b"'), unchanged("*", '"b"'), unchanged("", '"b"')
    (True, True, False)
    """
    held = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in held or etag in held


def _cache(gateway: Gateway, sha256: str, size: str) -> Path:
    return gateway.engine.store.folder / "cache" / "thumbnails" / sha256[:2] / f"{sha256}-{size}.webp"


async def _found(gateway: Gateway, image_id: str) -> tuple[StoredImage, Job, Generation]:
    checked_id(image_id, "image")

    def work(connection: Connection) -> tuple[StoredImage, Job, Generation] | None:
        stored = images.get(connection, image_id)
        job = jobs.get(connection, stored.job) if stored else None
        generation = jobs.generation(connection, job.generation) if job else None
        return (stored, job, generation) if stored and job and generation else None

    found = await gateway.engine.store.database.read(work)
    if found is None:
        raise NotFound(f"There is no image {image_id}.", advice="List what there is with GET /v1/generations.")
    return found


def _bytes_missing(stored: StoredImage) -> NotFound:
    return NotFound(
        f"Image {stored.id} is in the ledger, but its file is gone.",
        advice="Put the data folder's blobs back from a backup.",
        sha256=stored.sha256,
    )


def _mime(stored: StoredImage) -> str:
    # Only what a browser shows as a picture and as nothing else.
    return stored.mime if stored.mime in _SUFFIXES else "application/octet-stream"


def _disposition(stored: StoredImage, job: Job, *, attached: bool) -> str:
    suffix = _SUFFIXES.get(stored.mime)
    # A model's id comes from our own catalog: letters, digits, dots and dashes, nothing that needs quoting.
    name = f"{job.model.replace('/', '-')}-{stored.id[-6:]}.{suffix or 'bin'}"
    return f'{"attachment" if attached or not suffix else "inline"}; filename="{name}"'
