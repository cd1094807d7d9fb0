"""What a task costs: BFL in credits (one US cent each), fal in US dollars and billable units."""

from __future__ import annotations

import math
from typing import Any, Final

from fluxroom.sandbox.sizes import MEGAPIXEL, Size

# First megapixel, each further output megapixel and each input megapixel, in credits (BFL skills page and live
# costs, 2026). A megapixel is 1024 x 1024, begun ones count.
_FLUX_2: Final = {
    "flux-2-klein-4b": (1.4, 0.1),
    "flux-2-klein-9b": (1.5, 0.2),
    "flux-2-klein-9b-preview": (1.5, 0.2),
    "flux-2-pro": (3.0, 1.5),
    "flux-2-pro-preview": (3.0, 1.5),
    "flux-2-flex": (5.0, 5.0),
    "flux-2-max": (7.0, 3.0),
}
# Credits per picture (BFL price table and live costs, 2026); flux-dev and expand have no published row.
_FLAT: Final = {
    "flux-kontext-pro": 4.0,
    "flux-kontext-max": 8.0,
    "flux-pro-1.1": 4.0,
    "flux-pro-1.1-ultra": 6.0,
    "flux-pro-1.1-ultra-finetuned": 6.0,
    "flux-pro-1.0-fill": 5.0,
    "flux-pro-1.0-fill-finetuned": 5.0,
    "flux-pro-1.0-expand": 5.0,
    "flux-dev": 2.5,
    "flux-tools/erase-v1": 3.0,
    "flux-tools/deblur-v1": 3.0,
    "flux-tools/vto-v1": 4.75,
    "flux-tools/vto-v2": 4.75,
}
_FLUX_3: Final = {"768sq": 4.1, "1k": 4.8, "1.5k": 7.5, "2k": 10.0, "4k": 60.7}
_QUOTED_AT_SUBMIT: Final = ("flux-2", "flux-tools/", "flux-3-image")


def mp_units(size: Size) -> int:
    """Begun megapixels, at least one."""
    return max(1, math.ceil(size[0] * size[1] / MEGAPIXEL))


def bfl_credits(endpoint: str, body: dict[str, Any], size: Size, inputs: list[Size]) -> float:
    """Credits of one task at BFL."""
    if endpoint in _FLUX_2:
        first, further = _FLUX_2[endpoint]
        return round(first + further * (mp_units(size) - 1 + sum(mp_units(each) for each in inputs)), 4)
    if endpoint == "flux-3-image":
        return _FLUX_3.get(str(body.get("resolution", "1k")), 4.8)
    if endpoint == "flux-tools/outpainting-v1":
        return 4.5 if body.get("mode") == "fast" else 20.0
    return _FLAT.get(endpoint, 17.0)


def quotes_at_submit(endpoint: str) -> bool:
    """Whether the submit's answer carries a number for ``cost``: FLUX.1 answers null (live capture, 2026)."""
    return endpoint.startswith(_QUOTED_AT_SUBMIT)


def fal_price(row: dict[str, Any]) -> tuple[float, str]:
    """Unit price in US dollars and its unit: the figure of fal's pricing API where there is one (July 2026)."""
    for price in row.get("price") or []:
        if "amount_usd" in price:
            return float(price["amount_usd"]), str(price["unit"])
    return 0.012, "megapixels"


def fal_units(unit: str, size: Size, count: int, inputs: list[Size], seconds: float) -> float:
    """Billable units of one request in the endpoint's own unit."""
    if unit == "images":
        return float(count)
    if unit == "compute seconds":
        return round(seconds * count, 4)
    made = mp_units(size) * count
    return float(made + sum(mp_units(each) for each in inputs)) if unit.startswith("processed") else float(made)
