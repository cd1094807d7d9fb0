"""Assets: pictures that a caller brings, kept by their hash and named by it in requests."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from fluxroom.engine.intake import take_in
from fluxroom.server.gateway import Running

router = APIRouter(prefix="/v1/assets", tags=["assets"])

_TAKEN = frozenset({"image/png", "image/jpeg", "image/webp", "application/octet-stream"})


class AssetAnswer(BaseModel):
    """A picture in the store."""

    sha256: str = Field(description="Give it as a reference or a mask.")
    mime: str
    width: int
    height: int
    size_bytes: int


@router.post(
    "",
    status_code=201,
    summary="Upload a picture",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {mime: {"schema": {"type": "string", "format": "binary"}} for mime in sorted(_TAKEN)},
        }
    },
)
async def upload(gateway: Running, request: Request) -> AssetAnswer:
    """The raw body is the picture: PNG, JPEG or WebP, at most 20 MB and 40 megapixels. What it is, its bytes say."""
    # Types that a form or a plain script can send without asking first are not taken.
    mime = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if mime not in _TAKEN:
        raise HTTPException(415, f"A picture is sent as {', '.join(sorted(_TAKEN))}.")
    found = await take_in(await request.body(), gateway.engine.store.blobs)
    return AssetAnswer(
        sha256=found.sha256, mime=found.mime, width=found.width, height=found.height, size_bytes=found.size_bytes
    )
