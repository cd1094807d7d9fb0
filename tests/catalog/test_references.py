from __future__ import annotations

from typing import Any

import pytest
from tests.catalog import asking
from tests.catalog.asking import check, picture, pictures

from fluxroom import catalog
from fluxroom.errors import InvalidParams, InvalidReference
from fluxroom.types import Mode, Provider, Reference, Request

MARKERS = [item.as_wire() for item in pictures(12)]


def test_bfl_numbers_them() -> None:
    plan = check("flux-2-pro", references=pictures(3))
    names = ["input_image", "input_image_2", "input_image_3"]
    assert [plan.wire[0][name] for name in names] == MARKERS[:3]
    assert "input_image_4" not in plan.wire[0]
    assert plan.references == pictures(3)


def test_fal_lists_them() -> None:
    plan = check("flux-2-pro", "fal", references=pictures(3))
    assert plan.endpoint == "fal-ai/flux-2-pro/edit"
    assert plan.wire[0]["image_urls"] == MARKERS[:3]


def test_flux_3_lists_them_at_bfl_too() -> None:
    assert check("flux-3-image", references=pictures(2)).wire[0]["images"] == MARKERS[:2]


def test_one_where_the_endpoint_takes_one() -> None:
    plan = check("flux-general", "fal", references=pictures(1))
    assert plan.wire[0]["image_url"] == MARKERS[0]
    plan = check("flux-pro-1.1-ultra", references=pictures(1))
    assert plan.wire[0]["image_prompt"] == MARKERS[0]
    plan = check("flux-pulid", "fal", references=pictures(1))
    assert plan.wire[0]["reference_image_url"] == MARKERS[0]


def test_kontext_with_several_uses_the_multi_endpoint() -> None:
    one = check("flux-kontext-pro", "fal", references=pictures(1))
    assert (one.endpoint, one.wire[0]["image_url"]) == ("fal-ai/flux-pro/kontext", MARKERS[0])
    many = check("flux-kontext-pro", "fal", references=pictures(3))
    assert (many.endpoint, many.wire[0]["image_urls"]) == ("fal-ai/flux-pro/kontext/multi", MARKERS[:3])
    assert "image_url" not in many.wire[0]
    trimmed = check("flux-kontext-max", "fal", references=pictures(3), max_references=1)
    assert trimmed.endpoint == "fal-ai/flux-pro/kontext/max"
    named = check("fal-ai/flux-pro/kontext/multi", "fal", references=pictures(2))
    assert named.endpoint == "fal-ai/flux-pro/kontext/multi"


@pytest.mark.parametrize(
    ("model", "provider", "first", "second"),
    [
        ("flux-vto-v2", "bfl", "person", "garment"),
        ("flux-vto-v1", "bfl", "person", "garment"),
        ("flux-vto", "fal", "human_image_url", "garment_image_url"),
    ],
)
def test_slots_have_their_order(model: str, provider: Provider, first: str, second: str) -> None:
    plan = check(model, provider, references=pictures(2))
    assert (plan.wire[0][first], plan.wire[0][second]) == (MARKERS[0], MARKERS[1])
    swapped = check(model, provider, **{second: picture(2), first: picture(1)})
    assert (swapped.wire[0][first], swapped.wire[0][second]) == (MARKERS[0], MARKERS[1])
    mixed = check(model, provider, references=(picture(2),), **{first: picture(1)})
    assert (mixed.wire[0][first], mixed.wire[0][second]) == (MARKERS[0], MARKERS[1])


def test_inpainting_with_kontext_takes_a_second_picture() -> None:
    plan = check("flux-kontext-lora", "fal", references=pictures(2), mask=picture(3))
    assert plan.wire[0]["image_url"] == MARKERS[0]
    assert plan.wire[0]["reference_image_url"] == MARKERS[1]
    assert plan.wire[0]["mask_url"] == MARKERS[2]


@pytest.mark.parametrize(
    "params",
    [
        {"references": list(pictures(2))},
        {"image_urls": list(pictures(2))},
        {"images": pictures(2)},
        {"input_images": list(pictures(2))},
        {"image_url": picture(1), "images": [picture(2)]},
        {"input_image_2": picture(2), "input_image": picture(1)},
        {"image_urls": [{"$reference": picture(1).sha256}, {"$reference": picture(2).sha256}]},
    ],
)
@pytest.mark.parametrize("provider", ["bfl", "fal"])
def test_other_words_for_references(params: dict[str, Any], provider: Provider) -> None:
    plan = catalog.check(Request(model="flux-2-pro", prompt="x", params=params), provider=provider)
    sent = plan.wire[0].get("image_urls") or [plan.wire[0]["input_image"], plan.wire[0]["input_image_2"]]
    assert sent == MARKERS[:2]
    assert plan.renamed == {}


def test_references_among_the_parameters_come_after_those_of_the_request() -> None:
    plan = catalog.check(
        Request(model="flux-2-pro", prompt="x", references=pictures(1), params={"references": [picture(2)]}),
        provider="bfl",
    )
    assert [item.sha256 for item in plan.references] == [picture(1).sha256, picture(2).sha256]


