"""Paints the sandbox's pictures: the same words, seed, size and references always give the same bytes.

A picture is a landscape in the prompt's colours with the prompt written below. An edit shows thumbnail i of each
reference, in order and numbered, and the mask. Every picture says SANDBOX, so that nobody takes one for a model's.
"""

from __future__ import annotations

import hashlib
import io
import math
import textwrap
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from fluxroom.sandbox.palette import Palette, palette_for

CONTENT_TYPES: Final = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_LIGHT: Final = (250, 250, 248)
_INK: Final = (18, 20, 26)
_SPELT: Final = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "×": "x", "–": "-", "—": "-",
    "„": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "€": "EUR",
})  # fmt: skip
"""The font that is the same on every machine has ASCII, "·" and "…" alone."""


@dataclass(frozen=True, slots=True)
class Painting:
    """What to paint. ``references`` and ``mask`` are small encoded pictures; ``note`` is the model's name."""

    prompt: str
    seed: int
    width: int
    height: int
    output_format: str = "png"
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None
    note: str = ""
    black: bool = False
    extra: tuple[str, ...] = field(default=())


def paint(what: Painting) -> bytes:
    """The encoded picture, of exactly the asked size and format."""
    if what.black:
        return _encode(Image.new("RGB", (what.width, what.height)), what.output_format)
    words = f"{what.prompt}\0{what.seed}\0{what.note}\0{what.extra}"
    random = Random(hashlib.sha256(words.encode()).digest())  # noqa: S311  a picture, not a secret
    colours = palette_for(what.prompt, random)
    picture = _backdrop(what, colours, random)
    if what.references:
        picture = _over_first(picture, what.references[0])
    _paint_swatches(ImageDraw.Draw(picture), what, colours)
    _paste_references(picture, what.references)
    if what.mask is not None:
        _paste_mask(picture, what.mask)
    _write_labels(picture, what, colours)
    return _encode(picture, what.output_format)


def _encode(picture: Image.Image, output_format: str) -> bytes:
    out = io.BytesIO()
    if output_format == "png":
        picture.save(out, "PNG", compress_level=1)
    elif output_format == "webp":
        picture.save(out, "WEBP", quality=82, method=0)
    else:
        picture.save(out, "JPEG", quality=88)
    return out.getvalue()


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _blend(size: tuple[int, int], colours: Palette) -> Image.Image:
    slope = (
        Image.linear_gradient("L")
        .resize((16, size[1]), Image.Resampling.BILINEAR)
        .resize(size, Image.Resampling.NEAREST)
    )
    top, bottom = colours.sky
    return Image.merge(
        "RGB", [slope.point([_mix(top[c], bottom[c], step / 255) for step in range(256)]) for c in range(3)]
    )


def _mix(first: int, second: int, part: float) -> int:
    return int(first + (second - first) * part)


