"""Which size a picture gets, from the words of the request."""

from __future__ import annotations

import math
import re
from typing import Any, Final

Size = tuple[int, int]

MEGAPIXEL: Final = 1024 * 1024
_RATIO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)")
# BFL's FLUX 3 tiers have equal areas; the megapixels are those that its resellers print (October 2026).
LARGEST: Final = 17 * MEGAPIXEL  # what the painter is asked for at most
TIERS: Final = {"512sq": 0.25, "768sq": 0.5625, "1k": 1.0, "1.5k": 2.25, "2k": 4.0, "4k": 16.0}


def ratio_in(text: str) -> float | None:
    """Width over height of the first ``W:H`` in a text."""
    found = _RATIO.search(text)
    if found is None or not float(found[1]) or not float(found[2]):
        return None
    return float(found[1]) / float(found[2])


def of_area(ratio: float, pixels: float, step: int = 16) -> Size:
    """The size of this ratio and about this area, in steps."""
    width = math.sqrt(pixels * ratio)
    return max(step, round(width / step) * step), max(step, round(width / ratio / step) * step)


def floored(size: Size, step: int = 16) -> Size:
    """A size cut down to steps: FLUX.2 answers 512x512 to 520x512 (observed September 2026)."""
    return max(step, size[0] // step * step), max(step, size[1] // step * step)


def within(size: Size, pixels: int) -> Size:
    """A size made smaller, in its own ratio, until it fits into an area."""
    area = size[0] * size[1]
    if area <= pixels:
        return size
    factor = math.sqrt(pixels / area)
    return int(size[0] * factor), int(size[1] * factor)


def megapixels(size: Size) -> float:
    """Raw megapixels with two decimals, as ``output_mp`` has them."""
    return round(size[0] * size[1] / MEGAPIXEL, 2)


def bfl_size(endpoint: str, body: dict[str, Any], first: Size | None) -> Size:
    """The size that BFL makes. ``first`` is the size of the first input picture."""
    if endpoint.startswith("flux-3"):
        return _tiered(body.get("aspect_ratio", "auto"), body.get("resolution", "1k"), body.get("prompt", ""), first)
    if endpoint.startswith("flux-2") or endpoint == "flux-tools/outpainting-v1":
        return floored(_flux_2_size(body, first))
    return _flux_1_size(endpoint, body, first)


def bfl_priced_size(endpoint: str, body: dict[str, Any], first: Size | None) -> Size:
    """The size that BFL counts: for FLUX.2 width x height as asked, before it is floored (live capture, 2026)."""
    if endpoint.startswith("flux-2"):
        return _flux_2_size(body, first)
    return bfl_size(endpoint, body, first)


def _flux_2_size(body: dict[str, Any], first: Size | None) -> Size:
    width, height = int(body.get("width") or 0), int(body.get("height") or 0)
    auto = floored(within(first, 4 * MEGAPIXEL)) if first else (1024, 1024)
    return width or auto[0], height or auto[1]


def _flux_1_size(endpoint: str, body: dict[str, Any], first: Size | None) -> Size:
    if endpoint.startswith("flux-kontext"):
        ratio = ratio_in(body.get("aspect_ratio") or "")
        return of_area(ratio or (first[0] / first[1] if first else 1.0), MEGAPIXEL)
    if "ultra" in endpoint:
        return of_area(ratio_in(body.get("aspect_ratio") or "16:9") or 16 / 9, 4 * MEGAPIXEL, 32)
    if endpoint in {"flux-pro-1.1", "flux-dev"}:
        return int(body.get("width", 1024)), int(body.get("height", 768))
    width, height = within(first or (1024, 1024), 4 * MEGAPIXEL)
    if endpoint == "flux-pro-1.0-expand":
        margins = [int(body.get(side) or 0) for side in ("left", "right", "top", "bottom")]
        return width + margins[0] + margins[1], height + margins[2] + margins[3]
    return width, height


def _tiered(asked: str, resolution: str, prompt: str, first: Size | None) -> Size:
    """FLUX 3: under ``auto`` the prompt's ratio wins, else the first reference's framing, else 1:1."""
    ratio = ratio_in(asked) or ratio_in(prompt) or (first[0] / first[1] if first else 1.0)
    return of_area(min(21 / 9, max(9 / 21, ratio)), TIERS.get(resolution, 1.0) * MEGAPIXEL)


FAL_PRESETS: Final[dict[str, Size]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


def fal_size(endpoint: str, values: dict[str, Any], first: Size | None, *, has_size: bool) -> Size:
    """The size that fal makes, from values with their defaults filled in; never more than can be painted here."""
    return within(_fal_size(endpoint, values, first, has_size=has_size), LARGEST)


def _fal_size(endpoint: str, values: dict[str, Any], first: Size | None, *, has_size: bool) -> Size:
    if "expand_top" in values and first is not None:
        across = int(values["expand_left"] or 0) + int(values["expand_right"] or 0)
        down = int(values["expand_top"] or 0) + int(values["expand_bottom"] or 0)
        return floored((first[0] + across, first[1] + down))
    if "upscale_factor" in values and first is not None:
        factor = float(values["upscale_factor"])
        return int(first[0] * factor), int(first[1] * factor)
    if has_size:
        return _fal_image_size(endpoint, values.get("image_size"), first)
    if "resolution" in values:
        return _tiered(
            str(values.get("aspect_ratio") or "auto"), str(values["resolution"]), str(values.get("prompt") or ""), first
        )
    if "aspect_ratio" in values or "resolution_mode" in values:
        asked = ratio_in(str(values.get("aspect_ratio") or values.get("resolution_mode") or ""))
        area = 4 * MEGAPIXEL if "ultra" in endpoint else MEGAPIXEL
        return of_area(asked or (first[0] / first[1] if first else 1.0), area)
    return floored(within(first, 4 * MEGAPIXEL), 8) if first else (1024, 768)


def _fal_image_size(endpoint: str, asked: Any, first: Size | None) -> Size:
    if isinstance(asked, dict):
        size = int(asked.get("width", 512)), int(asked.get("height", 512))
        return floored(size) if "flux-2" in endpoint else size
    if isinstance(asked, str) and asked in FAL_PRESETS:
        return (768, 768) if asked == "square" and endpoint.endswith("klein/realtime") else FAL_PRESETS[asked]
    return floored(within(first, 4 * MEGAPIXEL)) if first else FAL_PRESETS["landscape_4_3"]
