"""Words on pictures: a font of the machine that knows more than English, and a stand-in for what it does not know."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "segoeui.ttf")
"""Found where the operating system keeps its fonts; Pillow's own, which is always there, has ASCII alone."""

_PLAIN = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "×": "x", "·": "-", "…": "...",
    "–": "-", "—": "-", "„": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "€": "EUR",
})  # fmt: skip


@lru_cache(maxsize=8)
def font(size: int) -> Font:
    """The best font of this machine in that many pixels."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def legible(words: str, within: Font) -> str:
    """The words in letters that the font has: a plain spelling for those that it has not, `?` where there is none.

    >>> legible("Füchse × 3 …", ImageFont.load_default(14))
    'Fuechse x 3 …'
    """
    return "".join(_letter(letter, within) for letter in words)


@lru_cache(maxsize=4096)
def _letter(letter: str, within: Font) -> str:
    if letter.isspace() or not letter.isprintable():
        return " " if letter.isspace() else ""
    if _drawn(letter, within) != _drawn("\uffff", within):  # that one is the box for what is missing
        return letter
    plain = letter.translate(_PLAIN)
    if plain == letter:
        plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or ("" if unicodedata.combining(letter) else "?")


def _drawn(letter: str, within: Font) -> tuple[tuple[int, int], bytes]:
    mask = within.getmask(letter)
    return mask.size, bytes(mask)
