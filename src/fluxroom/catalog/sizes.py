"""Sizes: every way to ask for one, and what an endpoint can be sent.

A size is asked for as a preset (`landscape_4_3`), as `{"width": …, "height": …}`, as text `"1536x1024"`, as `"auto"`,
or as `aspect_ratio` with `resolution`. Width and height beat a preset, which beats ratio and resolution. Pixels
throughout.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from fluxroom.catalog.rows import SizeRule
from fluxroom.catalog.wire import Endpoint
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON, NotSent, Size

PRESETS: Mapping[str, Size] = {
    "square_hd": Size(1024, 1024),
    "square": Size(512, 512),
    "portrait_4_3": Size(768, 1024),
    "portrait_16_9": Size(576, 1024),
    "landscape_4_3": Size(1024, 768),
    "landscape_16_9": Size(1024, 576),
}
"""fal's presets (fal toolkit, read 2026-11-20), which we offer at every endpoint."""

TIERS: Mapping[str, int] = {"512sq": 512, "768sq": 768, "1k": 1024, "1.5k": 1536, "2k": 2048, "4k": 4096}
"""Resolutions by the side of a square of the same area, as FLUX 3 counts them."""

WIDEST = Fraction(21, 9)
"""BFL's widest ratio where a ratio is free text; the narrowest is its inverse (BFL OpenAPI, October 2026)."""

STANDARD_RATIO = "4:3"
"""Our standard size as a ratio: that of the preset `landscape_4_3`."""

