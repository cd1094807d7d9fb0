"""Whether bytes are a picture, which one, and whether it is whole."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING

from fluxroom.errors import InvalidReference
from fluxroom.imaging.containers import (
    NotAnImage,
    TooManyPixels,
    jpeg_pieces,
    mime_of,
    png_pieces,
    webp_canvas,
    webp_pieces,
)
from fluxroom.types import MEGAPIXEL

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_MEGAPIXELS = 64
"""Outputs: the largest size a model offers today is 4k of FLUX 3, about 16 megapixels."""

MAX_REFERENCE_MEGAPIXELS = 40
MAX_REFERENCE_BYTES = 20_000_000

BLACKEST = 8
"""The brightest value, of 255, in a picture that counts as all black: JPEG leaves a little noise."""

OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF"),
    (4, b"ftyphei", "a HEIC photo"),
    (4, b"ftyphev", "a HEIC photo"),
    (4, b"ftypmif1", "a HEIC photo"),
    (4, b"ftypmsf1", "a HEIC photo"),
    (4, b"ftypavif", "an AVIF picture"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (0, b"BM", "a BMP"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP file"),
)
"""Offset and first bytes of files that people take for a reference, and what to call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a file is, by its own first bytes."""

    mime: str
    width: int  # pixels
    height: int  # pixels
    frames: int = 1


@cache
def _pillow() -> ModuleType:
    """Pillow, whose warning about decompression bombs is an error here: nothing of ours may decode one."""
    from PIL import Image, WebPImagePlugin  # noqa: F401 - the plugin alone, so that Pillow does not load all of them

    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    return Image


@contextmanager
def opened(data: bytes, *, megapixels: float = MAX_MEGAPIXELS) -> Iterator[Image]:
    """The picture, opened and not yet decoded; whatever goes wrong with it becomes `NotAnImage`."""
    mime = mime_of(data)
    if not mime:
        raise NotAnImage(f"it is {_called(data)}, not a PNG, JPEG or WebP picture")
    if mime == "image/webp":
        # Pillow's WebP decoder takes memory for the whole canvas when it opens a file, so it is measured before.
        width, height, _ = webp_canvas(data)
        _limit(width, height, megapixels)
    try:
        with _pillow().open(BytesIO(data), formats=[mime.removeprefix("image/").upper()]) as image:
            _limit(image.width, image.height, megapixels)
            yield image
    except (NotAnImage, MemoryError):
        raise
    except Exception as reason:
        # Pillow raises OSError, SyntaxError, ValueError, struct.error, EOFError and more for damaged files.
        if isinstance(reason, Warning | _pillow().DecompressionBombError):
            raise TooManyPixels("the picture has too many pixels") from reason
        raise NotAnImage(f"the {mime.removeprefix('image/')} file is damaged or cut off") from reason


def _limit(width: int, height: int, megapixels: float) -> None:
    if width * height > megapixels * MEGAPIXEL:
        raise TooManyPixels(f"the picture has {width}x{height} pixels; at most {megapixels:g} megapixels are read")


def _called(data: bytes) -> str:
    if not data:
        return "empty"
    head = data[:1024].lstrip().lower()
    if b"<svg" in head:
        return "an SVG drawing"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page"
    named = (name for offset, magic, name in OTHERS if data[offset : offset + len(magic)] == magic)
    return next(named, "a file of another kind")


def probe(data: bytes, *, megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """What the picture is, from its head; raises `NotAnImage`."""
    with opened(data, megapixels=megapixels) as image:
        frames = int(getattr(image, "n_frames", 1))
        return Picture(mime=mime_of(data), width=image.width, height=image.height, frames=frames)


def verify(data: bytes, *, megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """What the picture is, after every byte of it was checked; raises `NotAnImage`.

    A PNG proves itself: each of its pieces carries a checksum, and the last one is there. The others are decoded, a
    JPEG at an eighth of its size, which still reads all of its data.
    """
    picture = probe(data, megapixels=megapixels)
    match picture.mime:
        case "image/png":
            for _ in png_pieces(data, checked=True):
                pass
            return picture
        case "image/jpeg":
            # In the picture data, FF D9 can only be the end. (An embedded preview has its own end, before that.)
            scan = list(jpeg_pieces(data))[-1].start
            if data.find(b"\xff\xd9", scan) < 0:
                raise NotAnImage("the JPEG file is cut off")
        case _:
            for _ in webp_pieces(data):
                pass
    with opened(data, megapixels=megapixels) as image:
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()
    return picture


def check_reference(data: bytes, name: str = "") -> Picture:
    """Looks at an input picture before anything is sent; raises `InvalidReference` with one clear line."""
    what = name or "The reference"
    if len(data) > MAX_REFERENCE_BYTES:
        raise InvalidReference(f"{what} has {len(data) / 1e6:.1f} MB; at most 20 MB can be sent.", limit="20 MB")
    called = "" if mime_of(data) else _called(data)
    if called:
        advice = f"Save it as a PNG or JPEG first; {called} cannot be sent." if data else ""
        raise InvalidReference(f"{what} is {called}, not a PNG, JPEG or WebP picture.", advice=advice)
    try:
        return verify(data, megapixels=MAX_REFERENCE_MEGAPIXELS)
    except NotAnImage as reason:
        raise InvalidReference(f"{what} cannot be used: {reason}.") from reason


def is_black(data: bytes) -> bool:
    """Whether every pixel is black: how a safety checker hides what it does not let through.

    Every pixel counts: averaging would take a single star in a night sky for nothing. See-through is not black.
    """
    with opened(data) as image:
        if image.has_transparency_data:
            return False
        # A few pixels show at once that an ordinary picture is not black; only a dark one is looked at whole.
        sample = ordinary(image.resize((64, 64), 0))
        return _dark(sample) and _dark(ordinary(image))


def _dark(image: Image) -> bool:
    return all(isinstance(span, tuple) and span[1] <= BLACKEST for span in image.getextrema())


def ordinary(image: Image) -> Image:
    """The picture with 8 bits a colour, as RGB or, where it can be seen through, RGBA."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
