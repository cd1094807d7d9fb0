from __future__ import annotations

import json

import pytest
from scripts import endpoints as generator
from tests.catalog import published
from tests.catalog.published import Key, Raw

from fluxroom import catalog
from fluxroom.catalog import wire
from fluxroom.catalog.wire import Endpoint

RAW = published.fields()
OURS: dict[Key, Endpoint] = {(provider, name): wire.endpoint(provider, name) for provider, name in wire.published()}
OWN = [key for key in RAW if published.twin(key[1]) == key[1]]


def test_there_are_as_many_schemas_as_published_image_endpoints() -> None:
    assert set(OURS) == set(OWN)
    assert len(OURS) >= 117
    assert sum(len(endpoint.known) for endpoint in OURS.values()) == sum(len(RAW[key]) for key in OWN)


@pytest.mark.parametrize("key", OWN, ids="/".join)
def test_schema_has_exactly_the_published_fields(key: Key) -> None:
    ours = OURS[key]
    assert set(ours.known) == set(RAW[key])
    assert set(ours.document["required"]) == {name for name, raw in RAW[key].items() if raw.required}
    assert set(ours.fields) == {name for name, raw in RAW[key].items() if not raw.webhook}


@pytest.mark.parametrize("key", OWN, ids="/".join)
def test_every_field_has_the_published_type_range_and_choices(key: Key) -> None:
    for name, raw in RAW[key].items():
        schema = OURS[key].document["properties"][name]
        assert kind_of(schema) == raw.kind, name
        assert (schema.get("minimum"), schema.get("maximum")) == (raw.low, raw.high), name
        assert schema.get("multipleOf") == raw.step, name
        if raw.kind == "size":
            assert tuple(schema["anyOf"][0]["enum"]) == raw.enum
        else:
            assert tuple(schema.get("enum", ())) == raw.enum, name
        assert (schema.get("minItems"), schema.get("maxItems")) == (raw.least, raw.most), name
        if raw.default is not None and not (raw.default == 0 and name in {"width", "height"}):
            assert schema["default"] == raw.default, name


def kind_of(schema: dict[str, object]) -> str:
    items = schema.get("items")
    if isinstance(items, dict) and items.get("format") == "image":
        return "pictures"
    if schema.get("format") == "image":
        return "picture"
    return "size" if "anyOf" in schema else str(schema["type"])


def test_flux_1_endpoints_are_the_same_as_their_twins() -> None:
    twins = [key for key in RAW if published.twin(key[1]) != key[1]]
    assert len(twins) >= 10
    for provider, name in twins:
        mine, other = RAW[provider, name], RAW[provider, published.twin(name)]
        assert facts(mine) == facts(other), name


def facts(fields: dict[str, Raw]) -> dict[str, tuple[object, ...]]:
    return {name: (raw.kind, raw.required, raw.low, raw.high, raw.enum) for name, raw in fields.items()}


def test_every_published_endpoint_is_reachable_from_a_row() -> None:
    missing = []
    for provider, name in RAW:
        model, _, mode = catalog.find(name)
        route = next((route for place, route in model.routes.items() if place == provider), None)
        served = {*route.endpoints.values(), *route.many.values()} if route else set()
        if published.twin(name) not in served:
            missing.append((provider, name, mode))
    assert missing == []
    assert len(RAW) >= 127


def test_every_schema_is_used_by_a_row() -> None:
    used = {
        (provider, name)
        for model in catalog.models().values()
        for provider, route in model.routes.items()
        for name in (*route.endpoints.values(), *route.many.values())
    }
    assert used == set(OURS)


def test_generated_files_are_fresh() -> None:
    for path, text in generator.published().items():
        assert path.read_text(encoding="utf-8") == text, path


def test_schemas_are_valid_json_schema() -> None:
    from jsonschema import Draft202012Validator

    for endpoint in OURS.values():
        Draft202012Validator.check_schema(dict(endpoint.document))


def test_nested_types_are_resolved_and_strict() -> None:
    fields = wire.endpoint("fal", "fal-ai/flux-general").fields
    controlnet = fields["controlnets"].schema["items"]
    assert controlnet["required"] == ["control_image_url", "path"]
    assert controlnet["additionalProperties"] is False
    assert controlnet["properties"]["control_image_url"]["format"] == "image"
    assert controlnet["properties"]["config_url"]["format"] == "uri"
    union = fields["controlnet_unions"].schema["items"]["properties"]["controls"]["items"]
    assert "canny" in union["properties"]["control_mode"]["enum"]
    assert fields["loras"].schema["items"]["properties"]["scale"]["default"] == 1
    fill = fields["fill_image"].schema["properties"]["fill_image_url"]["anyOf"]
    assert fill[0]["format"] == "image"
    assert fill[1]["items"]["format"] == "image"


def test_canonical_words_are_wire_data() -> None:
    pro = wire.endpoint("bfl", "flux-2-pro")
    assert pro.named("enable_prompt_expansion")[0].inverted
    assert [field.place for field in pro.named("references")] == list(range(1, 9))
    assert [field.part for field in pro.named("image_size")] == ["width", "height"]
    assert wire.endpoint("fal", "fal-ai/flux-2-pro").fields["safety_tolerance"].schema["x-as"] == "string"
    assert wire.endpoint("bfl", "flux-tools/vto-v2").named("references")[1].wire == "garment"
    assert wire.endpoint("fal", "fal-ai/flux-kontext/dev").named("aspect_ratio")[0].wire == "resolution_mode"
    assert pro.webhooks
    assert not wire.endpoint("bfl", "flux-3-image").webhooks
    assert wire.endpoint("bfl", "flux-3-image").strict


def test_no_text_of_a_schema_is_empty() -> None:
    for endpoint in OURS.values():
        for name, schema in endpoint.document["properties"].items():
            assert schema["description"], (endpoint.id, name)
        assert endpoint.source.endswith("(read 2026-11-20)")


def test_unknown_endpoint_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalog.endpoint("bfl", "flux-9")


def test_files_are_small_and_plain() -> None:
    for path in generator.OUT.rglob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["type"] == "object"
