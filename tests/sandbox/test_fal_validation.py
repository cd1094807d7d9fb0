"""Every field of every published endpoint: what is in range is taken, what is not is told in fal's words."""

from __future__ import annotations

from typing import Any

import pytest

from fluxroom.sandbox.fal_catalog import bfl_hosted, endpoints
from fluxroom.sandbox.fal_validation import check_input

URL = "https://example.com/a.png"
NESTED = {
    "LoraWeight": {"path": "a/b"},
    "LoRAWeight": {"path": "a/b", "target": "dit"},
    "LoRAInput": {"path": "a/b", "scale": 1.5},
    "FalAiFlux2KleinLorainput": {"path": "a/b"},
    "ControlLoraWeight": {"path": "a/b", "control_image_url": URL},
    "ControlNet": {"path": "a/b", "control_image_url": URL},
    "ControlNetUnion": {"path": "a/b", "controls": [{"control_image_url": URL, "control_mode": "canny"}]},
    "IPAdapter": {"path": "a/b", "image_encoder_path": "c/d", "image_url": URL, "scale": 1},
    "EasyControlWeight": {"control_method_url": URL, "image_url": URL, "image_control_type": "subject"},
    "ImageFillInput": {"fill_image_url": URL},
}


def good(field: dict[str, Any]) -> Any:
    kind = field["type"]
    if kind == "enum":
        return field["enum"][-1]
    if kind in {"integer", "number"}:
        return field.get("max", field.get("min", 1))
    if kind == "array":
        items = field["items"]
        return [
            {"path": "a/b", "scale": 4}
            if isinstance(items, dict)
            else NESTED.get(items, 1 if items == "number" else URL)
        ]
    if kind == "object":
        return NESTED[field["object_type"]]
    return {"boolean": True, "image_size": {"width": 1024, "height": 512}, "file_url": URL}.get(kind, "words")


def required(endpoint: str) -> dict[str, Any]:
    return {name: good(field) for name, field in endpoints()[endpoint]["fields"].items() if field.get("required")}


@pytest.mark.parametrize("endpoint", sorted(endpoints()))
def test_required_fields_alone_and_all_fields_together_are_taken(endpoint: str) -> None:
    fields = endpoints()[endpoint]["fields"]
    values, complaints = check_input(endpoint, required(endpoint))
    assert complaints == []
    assert set(values) == set(fields)
    assert check_input(endpoint, {name: good(field) for name, field in fields.items()})[1] == []


@pytest.mark.parametrize("endpoint", sorted(endpoints()))
def test_each_required_field_is_missed(endpoint: str) -> None:
    for name in required(endpoint):
        body = {key: value for key, value in required(endpoint).items() if key != name}
        (error,) = check_input(endpoint, body)[1]
        assert (error["type"], error["loc"], error["msg"]) == ("missing", ["body", name], "Field required")
        assert error["url"] == "https://docs.fal.ai/errors#missing"


@pytest.mark.parametrize("endpoint", sorted(endpoints()))
def test_each_bound_is_held_and_named(endpoint: str) -> None:
    for name, field in endpoints()[endpoint]["fields"].items():
        for bound, kind, key, step in (("min", "greater_than_equal", "ge", -1), ("max", "less_than_equal", "le", 1)):
            if field.get(bound) is None:
                continue
            assert check_input(endpoint, {**required(endpoint), name: field[bound]})[1] == []
            (error,) = check_input(endpoint, {**required(endpoint), name: field[bound] + step})[1]
            assert (error["type"], error["ctx"]) == (kind, {key: field[bound]})


@pytest.mark.parametrize("endpoint", sorted(endpoints()))
def test_each_choice_is_taken_and_no_other(endpoint: str) -> None:
    for name, field in endpoints()[endpoint]["fields"].items():
        if field["type"] not in {"enum", "image_size"}:
            continue
        for choice in field["enum"]:
            assert check_input(endpoint, {**required(endpoint), name: choice})[1] == []
        found = check_input(endpoint, {**required(endpoint), name: "no such"})[1]
        assert [error["type"] for error in found] == ([] if field.get("also") == "any string" else ["literal_error"])


