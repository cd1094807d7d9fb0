"""Input pictures: read base64, data URLs and the sandbox's own addresses, look at them, keep a thumbnail."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from PIL import Image, ImageDraw, UnidentifiedImageError

if TYPE_CHECKING:
    from fluxroom.sandbox.books import Books

THUMBNAIL: Final = 384
_BASE64_JUNK: Final = re.compile(r"\s+")
_OWN_FILE: Final = re.compile(r"/(files/b/[^/]+/[^/]+)$")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class PictureError(ValueError):
    """An input picture that cannot be used. ``kind`` is fal's name of the error."""

    def __init__(self, kind: str, message: str, **limits: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.limits = limits


@dataclass(frozen=True, slots=True)
class InputPicture:
    """What the books keep of an input picture: the name of its thumbnail, its size and where it came from."""

    thumbnail: str
    width: int
    height: int
    byte_count: int
    source: str

    def to_json(self) -> dict[str, Any]:
        """The form that a task's row keeps."""
        return {
            "thumbnail": self.thumbnail,
            "width": self.width,
            "height": self.height,
            "byte_count": self.byte_count,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Limits:
    """What an input may be: bytes, pixels and the shortest side."""

    max_bytes: int
    max_pixels: int
    min_side: int = 1


# BFL: 20 MB or 20 MP per input (docs.bfl.ml, 2026). fal downloads at most 50 MB (fal toolkit, August 2026); its
# pixel bound is the sandbox's own.
BFL_LIMITS: Final = Limits(20 * 1024 * 1024, 20_000_000)
FAL_LIMITS: Final = Limits(50 * 1024 * 1024, 100_000_000)


def read_text(text: str, books: Books) -> tuple[bytes | None, str]:
    """The bytes that an image field means and where they came from; no bytes for an address of somebody else."""
    if text.startswith("data:"):
        head, _, tail = text.partition(",")
        return _decode(tail) if head.endswith(";base64") else tail.encode(), "data"
    if text.startswith(("http://", "https://")):
        return _own_file(text, books), text
    return _decode(text), "base64"


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(_BASE64_JUNK.sub("", text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("image_load_error", "Invalid or corrupted image input") from error


def _own_file(url: str, books: Books) -> bytes | None:
    """Bytes of a file that this world keeps. The sandbox never opens a connection to fetch a reference."""
    parts = urlsplit(url)
    found = _OWN_FILE.search(parts.path)
    if parts.hostname not in _LOOPBACK or found is None:
        return None
    kept = books.blob(found[1])
    if kept is None:
        raise PictureError("file_download_error", "Failed to download the file. Please check if the URL is accessible.")
    return kept[1]


def inspect(data: bytes | None, source: str, limits: Limits) -> tuple[InputPicture, bytes]:
    """Look at an input picture: its size, and a small PNG of it. Runs in a worker thread."""
    if data is None:
        small = _placeholder(source)
        return _kept(small, (1024, 1024), 0, source), small
    if len(data) > limits.max_bytes:
        raise PictureError("file_too_large", "File size exceeds the limit", max_size=limits.max_bytes)
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            if width * height > limits.max_pixels:
                side = int(limits.max_pixels**0.5)
                raise PictureError("image_too_large", "Image is too large", max_width=side, max_height=side)
            if min(width, height) < limits.min_side:
                raise PictureError(
                    "image_too_small", "Image is too small", min_width=limits.min_side, min_height=limits.min_side
                )
            picture.draft("RGB", (THUMBNAIL, THUMBNAIL))
            small_picture = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("image_load_error", "Invalid or corrupted image input") from error
    small_picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return _kept(_png(small_picture), (width, height), len(data), source), _png(small_picture)


def _kept(small: bytes, size: tuple[int, int], byte_count: int, source: str) -> InputPicture:
    name = f"thumbnail/{hashlib.sha256(small).hexdigest()[:32]}"
    return InputPicture(name, size[0], size[1], byte_count, source)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _placeholder(url: str) -> bytes:
    """A thumbnail for an address that the sandbox does not fetch: its host's name on a colour of its own."""
    digest = hashlib.sha256(url.encode()).digest()
    picture = Image.new("RGB", (THUMBNAIL, THUMBNAIL), (96 + digest[0] // 2, 96 + digest[1] // 2, 96 + digest[2] // 2))
    ImageDraw.Draw(picture).text(
        (12, THUMBNAIL // 2), (urlsplit(url).hostname or "url")[:40], fill=(20, 20, 20), font_size=22
    )
    return _png(picture)


def bomb() -> bytes:
    """A small valid PNG that declares 30000 x 30000 pixels."""
    return _png_of_zeros(30_000, 30_000)


def _png_of_zeros(width: int, height: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(9)
    line = b"\0" * (width // 8 + 1)
    packed = b"".join(rows.compress(line * 1000) for _ in range(height // 1000)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def plain_png(size: int) -> bytes:
    """A valid one-pixel-colour PNG of exactly ``size`` bytes (at least a hundred), filled up behind its end."""
    picture = _png(Image.new("RGB", (1024, 1024), (90, 120, 160)))
    return picture + b"\0" * max(0, size - len(picture))
