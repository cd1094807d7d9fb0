from __future__ import annotations

import json
from typing import Any

import pytest
from tests.catalog import asking

from fluxroom import catalog
from fluxroom.catalog import Parameter
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.types import Mode, Provider

ALL = [(model, provider, mode) for model, provider, _, mode in asking.routes()]


def named(model: str, provider: Provider, mode: Mode) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in catalog.parameters(model, provider, mode)}


@pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=[f"{p}/{m.id}/{mode}" for m, p, mode in ALL])
def test_every_parameter_can_be_drawn(model: Any, provider: Provider, mode: Mode) -> None:
    found = catalog.parameters(model.id, provider, mode)
    names = [parameter.name for parameter in found]
    assert len(set(names)) == len(names)
    assert "num_images" in names
    endpoint = model.routes[provider].endpoint(mode)
    assert set(names) == {*endpoint.canonical, "num_images"}
    for parameter in found:
        shown = json.loads(json.dumps(parameter.as_dict()))
        assert shown["help"], parameter.name
        assert not any(key.startswith("x-") for key in parameter.schema)
        assert {"type", "anyOf"} & set(parameter.schema), parameter.name
        assert set(parameter.wire) <= set(endpoint.fields)
        assert parameter.required == any(endpoint.fields[name].required for name in parameter.wire)


def test_order_is_that_of_a_form() -> None:
    names = [parameter.name for parameter in catalog.parameters("flux-2-flex", "bfl", "edit")]
    assert names[:5] == ["prompt", "references", "image_size", "num_images", "seed"]


def test_defaults_are_ours_and_the_providers() -> None:
    flex = named("flux-2-flex", "bfl", "generate")
    assert (flex["guidance_scale"].default, flex["guidance_scale"].provider_default) == (None, 5.0)
    assert (flex["output_format"].default, flex["output_format"].provider_default) == ("png", "jpeg")
    assert (flex["image_size"].default, flex["image_size"].provider_default) == ("landscape_4_3", None)
    assert (flex["enable_prompt_expansion"].default, flex["enable_prompt_expansion"].provider_default) == (False, True)
    pro = named("flux-2-pro", "bfl", "generate")["enable_prompt_expansion"]
    assert (pro.wire, pro.default, pro.provider_default) == (("disable_pup",), False, True)
    assert pro.help == "Let the provider expand the prompt first."
    assert named("flux-pro-1.1", "bfl", "vary")["image_size"].provider_default == {"width": 1024, "height": 768}
    assert named("flux-kontext-pro", "bfl", "generate")["aspect_ratio"].default == "4:3"
    assert named("flux-kontext-pro", "bfl", "edit")["aspect_ratio"].default is None


def test_sizes_show_the_limits_of_the_route() -> None:
    def side(model: str, provider: Provider) -> Any:
        return named(model, provider, "generate")["image_size"].schema["anyOf"][1]["properties"]["width"]

    assert (side("flux-2-dev", "fal")["minimum"], side("flux-2-dev", "fal")["maximum"]) == (512, 2048)
    assert side("flux-pro-1.1", "bfl") == {"type": "integer", "minimum": 256, "maximum": 1440, "multipleOf": 32}
    assert side("flux-2-pro", "bfl")["minimum"] == 64
    presets = named("flux-2-pro", "bfl", "generate")["image_size"].schema["anyOf"][0]["enum"]
    assert presets[-1] == "auto"
    assert "auto" in named("flux-2-pro", "fal", "edit")["image_size"].schema["anyOf"][0]["enum"]
    assert "auto" not in named("flux-2-pro", "fal", "generate")["image_size"].schema["anyOf"][0]["enum"]


@pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=[f"{p}/{m.id}/{mode}" for m, p, mode in ALL])
def test_every_size_that_is_offered_is_taken(model: Any, provider: Provider, mode: Mode) -> None:
    parameter = named(model.id, provider, mode).get("image_size")
    if parameter is None:
        return
    for preset in parameter.schema["anyOf"][0]["enum"]:
        if model.routes[provider].size.min_side > 256 and preset == "portrait_16_9":
            continue
        catalog.check(asking.request(model, provider, mode, image_size=preset), provider=provider)


def test_references_show_their_number() -> None:
    edit = named("flux-2-flex", "fal", "edit")["references"]
    assert (edit.schema["minItems"], edit.schema["maxItems"], edit.required) == (1, 10, True)
    pair = named("flux-vto-v2", "bfl", "tryon")["references"]
    assert (pair.schema["minItems"], pair.schema["maxItems"], pair.wire) == (2, 2, ("person", "garment"))
    assert named("flux-2-pro", "bfl", "edit")["references"].schema["minItems"] == 0


def test_unknown_route_or_mode() -> None:
    with pytest.raises(UnknownModel):
        catalog.parameters("flux-2-dev", "bfl", "generate")
    with pytest.raises(InvalidParams, match="offers edit, not generate"):
        catalog.parameters("flux-kontext-dev", "fal", "generate")


@pytest.mark.parametrize(
    ("model", "provider", "mode", "params", "paths"),
    [
        ("flux-lora", "fal", "fill", {"mask": "m.png"}, [("mask",)]),
        ("flux-lora", "fal", "fill", {"mask_url": "m.png", "image_url": "i.png"}, [("mask_url",), ("image_url",)]),
        ("flux-2-pro", "bfl", "edit", {"references": ["a.png", "b.png"]}, [("references", 0), ("references", 1)]),
        ("flux-2-pro", "bfl", "edit", {"input_image_2": "b.png"}, [("input_image_2",)]),
        ("flux-2-pro", "fal", "edit", {"image_urls": ("a.png",), "seed": 7}, [("image_urls", 0)]),
        ("flux-vto-v2", "bfl", "tryon", {"person": b"bytes"}, [("person",)]),
        ("flux-general", "fal", "generate", {"reference_image_url": "r.png"}, [("reference_image_url",)]),
        (
            "flux-general",
            "fal",
            "generate",
            {"controlnets": [{"path": "x", "control_image_url": "c.png", "mask_image_url": "m.png"}]},
            [("controlnets", 0, "control_image_url"), ("controlnets", 0, "mask_image_url")],
        ),
        (
            "flux-general",
            "fal",
            "generate",
            {"ip_adapters": [{"image_url": "a.png"}, {"image_url": "b.png", "path": "p"}]},
            [("ip_adapters", 0, "image_url"), ("ip_adapters", 1, "image_url")],
        ),
        (
            "flux-general",
            "fal",
            "generate",
            {"controlnet_unions": [{"path": "x", "controls": [{"control_image_url": "c.png"}]}]},
            [("controlnet_unions", 0, "controls", 0, "control_image_url")],
        ),
        (
            "flux-general",
            "fal",
            "generate",
            {"fill_image": {"fill_image_url": ["a.png", "b.png"]}},
            [("fill_image", "fill_image_url", 0), ("fill_image", "fill_image_url", 1)],
        ),
        (
            "flux-lora-fill",
            "fal",
            "fill",
            {"fill_image": {"fill_image_url": "a.png"}},
            [("fill_image", "fill_image_url")],
        ),
        ("flux-general", "fal", "generate", {"loras": [{"path": "a.safetensors"}], "xyzzy": "a.png"}, []),
        ("flux-2-pro", "bfl", "edit", {"mask": "m.png", "image_url": None}, []),
        ("flux-2-pro", "fal", "generate", {"image_url": "a.png"}, []),
    ],
)
def test_pictures_are_located(
    model: str, provider: Provider, mode: Mode, params: dict[str, Any], paths: list[tuple[str | int, ...]]
) -> None:
    assert catalog.locate_images(model, provider, mode, params) == paths
