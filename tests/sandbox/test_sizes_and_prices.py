from __future__ import annotations

from typing import Any

import pytest

from fluxroom.sandbox import prices, sizes
from fluxroom.sandbox.bfl_specs import endpoints as bfl_endpoints
from fluxroom.sandbox.durations import queue_seconds, usual_seconds
from fluxroom.sandbox.fal_catalog import defaults_of
from fluxroom.sandbox.fal_catalog import endpoints as fal_endpoints

RATIOS = ["21:9", "2:1", "16:9", "3:2", "7:5", "4:3", "5:4", "1:1", "4:5", "3:4", "5:7", "2:3", "9:16", "1:2", "9:21"]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("tier", sorted(sizes.TIERS))
def test_tiers_have_equal_areas_in_every_ratio(ratio: str, tier: str) -> None:
    body = {"aspect_ratio": ratio, "resolution": tier, "prompt": "x"}
    width, height = sizes.bfl_size("flux-3-image", body, None)
    across, down = (float(part) for part in ratio.split(":"))
    assert width % 16 == height % 16 == 0
    assert width / height == pytest.approx(across / down, rel=0.05)
    assert width * height / sizes.MEGAPIXEL == pytest.approx(sizes.TIERS[tier], rel=0.06)


@pytest.mark.parametrize(
    ("prompt", "first", "ratio"),
    [
        ("a fox", None, 1.0),
        ("a fox", (400, 200), 2.0),
        ("a fox in 16:9", (400, 200), 16 / 9),
        ("1:9 please", None, 9 / 21),
    ],
)
def test_flux_3_auto_follows_the_prompt_then_the_reference(prompt: str, first: sizes.Size | None, ratio: float) -> None:
    width, height = sizes.bfl_size("flux-3-image", {"prompt": prompt, "aspect_ratio": "auto"}, first)
    assert width / height == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize(
    ("body", "first", "size"),
    [
        ({}, None, (1024, 1024)),
        ({"width": None, "height": None}, None, (1024, 1024)),
        ({"width": 64, "height": 79}, None, (64, 64)),
        ({"width": 512}, (800, 600), (512, 592)),
        ({}, (810, 615), (800, 608)),
        ({}, (8000, 8000), (2048, 2048)),
    ],
)
def test_flux_2_floors_to_16(body: dict[str, Any], first: sizes.Size | None, size: sizes.Size) -> None:
    assert sizes.bfl_size("flux-2-pro", body, first) == size


def test_the_price_counts_the_size_as_it_was_asked() -> None:
    assert sizes.bfl_priced_size("flux-2-pro", {"width": 1920, "height": 1080}, None) == (1920, 1080)
    assert sizes.bfl_size("flux-2-pro", {"width": 1920, "height": 1080}, None) == (1920, 1072)
    assert sizes.megapixels((1920, 1080)) == 1.98


@pytest.mark.parametrize("text", ["", "no ratio", "0:1", "1:0"])
def test_no_ratio(text: str) -> None:
    assert sizes.ratio_in(text) is None


@pytest.mark.parametrize("endpoint", sorted(fal_endpoints()))
@pytest.mark.parametrize("first", [None, (640, 480)])
def test_every_fal_endpoint_has_a_size_that_can_be_painted(endpoint: str, first: sizes.Size | None) -> None:
    has_size = "image_size" in fal_endpoints()[endpoint]["fields"]
    width, height = sizes.fal_size(endpoint, defaults_of(endpoint), first, has_size=has_size)
    assert width > 0
    assert height > 0
    assert width * height <= sizes.LARGEST


def test_the_largest_allowed_size_is_made_smaller_before_it_is_painted() -> None:
    values = {"image_size": {"width": 14142, "height": 14142}}
    width, height = sizes.fal_size("fal-ai/flux/dev", values, None, has_size=True)
    assert width == height
    assert width * height <= sizes.LARGEST


def test_fal_outpainting_and_upscaling_start_from_the_picture() -> None:
    sides = {"expand_top": 16, "expand_bottom": 16, "expand_left": 0, "expand_right": 64}
    assert sizes.fal_size("fal-ai/flux-2-pro/outpaint", sides, (512, 512), has_size=False) == (576, 544)
    assert sizes.fal_size("fal-ai/flux-vision-upscaler", {"upscale_factor": 2}, (300, 200), has_size=False) == (
        600,
        400,
    )
    assert sizes.fal_size("fal-ai/flux-2/klein/realtime", {"image_size": "square"}, None, has_size=True) == (768, 768)


@pytest.mark.parametrize("endpoint", sorted(bfl_endpoints()))
def test_every_bfl_endpoint_has_a_price_and_a_time(endpoint: str) -> None:
    assert prices.bfl_credits(endpoint, {}, (1024, 1024), []) > 0
    assert usual_seconds(endpoint) > 0


@pytest.mark.parametrize(
    ("size", "units"), [((64, 64), 1), ((1024, 1024), 1), ((1025, 1024), 2), ((2048, 2048), 4), ((1920, 1080), 2)]
)
def test_begun_megapixels_count(size: sizes.Size, units: int) -> None:
    assert prices.mp_units(size) == units


@pytest.mark.parametrize(("mode", "credits_used"), [("fast", 4.5), ("high", 20.0)])
def test_outpainting_costs_by_mode(mode: str, credits_used: float) -> None:
    assert prices.bfl_credits("flux-tools/outpainting-v1", {"mode": mode}, (1024, 1024), []) == credits_used


@pytest.mark.parametrize(
    ("unit", "units"), [("images", 2.0), ("megapixels", 4.0), ("processed megapixels", 5.0), ("compute seconds", 3.0)]
)
def test_fal_counts_in_the_endpoints_own_unit(unit: str, units: float) -> None:
    assert prices.fal_units(unit, (1440, 1024), 2, [(512, 512)], 1.5) == units


def test_an_endpoint_without_a_listed_price_still_costs() -> None:
    assert prices.fal_price({"price": [{"text": "somewhere"}]}) == (0.012, "megapixels")
    assert prices.fal_price({"price": None})[0] > 0


def test_klein_is_quicker_than_pro_and_pro_than_max() -> None:
    klein, pro, largest = (usual_seconds(f"flux-2-{name}") for name in ("klein-4b", "pro", "max"))
    assert klein < 1 < pro < largest
    assert queue_seconds(100) == 0.25
    assert queue_seconds(1) == 0.1
