from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.catalog import asking, published
from tests.catalog.asking import check, picture, pictures

from fluxroom import catalog
from fluxroom.catalog import words
from fluxroom.errors import FluxroomError, InvalidParams, InvalidReference
from fluxroom.types import Plan, Provider, Request

# Unsupported parameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider", "name", "value", "says"),
    [
        ("flux-2-pro", "bfl", "negative_prompt", "rain", "no negative prompt"),
        ("flux-2-pro", "fal", "strength", 0.5, "edits by instruction"),
        ("flux-2-pro", "bfl", "guidance_scale", 3.5, "flux-2-flex"),
        ("flux-2-pro", "bfl", "mask", asking.MINE, "no mask"),
        ("flux-2-max", "bfl", "grounding", True, "built in"),
        ("flux-2-max", "fal", "enable_grounded_generation", True, "built in"),
        ("flux-2-pro", "bfl", "grounding", False, "flux-2-max does"),
        ("flux-2-dev", "fal", "loras", [{"path": "x"}], "flux-2-lora"),
        ("flux-2-dev", "fal", "safety_tolerance", 2, "enable_safety_checker"),
        ("flux-kontext-pro", "bfl", "num_inference_steps", 28, "flux-kontext-dev"),
        ("flux-3-image", "bfl", "seed", 7, "no seed"),
        ("flux-3-image", "fal", "grounding", True, "bfl/flux-3-image has"),
        ("flux-dev", "fal", "negative_prompt", "rain", "flux-general"),
        ("flux-2-pro", "fal", "region", "eu", "at bfl only"),
        ("flux-2-realism", "fal", "loras", [], "lora_scale"),
    ],
)
def test_what_people_expect_is_refused_with_the_reason(
    model: str, provider: Provider, name: str, value: Any, says: str
) -> None:
    with pytest.raises(InvalidParams) as caught:
        check(model, provider, **{name: value})
    assert says in caught.value.detail
    assert f"{model} at {provider}" in caught.value.detail
    plan = check(model, provider, **{name: value}, on_unsupported="report")
    (note,) = plan.not_sent
    assert says in note.why
    assert note.name in {name, "grounding"}
    assert note.name not in plan.params


def test_an_unknown_word_names_what_the_model_takes_and_the_nearest_word() -> None:
    with pytest.raises(InvalidParams) as caught:
        check("flux-2-flex", guidence_scale=4)
    assert "Did you mean guidance_scale?" in caught.value.detail
    assert "num_inference_steps" in caught.value.detail
    assert caught.value.context == {
        "model": "flux-2-flex",
        "provider": "bfl",
        "field": "guidence_scale",
        "mode": "generate",
    }


def test_an_unknown_word_far_from_all_others_gets_no_hint() -> None:
    with pytest.raises(InvalidParams) as caught:
        check("flux-2-flex", xyzzy=4)
    assert "Did you mean" not in caught.value.detail


def test_unknown_words_are_reported_when_asked() -> None:
    plan = check("flux-2-pro", xyzzy=4, strength=0.4, on_unsupported="report")
    assert {note.name: note.why for note in plan.not_sent} == {
        "xyzzy": "flux-2-pro at bfl has no such parameter",
        "strength": "FLUX.2 edits by instruction and has no strength; say in the prompt what stays and what changes",
    }


def test_values_out_of_range_are_refused_even_when_reporting() -> None:
    with pytest.raises(InvalidParams, match="guidance_scale 20 is above 10"):
        check("flux-2-flex", guidance_scale=20, on_unsupported="report")


def test_prompt_where_there_is_none() -> None:
    with pytest.raises(InvalidParams, match="prompt is not a parameter"):
        check("flux-deblur", references=pictures(1))
    plan = check("flux-deblur", references=pictures(1), on_unsupported="report")
    assert [note.name for note in plan.not_sent] == ["prompt"]


# Messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider", "asked", "message"),
    [
        ("flux-2-flex", "fal", {"guidance_scale": 20},
         "guidance_scale 20 is above 10; flux-2-flex at fal takes 1.5 to 10"),
        ("flux-2-flex", "bfl", {"guidance": 1}, "guidance_scale 1 is below 1.5; flux-2-flex at bfl takes 1.5 to 10"),
        ("flux-2-flex", "bfl", {"steps": 51}, "num_inference_steps 51 is above 50; flux-2-flex at bfl takes 1 to 50"),
        ("flux-2-pro", "fal", {"output_format": "webp"},
         "output_format 'webp' is not one of the values; flux-2-pro at fal takes jpeg, png"),
        ("flux-2-pro", "bfl", {"seed": "7"}, "seed must be an integer, not '7'; flux-2-pro at bfl takes an integer"),
        ("flux-2-pro", "bfl", {"safety_tolerance": 6},
         "safety_tolerance 6 is above 5; flux-2-pro at bfl takes 0 to 5"),
        ("flux-2-pro", "fal", {"safety_tolerance": 0},
         "safety_tolerance '0' is not one of the values; flux-2-pro at fal takes 1, 2, 3, 4, 5"),
        ("flux-2-pro", "bfl", {"user": ""}, "user has 0 characters; flux-2-pro at bfl takes 1 to 256 characters"),
        ("flux-2-lora", "fal", {"loras": [{"path": "a"}] * 4},
         "loras has 4 entries; flux-2-lora at fal takes up to 3 entries"),
        ("flux-2-lora", "fal", {"loras": [{"scale": 1}]}, "loras[0] lacks path; flux-2-lora at fal needs path in each"),
        ("flux-2-lora", "fal", {"loras": [{"path": "a", "weight": 1}]},
         "loras[0] has no weight; flux-2-lora at fal takes path, scale"),
        ("flux-2-lora", "fal", {"loras": [{"path": "a", "scale": 5}]},
         "loras[0].scale 5 is above 4; flux-2-lora at fal takes 0 to 4"),
        ("flux-2-lora", "fal", {"loras": ["a"]},
         "loras[0] must be an object, not 'a'; flux-2-lora at fal takes an object"),
        ("flux-general", "fal", {"nag_tau": -1}, "nag_tau -1 is below 0; flux-general at fal takes at least 0"),
        ("flux-2-pro", "bfl", {"output_format": "x" * 90},
         "output_format '" + "x" * 58 + "… is not one of the values; flux-2-pro at bfl takes jpeg, png, webp"),
        ("flux-2-flex", "bfl", {"guidance_scale": float("nan")}, "guidance_scale nan is not a finite number"),
        ("flux-2-pro", "bfl", {"num_images": 101}, "num_images 101 is above 100; it takes 1 to 100"),
        ("flux-2-pro", "bfl", {"num_images": 0}, "num_images 0 is below 1; it takes 1 to 100"),
        ("flux-2-pro", "bfl", {"num_images": True}, "num_images must be an integer, not True"),
        ("flux-2-pro", "bfl", {"region": "moon"}, "region 'moon' is not one of global, eu, us"),
        ("flux-2-pro", "bfl", {"prompt": ""}, "the prompt is empty; flux-2-pro at bfl needs one to generate"),
    ],
)  # fmt: skip
def test_messages_name_field_value_and_range(
    model: str, provider: Provider, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParams) as caught:
        check(model, provider, **asked)
    assert caught.value.detail == message
    assert caught.value.context["provider"] == provider


def test_required_parameters_are_named() -> None:
    with pytest.raises(InvalidParams, match="needs prompt to generate"):
        check("flux-2-pro", prompt=None)
    with pytest.raises(InvalidParams, match="needs mask to erase"):
        check("flux-erase", prompt=None, references=pictures(1))
    with pytest.raises(InvalidParams, match="needs finetune_id to generate"):
        check("flux-pro-1.1-ultra-finetuned")
    with pytest.raises(InvalidParams, match="needs a reference picture to edit"):
        check("flux-kontext-dev", "fal")
    with pytest.raises(InvalidParams, match="needs 2 reference pictures to tryon"):
        check("flux-vto-v2", references=pictures(1))
    assert check("flux-pro-1.1", prompt=None).wire[0].keys() >= {"width", "height"}  # the prompt is optional there