def test_addresses_travel_as_they_are() -> None:
    plan = check("flux-2-pro", image_url=asking.MINE)
    assert plan.wire[0]["input_image"] == asking.MINE
    assert plan.references == (Reference(url=asking.MINE),)


# Limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider", "limit"),
    [("flux-2-pro", "bfl", 8), ("flux-2-pro", "fal", 9), ("flux-2-flex", "fal", 10), ("flux-2-klein-4b", "bfl", 4),
     ("flux-3-image", "bfl", 10), ("flux-2-lora", "fal", 4), ("flux-kontext-dev", "fal", 1),
     ("flux-kontext-pro", "fal", 4)],
)  # fmt: skip
def test_more_than_the_limit_is_an_error_or_trimmed(model: str, provider: Provider, limit: int) -> None:
    assert len(check(model, provider, references=pictures(limit)).references) == limit
    with pytest.raises(InvalidParams, match=f"{limit + 2} references are above {limit}") as caught:
        check(model, provider, references=pictures(limit + 2))
    assert caught.value.context["limit"] == limit
    for words in ({"on_unsupported": "report"}, {"max_references": 50}):
        plan = check(model, provider, references=pictures(limit + 2), **words)
        assert plan.references == pictures(limit)
        (note,) = plan.not_sent
        assert note.name == "references"
        assert f"the last 2 of {limit + 2}" in note.why


def test_max_references_trims_below_the_limit_and_says_so() -> None:
    plan = check("flux-2-pro", references=pictures(5), max_references=2)
    assert plan.references == pictures(2)
    assert plan.not_sent[0].why == "the last 3 of 5 are left out: max_references is 2"
    assert check("flux-2-pro", references=pictures(2), max_references=2).not_sent == ()
    among = catalog.check(
        Request(model="flux-2-pro", prompt="x", references=pictures(5), params={"maxReferences": 2}), provider="bfl"
    )
    assert among.references == pictures(2)


@pytest.mark.parametrize("wrong", [0, -1, "2", True, 2.5])
def test_max_references_is_a_number(wrong: Any) -> None:
    with pytest.raises(InvalidParams, match="max_references"):
        check("flux-2-pro", references=pictures(2), max_references=wrong)


def test_references_where_none_are_taken() -> None:
    with pytest.raises(InvalidParams, match="generate takes no references; edit does"):
        check("flux-2-pro", "fal", references=pictures(1), mode="generate")
    plan = check("flux-2-pro", "fal", references=pictures(1), mode="generate", on_unsupported="report")
    assert plan.references == ()
    assert [note.name for note in plan.not_sent] == ["references"]
    with pytest.raises(InvalidParams, match="takes no references"):
        check("flux-2-realism", "fal", references=pictures(1))


def test_generate_may_carry_a_reference_where_the_endpoint_has_a_field() -> None:
    plan = check("flux-pro-1.1-ultra", "fal", references=pictures(1), mode="generate", image_prompt_strength=0.4)
    assert plan.endpoint == "fal-ai/flux-pro/v1.1-ultra"
    assert plan.wire[0]["image_url"] == MARKERS[0]


@pytest.mark.parametrize("provider", ["bfl", "fal"])
def test_flux_3_wants_references_of_256_pixels(provider: Provider) -> None:
    with pytest.raises(InvalidReference, match="256"):
        check("flux-3-image", provider, references=(picture(1, 255, 900),))
    check("flux-3-image", provider, references=(picture(1, 256, 256),))
    check("flux-3-image", provider, image_url=asking.MINE)


@pytest.mark.parametrize(
    "wrong", [Reference(), Reference(url="http://a.example/b.png"), Reference(sha256="a", url="https://b")]
)
def test_a_reference_that_is_none(wrong: Reference) -> None:
    with pytest.raises(InvalidReference):
        check("flux-2-pro", references=(wrong,))


def test_signed_addresses_are_not_repeated_in_messages() -> None:
    with pytest.raises(InvalidReference) as caught:
        check("flux-2-pro", image_url="http://a.example/b.png?sig=secret")
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize(
    ("model", "mode"), [("flux-2-pro", "edit"), ("flux-pro-1.1", "vary"), ("flux-3-image", "edit")]
)
def test_a_mode_that_changes_a_picture_needs_one(model: str, mode: Mode) -> None:
    with pytest.raises(InvalidParams, match=f"needs a reference picture to {mode}"):
        check(model, mode=mode)


def test_the_mode_follows_the_references() -> None:
    modes: list[tuple[str, Provider, Mode]] = [
        ("flux-2-dev", "fal", "edit"), ("flux-pro-1.1", "fal", "vary"), ("flux-schnell", "fal", "vary"),
    ]  # fmt: skip
    for model, provider, mode in modes:
        assert check(model, provider, references=pictures(1), on_unsupported="report").mode == mode
        assert check(model, provider, imageUrl=asking.MINE, on_unsupported="report").mode == mode
