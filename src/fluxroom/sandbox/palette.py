"""Colours for a picture: those that the prompt names, and the rest from its hash."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import ImageColor

if TYPE_CHECKING:
    from random import Random

Colour = tuple[int, int, int]

_HEX: Final = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_WORD: Final = re.compile(r"[a-z]+")
_DULL: Final = frozenset(
    {"black", "white", "linen", "peru", "tan"}
)  # words that mean something else, or nothing to see


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture. ``named`` are the prompt's own hex colours, in order, used exactly."""

    sky: tuple[Colour, Colour]
    hills: tuple[Colour, ...]
    sun: Colour
    named: tuple[Colour, ...]


def hex_colours(prompt: str) -> tuple[Colour, ...]:
    """The ``#RRGGBB`` colours in a prompt, in order, each once."""
    return tuple(dict.fromkeys(_rgb(found[0]) for found in _HEX.finditer(prompt)))


def _rgb(name: str) -> Colour:
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


def _worded(prompt: str) -> list[Colour]:
    words = (word for word in _WORD.findall(prompt.lower()) if word in ImageColor.colormap and word not in _DULL)
    return [_rgb(word) for word in dict.fromkeys(words)]


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (factor below 1) or lighter (above 1)."""
    if factor <= 1:
        return int(colour[0] * factor), int(colour[1] * factor), int(colour[2] * factor)
    part = factor - 1
    red, green, blue = (int(channel + (255 - channel) * part) for channel in colour)
    return red, green, blue


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def palette_for(prompt: str, random: Random) -> Palette:
    """Choose the colours of a picture."""
    named = hex_colours(prompt)
    told = [*named, *_worded(prompt)]
    hue = random.random()
    drawn = [
        _hsv(hue + step, 0.45 + 0.3 * random.random(), 0.55 + 0.4 * random.random())
        for step in (0, 0.08, 0.5, 0.58, 0.92)
    ]
    colours = told + drawn
    hills = tuple(shade(colours[index % len(colours)], 0.95 - 0.2 * index) for index in range(3))
    low = colours[1] if len(told) > 1 else drawn[2]
    return Palette(
        sky=(shade(colours[0], 0.55), shade(low, 1.35)), hills=hills, sun=shade(colours[0], 1.6), named=named
    )
