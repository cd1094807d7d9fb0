"""Size and quality as people choose them, in every model's own words, and never dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest

from fluxroom import catalog
from fluxroom.errors import InvalidParams
from fluxroom.flows.measures import QUALITIES, RATIOS, SIZES, over, ways
from fluxroom.types import Plan, Provider, Reference, Request

WIDE = Reference(sha256="a" * 64, width=1600, height=900)
PUBLIC = Reference(url="https://example.com/a.png")

ROUTES = [
    (model.id, provider)
    for model in catalog.models().values()
    if model.status != "retired"
    for provider, route in model.routes.items()
    if "generate" in route.modes
]
"""Every route that makes pictures from words."""


NEEDS: dict[str, dict[str, Any]] = {
    "flux-pro-1.1-ultra-finetuned": {"finetune_id": "mine", "finetune_strength": 1},
    "flux-control-lora-canny": {"control_lora_image_url": PUBLIC},
    "flux-control-lora-depth": {"control_lora_image_url": PUBLIC},
}
"""What some models cannot do without."""


def asked(first: dict[str, Any], *references: Reference) -> dict[str, Any]:
    return dict(next(iter(ways(first, references))).asked)


def planned(model: str, provider: Provider, choice: dict[str, Any], *references: Reference) -> tuple[Plan, Any]:
    """The first way that the catalog takes, as a conversation goes through them."""
    for way in ways(choice, references):
        request = Request(
            model=model,
            prompt="a fox",
            params={**NEEDS.get(model, {}), **way.asked},
            references=references,
            on_unsupported="report",
        )
        try:
            return catalog.check(request, provider=provider), way
        except InvalidParams as error:
            if error.context["field"] not in {"image_size", "aspect_ratio", "resolution"}:
                raise
    raise AssertionError(f"{provider}/{model} can be sent nothing for {choice}")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("square", {"aspect_ratio": "1:1"}),
        ("wide", {"aspect_ratio": "16:9"}),
        ("Tall", {"aspect_ratio": "9:16"}),
        ("21:9", {"aspect_ratio": "21:9"}),
        ("1536x1024", {"image_size": "1536x1024"}),
        ("1536 x 1024", {"image_size": "1536 x 1024"}),
        ("landscape_4_3", {"image_size": "landscape_4_3"}),
        ("auto", {"image_size": "auto"}),
    ],
)
def test_a_size_in_the_catalogs_words(size: str, words: dict[str, str]) -> None:
    assert asked({"size": size}) == words


@pytest.mark.parametrize("size", ["huge", "", "0:1", "16:0", "16/9", 3, ["1:1"], "x", "12345678x1", "1:1; rm"])
def test_what_is_no_size_is_said(size: Any) -> None:
    with pytest.raises(InvalidParams, match="is none; it takes square, portrait"):
        asked({"size": size})


@pytest.mark.parametrize("quality", ["best", "", 4, ["low"], "HIGH"])
def test_what_is_no_quality_is_said(quality: Any) -> None:
    with pytest.raises(InvalidParams, match="is none; it takes low, medium, high"):
        asked({"quality": quality})


def test_a_quality_is_tried_from_the_wanted_one_down() -> None:
    found = list(ways({"quality": "high", "size": "square"}, ()))
    assert [way.asked["resolution"] for way in found] == ["4k", "2k", "1.5k", "1k"]
    assert found[0].note == ""
    assert found[1].note == "quality high: made at 2k, the most that the model does"
    assert [way.asked["resolution"] for way in ways({"quality": "low"}, ())] == ["1k"]


def test_an_edit_keeps_the_shape_of_its_picture() -> None:
    assert asked({"quality": "medium"}, WIDE) == {"aspect_ratio": "16:9", "resolution": "2k"}
    assert asked({"quality": "medium", "size": "square"}, WIDE)["aspect_ratio"] == "1:1"
    assert asked({"quality": "medium"}, PUBLIC) == {"resolution": "2k"}, "nobody has looked at it"
    odd = Reference(sha256="b" * 64, width=1023, height=767)
    assert asked({"quality": "low"}, odd)["aspect_ratio"] == "4:3"


def test_the_models_own_words_win_and_exact_pixels_are_said_to_decide() -> None:
    assert asked({"size": "wide", "image_size": "512x512"}) == {"image_size": "512x512"}
    (way,) = ways({"quality": "high", "size": "1024x512"}, ())
    assert (way.asked, way.note) == ({"image_size": "1024x512"}, "quality high: the exact size decides")
    (way,) = ways({"quality": "high", "resolution": "1k"}, ())
    assert way.asked == {"resolution": "1k"}


def test_nothing_chosen_is_nothing_changed() -> None:
    (way,) = ways({"seed": 3, "aspect_ratio": "3:2"}, (WIDE,))
    assert (way.asked, way.names, way.note) == ({"seed": 3, "aspect_ratio": "3:2"}, {}, "")


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        (({"size": "square"}, {"aspect_ratio": "16:9"}), {"aspect_ratio": "16:9"}),
        (({"image_size": {"width": 1024, "height": 1024}}, {"size": "wide"}), {"size": "wide"}),
        (
            ({"image_size": {"width": 1024, "height": 1024}}, {"quality": "high"}),
            {"aspect_ratio": "1:1", "quality": "high"},
        ),
        (({"size": "1024x576"}, {"resolution": "2k"}), {"aspect_ratio": "16:9", "resolution": "2k"}),
        (({"size": "wide", "quality": "low"}, {"quality": "high"}), {"size": "wide", "quality": "high"}),
        (({"size": "wide", "quality": "high"}, {"image_size": "640x480"}), {"image_size": "640x480"}),
        (({"size": "wide", "quality": "high"}, {"size": "tall"}), {"quality": "high", "size": "tall"}),
        (({"seed": 1, "size": "wide"}, {"seed": None}, {"cache": "off"}), {"seed": 1, "size": "wide", "cache": "off"}),
        (({"image_size": "auto"}, {"quality": "low"}), {"image_size": "auto", "quality": "low"}),
    ],
)
def test_a_later_size_takes_the_place_of_an_earlier_one(
    layers: tuple[dict[str, Any], ...], found: dict[str, Any]
) -> None:
    assert over(*layers) == found


@pytest.mark.parametrize(("model", "provider"), ROUTES)
def test_every_choice_arrives_at_every_model_or_is_told(model: str, provider: Provider) -> None:
    for size in (*SIZES, None):
        for quality in (*QUALITIES, None):
            choice = {name: value for name, value in (("size", size), ("quality", quality)) if value}
            plan, way = planned(model, provider, choice)
            told = {way.names.get(one.name, one.name) for one in plan.not_sent}
            if size and "size" not in told and plan.size:
                width, height = (int(part) for part in SIZES[size].split(":"))
                assert abs(plan.size.width / plan.size.height / (width / height) - 1) < 0.05, choice
            if quality == "high" and "quality" not in told and not way.note and plan.size:
                assert plan.size.megapixels > 12, choice
            if quality == "low" and "quality" not in told and plan.size:
                assert plan.size.megapixels <= 1.05, choice


def test_higher_quality_is_more_pixels_where_the_model_can() -> None:
    sizes = [planned("flux-2-pro", "bfl", {"quality": quality})[0].size for quality in QUALITIES]
    pixels = [size.pixels for size in sizes if size]
    assert pixels == sorted(pixels)
    assert pixels[0] < pixels[1]


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_offered_ratio_can_be_edited_to(ratio: str) -> None:
    plan, _ = planned("flux-2-pro", "bfl", {"size": ratio, "quality": "medium"}, WIDE)
    assert plan.mode == "edit"
    assert plan.size
    width, height = (int(part) for part in ratio.split(":"))
    assert abs(plan.size.width / plan.size.height / (width / height) - 1) < 0.03
