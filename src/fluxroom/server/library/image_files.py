"""Files of images: as the providers made them, as WebP, with what made them written in, as previews, many as a ZIP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from fluxroom.errors import NotFound, RequestError
from fluxroom.imaging import thumbnail
from fluxroom.result import Image
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.library.deliveries import SUFFIXES, bytes_missing, of_blob, of_bytes, unchanged
from fluxroom.server.library.thumbnails import kept_or_made
from fluxroom.server.library.zipping import MOST_IN_ZIP, zipped
from fluxroom.store import images, jobs, library
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job

router = APIRouter(prefix="/v1/images", tags=["images"])

_LARGEST_WEBP = 16383  # pixels a side, the format's own limit
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {mime: {} for mime in SUFFIXES}, "description": "The file"},
    206: {"content": {mime: {} for mime in SUFFIXES}, "description": "The part that the Range header asks for"},
    304: {"description": "Unchanged"},
    416: {"description": "The file has no such part"},
}
_PREVIEWS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {}}, "description": "The preview"},
    304: {"description": "Unchanged"},
}


class ZipBody(BaseModel):
    """Which pictures are packed."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ZipRequest")

    ids: list[str] = Field(
        min_length=1, max_length=MOST_IN_ZIP, description="Ids of images, in the order of the files."
    )
    metadata: bool = Field(default=True, description="Write prompt, model and seed into each file.")


@router.head("/{image_id}/file", include_in_schema=False)
@router.get("/{image_id}/file", response_class=Response, responses=_FILES, summary="The file of an image")
async def file(
    gateway: Running,
    caller: Asking,
    request: Request,
    image_id: str,
    *,
    format: Annotated[  # noqa: A002  the word in the address
        Literal["original", "webp"], Query(description="webp: smaller, with as many pixels")
    ] = "original",
    metadata: Annotated[bool, Query(description="Write prompt, model and seed into the file")] = False,
    download: Annotated[bool, Query(description="Offer it as a download")] = False,
) -> Response:
    """The provider's bytes, untouched; or as WebP; or, with `metadata=1`, a download with what made it written in."""
    stored, job, generation = await found(gateway, caller, image_id)
    suffix = "webp" if format == "webp" else SUFFIXES.get(stored.mime)
    name = file_name(stored, job, suffix)
    kind = "attachment" if metadata or download or not suffix else "inline"
    headers = {"content-disposition": f'{kind}; filename="{name}"'}
    if format == "webp":
        return await preview(request, gateway, stored.sha256, 0, headers)
    if not metadata:
        return await of_blob(request, gateway, stored.sha256, mime=stored.mime, headers=headers)
    # What is written in names the job, so two images of the same bytes differ in it.
    headers["etag"] = f'"{stored.sha256}-{stored.id}"'
    if unchanged(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    picture = Image(stored, job, gateway.engine.store.blobs, generation)
    try:
        data = await asyncio.to_thread(picture.with_metadata)
    except NotFound:
        raise bytes_missing(stored.sha256) from None
    return of_bytes(request, data, mime=stored.mime if suffix else "application/octet-stream", headers=headers)


@router.head("/{image_id}/thumbnail", include_in_schema=False)
@router.get("/{image_id}/thumbnail", response_class=Response, responses=_PREVIEWS, summary="A small preview")
async def small(
    gateway: Running,
    caller: Asking,
    request: Request,
    image_id: str,
    size: Annotated[Literal["256", "512", "1024"], Query(description="The longest side in pixels")] = "512",
) -> Response:
    """A WebP of at most `size` pixels a side."""
    stored, _, _ = await found(gateway, caller, image_id)
    return await preview(request, gateway, stored.sha256, int(size))


@router.post(
    "/zip",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "The archive, as it is packed"}},
    summary="Many images in one ZIP file",
)
async def pack(gateway: Running, caller: Asking, body: ZipBody) -> StreamingResponse:
    """The pictures as files, and `images.csv` with what each is and cost. Not compressed: pictures already are."""
    ids = [checked_id(one, "image") for one in dict.fromkeys(body.ids)]
    pictures = await gateway.engine.store.database.read(partial(library.some, owner=caller.only, ids=ids))
    if not pictures:
        raise RequestError("None of these ids is an image of yours.", field="ids")
    day = datetime.fromtimestamp(gateway.engine.now(), UTC).strftime("%Y%m%d-%H%M%S")
    headers = {"content-disposition": f'attachment; filename="fluxroom-{day}.zip"'}
    pieces = zipped(gateway.engine.store, pictures, metadata=body.metadata)
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


async def preview(
    request: Request, gateway: Gateway, digest: str, size: int, headers: dict[str, str] | None = None
) -> Response:
    """A WebP of at most `size` pixels a side (0: of the picture's own size), made once and kept.

    Raises:
        NotFound: the bytes are gone.
    """
    told = {"etag": f'"{digest}-{size or "webp"}"', **(headers or {})}
    if unchanged(request.headers.get("if-none-match", ""), told["etag"]):
        return Response(status_code=304, headers=told)
    store = gateway.engine.store

    def make() -> bytes:
        try:
            return thumbnail(store.blobs.get(digest), size or _LARGEST_WEBP)
        except NotFound:
            raise bytes_missing(digest) from None

    data = await asyncio.to_thread(kept_or_made, store.preview(digest, size), make)
    return of_bytes(request, data, mime="image/webp", headers=told)


async def found(gateway: Gateway, caller: Caller, image_id: str) -> tuple[StoredImage, Job, Generation]:
    """An image of the caller's with what made it.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    checked_id(image_id, "image")

    def work(connection: Connection) -> tuple[StoredImage, Job, Generation] | None:
        stored = images.get(connection, image_id)
        job = jobs.get(connection, stored.job) if stored else None
        generation = jobs.generation(connection, job.generation) if job else None
        return (stored, job, generation) if stored and job and generation else None

    result = await gateway.engine.store.database.read(work)
    if result is None or not caller.may_see(result[0].owner):
        raise no_image(image_id)
    return result


def no_image(image_id: str) -> NotFound:
    """There is no such image for this caller."""
    return NotFound(f"There is no image {image_id}.", advice="List what there is with GET /v1/images.")


def file_name(stored: StoredImage, job: Job, suffix: str | None) -> str:
    """The name of a download. A model's id comes from our own catalog: nothing in it needs quoting."""
    return f"{job.model.replace('/', '-')}-{stored.id[-6:]}.{suffix or 'bin'}"
