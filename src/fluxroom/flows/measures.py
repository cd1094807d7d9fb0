"""Size and quality as people choose them in a chat, in the words that a model's endpoint has for them.

`size` is a word (`square`, `portrait`, `landscape`, `wide`, `tall`), a ratio (`16:9`), pixels (`1536x1024`) or `auto`;
`quality` is `low`, `medium` or `high`: about one, four and sixteen megapixels, or the next that the model makes.
What a model has no way to say is told, and never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from fluxroom.catalog.sizes import PRESETS, parse
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON, Reference, Size

T = TypeVar("T")

RATIOS = ("1:1", "16:9", "9:16", "5:4", "4:5", "3:2", "2:3", "3:4", "4:3", "21:9")
"""What a person is offered to choose from."""

SIZES: Mapping[str, str] = {"square": "1:1", "portrait": "3:4", "landscape": "4:3", "wide": "16:9", "tall": "9:16"}

QUALITIES: Mapping[str, Sequence[str]] = {
    "low": ("1k",),
    "medium": ("2k", "1.5k", "1k"),
    "high": ("4k", "2k", "1.5k", "1k"),
}
"""The resolutions of a quality, the wanted one first."""

_ABOUT_SIZE = frozenset({"image_size", "aspect_ratio", "resolution"})
_SHAPES = frozenset({"size", "image_size", "aspect_ratio"})
_TIERS = frozenset({"quality", "resolution"})
RATIO = re.compile(r"[1-9][0-9]{0,3}:[1-9][0-9]{0,3}")
"""How a ratio is written."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask for what a person has chosen."""

    asked: Mapping[str, JSON]
    names: Mapping[str, str] = field(default_factory=dict)  # the model's word -> the person's
    note: str = ""  # what has become of the choice


def over(*layers: Mapping[str, JSON]) -> dict[str, JSON]:
    """Parameters of several places, the later ones over the earlier; a size takes the place of any other size.

    >>> over({"image_size": "1024x576", "seed": 1}, {"quality": "high"})
    {'seed': 1, 'aspect_ratio': '16:9', 'quality': 'high'}
    """
    found: dict[str, JSON] = {}
    for layer in layers:
        given = {name: value for name, value in layer.items() if value is not None}
        if _SHAPES & given.keys():
            found = {name: value for name, value in found.items() if name not in _SHAPES}
        if _TIERS & given.keys():
            found = _with_ratio({name: value for name, value in found.items() if name not in _TIERS})
        elif _pixels(given) and _TIERS & found.keys():
            found = {name: value for name, value in found.items() if name not in _TIERS}
        found |= given
    return found


def ways(asked: Mapping[str, JSON], references: Sequence[Reference]) -> Iterator[Way]:
    """The request without `size` and `quality`, in the model's words: the wanted way first, then lesser ones.

    Args:
        asked: a message's parameters; the model's own words win over a choice.
        references: what the picture is made of; an edit keeps the first one's shape.

    Raises:
        InvalidParams: there is no such size or quality.
    """
    rest = {name: value for name, value in asked.items() if name not in {"size", "quality"}}
    size, names = _size(asked.get("size")), {}
    if size and not _SHAPES & rest.keys():
        rest |= size
        names = dict.fromkeys(size, "size")
    quality = asked.get("quality")
    tiers = _tiers(quality)
    if not tiers or "resolution" in rest or "image_size" in rest:
        kept = "the exact size decides" if tiers and "image_size" in rest else ""
        yield Way(rest, names, f"quality {quality}: {kept}" if kept else "")
        return
    shape = {} if "aspect_ratio" in rest else _shape_of(references)
    names = {**names, **dict.fromkeys(shape, "quality"), "resolution": "quality"}
    for tier in tiers:
        note = "" if tier == tiers[0] else f"quality {quality}: made at {tier}, the most that the model does"
        yield Way({**rest, **shape, "resolution": tier}, names, note)


async def first(
    asked: Mapping[str, JSON], references: Sequence[Reference], plan: Callable[[Mapping[str, JSON]], Awaitable[T]]
) -> tuple[Way, T]:
    """The first way that the model can do, and its plan.

    Args:
        asked, references: as for `ways`.
        plan: plans a request; it refuses what cannot be sent.

    Raises:
        InvalidParams: there is none, or something else is wrong.
    """
    refused: InvalidParams | None = None
    for way in ways(asked, references):
        try:
            return way, await plan(way.asked)
        except InvalidParams as error:
            if error.context.get("field") not in _ABOUT_SIZE or "resolution" not in way.names:
                raise
            refused = error
    raise refused or InvalidParams("There is no way to send this.")


def _size(value: JSON) -> dict[str, JSON]:
    """A chosen size in the catalog's words."""
    if value is None:
        return {}
    text = str(value).strip().lower() if isinstance(value, str) else ""
    if text in SIZES or RATIO.fullmatch(text):
        return {"aspect_ratio": SIZES.get(text, text)}
    if text in PRESETS or text == "auto" or re.fullmatch(r"\d{1,5}\s*[x×]\s*\d{1,5}", text):
        return {"image_size": text}
    raise InvalidParams(
        f"size {value!r} is none; it takes {', '.join(SIZES)}, a ratio such as 16:9, WIDTHxHEIGHT or auto.",
        field="size",
    )


def _tiers(quality: JSON) -> Sequence[str]:
    if quality is None:
        return ()
    if not isinstance(quality, str) or quality not in QUALITIES:
        raise InvalidParams(f"quality {quality!r} is none; it takes {', '.join(QUALITIES)}.", field="quality")
    return QUALITIES[quality]


def _shape_of(references: Sequence[Reference]) -> dict[str, JSON]:
    """The offered ratio that is nearest to the first reference's; none where nobody has looked at it."""
    first = references[0] if references else None
    if first is None or not first.width or not first.height:
        return {}
    wanted = Fraction(first.width, first.height)
    return {"aspect_ratio": _nearest(wanted)}


def _with_ratio(asked: dict[str, JSON]) -> dict[str, JSON]:
    """The same with a ratio in place of exact pixels, which leave no room for a quality."""
    found = _pixels(asked)
    if found is None:
        return asked
    rest = {name: value for name, value in asked.items() if name not in _SHAPES}
    return {**rest, "aspect_ratio": _nearest(Fraction(found.width, found.height))}


def _pixels(asked: Mapping[str, JSON]) -> Size | None:
    """The exact size that is asked for; None when there is none, or it is no size."""
    for value in (asked.get("image_size"), asked.get("size")):
        if value is None or (isinstance(value, str) and value in SIZES):
            continue
        try:
            found = parse(value)
        except InvalidParams:
            continue  # a ratio, or nothing that could be a size, which is said where it is used
        size = PRESETS.get(found) if isinstance(found, str) else found
        if size and size.width and size.height:
            return size
    return None


def _nearest(wanted: Fraction) -> str:
    return min(RATIOS, key=lambda one: abs(_fraction(one) / wanted - 1))


def _fraction(text: str) -> Fraction:
    width, _, height = text.partition(":")
    return Fraction(int(width), int(height))
