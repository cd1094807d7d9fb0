"""The contradictions of the seeds (X1-X34), as the published schemas decide them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.asking import check, pictures

from fluxroom import catalog
from fluxroom.errors import InvalidParams
from fluxroom.types import Provider

TAKEN: list[tuple[str, str, Provider, dict[str, Any], str, Any]] = [
    ("X2 text at fal", "flux-2-flex", "fal", {"safety_tolerance": "5"}, "safety_tolerance", "5"),
    ("X2 number at bfl", "flux-2-flex", "bfl", {"safety_tolerance": 0}, "safety_tolerance", 0),
    ("X2 kontext to 6", "flux-kontext-pro", "bfl", {"safety_tolerance": 6}, "safety_tolerance", 6),
    ("X2 kontext at fal to 6", "flux-kontext-pro", "fal", {"safety_tolerance": 6}, "safety_tolerance", "6"),
    ("X7 num_images at dev", "flux-2-dev", "fal", {"num_images": 4}, "num_images", 4),
    ("X8 dev to 20", "flux-2-dev", "fal", {"guidance_scale": 20}, "guidance_scale", 20),
    ("X8 dev from 0", "flux-2-dev", "fal", {"guidance_scale": 0}, "guidance_scale", 0),
    ("X8 flex from 1.5", "flux-2-flex", "fal", {"guidance_scale": 1.5}, "guidance_scale", 1.5),
    ("X8 flex at bfl", "flux-2-flex", "bfl", {"guidance_scale": 10}, "guidance", 10),
    ("X8 general beyond the old 5", "flux-general", "fal", {"guidance_scale": 12}, "guidance_scale", 12),
    ("X9 general with 7", "flux-general", "fal", {"num_inference_steps": 7}, "num_inference_steps", 7),
    ("X9 dev from 4", "flux-2-dev", "fal", {"num_inference_steps": 4}, "num_inference_steps", 4),
    ("X9 flex at bfl from 1", "flux-2-flex", "bfl", {"num_inference_steps": 1}, "steps", 1),
    ("X12 checker on", "flux-2-dev", "fal", {}, "enable_safety_checker", True),
    ("X13 expansion off at dev", "flux-2-dev", "fal", {}, "enable_prompt_expansion", False),
    ("X13 expansion off at pro", "flux-2-pro", "bfl", {}, "disable_pup", True),
    ("X13 expansion off at flex", "flux-2-flex", "bfl", {}, "prompt_upsampling", False),
    ("X14 webp at dev", "flux-2-dev", "fal", {"output_format": "webp"}, "output_format", "webp"),
    ("X14 webp at bfl", "flux-2-pro", "bfl", {"output_format": "webp"}, "output_format", "webp"),
    ("X14 png by default", "flux-2-pro", "fal", {}, "output_format", "png"),
    ("X14 size by default", "flux-2-pro", "fal", {}, "image_size", "landscape_4_3"),
    ("X16 grounding is FLUX 3's", "flux-3-image", "bfl", {"grounding": False}, "grounding", False),
    ("X33 negative prompt", "flux-general", "fal", {"negative_prompt": "rain"}, "negative_prompt", "rain"),
]

REFUSED: list[tuple[str, str, Provider, dict[str, Any], str]] = [
    ("X2 6 at flux-2", "flux-2-pro", "bfl", {"safety_tolerance": 6}, "takes 0 to 5"),
    ("X2 6 at fal", "flux-2-pro", "fal", {"safety_tolerance": "6"}, "takes 1, 2, 3, 4, 5"),
    ("X2 7 at kontext", "flux-kontext-pro", "bfl", {"safety_tolerance": 7}, "takes 0 to 6"),
    ("X2 5 at FLUX 3", "flux-3-image", "bfl", {"safety_tolerance": 5}, "takes 0 to 4"),
    ("X2 none at dev", "flux-2-dev", "fal", {"safety_tolerance": 2}, "enable_safety_checker"),
    ("X7 no steps at pro", "flux-2-pro", "fal", {"num_inference_steps": 28}, "flux-2-flex"),
    ("X7 no guidance at max", "flux-2-max", "bfl", {"guidance_scale": 3.5}, "flux-2-flex"),
    ("X8 flex to 10", "flux-2-flex", "fal", {"guidance_scale": 20}, "takes 1.5 to 10"),
    ("X9 3 at dev", "flux-2-dev", "fal", {"num_inference_steps": 3}, "takes 4 to 50"),
    ("X9 9 at klein", "flux-2-klein-4b", "fal", {"num_inference_steps": 9}, "takes 4 to 8"),
    ("X10 strength at flux-2", "flux-2-dev", "fal", {"strength": 0.75}, "no strength"),
    ("X10 image_strength at flux-2", "flux-2-lora", "fal", {"image_strength": 0.5}, "scale of each LoRA"),
    ("X14 webp at fal pro", "flux-2-pro", "fal", {"output_format": "webp"}, "takes jpeg, png"),
    ("X16 grounding at max", "flux-2-max", "fal", {"grounding": True}, "built in"),
    ("X33 negative prompt", "flux-2-pro", "bfl", {"negative_prompt": "rain"}, "no negative prompt"),
]


@pytest.mark.parametrize(("case", "model", "provider", "asked", "name", "value"), TAKEN, ids=[c[0] for c in TAKEN])
def test_taken(case: str, model: str, provider: Provider, asked: dict[str, Any], name: str, value: Any) -> None:
    sent = check(model, provider, **asked).wire[0][name]
    assert sent == value
    assert type(sent) is type(value)


@pytest.mark.parametrize(("case", "model", "provider", "asked", "says"), REFUSED, ids=[c[0] for c in REFUSED])
def test_refused(case: str, model: str, provider: Provider, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidParams) as caught:
        check(model, provider, **asked)
    assert says in caught.value.detail


def test_x1_the_same_id_at_two_providers() -> None:
    assert check("flux-2-pro", "bfl").endpoint == "flux-2-pro"
    assert check("flux-2-pro", "fal").endpoint == "fal-ai/flux-2-pro"


def test_x3_limits_differ_by_route() -> None:
    limits = {
        provider: catalog.models()["flux-2-pro"].routes[provider].max_references("edit") for provider in ("bfl", "fal")
    }
    assert limits == {"bfl": 8, "fal": 9}


def test_x4_x5_all_four_make_and_edit() -> None:
    for name in ("flux-2-dev", "flux-2-pro", "flux-2-flex", "flux-2-max"):
        assert catalog.models()[name].routes["fal"].modes == ("generate", "edit")


def test_x11_one_address_or_a_list() -> None:
    address = "https://a.example/b.png"
    assert check("flux-2-lora", "fal", image_url=address).wire[0]["image_urls"] == [address]
    assert check("flux-general", "fal", image_urls=[address]).wire[0]["image_url"] == address
    assert check("flux-2-pro", "bfl", image_urls=[address]).wire[0]["input_image"] == address


def test_x23_x24_width_and_height_with_a_ratio() -> None:
    plan = check("flux-2-pro", width=1024, height=1024, aspectRatio="1:1")
    assert plan.wire[0]["width"] == 1024
    assert [note.name for note in plan.not_sent] == ["aspect_ratio"]


def test_seed_003_payload() -> None:
    plan = check(
        "flux-general",
        "fal",
        prompt="Make this donut realistic",
        image_url="https://a.example/donut.png",
        image_strength=0.5,
        num_inference_steps=7,
        guidance_scale=3.5,
    )
    assert plan.endpoint == "fal-ai/flux-general/image-to-image"
    assert plan.wire[0] == {
        "prompt": "Make this donut realistic",
        "image_url": "https://a.example/donut.png",
        "strength": 0.5,
        "num_inference_steps": 7,
        "guidance_scale": 3.5,
        "output_format": "png",
        "enable_safety_checker": True,
    }
    assert plan.renamed == {"image_strength": "strength"}


def test_hex_colours_and_long_prompts_pass_untouched() -> None:
    prompt = 'a vase from "#02eb3c" to #edfa3c ' + "x" * 20_000
    assert check("flux-2-pro", prompt=prompt, references=pictures(1)).wire[0]["prompt"] == prompt
