"""How a picture gets to fal: inside the request when it is small, through fal's storage otherwise.

fal.ai docs, fal-cdn, 2026, and the calls of its JavaScript client 1.10.1: the two-step way needs no second kind of key.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import Any

from fluxroom.errors import FluxroomError, ProviderError, UntrustedAnswer
from fluxroom.providers import Call, Hosts, Inline, Prepared, Reply, Upload
from fluxroom.providers.fal.addresses import trusts
from fluxroom.providers.fal.problems import refusal
from fluxroom.providers.untrusted import parsed
from fluxroom.types import Reference

INLINE_BELOW = 256 * 1024
"""Bytes; above it a data URI in every request, every log of fal's and every retry costs more than an upload."""

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def prepare(hosts: Hosts, reference: Reference, data: bytes) -> Prepared:
    """A public URL as it is, a small picture as a data URI, a large one by an upload."""
    if reference.url:
        return Inline(value=reference.url)
    mime = reference.mime or "application/octet-stream"
    if len(data) < INLINE_BELOW:
        return Inline(value=f"data:{mime};base64,{b64encode(data).decode('ascii')}")
    # The caller's own file name may be private, and says nothing to the model.
    wish = {"content_type": mime, "file_name": f"reference.{EXTENSIONS.get(mime, 'bin')}"}
    call = Call(method="POST", url=f"{hosts.rest}/storage/upload/initiate?storage_type=fal-cdn-v3", json=wish)
    # `uploaded` is given neither the hosts nor the bytes, so they travel in the memo; it lives in memory only.
    return Upload(call=call, memo={"hosts": asdict(hosts), "mime": mime, "data": data})


def uploaded(upload: Upload, reply: Reply) -> Prepared | FluxroomError:
    """After the first call the bytes go to the address that it named, without the key; after the second it is done."""
    memo: dict[str, Any] = dict(upload.memo or {})
    if not 200 <= reply.status < 300:
        return refusal(reply, step="upload")
    if "file_url" in memo:
        return Inline(value=memo["file_url"])
    body = parsed(reply) or {}
    put, file = body.get("upload_url"), body.get("file_url")
    if not isinstance(put, str) or not isinstance(file, str):
        return ProviderError("fal's storage named no place for the upload.", provider="fal", step="upload")
    hosts = Hosts(**memo["hosts"])
    if not (trusts(hosts, put) and trusts(hosts, file)):
        message = "fal's storage named an upload address that is not fal's."
        return UntrustedAnswer(message, provider="fal", step="upload", charge="not_charged")
    call = Call(method="PUT", url=put, headers={"content-type": memo["mime"]}, body=memo["data"], key=False)
    return Upload(call=call, memo={"file_url": file})
