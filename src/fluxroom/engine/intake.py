"""How a caller's pictures come in: files, bytes and data URIs into the store, public URLs as they are.

A picture is looked at before anything is sent: it must be a PNG, JPEG or WebP of at most 20 MB and 40 megapixels. A URL
is fetched by the provider, never by us, and may not name this machine or a private network.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from fluxroom.engine.egress import is_public
from fluxroom.errors import InvalidReference
from fluxroom.imaging.probe import check_reference
from fluxroom.types import JSON, Reference

_MOST_BYTES = 20 * 1024 * 1024
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Shelf(Protocol):
    """Where a caller's pictures are kept: a store of blobs, or a gateway. Methods block; call them in a thread."""

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256."""

    def has(self, digest: str) -> bool:
        """Whether the bytes of this hash are here."""

    def get(self, digest: str) -> bytes:
        """The bytes of this hash."""


async def take_in(source: Any, blobs: Shelf) -> Reference:
    """Make a reference of whatever a caller may give for a picture.

    Args:
        source: a path, bytes, an https URL, a data URI, the SHA-256 of a stored picture, a `Reference`, or anything
            with `bytes` (such as an image that Fluxroom made).
        blobs: where bytes are kept.

    Raises:
        InvalidReference: it is none of these, or not a picture that can be used; nothing was sent.
    """
    if isinstance(source, Reference):
        return source
    if isinstance(source, str):
        return await _from_text(source.strip(), blobs)
    if isinstance(source, os.PathLike):
        return await _from_file(Path(source), blobs)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return await _keep(bytes(source), "picture", blobs)
    data = getattr(source, "bytes", None)
    if isinstance(data, bytes):
        return await _keep(data, str(getattr(source, "id", "picture")), blobs)
    raise InvalidReference(f"A {type(source).__name__} cannot be used as a picture.")


async def take_in_at(
    params: Mapping[str, JSON],
    places: Sequence[tuple[str | int, ...]],
    take: Callable[[Any], Awaitable[Any]],
) -> dict[str, JSON]:
    """The parameters with the values at these places taken in (`mask`, `control_image_url`, …)."""
    copied: Any = _copy(params)
    for place in places:
        *way, last = place
        inner = copied
        for step in way:
            inner = inner[step]
        inner[last] = await take(inner[last])
    result: dict[str, JSON] = copied
    return result


async def _from_text(text: str, blobs: Shelf) -> Reference:
    if text.startswith("data:"):
        return await _keep(await asyncio.to_thread(_decoded, text), "data URI", blobs)
    if text.lower().startswith(("https://", "http://")):
        return Reference(url=_public(text), name=urlsplit(text).path.rsplit("/", 1)[-1])
    if _SHA256.fullmatch(text):
        if not await asyncio.to_thread(blobs.has, text):
            raise InvalidReference(f"The store has no picture {text[:12]}….")
        return await _keep(await asyncio.to_thread(blobs.get, text), text[:12], blobs)
    if _SCHEME.match(text):
        scheme = text.split(":", 1)[0]
        raise InvalidReference(f"{scheme}: addresses cannot be used as a picture; give a file or a public https URL.")
    return await _from_file(Path(text), blobs)


async def _from_file(path: Path, blobs: Shelf) -> Reference:
    try:
        data = await asyncio.to_thread(_read, path)
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise InvalidReference(f"{path}: {reason}.") from error
    return await _keep(data, path.name, blobs)


def _read(path: Path) -> bytes:
    with path.expanduser().open("rb") as file:
        return file.read(_MOST_BYTES + 1)


async def _keep(data: bytes, name: str, blobs: Shelf) -> Reference:
    picture = await asyncio.to_thread(check_reference, data, name)
    digest = await asyncio.to_thread(blobs.put, data)
    return Reference(
        sha256=digest,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        size_bytes=len(data),
        name=name,
    )


def _decoded(uri: str) -> bytes:
    head, _, body = uri.partition(",")
    if not head.endswith(";base64"):
        raise InvalidReference("A data URI must be base64: data:image/png;base64,….")
    if len(body) > _MOST_BYTES * 4 // 3 + 4:
        raise InvalidReference("The picture in the data URI is larger than 20 MB.")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise InvalidReference("The data URI is not valid base64.") from None


def _public(url: str) -> str:
    shown = url.split("?", 1)[0][:100]
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise InvalidReference(f"{shown} is not a usable address.") from None
    if parts.scheme.lower() != "https":
        raise InvalidReference(f"{shown} is not https; download it and give the file instead.")
    if parts.username or parts.password or not host or not port_is_fine or "\\" in url:
        raise InvalidReference(f"{shown} is not a plain public address.")
    if not _is_public(host):
        raise InvalidReference(f"{host} is not a public host; give the file itself instead.")
    return url


def _is_public(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa")):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Not an address as written; forms such as 2130706433 or 0x7f.1 are, to some resolvers.
        last = host.rsplit(".", 1)[-1]
        return "." in host and not last.isdigit() and not last.startswith("0x")
    return is_public(host)


def _copy(value: JSON) -> JSON:
    if isinstance(value, Mapping):
        return {name: _copy(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(inner) for inner in value]
    return value
