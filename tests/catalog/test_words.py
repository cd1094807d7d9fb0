from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog import asking
from tests.catalog.asking import check, pictures

from fluxroom import catalog
from fluxroom.catalog import wire, words
from fluxroom.errors import InvalidParams, RequestError
from fluxroom.types import Provider, Request


@pytest.mark.parametrize(
    ("model", "provider", "said", "wire_name", "sent", "canonical"),
    [
        ("flux-2-flex", "bfl", {"guidance": 3}, "guidance", 3, "guidance_scale"),
        ("flux-2-flex", "fal", {"guidance": 3}, "guidance_scale", 3, "guidance_scale"),
        ("flux-2-flex", "bfl", {"guidance_scale": 3}, "guidance", 3, "guidance_scale"),
        ("flux-2-flex", "bfl", {"steps": 20}, "steps", 20, "num_inference_steps"),
        ("flux-2-flex", "fal", {"steps": 20}, "num_inference_steps", 20, "num_inference_steps"),
        ("flux-2-pro", "bfl", {"disable_pup": True}, "disable_pup", True, "enable_prompt_expansion"),
        ("flux-2-pro", "bfl", {"enable_prompt_expansion": True}, "disable_pup", False, "enable_prompt_expansion"),
        ("flux-2-pro", "bfl", {"prompt_upsampling": True}, "disable_pup", False, "enable_prompt_expansion"),
        ("flux-2-flex", "bfl", {"disable_pup": True}, "prompt_upsampling", False, "enable_prompt_expansion"),
        ("flux-2-dev", "fal", {"disable_pup": False}, "enable_prompt_expansion", True, "enable_prompt_expansion"),
        ("flux-pro-1.1", "fal", {"enable_prompt_expansion": True}, "enhance_prompt", True, "enable_prompt_expansion"),
        ("flux-3-image", "bfl", {"enable_grounded_generation": False}, "grounding", False, "grounding"),
        ("flux-pro-1.1-ultra", "bfl", {"raw": True}, "raw", True, "raw"),
        ("flux-general", "fal", {"scheduler": "dpmpp_2m"}, "scheduler", "dpmpp_2m", "scheduler"),
    ],
)
def test_other_words_become_the_canonical_one(
    model: str, provider: Provider, said: dict[str, Any], wire_name: str, sent: Any, canonical: str
) -> None:
    plan = check(model, provider, **said)
    assert plan.wire[0][wire_name] == sent
    assert canonical in plan.params
    assert plan.renamed == {}


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("fluxStrength", 0.5, "strength"),
        ("fluxGuidanceScale", 4, "guidance_scale"),
        ("fluxNumInferenceSteps", 20, "num_inference_steps"),
        ("fluxSeed", 5, "seed"),
        ("fluxScheduler", "euler", "scheduler"),
        ("fluxAcceleration", None, "acceleration"),
        ("flux_strength", 0.5, "strength"),
        ("flux_guidance_scale", 4, "guidance_scale"),
        ("flux_num_inference_steps", 20, "num_inference_steps"),
        ("flux_seed", 5, "seed"),
        ("flux_scheduler", "euler", "scheduler"),
        ("flux_output_format", "jpeg", "output_format"),
        ("flux_image_size", "square", "image_size"),
        ("flux_enable_safety_checker", True, "enable_safety_checker"),
        ("flux2_guidance_scale", 4, "guidance_scale"),
        ("flux2GuidanceScale", 4, "guidance_scale"),
        ("flux_2_seed", 5, "seed"),
        ("numInferenceSteps", 20, "num_inference_steps"),
        ("outputFormat", "png", "output_format"),
        ("image_strength", 0.5, "strength"),
    ],
)
def test_the_seeds_old_names_are_taken_and_reported(old: str, value: Any, new: str) -> None:
    plan = check("flux-general", "fal", references=pictures(1), **{old: value})
    if value is None:
        assert plan.renamed == {}
        return
    assert plan.renamed == {old: new}
    assert plan.params[new] == value