# Values ---------------------------------------------------------------------------------------------------------------


def test_structured_prompt_travels_as_compact_json() -> None:
    plan = check("flux-2-pro", prompt={"subject": "Füchsin", "colors": ["#02eb3c"]})
    assert plan.wire[0]["prompt"] == '{"subject":"Füchsin","colors":["#02eb3c"]}'
    assert "prompt" not in plan.params


def test_prompt_may_stand_among_the_parameters() -> None:
    plan = catalog.check(Request(model="flux-2-pro", params={"prompt": "a fox"}), provider="bfl")
    assert plan.wire[0]["prompt"] == "a fox"


def test_safety_tolerance_is_text_or_number_as_the_endpoint_wants() -> None:
    for value in (3, "3", 3.0):
        assert check("flux-2-pro", "fal", safety_tolerance=value).wire[0]["safety_tolerance"] == "3"
        assert check("flux-2-pro", "bfl", safety_tolerance=value).wire[0]["safety_tolerance"] == 3
        assert check("flux-3-image", "fal", safety_tolerance=value).wire[0]["safety_tolerance"] == 3
    for wrong in (True, "high", 2.5, [2]):
        for provider in ("bfl", "fal"):
            with pytest.raises(InvalidParams):
                check("flux-2-pro", provider, safety_tolerance=wrong)


def test_defaults_are_in_the_plan_as_sent() -> None:
    plan = check("flux-2-flex", "bfl")
    assert plan.params == {
        "image_size": "landscape_4_3",
        "output_format": "png",
        "enable_prompt_expansion": False,
        "safety_tolerance": 2,
    }
    assert plan.wire[0] == {
        "prompt": "a red fox in fresh snow",
        "width": 1024,
        "height": 768,
        "output_format": "png",
        "prompt_upsampling": False,
        "safety_tolerance": 2,
    }


def test_ours_give_way_to_the_caller() -> None:
    plan = check("flux-2-pro", output_format="jpeg", enable_prompt_expansion=True, safety_tolerance=0)
    assert (plan.wire[0]["output_format"], plan.wire[0]["disable_pup"]) == ("jpeg", False)
    assert plan.wire[0]["safety_tolerance"] == 0


def test_none_counts_as_not_given() -> None:
    assert check("flux-2-pro", seed=None, guidance_scale=None, image_size=None).wire == check("flux-2-pro").wire


def test_strength_of_flux_general() -> None:
    assert check("flux-general", "fal", references=pictures(1)).wire[0]["strength"] == 0.75
    assert check("flux-general", "fal", references=pictures(1), image_strength=0.5).wire[0]["strength"] == 0.5
    assert "strength" not in check("flux-general", "fal").wire[0]
    assert "strength" not in check("flux-lora", "fal", references=pictures(1)).wire[0]


def test_seven_steps_are_enough_for_flux_general() -> None:
    assert check("flux-general", "fal", num_inference_steps=7).wire[0]["num_inference_steps"] == 7


def test_nested_pictures_become_markers() -> None:
    net = {"path": "depth", "control_image_url": picture(9), "conditioning_scale": 0.5}
    plan = check("flux-general", "fal", controlnets=[net])
    assert plan.wire[0]["controlnets"][0]["control_image_url"] == picture(9).as_wire()
    assert plan.params["controlnets"] == plan.wire[0]["controlnets"]
    plan = check("flux-general", "fal", fill_image={"fill_image_url": [picture(9), asking.MINE]})
    assert plan.wire[0]["fill_image"] == {"fill_image_url": [picture(9).as_wire(), asking.MINE]}
    plan = check("flux-general", "fal", fill_image={"fill_image_url": picture(9)})
    assert plan.wire[0]["fill_image"] == {"fill_image_url": picture(9).as_wire()}


