from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import InvalidParams
from fluxroom.server.schemas import GenerationBody, ResolveBody


def body(**fields: Any) -> GenerationBody:
    return GenerationBody.model_validate(fields)


def test_only_a_prompt_is_enough() -> None:
    found = body(prompt="a fox")
    assert found.model == DEFAULT_MODEL
    assert found.references == []
    assert found.parameters == {}
    assert found.options["on_unsupported"] == "error"


def test_parameters_are_whatever_the_body_does_not_name() -> None:
    found = body(
        prompt="a fox", seed=0, raw=False, loras=[{"path": "x", "scale": 1.5}], image_size={"width": 8, "height": 8}
    )
    assert found.parameters == {
        "seed": 0,
        "raw": False,
        "loras": [{"path": "x", "scale": 1.5}],
        "image_size": {"width": 8, "height": 8},
    }


def test_null_means_not_given_and_zero_does_not() -> None:
    assert body(prompt="a", seed=None, safety_tolerance=0).parameters == {"safety_tolerance": 0}


def test_a_mask_is_a_parameter() -> None:
    assert body(prompt="a", mask="0" * 64, seed=1).parameters == {"mask": "0" * 64, "seed": 1}


def test_names_of_python_are_no_parameters() -> None:
    for name in ("self", "wait"):
        with pytest.raises(InvalidParams, match=name):
            _ = body(prompt="a", **{name: 1}).parameters


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": 1},
        {"prompt": ["a"]},
        {"prompt": "a", "model": None},
        {"prompt": "a", "model": "m" * 201},
        {"prompt": "a", "references": None},
        {"prompt": "a", "references": {"0": "x"}},
        {"prompt": "a", "references": ["x"] * 65},
        {"prompt": "a", "mode": 1},
        {"prompt": "a", "extra": []},
        {"prompt": "a", "max_references": 1.5},
        {"prompt": "a", "max_references": True},
        {"prompt": "a", "on_unsupported": "ERROR"},
    ],
)
def test_forms_that_are_not_taken(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body(**fields)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", ["top", "list", "object", "extra"])
def test_numbers_that_json_does_not_have(number: float, place: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "top": {"guidance_scale": number},
        "list": {"loras": [number]},
        "object": {"loras": [{"scale": number}]},
        "extra": {"extra": {"fal": {"x": number}}},
    }
    with pytest.raises(ValidationError, match="NaN and Infinity"):
        body(prompt="a", **places[place])


@pytest.mark.parametrize(
    "fields", [{"prompt": "\ud800"}, {"negative_prompt": "\udfff"}, {"prompt": {"\ud800": 1}}, {"loras": ["\ud83d"]}]
)
def test_half_of_a_character_is_no_text(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="surrogate"):
        body(**{"prompt": "a"} | fields)


@pytest.mark.parametrize("fields", [{"prompt": "a\0b"}, {"negative_prompt": "\0"}, {"loras": [{"path": "x\0"}]}])
def test_a_nul_is_no_text(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="NUL"):
        body(**{"prompt": "a"} | fields)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**40])
def test_numbers_that_nobody_can_write_down_are_refused(number: int) -> None:
    with pytest.raises(ValidationError, match="64 bits"):
        body(prompt="a", extra={"bfl": {"x": [number]}})


def test_whole_characters_are_fine() -> None:
    assert body(prompt="ein Füchslein 🦊 im Schnee").prompt == "ein Füchslein 🦊 im Schnee"


def test_a_structured_prompt_stays_as_it_is() -> None:
    assert body(prompt={"subject": "fox", "colors": ["#ff0000"]}).prompt == {"subject": "fox", "colors": ["#ff0000"]}


@pytest.mark.parametrize("fields", [{}, {"choice": "RETRY"}, {"choice": "retry", "force": True}, {"choice": None}])
def test_a_decision_is_one_of_two_words(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ResolveBody.model_validate(fields)