NAMES = ("image_size", "aspect_ratio", "resolution")
_TEXT = re.compile(r"\s*(\d{1,5})\s*[xX×*]\s*(\d{1,5})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What a wish for a size becomes at an endpoint."""

    wire: Mapping[str, JSON]
    expected: Size | None = None  # what comes back, where we can know it
    not_sent: tuple[NotSent, ...] = ()


class Unfit(ValueError):
    """The endpoint cannot be sent this wish: it goes to `not_sent`, or is refused."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(why)


def parse(value: JSON) -> Size | str:
    """A size as the caller wrote it: a `Size`, or the name of a preset, or `auto`.

    >>> parse("1536x1024")
    Size(width=1536, height=1024)
    >>> parse({"width": 512, "height": 512})
    Size(width=512, height=512)
    >>> parse("landscape_4_3")
    'landscape_4_3'

    Raises:
        InvalidParams: it is none of those.
    """
    if isinstance(value, Size):
        return value
    if isinstance(value, str):
        if value in PRESETS or value == "auto":
            return value
        if (match := _TEXT.fullmatch(value)) is not None:
            return Size(int(match[1]), int(match[2]))
    if isinstance(value, Mapping) and set(value) == {"width", "height"}:
        return Size(_side("width", value["width"]), _side("height", value["height"]))
    raise InvalidParams(
        f"image_size {value!r} is not a size; it takes {', '.join(PRESETS)}, auto, "
        '"WIDTHxHEIGHT" or {"width": …, "height": …}',
        field="image_size",
    )


def _side(name: str, value: JSON) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParams(f"image_size.{name} must be an integer of pixels, not {value!r}", field="image_size")
    return value


def ratio(value: JSON) -> Fraction:
    """An aspect ratio as a fraction.

    >>> ratio("16:9")
    Fraction(16, 9)

    Raises:
        InvalidParams: it is not of the form `W:H`.
    """
    match = re.fullmatch(r"(\d{1,4}):(\d{1,4})", value) if isinstance(value, str) else None
    if match is None or not int(match[1]) or not int(match[2]):
        raise InvalidParams(f'aspect_ratio {value!r} is not a ratio like "16:9"', field="aspect_ratio")
    return Fraction(int(match[1]), int(match[2]))


def fit(wish: Mapping[str, JSON], endpoint: Endpoint, rule: SizeRule, where: str) -> Sized:
    """What an endpoint is sent for a wish, which holds any of `image_size`, `aspect_ratio` and `resolution`.

    Raises:
        InvalidParams: a value is not a size or ratio, or beyond the limits of the route.
        Unfit: the endpoint has no way to say this.
    """
    fields = endpoint.named("image_size")
    if fields:
        return _pixels(wish, endpoint, rule, where)
    if endpoint.named("aspect_ratio"):
        return _ratio_only(wish, endpoint, where)
    raise Unfit(next(name for name in NAMES if name in wish), "the size follows the input")


def _pixels(wish: Mapping[str, JSON], endpoint: Endpoint, rule: SizeRule, where: str) -> Sized:
    """At an endpoint that takes width and height, or presets."""
    if "image_size" in wish:
        lost = tuple(
            NotSent(name, "image_size was given and decides") for name in ("aspect_ratio", "resolution") if name in wish
        )
        return _with(_given(parse(wish["image_size"]), endpoint, rule, where), lost)
    if wish.get("aspect_ratio") == "auto":
        lost = (NotSent("resolution", "the size is left to the provider"),) if "resolution" in wish else ()
        return _with(_given("auto", endpoint, rule, where), lost)
    if "aspect_ratio" not in wish:
        raise Unfit("resolution", "it needs an aspect_ratio beside it here")
    size = computed(ratio(wish["aspect_ratio"]), str(wish.get("resolution", "1k")), rule, where)
    return _given(size, endpoint, rule, where)


def _with(sized: Sized, lost: tuple[NotSent, ...]) -> Sized:
    return Sized(wire=sized.wire, expected=sized.expected, not_sent=(*sized.not_sent, *lost))


def _given(value: Size | str, endpoint: Endpoint, rule: SizeRule, where: str) -> Sized:
    fields = endpoint.named("image_size")
    named = _enum(fields[0].schema) if not fields[0].part else []
    if isinstance(value, str) and value in named:
        return Sized(wire={fields[0].wire: value}, expected=PRESETS.get(value))
    if value == "auto":
        if all(field.required for field in fields):
            raise Unfit("image_size", "the size must be named here")
        if named and not fields[0].schema.get("x-nullable"):
            raise Unfit("image_size", f"auto is not one of {', '.join(named)}")
        return Sized(wire={})
    size = PRESETS[value] if isinstance(value, str) else value
    _within(size, rule, where)
    if fields[0].part:
        wire: dict[str, JSON] = {field.wire: getattr(size, field.part) for field in fields}
    else:
        wire = {fields[0].wire: {"width": size.width, "height": size.height}}
    return Sized(wire=wire, expected=_returned(size, rule))


def _enum(schema: Mapping[str, JSON]) -> list[str]:
    choices = schema.get("anyOf", [schema])
    return cast("list[str]", next((choice["enum"] for choice in choices if "enum" in choice), []))


def fits(size: Size, rule: SizeRule) -> bool:
    """Whether a route takes this size.

    >>> fits(Size(512, 512), SizeRule(min_side=64)), fits(Size(512, 500), SizeRule(step=32))
    (True, False)
    """
    try:
        _within(size, rule, "")
    except InvalidParams:
        return False
    return True


def _within(size: Size, rule: SizeRule, where: str) -> None:
    for name, side in (("width", size.width), ("height", size.height)):
        if not rule.min_side <= side <= rule.max_side:
            word, limit = ("below", rule.min_side) if side < rule.min_side else ("above", rule.max_side)
            raise InvalidParams(
                f"image_size {size}: {name} {side} is {word} {limit}; "
                f"{where} takes {rule.min_side} to {rule.max_side} pixels a side",
                field="image_size",
                limit=limit,
            )
        if side % rule.step and not rule.floored:
            raise InvalidParams(
                f"image_size {size}: {name} {side} is not a multiple of {rule.step}; "
                f"{where} takes sides in steps of {rule.step}",
                field="image_size",
                limit=rule.step,
            )
    if rule.max_pixels is not None and size.pixels > rule.max_pixels:
        raise InvalidParams(
            f"image_size {size} has {size.megapixels:.2f} megapixels, above {rule.max_pixels / 2**20:g}; "
            f"{where} takes up to {rule.max_pixels / 2**20:g} megapixels in all",
            field="image_size",
            limit=rule.max_pixels,
        )


def _returned(size: Size, rule: SizeRule) -> Size:
    return Size(size.width // rule.step * rule.step, size.height // rule.step * rule.step) if rule.floored else size


def computed(wanted: Fraction, tier: str, rule: SizeRule, where: str) -> Size:
    """Width and height of this ratio with the area of a resolution, in steps that the route takes.

    >>> computed(Fraction(16, 9), "1k", SizeRule(), "here")
    Size(width=1360, height=768)

    Raises:
        InvalidParams: the resolution is unknown.
    """
    if tier not in TIERS:
        raise InvalidParams(f"resolution {tier!r} is not one of {', '.join(TIERS)}", field="resolution")
    step = max(rule.step, 16)
    width = math.sqrt(TIERS[tier] ** 2 * wanted)
    size = Size(_stepped(width, step), _stepped(width / wanted, step))
    _within(size, rule, where)
    return size


def _stepped(side: float, step: int) -> int:
    return max(step, int(side + 1e-6) // step * step)


def _ratio_only(wish: Mapping[str, JSON], endpoint: Endpoint, where: str) -> Sized:
    """At an endpoint that takes a ratio and no pixels."""
    field = endpoint.named("aspect_ratio")[0]
    lost: list[NotSent] = []
    wire: dict[str, JSON] = {}
    if "image_size" in wish:
        if "aspect_ratio" in wish:
            lost.append(NotSent("aspect_ratio", "image_size was given and decides"))
        wire |= _as_ratio(parse(wish["image_size"]), endpoint)
    elif "aspect_ratio" in wish:
        wire[field.wire] = _named_ratio(wish["aspect_ratio"], endpoint, where)
    if "resolution" in wish:
        wire[endpoint.named("resolution")[0].wire] = wish["resolution"]
    return Sized(wire={name: value for name, value in wire.items() if value is not None}, not_sent=tuple(lost))


def _as_ratio(value: Size | str, endpoint: Endpoint) -> dict[str, JSON]:
    field = endpoint.named("aspect_ratio")[0]
    choices = _enum(field.schema)
    if value == "auto":
        return {field.wire: next((word for word in ("auto", "match_input") if word in choices), None)}
    size = PRESETS[value] if isinstance(value, str) else value
    if not size.width or not size.height:
        raise InvalidParams(f"image_size {size} has no area", field="image_size")
    exact = Fraction(size.width, size.height)
    if choices:
        match = next((text for text in choices if ":" in text and ratio(text) == exact), None)
        if match is None:
            raise Unfit("image_size", f"{size} has none of the ratios {', '.join(choices)}")
        return {field.wire: match}
    if not 1 / WIDEST <= exact <= WIDEST:
        raise Unfit("image_size", f"{size} is beyond the ratios 21:9 to 9:21")
    return {field.wire: f"{exact.numerator}:{exact.denominator}"}


def _named_ratio(value: JSON, endpoint: Endpoint, where: str) -> JSON:
    choices = _enum(endpoint.named("aspect_ratio")[0].schema)
    if value == "auto" and value not in choices:
        return "match_input" if "match_input" in choices else None
    if choices:
        return value  # the field's own schema names the choices when it is none of them
    exact = ratio(value)
    if not 1 / WIDEST <= exact <= WIDEST:
        raise InvalidParams(
            f"aspect_ratio {value} is beyond 21:9 to 9:21, which {where} takes", field="aspect_ratio", limit="21:9"
        )
    return value