@pytest.mark.parametrize(
    "wrong", ["mask.png", "http://a.example/m.png", "file:///etc/passwd", "data:image/png;base64,A", 7, {"a": 1}]
)
def test_a_picture_is_stored_or_a_public_https_address(wrong: Any) -> None:
    with pytest.raises(InvalidReference, match="mask"):
        check("flux-lora", "fal", references=pictures(1), mask=wrong)


def test_region() -> None:
    assert check("flux-2-pro", region="eu").region == "eu"
    assert check("flux-2-pro", region="global").region == ""
    assert check("flux-2-pro").region == ""
    assert check("flux-2-pro", "fal", region="global").region == ""
    plan = catalog.check(Request(model="flux-2-pro", prompt="x", params={"region": "us"}), provider="bfl")
    assert plan.region == "us"
    assert "region" not in plan.wire[0]


def test_webhooks_are_never_a_parameter() -> None:
    assert check("flux-2-pro").webhooks
    assert not check("flux-3-image").webhooks
    assert not check("flux-2-pro", "fal").webhooks
    with pytest.raises(InvalidParams, match="not a parameter"):
        check("flux-2-pro", webhook_url="https://a.example")


def test_extra_is_sent_as_it_is() -> None:
    plan = check("flux-2-pro", extra={"bfl": {"transparent_bg": True}, "fal": {"other": 1}})
    assert plan.wire[0]["transparent_bg"] is True
    assert "other" not in plan.wire[0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("width", "use image_size"),
        ("disable_pup", "use enable_prompt_expansion"),
        ("webhook_url", "Fluxroom sets webhooks itself"),
    ],
)
def test_extra_must_not_name_what_the_schema_knows(name: str, says: str) -> None:
    with pytest.raises(InvalidParams, match=says):
        check("flux-2-pro", extra={"bfl": {name: 1}})


def test_caps_and_seconds_are_in_the_plan() -> None:
    plan = check("flux-kontext-max", references=pictures(1))
    assert dict(plan.caps) == {"bfl": 24, "bfl/flux-kontext-max": 6}
    assert plan.seconds > 0
    assert plan.route == "bfl/flux-kontext-max"


# Whatever is asked ----------------------------------------------------------------------------------------------------

NAMES = sorted({name for fields in published.fields().values() for name in fields} | set(words.CANONICAL) | {"xyzzy"})
VALUES = st.one_of(
    st.booleans(),
    st.integers(-5, 60),
    st.floats(allow_nan=True),
    st.text(max_size=8),
    st.sampled_from(["png", "16:9", "square", "1024x1024", "none", "high", asking.MINE]),
    st.just([{"path": "a", "scale": 1.0}]),
    st.just({"width": 1024, "height": 1024}),
)
ROUTES = [(model, provider, mode) for model, provider, _, mode in asking.routes()]


def tried(request: Request, provider: Provider) -> tuple[Plan | None, FluxroomError | None]:
    try:
        return catalog.check(request, provider=provider), None
    except FluxroomError as error:
        return None, error


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.sampled_from(ROUTES), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5), st.booleans())
def test_nothing_is_ever_sent_that_the_schema_lacks(
    route: tuple[Any, Provider, Any], params: dict[str, Any], report: bool
) -> None:
    model, provider, mode = route
    least = asking.request(model, provider, mode)
    request = Request(
        model=model.id,
        prompt=least.prompt if "prompt" not in params else None,
        references=least.references,
        params={**least.params, **params},
        mode=mode,
        on_unsupported="report" if report else "error",
    )
    plan, error = tried(request, provider)
    if error is not None:
        assert error.detail
        assert "\n" not in error.detail
        assert error.charge == "not_charged"
    if plan is None:
        return
    known = {name for name, raw in published.fields()[provider, plan.endpoint].items() if not raw.webhook}
    for body in plan.wire:
        assert set(body) <= known
    if not report:
        assert {note.name for note in plan.not_sent} <= {"image_size", "aspect_ratio", "resolution"}
