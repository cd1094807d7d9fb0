"""fal's uploads: an address is given out first, and the bytes come under it afterwards, without a key."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fluxroom.server.access.callers import Asking
from fluxroom.server.doors import links, uploads
from fluxroom.server.doors.fal import addresses
from fluxroom.server.doors.ordering import object_in
from fluxroom.server.gateway import Running
from fluxroom.store import doors
from fluxroom.store.doors import Upload

router = APIRouter(prefix="/fal/storage", include_in_schema=False)


@router.post("/auth/token")
async def token(gateway: Running, caller: Asking, request: Request) -> dict[str, str]:
    """The right to upload for an hour, for clients that send bytes with a token of their own."""
    ticket = uploads.new(gateway, caller.owner)
    return {
        "token": ticket.signed(await uploads.key(gateway)),
        "token_type": "Bearer",
        "base_url": f"{addresses.base(gateway, request)}/storage",
        "expires_at": datetime.fromtimestamp(ticket.until, UTC).isoformat(),
    }


@router.post("/upload/initiate")
async def initiate(gateway: Running, caller: Asking, request: Request) -> dict[str, str]:
    """An address to send the bytes to, which is also the one to use them by."""
    body = await object_in(request)
    name = uploads.file_name(str(body.get("file_name") or ""))
    ticket = uploads.new(gateway, caller.owner).signed(await uploads.key(gateway))
    at = f"{addresses.base(gateway, request)}/storage/files/{ticket}/{name}"
    return {"upload_url": at, "file_url": at}


@router.post("/upload/initiate-multipart")
async def initiate_multipart() -> None:
    """Clients send in parts what is larger than 90 MB; no model takes such a picture."""
    raise HTTPException(413, "A picture has at most 20 MB; uploads in parts are for larger files.")


@router.put("/files/{ticket}/{name}")
async def put(gateway: Running, request: Request, ticket: str, name: str) -> Response:
    """The bytes for an address."""
    found = await uploads.checked(gateway, ticket)
    kept = await uploads.keep(gateway, found.owner, await request.body(), name)
    arrived = Upload(
        id=found.id, owner=found.owner, sha256=kept.sha256, mime=kept.mime, created_at=gateway.engine.now()
    )
    await gateway.engine.store.database.write(lambda connection: doors.add_upload(connection, arrived))
    return Response(status_code=200)


@router.post("/files/upload")
async def upload(gateway: Running, request: Request) -> dict[str, str]:
    """Bytes with a token: `Authorization: Bearer …` from `auth/token`."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    found = await uploads.checked(gateway, text.strip() if scheme.lower() == "bearer" else "")
    name = request.headers.get("x-fal-file-name", "upload")
    kept = await uploads.keep(gateway, found.owner, await request.body(), name)
    return {"access_url": (await links.links(gateway, request)).of_asset(kept.sha256, kept.mime)}


@router.get("/files/{ticket}/{name}")
async def get(gateway: Running, request: Request, ticket: str, name: str) -> Response:  # noqa: ARG001  for people only
    """The bytes that came under an address, by their link."""
    found = await uploads.uploaded(gateway, ticket)
    if found is None:
        raise HTTPException(404)
    return RedirectResponse((await links.links(gateway, request)).of_asset(found.sha256, found.mime), 302)