def test_old_prompt_expansion_and_tolerance() -> None:
    plan = check("flux-2-pro", fluxEnablePromptExpansion=True, flux_safety_tolerance="4")
    assert plan.renamed == {
        "fluxEnablePromptExpansion": "enable_prompt_expansion",
        "flux_safety_tolerance": "safety_tolerance",
    }
    assert (plan.wire[0]["disable_pup"], plan.wire[0]["safety_tolerance"]) == (False, 4)


def test_an_old_name_of_something_the_model_lacks_is_refused_by_its_new_name() -> None:
    with pytest.raises(InvalidParams, match="strength cannot be sent"):
        check("flux-2-pro", fluxStrength=0.5)
    plan = check("flux-2-pro", fluxStrength=0.5, on_unsupported="report")
    assert [note.name for note in plan.not_sent] == ["strength"]


def test_given_twice() -> None:
    with pytest.raises(InvalidParams, match="guidance_scale was given twice: 3, and 4 as guidance"):
        check("flux-2-flex", guidance_scale=3, guidance=4)
    assert check("flux-2-flex", guidance_scale=3, guidance=3).wire[0]["guidance"] == 3
    with pytest.raises(InvalidParams, match="prompt was given twice"):
        catalog.check(Request(model="flux-2-pro", prompt="a", params={"prompt": "b"}), provider="bfl")


@pytest.mark.parametrize("value", ["yes", 1, 0.0])
def test_a_word_that_says_the_opposite_is_a_switch(value: Any) -> None:
    with pytest.raises(InvalidParams, match="disable_pup must be true or false"):
        check("flux-2-pro", disable_pup=value)


def test_own_names_win_over_aliases() -> None:
    plan = check("flux-general", "fal", reference_image_url=asking.MINE)
    assert plan.mode == "generate"
    assert plan.wire[0]["reference_image_url"] == asking.MINE
    assert plan.references == ()


def test_control_picture_is_a_parameter_of_its_own() -> None:
    plan = check("flux-control-lora-canny", "fal", control_lora_image_url=asking.MINE)
    assert plan.mode == "generate"
    plan = check("flux-control-lora-canny", "fal", control_lora_image_url=asking.MINE, references=pictures(1))
    assert plan.mode == "edit"
    assert plan.wire[0]["image_url"] == pictures(1)[0].as_wire()


def test_change_map() -> None:
    plan = check("flux-general-differential-diffusion", "fal", references=pictures(1), change_map_image_url=asking.MINE)
    assert plan.wire[0]["change_map_image_url"] == asking.MINE


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("image_url", "references"),
        ("imageUrls", "references"),
        ("mask_url", "mask"),
        ("fluxSeed", "seed"),
        ("seed", "seed"),
        ("xyzzy", "xyzzy"),
    ],
)
def test_meaning(word: str, meaning: str) -> None:
    assert words.meaning(word) == meaning


def test_near() -> None:
    assert words.near("guidence", ["guidance", "steps"]) == "guidance"
    assert words.near("xyzzy", ["guidance"]) == ""


def test_every_alias_means_a_canonical_word() -> None:
    assert set(words.ALIASES.values()) <= set(words.CANONICAL)
    assert not set(words.ALIASES) & set(words.CANONICAL)
    assert len(set(words.CANONICAL)) == len(words.CANONICAL)


def test_every_wire_name_with_a_canonical_one_is_taken_at_its_endpoint() -> None:
    for provider, name in wire.published():
        endpoint = wire.endpoint(provider, name)
        for field in endpoint.fields.values():
            asked = words.read(Request(model="x", params={field.wire: _value(field)}), endpoint)
            if field.canonical == "references":
                assert len(asked.references) == 1
            elif field.part:
                assert field.part in asked.sides
            else:
                assert list(asked.values) == [field.canonical]
            assert asked.renamed == {}


def _value(field: wire.Field) -> Any:
    if field.canonical == "references":
        return asking.MINE
    return True if field.inverted else "x"


@given(st.dictionaries(st.text(max_size=12), st.integers(), max_size=4))
def test_reading_never_loses_a_word(params: dict[str, int]) -> None:
    endpoint = wire.endpoint("bfl", "flux-2-pro")
    try:
        asked = words.read(Request(model="x", params=params), endpoint)
    except RequestError:
        return
    assert len(asked.values) + len(asked.sides) <= len(params)
    assert set(params.values()) == {*asked.values.values(), *asked.sides.values()}