def _backdrop(what: Painting, colours: Palette, random: Random) -> Image.Image:
    width, height = what.width, what.height
    picture = _blend((width, height), colours)
    radius = max(2, int(min(width, height) * (0.14 + 0.1 * random.random())))
    across, down = int(width * (0.2 + 0.6 * random.random())), int(height * (0.2 + 0.2 * random.random()))
    glow = (
        Image.radial_gradient("L")
        .point([max(0, 255 - step * 255 // 181) for step in range(256)])
        .resize((radius * 4, radius * 4))
    )
    picture.paste(colours.sun, (across - 2 * radius, down - 2 * radius), glow)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((across - radius // 2, down - radius // 2, across + radius // 2, down + radius // 2), fill=colours.sun)
    step = max(4, width // 64)
    for index, colour in enumerate(colours.hills):
        level, swing = height * (0.5 + 0.13 * index), height * (0.03 + 0.05 * random.random())
        wave, phase = width / (4 + 5 * random.random()), random.random() * math.tau
        crest = [(x, level + swing * math.sin(x / wave + phase)) for x in range(0, width + step, step)]
        draw.polygon([(0, height), *crest, (width, height)], fill=colour)
    return picture


def _paint_swatches(draw: ImageDraw.ImageDraw, what: Painting, colours: Palette) -> None:
    """The prompt's hex colours as plain fields in the middle, exactly as asked, for eyes and tests to find."""
    if not colours.named:
        return
    side = max(8, min(what.width, what.height) // 8)
    left = (what.width - side * len(colours.named)) // 2
    top = what.height // 2 - side // 2
    for index, colour in enumerate(colours.named):
        draw.rectangle((left + index * side, top, left + (index + 1) * side - 2, top + side), fill=colour)


def _opened(data: bytes, size: int) -> Image.Image:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.thumbnail((size, size))
    return picture


def _over_first(picture: Image.Image, first: bytes) -> Image.Image:
    """An edit lets its first reference shine through."""
    behind = ImageOps.fit(_opened(first, 384), picture.size, Image.Resampling.BILINEAR)
    return Image.blend(behind, picture, 0.45)


def _paste_references(picture: Image.Image, references: tuple[bytes, ...]) -> None:
    columns = max(1, min(len(references), 5))
    cell = max(8, min(picture.width // (columns + 1), picture.height // 3))
    gap = max(2, cell // 12)
    draw = ImageDraw.Draw(picture)
    for index, data in enumerate(references):
        row, column = divmod(index, columns)
        left, top = gap + column * (cell + gap), int(picture.height * 0.12) + row * (cell + gap)
        draw.rectangle((left - 2, top - 2, left + cell + 1, top + cell + 1), fill=_LIGHT)
        small = _opened(data, cell)
        picture.paste(small, (left + (cell - small.width) // 2, top + (cell - small.height) // 2))
        _badge(draw, (left, top), str(index + 1), max(10, cell // 5))


def _paste_mask(picture: Image.Image, mask: bytes) -> None:
    cell = max(8, min(picture.size) // 5)
    small = _opened(mask, cell)
    left, top = picture.width - small.width - 4, int(picture.height * 0.12)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left - 2, top - 2, left + small.width + 1, top + small.height + 1), fill=_LIGHT)
    picture.paste(small, (left, top))
    _badge(draw, (left, top), "mask", max(8, cell // 6))


def _badge(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int) -> None:
    font = _font(size)
    left, top, right, bottom = draw.textbbox((at[0] + size // 4, at[1] + size // 4), text, font=font)
    pad = max(2, size // 4)
    draw.rectangle((left - pad, top - pad, right + pad, bottom + pad), fill=_INK)
    draw.text((at[0] + size // 4, at[1] + size // 4), text, font=font, fill=_LIGHT)


def _write_labels(picture: Image.Image, what: Painting, colours: Palette) -> None:
    size = max(8, min(36, min(what.width, what.height) // 28))
    draw = ImageDraw.Draw(picture)
    note = " · ".join(part for part in ("SANDBOX", what.note, f"seed {what.seed}", *what.extra) if part)
    letters = max(8, int(what.width / (size * 0.56)))
    lines = textwrap.wrap(_spelt(what.prompt), letters, max_lines=3, placeholder=" …") if what.prompt else []
    lines.append(textwrap.shorten(_spelt(note), max(len("SANDBOX"), letters), placeholder=" …"))
    font = _font(size)
    top = what.height - int(len(lines) * size * 1.35) - size
    draw.rectangle((0, top, what.width, what.height), fill=_INK)
    draw.rectangle((0, top, what.width, top + max(1, size // 8)), fill=colours.sun)
    for index, line in enumerate(lines):
        draw.text((size // 2, top + size // 2 + int(index * size * 1.35)), line, font=font, fill=_LIGHT)
    _badge(draw, (size // 2, size // 2), "SANDBOX", size)


def _spelt(words: str) -> str:
    """The words in letters that the font has; `?` for those that cannot be spelt with them."""
    return "".join(letter if letter in "·…" else _spelt_letter(letter) for letter in words.translate(_SPELT))


def _spelt_letter(letter: str) -> str:
    if letter.isascii() or unicodedata.combining(letter):
        return letter if letter.isascii() else ""
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"
