from __future__ import annotations

from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from tests.catalog import asking

from fluxroom import catalog
from fluxroom.catalog import forms
from fluxroom.types import Mode, Provider

ALL = [(model, provider, mode) for model, provider, _, mode in asking.routes()]
IDS = [f"{provider}/{model.id}/{mode}" for model, provider, mode in ALL]
KINDS = {
    "prompt", "text", "refs", "ref", "mask", "size", "aspect", "seed", "slider", "number", "switch", "enum", "lora",
    "safety", "format", "json",
}  # fmt: skip


def schema(model: str, provider: Provider, mode: Mode, lang: Any = "en") -> dict[str, Any]:
    row = catalog.models()[model]
    return forms.schema(row, row.routes[provider], mode, lang)


def ui(model: str, provider: Provider, mode: Mode, name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema(model, provider, mode)["properties"][name]["x-ui"]
    return found


@pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=IDS)
def test_every_form_is_a_schema_with_words_in_both_languages(model: Any, provider: Provider, mode: Mode) -> None:
    found = schema(model.id, provider, mode)
    german = schema(model.id, provider, mode, "de")
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == forms.DIALECT
    for place, (name, one) in enumerate(found["properties"].items()):
        shown = one["x-ui"]
        assert shown["kind"] in KINDS
        assert shown["order"] == place
        assert name in forms.rows(), f"{name} has no row in forms.toml"
        for lang in get_args(forms.Language):
            assert shown["title"][lang]
            assert shown["help"][lang]
        assert (one["title"], one["description"]) == (shown["title"]["en"], shown["help"]["en"])
        assert german["properties"][name]["title"] == shown["title"]["de"]
        if shown["kind"] == "slider":
            assert one["minimum"] < one["maximum"]
            assert 0 < shown["step"] <= one["maximum"] - one["minimum"]
        if shown["kind"] == "enum":
            assert len(one["enum"]) >= 1


@pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=IDS)
def test_every_default_fits_its_own_schema(model: Any, provider: Provider, mode: Mode) -> None:
    for name, one in schema(model.id, provider, mode)["properties"].items():
        if "default" in one and name != "safety_tolerance":  # a number or its text: the endpoint's type is made of it
            assert Draft202012Validator(one).is_valid(one["default"]), name


def test_no_row_is_about_nothing() -> None:
    used = {name for model, provider, mode in ALL for name in schema(model.id, provider, mode)["properties"]}
    assert set(forms.rows()) == used


def test_german_help_is_not_english() -> None:
    for model, provider, mode in ALL:
        for name, one in schema(model.id, provider, mode)["properties"].items():
            shown = one["x-ui"]["help"]
            assert shown["de"] != shown["en"] or name in {"scheduler", "ip_adapters"}, name


def test_a_form_refuses_what_the_model_refuses() -> None:
    form = Draft202012Validator(schema("flux-2-flex", "bfl", "generate"))
    assert form.is_valid({"prompt": "a fox", "seed": 7, "guidance_scale": 4.5, "image_size": "landscape_4_3"})
    assert form.is_valid({"prompt": "a fox", "image_size": {"width": 640, "height": 480}})
    assert not form.is_valid({"prompt": "a fox", "guidance_scale": 40})
    assert not form.is_valid({"prompt": "a fox", "negative_prompt": "dogs"})
    assert not form.is_valid({"seed": 7})


def test_what_to_draw() -> None:
    assert ui("flux-2-flex", "bfl", "generate", "guidance_scale")["kind"] == "slider"
    assert ui("flux-2-flex", "bfl", "generate", "num_inference_steps")["step"] == 1
    assert ui("flux-2-pro", "bfl", "generate", "safety_tolerance")["kind"] == "safety"
    assert ui("flux-2-lora", "fal", "generate", "loras")["kind"] == "lora"
    assert ui("flux-general", "fal", "generate", "ip_adapters")["kind"] == "json"
    assert ui("flux-general", "fal", "generate", "reference_image_url")["kind"] == "ref"
    assert ui("flux-2-pro", "bfl", "generate", "region")["group"] == "expert"
    assert "region" not in schema("flux-2-pro", "fal", "generate")["properties"]


def test_hints_of_a_prompt_are_those_of_its_family() -> None:
    assert "colors" in ui("flux-2-pro", "bfl", "generate", "prompt")["hints"]
    assert "boxes" in ui("flux-3-image", "bfl", "generate", "prompt")["hints"]
    assert "hints" not in ui("flux-schnell", "fal", "generate", "prompt")


