"""Every field of every published BFL endpoint, walked through its raw schema."""

from __future__ import annotations

from typing import Any

import pytest

from fluxroom.sandbox.bfl_specs import endpoints, name_in, schema_named
from fluxroom.sandbox.bfl_validation import check_body

IMAGE_ENDPOINTS = sorted(name for name, schema in endpoints().items() if "oneOf" not in schema_named(schema))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return schema_named(name_in(schema["$ref"]))
    if "anyOf" in schema:
        real = [branch for branch in schema["anyOf"] if branch.get("type") != "null"]
        return resolved(real[0])
    return schema


def good(schema: dict[str, Any]) -> Any:
    real = resolved(schema)
    if "enum" in real:
        return real["enum"][-1]
    if "const" in real:
        return real["const"]
    if real.get("format") == "uri":
        return "https://example.com/hook"
    if real["type"] in {"integer", "number"}:
        return real.get("minimum", 1)
    return {"boolean": True, "array": ["x"]}.get(real["type"], "1:1")


def properties(endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = schema_named(endpoints()[endpoint])["properties"]
    return found


def required(endpoint: str) -> dict[str, Any]:
    schema = schema_named(endpoints()[endpoint])
    return {name: good(schema["properties"][name]) for name in schema.get("required", [])}


def test_all_image_paths_of_the_published_file_are_served() -> None:
    assert {"flux-2-pro", "flux-2-klein-9b-preview", "flux-3-image", "flux-tools/vto-v2", "flux-kontext-max"} <= set(
        endpoints()
    )
    assert len(endpoints()) == 25


@pytest.mark.parametrize("endpoint", IMAGE_ENDPOINTS)
def test_required_fields_alone_and_all_fields_together_are_taken(endpoint: str) -> None:
    assert check_body(endpoint, required(endpoint)) == []
    assert check_body(endpoint, {name: good(schema) for name, schema in properties(endpoint).items()}) == []


@pytest.mark.parametrize("endpoint", IMAGE_ENDPOINTS)
def test_each_required_field_is_missed(endpoint: str) -> None:
    for name in required(endpoint):
        body = {key: value for key, value in required(endpoint).items() if key != name}
        assert check_body(endpoint, body) == [
            {"type": "missing", "loc": ["body", name], "msg": "Field required", "input": body}
        ]


@pytest.mark.parametrize("endpoint", IMAGE_ENDPOINTS)
def test_each_bound_is_held(endpoint: str) -> None:
    for name, schema in properties(endpoint).items():
        real = resolved(schema)
        for bound, kind, key, step in (
            ("minimum", "greater_than_equal", "ge", -1),
            ("maximum", "less_than_equal", "le", 1),
        ):
            if bound not in real:
                continue
            good_body = (
                {**required(endpoint), name: int(real[bound])}
                if real["type"] == "integer"
                else {**required(endpoint), name: real[bound]}
            )
            assert check_body(endpoint, good_body) == []
            given = real[bound] + step * real.get("multipleOf", 1)
            (error,) = check_body(endpoint, {**required(endpoint), name: given})
            assert (error["type"], error["ctx"], error["loc"]) == (kind, {key: real[bound]}, ["body", name])


@pytest.mark.parametrize("endpoint", IMAGE_ENDPOINTS)
def test_wrong_types_are_told(endpoint: str) -> None:
    kinds = {"integer": "int_type", "number": "float_type", "boolean": "bool_type", "string": "string_type"}
    for name, schema in properties(endpoint).items():
        real = resolved(schema)
        several = [branch for branch in schema.get("anyOf", []) if branch.get("type") != "null"]
        if len(several) > 1 or real.get("format") == "uri":
            continue
        expected = (
            "enum"
            if "$ref" in str(schema)
            else "literal_error"
            if "enum" in real or "const" in real
            else kinds[real["type"]]
        )
        found = check_body(endpoint, {**required(endpoint), name: {"wrong": 1}})
        assert [error["type"] for error in found] == [expected], name


@pytest.mark.parametrize("endpoint", IMAGE_ENDPOINTS)
def test_only_strict_schemas_forbid_extra_fields(endpoint: str) -> None:
    strict = schema_named(endpoints()[endpoint]).get("additionalProperties") is False
    found = check_body(endpoint, {**required(endpoint), "no_such_field": 1})
    assert [error["type"] for error in found] == (["extra_forbidden"] if strict else [])


@pytest.mark.parametrize(
    ("endpoint", "body", "error"),
    [
        (
            "flux-2-pro",
            {"safety_tolerance": 6},
            {
                "type": "less_than_equal",
                "msg": "Input should be less than or equal to 5",
                "input": 6,
                "ctx": {"le": 5.0},
            },
        ),
        (
            "flux-2-pro",
            {"output_format": "gif"},
            {
                "type": "enum",
                "msg": "Input should be 'jpeg', 'png' or 'webp'",
                "input": "gif",
                "ctx": {"expected": "'jpeg', 'png' or 'webp'"},
            },
        ),
        (
            "flux-3-image",
            {"resolution": "8k"},
            {
                "type": "literal_error",
                "msg": "Input should be '768sq', '1k', '1.5k', '2k' or '4k'",
                "input": "8k",
                "ctx": {"expected": "'768sq', '1k', '1.5k', '2k' or '4k'"},
            },
        ),
        (
            "flux-pro-1.1",
            {"width": 1000},
            {
                "type": "multiple_of",
                "msg": "Input should be a multiple of 32",
                "input": 1000,
                "ctx": {"multiple_of": 32.0},
            },
        ),
        (
            "flux-2-pro",
            {"user": ""},
            {
                "type": "string_too_short",
                "msg": "String should have at least 1 character",
                "input": "",
                "ctx": {"min_length": 1},
            },
        ),
        (
            "flux-2-pro",
            {"webhook_url": "no address"},
            {
                "type": "url_parsing",
                "msg": "Input should be a valid URL, relative URL without a base",
                "input": "no address",
                "ctx": {"error": "relative URL without a base"},
            },
        ),
    ],
)
def test_the_words_of_each_kind_of_error(endpoint: str, body: dict[str, Any], error: dict[str, Any]) -> None:
    (found,) = check_body(endpoint, {"prompt": "x", **body})
    assert found.pop("loc") == ["body", next(iter(body))]
    assert found == error


@pytest.mark.parametrize("user", ["u" * 257])
def test_a_long_user(user: str) -> None:
    assert check_body("flux-2-pro", {"prompt": "x", "user": user})[0]["type"] == "string_too_long"


@pytest.mark.parametrize("url", ["ftp://example.com", "https://example.com/" + "a" * 2083])
def test_other_webhook_addresses_are_refused(url: str) -> None:
    assert check_body("flux-2-pro", {"prompt": "x", "webhook_url": url})[0]["type"] in {"url_scheme", "url_too_long"}


def test_a_union_tells_about_each_branch() -> None:
    found = check_body("flux-3-image", {"prompt": "x", "images": 5})
    assert [(error["type"], error["loc"]) for error in found] == [
        ("string_type", ["body", "images", "str"]),
        ("list_type", ["body", "images", "list[str]"]),
    ]
    assert check_body("flux-3-image", {"prompt": "x", "images": ["a", "b"]}) == []
    assert check_body("flux-3-image", {"prompt": "x", "images": ["a"] * 11})[0]["type"] == "value_error"


@pytest.mark.parametrize(
    ("ratio", "taken"), [("21:9", True), ("9:21", True), ("1:1", True), ("3:1", False), ("wide", False)]
)
def test_kontext_takes_ratios_between_21_9_and_9_21(ratio: str, taken: bool) -> None:
    assert (check_body("flux-kontext-pro", {"prompt": "x", "aspect_ratio": ratio}) == []) is taken


def test_over_four_megapixels_is_refused() -> None:
    assert check_body("flux-2-pro", {"prompt": "x", "width": 2048, "height": 2048}) == []
    assert check_body("flux-2-pro", {"prompt": "x", "width": 2064, "height": 2048})[0]["type"] == "value_error"


def test_video_modes_are_told_apart_by_their_tag() -> None:
    assert check_body("flux-3-video", {"prompt": "x"})[0]["type"] == "union_tag_not_found"
    assert check_body("flux-3-video", {"prompt": "x", "mode": "no"})[0]["type"] == "union_tag_invalid"
    assert check_body("flux-3-video", {"prompt": "x", "mode": "t2v"}) == []
    pairs = {"prompt": "x", "mode": "i2v", "keyframes": [[0, "a"], [3.5, "b"]]}
    assert check_body("flux-3-video", pairs) == []
    assert check_body("flux-3-video", {"prompt": "x", "mode": "t2v", "seed": 1})[0]["loc"] == ["body", "t2v", "seed"]


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_a_body_that_is_no_object(body: Any) -> None:
    assert check_body("flux-2-pro", body)[0]["type"] == "model_attributes_type"
