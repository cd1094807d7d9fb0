"""Assets: pictures that a caller brings, kept by their hash and named by it in requests. Everybody sees their own."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from fluxroom.engine.intake import take_in
from fluxroom.errors import InvalidReference, NotFound
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.generations import answers
from fluxroom.server.library.deliveries import of_blob
from fluxroom.server.library.image_files import preview
from fluxroom.store import assets, images, purging
from fluxroom.store.assets import Asset
from fluxroom.store.images import StoredImage

router = APIRouter(prefix="/v1/assets", tags=["assets"])

_RAW = frozenset({"image/png", "image/jpeg", "image/webp", "application/octet-stream"})
_FORM = "multipart/form-data"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BINARY = {"type": "string", "format": "binary"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **{mime: {"schema": _BINARY} for mime in sorted(_RAW)},
            _FORM: {"schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}}},
        },
    }
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {mime: {} for mime in sorted(_RAW)}, "description": "The file"},
    206: {"description": "The part that the Range header asks for"},
    304: {"description": "Unchanged"},
}


class AssetAnswer(BaseModel):
    """An uploaded picture."""

    sha256: str = Field(description="Give it as a reference or a mask.")
    mime: str
    width: int
    height: int
    size_bytes: int
    name: str = Field(description="The file's name as it was uploaded; empty for none.")
    created_at: str
    url: str
    thumbnail: str


class AssetPage(BaseModel):
    """Uploads, the newest first."""

    assets: list[AssetAnswer]
    next: str | None = Field(description="The address of the page after this one.")


@router.post("", status_code=201, summary="Upload a picture", openapi_extra=_BODY)
async def upload(gateway: Running, caller: Asking, request: Request) -> AssetAnswer:
    """PNG, JPEG or WebP, at most 20 MB and 40 megapixels, as the raw body or as the field `file` of a form.

    What it is, its bytes say. The same bytes again are the same asset.
    """
    data, name = await _sent(request)
    kept = await take_in(data, gateway.engine.store.blobs)
    asset = Asset(
        owner=caller.owner,
        sha256=kept.sha256,
        name=name,
        mime=kept.mime,
        width=kept.width,
        height=kept.height,
        size_bytes=kept.size_bytes,
        created_at=gateway.engine.now(),
    )
    return _shown(await gateway.engine.store.database.write(partial(assets.add, asset=asset)))


@router.get("", summary="List uploads, the newest first")
async def listing(
    gateway: Running,
    caller: Asking,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
    after: Annotated[str, Query(max_length=64, description="The last hash of the page before")] = "",
) -> AssetPage:
    """One page of your own uploads; `next` leads to the one after it."""
    last = await _found(gateway, caller, after) if after else None
    read = partial(assets.page, owner=caller.owner, limit=limit, after=last)
    found = await gateway.engine.store.database.read(read)
    more = f"/v1/assets?limit={limit}&after={found[-1].sha256}" if len(found) == limit else None
    return AssetPage(assets=[_shown(one) for one in found], next=more)


@router.head("/{sha256}", include_in_schema=False)
@router.get("/{sha256}", summary="Look at an upload")
async def get(gateway: Running, caller: Asking, sha256: str) -> AssetAnswer:
    """Its facts. An image that was made for you answers as well: a client that has its hash need not upload it."""
    try:
        return _shown(await _found(gateway, caller, sha256))
    except NotFound:
        read = partial(images.by_hash, sha256=sha256, owner=caller.only)
        made = await gateway.engine.store.database.read(read)
        if made is None:
            raise
        return _made(made)


@router.head("/{sha256}/file", include_in_schema=False)
@router.get("/{sha256}/file", response_class=Response, responses=_FILES, summary="The file of an upload")
async def file(gateway: Running, caller: Asking, request: Request, sha256: str) -> Response:
    """The bytes as they came."""
    found = await _found(gateway, caller, sha256)
    return await of_blob(request, gateway, sha256, mime=found.mime, headers={})


@router.head("/{sha256}/thumbnail", include_in_schema=False)
@router.get(
    "/{sha256}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}, "description": "The preview"}, 304: {"description": "Unchanged"}},
    summary="A small preview of an upload",
)
async def small(gateway: Running, caller: Asking, request: Request, sha256: str) -> Response:
    """A WebP of at most 512 pixels a side."""
    await _found(gateway, caller, sha256)
    return await preview(request, gateway, sha256, 512)


@router.delete("/{sha256}", status_code=204, summary="Delete an upload")
async def remove(gateway: Running, caller: Asking, sha256: str) -> None:
    """It leaves the list. Requests that took it in keep what they need of it."""
    found = await _found(gateway, caller, sha256)

    def work(connection: Any) -> None:
        assets.drop(connection, found.owner, sha256)
        purging.condemn(connection, [sha256], gateway.engine.now())

    await gateway.engine.store.database.write(work)


async def _sent(request: Request) -> tuple[bytes, str]:
    """The bytes and the name of what is uploaded."""
    # Of the types that a page elsewhere can send without asking first, a form is taken: its origin is checked before.
    mime = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if mime == _FORM:
        async with request.form(max_files=1, max_fields=10) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile):
                raise InvalidReference("The form has no file in the field `file`.", field="file")
            return await sent.read(), _plain(sent.filename or "")
    if mime not in _RAW:
        raise HTTPException(415, f"A picture is sent as {', '.join(sorted(_RAW))} or {_FORM}.")
    return await request.body(), ""


def _plain(name: str) -> str:
    """A file's name without folders and signs that are none.

    >>> _plain("photos/../fox.png"), _plain("fox" + chr(10) + ".png")
    ('fox.png', 'fox.png')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:200]


async def _found(gateway: Gateway, caller: Caller, sha256: str) -> Asset:
    read = partial(assets.get, owner=caller.only, sha256=sha256)
    found = await gateway.engine.store.database.read(read) if _SHA256.fullmatch(sha256) else None
    if found is None:
        raise NotFound(f"There is no upload {sha256[:64]!r}.", advice="List yours with GET /v1/assets.")
    return found


def _made(image: StoredImage) -> AssetAnswer:
    return _answer(image, image.id, f"/v1/images/{image.id}")


def _shown(found: Asset) -> AssetAnswer:
    return _answer(found, found.name, f"/v1/assets/{found.sha256}")


def _answer(picture: Asset | StoredImage, name: str, at: str) -> AssetAnswer:
    return AssetAnswer(
        sha256=picture.sha256,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        size_bytes=picture.size_bytes,
        name=name,
        created_at=answers.moment(picture.created_at) or "",
        url=f"{at}/file",
        thumbnail=f"{at}/thumbnail",
    )