def test_what_is_shown_only_beside_something_else() -> None:
    assert ui("flux-general", "fal", "generate", "real_cfg_scale")["visible_if"] == {"use_real_cfg": True}
    for model, provider, mode in ALL:
        properties = schema(model.id, provider, mode)["properties"]
        for one in properties.values():
            assert set(one["x-ui"].get("visible_if", {})) <= properties.keys()


def test_what_costs() -> None:
    assert ui("flux-2-pro", "bfl", "generate", "image_size")["cost"] is True
    assert ui("flux-2-pro", "bfl", "generate", "seed")["cost"] is False
    assert ui("flux-3-image", "bfl", "generate", "resolution")["cost"] is True


def settings_of(model: str, provider: Provider) -> dict[str, Any]:
    row = catalog.models()[model]
    found = forms.presets(forms.controls(row, row.routes[provider], "generate"))
    return {one["id"]: one["values"] for one in found}


def test_ready_settings() -> None:
    dev = settings_of("flux-2-dev", "fal")
    assert dev["balanced"] == {}
    assert dev["quality"] == {"num_inference_steps": 42, "acceleration": "none"}
    assert dev["speed"] == {"num_inference_steps": 14, "acceleration": "high"}
    assert "quality" not in settings_of("flux-2-flex", "bfl")  # the provider's own default is the most
    assert settings_of("flux-2-pro", "bfl") == {}


@pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=IDS)
def test_ready_settings_are_taken(model: Any, provider: Provider, mode: Mode) -> None:
    listed = forms.controls(model, model.routes[provider], mode)
    by_name = {one.name: one for one in listed}
    for ready in forms.presets(listed):
        assert ready["title"].keys() == {"en", "de"}
        for name, value in ready["values"].items():
            assert Draft202012Validator(by_name[name].schema).is_valid(value), (name, value)
            assert value != by_name[name].provider_default


def test_limits_of_sizes() -> None:
    flex = catalog.models()["flux-2-flex"].routes["bfl"]
    found = forms.size_limits(flex, "generate")
    assert (found["by"], found["step"], found["max_pixels"]) == ("pixels", 16, 4194304)
    assert {"id": "square_hd", "width": 1024, "height": 1024, "megapixels": 1.0} in found["presets"]
    older = forms.size_limits(catalog.models()["flux-pro-1.1"].routes["bfl"], "generate")
    assert all(one["width"] % 32 == 0 for one in older["presets"])
    ratio = forms.size_limits(catalog.models()["flux-kontext-pro"].routes["bfl"], "generate")
    assert (ratio["by"], ratio["presets"]) == ("ratio", [])
    assert forms.size_limits(catalog.models()["flux-erase"].routes["bfl"], "erase")["by"] == "input"
    assert forms.size_limits(catalog.models()["flux-3-image"].routes["bfl"], "generate")["resolutions"]["2k"] == 2048


def test_how_references_are_taken() -> None:
    def told(model: str, provider: Provider, mode: Mode) -> Any:
        found = forms.references(catalog.models()[model].routes[provider], mode)
        return found["style"], found["min"], found["max"], found["slots"]

    assert told("flux-2-pro", "bfl", "edit")[:3] == ("list", 0, 8)
    assert told("flux-2-dev", "fal", "generate") == ("none", 0, 0, [])
    assert told("flux-2-dev", "fal", "edit") == ("list", 1, 4, [])
    assert told("flux-vto-v2", "bfl", "tryon") == ("slots", 2, 2, ["person", "garment"])
    assert told("flux-erase", "bfl", "erase")[0] == "one"


def test_a_parameter_of_tomorrow_is_shown_under_its_name() -> None:
    row = catalog.models()["flux-2-pro"]
    new = catalog.Parameter(
        name="film_grain",
        wire=("film_grain",),
        schema={"type": "number", "minimum": 0, "maximum": 1},
        default=None,
        provider_default=0.2,
        help="Adds grain.",
        required=False,
    )
    shown = forms.hint(row, row.routes["bfl"], "generate", new, 9)
    assert (shown["kind"], shown["title"]["de"], shown["group"]) == ("slider", "Film grain", "expert")
    assert shown["help"] == {"en": "Adds grain.", "de": "Adds grain."}
    assert shown["advanced"] is True
