"""A picture of pictures: a grid with words beside it, for comparisons."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from PIL import Image, ImageDraw

from fluxroom.imaging.lettering import Font, font, legible
from fluxroom.imaging.thumbnails import thumbnail

_CELL = 384  # pixels a side, at most
_GAP = 12
_HEAD = 56
_SIDE = 190
_LONGEST = 1000  # letters of a line, however wide the sheet is
_PAPER, _INK, _QUIET = (250, 250, 250), (20, 20, 20), (120, 120, 120)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of the grid; without bytes, why there is none."""

    picture: bytes | None
    below: str  # what is written under it: seconds, cost, size
    best: bool = False


def contact_sheet(title: str, columns: Sequence[str], rows: Sequence[str], cells: Sequence[Cell]) -> bytes:
    """A PNG with the cells in rows and columns, row by row, their names at the edges.

    Args:
        title: above everything.
        columns: what is written above each column.
        rows: what is written beside each row.
        cells: `len(columns) * len(rows)` of them.
    """
    step = _CELL + _GAP
    line = 22
    side = _SIDE if any(rows) else _GAP
    size = (side + step * len(columns), _HEAD + line + (step + line) * len(rows))
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    large, small = font(20), font(14)
    pen.text((_GAP, _GAP), _cut(pen, title, large, size[0] - 2 * _GAP), fill=_INK, font=large)
    for number, words in enumerate(columns):
        pen.text((side + step * number, _HEAD - 2), _cut(pen, words, small, _CELL), fill=_INK, font=small)
    for number, words in enumerate(rows):
        top = _HEAD + line + (step + line) * number
        pen.text((_GAP, top), _cut(pen, words, small, side - 2 * _GAP), fill=_INK, font=small)
    for number, cell in enumerate(cells):
        left = side + step * (number % len(columns))
        top = _HEAD + line + (step + line) * (number // len(columns))
        _place(sheet, cell, left, top)
        pen.text((left, top + _CELL + 2), _cut(pen, cell.below, small, _CELL), fill=_QUIET, font=small)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()


def _place(sheet: Image.Image, cell: Cell, left: int, top: int) -> None:
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((left, top, left + _CELL - 1, top + _CELL - 1), fill=(236, 236, 236))
    if cell.picture is not None:
        with Image.open(io.BytesIO(thumbnail(cell.picture, _CELL))) as small:
            sheet.paste(small.convert("RGB"), (left + (_CELL - small.width) // 2, top + (_CELL - small.height) // 2))
    if cell.best:
        pen.rectangle((left - 3, top - 3, left + _CELL + 2, top + _CELL + 2), outline=(47, 94, 224), width=3)


def _cut(pen: ImageDraw.ImageDraw, words: str, within: Font, width: int) -> str:
    words = legible(" ".join(words.split()), within)
    if len(words) <= _LONGEST and pen.textlength(words, font=within) <= width:
        return words
    # By halves: a prompt may have thousands of letters, and every look measures all that are left.
    length = min(len(words), _LONGEST)
    fits = bisect_right(
        range(length), width, key=lambda last: ceil(pen.textlength(f"{words[: last + 1]}…", font=within))
    )
    return f"{words[:fits]}…"