@pytest.mark.parametrize(
    ("body", "kind", "at"),
    [
        ({"num_images": "many"}, "int_parsing", ["body", "num_images"]),
        ({"num_images": 1.5}, "int_from_float", ["body", "num_images"]),
        ({"num_images": []}, "int_type", ["body", "num_images"]),
        ({"guidance_scale": "x"}, "float_parsing", ["body", "guidance_scale"]),
        ({"guidance_scale": {}}, "float_type", ["body", "guidance_scale"]),
        ({"enable_safety_checker": "perhaps"}, "bool_parsing", ["body", "enable_safety_checker"]),
        ({"enable_safety_checker": []}, "bool_type", ["body", "enable_safety_checker"]),
        ({"prompt": 5}, "string_type", ["body", "prompt"]),
        ({"image_size": 5}, "literal_error", ["body", "image_size"]),
        ({"image_size": {"width": 100, "height": 512}}, "greater_than_equal", ["body", "image_size", "width"]),
        ({"image_size": {"width": 512, "height": 4096}}, "less_than_equal", ["body", "image_size", "height"]),
        ({"loras": [{"scale": 1}]}, "missing", ["body", "loras", 0, "path"]),
        ({"loras": ["x"]}, "model_type", ["body", "loras", 0]),
        ({"loras": "x"}, "list_type", ["body", "loras"]),
        ({"loras": [{"path": "a"}] * 4}, "sequence_too_long", ["body", "loras"]),
        ({"loras": [{"path": "a", "scale": 5}]}, "less_than_equal", ["body", "loras", 0, "scale"]),
        ({"seed": None, "loras": [{"path": "a", "scale": "x"}]}, "float_parsing", ["body", "loras", 0, "scale"]),
    ],
)
def test_wrong_types_are_told_as_pydantic_tells_them(body: dict[str, Any], kind: str, at: list[Any]) -> None:
    (error,) = check_input("fal-ai/flux-2/lora", {"prompt": "x", **body})[1]
    assert (error["type"], error["loc"]) == (kind, at)


def test_a_side_must_be_positive_everywhere() -> None:
    (error,) = check_input("fal-ai/flux/dev", {"prompt": "x", "image_size": {"width": 0}})[1]
    assert (error["type"], error["ctx"]) == ("greater_than", {"gt": 0})
    (error,) = check_input("fal-ai/flux/dev", {"prompt": "x", "image_size": {"width": 14143}})[1]
    assert error["ctx"] == {"le": 14142}


def test_lax_values_are_taken_as_pydantic_takes_them_and_extra_fields_ignored() -> None:
    body = {"prompt": "x", "num_images": "2", "guidance_scale": "3.5", "enable_safety_checker": "false", "extra": 1}
    assert check_input("fal-ai/flux-2", body)[1] == []


def test_a_body_that_is_no_object() -> None:
    assert check_input("fal-ai/flux-2", [])[1][0]["type"] == "model_attributes_type"


def test_too_few_references() -> None:
    (error,) = check_input("blackforestlabs/flux-3/edit-image", {"prompt": "x", "image_urls": []})[1]
    assert (error["type"], error["ctx"]) == ("sequence_too_short", {"min_length": 1})


def test_who_is_hosted_by_bfl() -> None:
    assert bfl_hosted("fal-ai/flux-2-pro/edit")
    assert bfl_hosted("fal-ai/flux-pro/kontext/max")
    assert bfl_hosted("blackforestlabs/flux-3/text-to-image")
    assert not bfl_hosted("fal-ai/flux-2/klein/9b")
    assert not bfl_hosted("fal-ai/flux-kontext/dev")
