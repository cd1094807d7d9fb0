"""What the providers publish against the catalog: nothing differs, until something does."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from fluxroom import catalog
from fluxroom.catalog import overlay, published, wire
from fluxroom.catalog.overlay import Overlay
from fluxroom.catalog.published import Published, UnreadableError
from fluxroom.catalog.sync import Change, compare
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.sandbox.bfl_specs import openapi
from fluxroom.sandbox.fal_api import _model
from fluxroom.sandbox.fal_catalog import endpoints
from fluxroom.types import Provider, Reference, Request

READ = "2027-01-31"
PICTURE = Reference(url="https://example.org/a.png")


@pytest.fixture(autouse=True)
def as_shipped() -> Iterator[None]:
    """Whatever a test lays over the catalog is gone afterwards."""
    yield
    overlay.lay(Overlay())


@pytest.fixture
def spec() -> dict[str, Any]:
    """BFL's specification, to be changed."""
    return copy.deepcopy(openapi())


@pytest.fixture
def listed() -> dict[str, dict[str, Any]]:
    """fal's list of models by endpoint, to be changed."""
    return {name: copy.deepcopy(_model(name, wide=True)) for name in endpoints() if "flux" in name}


def fields_of(spec: dict[str, Any], endpoint: str) -> dict[str, Any]:
    """The fields of one of BFL's endpoints, in its specification."""
    body = spec["paths"][f"/v1/{endpoint}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = spec["components"]["schemas"][body["$ref"].rsplit("/", 1)[-1]]["properties"]
    return found


def number_of(field: dict[str, Any]) -> dict[str, Any]:
    """Where the limits of a number stand, which may be null as well."""
    return next((one for one in field.get("anyOf", ()) if one.get("type") != "null"), field)


def inputs_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The input schema of one of fal's endpoints."""
    schemas = entry["openapi"]["components"]["schemas"]
    found: dict[str, Any] = next(one for name, one in schemas.items() if name.endswith("Input"))
    return found


def bfl(spec: dict[str, Any]) -> tuple[Overlay, list[Change]]:
    return compare({"bfl": published.bfl(spec, source="BFL", read=READ)}, read=READ, before=Overlay())


def fal(listed: dict[str, Any], prices: list[Any] | None = None) -> tuple[Overlay, list[Change]]:
    found = published.fal(list(listed.values()), prices or [], read=READ)
    return compare({"fal": found}, read=READ, before=Overlay())


def renamed(entry: dict[str, Any], name: str) -> dict[str, Any]:
    """A copy of an endpoint of fal's under another name."""
    text = json.dumps(entry).replace(json.dumps(entry["endpoint_id"]), json.dumps(name))
    return json.loads(text.replace(f'"/{entry["endpoint_id"]}"', f'"/{name}"'))  # type: ignore[no-any-return]


# nothing new ---------------------------------------------------------------------------------------------------------


def test_bfl_publishes_what_the_catalog_says(spec: dict[str, Any]) -> None:
    made, changes = bfl(spec)
    assert changes == []
    assert (made.endpoints, made.rows, made.removed) == ({}, {}, ())


def test_fal_publishes_what_the_catalog_says(listed: dict[str, Any]) -> None:
    made, changes = fal(listed)
    assert {change.kind for change in changes} == {"removed"}  # those that fal itself calls deprecated
    gone = {name for name, row in endpoints().items() if row.get("retired_in_newest_types")}
    assert {change.endpoint for change in changes} <= gone
    assert made.endpoints == {}


# changes -------------------------------------------------------------------------------------------------------------


def test_a_wider_range_counts_at_once(spec: dict[str, Any]) -> None:
    number_of(fields_of(spec, "flux-2-flex")["guidance"])["maximum"] = 20.0
    request = Request(model="flux-2-flex", prompt="x", params={"guidance_scale": 15})
    with pytest.raises(InvalidParams):
        catalog.check(request, provider="bfl")
    made, changes = bfl(spec)
    assert [(change.kind, change.endpoint, change.details) for change in changes] == [
        ("changed", "flux-2-flex", ("guidance: maximum 10 → 20",))
    ]
    overlay.lay(made)
    assert catalog.check(request, provider="bfl").wire[0]["guidance"] == 15
    assert wire.endpoint("bfl", "flux-2-flex").source == f"BFL (read {READ})"
    overlay.lay(Overlay())
    with pytest.raises(InvalidParams):
        catalog.check(request, provider="bfl")


def test_a_new_field_is_a_parameter_without_code(spec: dict[str, Any]) -> None:
    fields_of(spec, "flux-2-pro")["moonlight"] = {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}
    made, changes = bfl(spec)
    assert changes[0].details == ("moonlight: new, 0 to 1",)
    overlay.lay(made)
    plan = catalog.check(Request(model="flux-2-pro", prompt="x", params={"moonlight": 0.9}), provider="bfl")
    assert plan.wire[0]["moonlight"] == 0.9
    with pytest.raises(InvalidParams, match="moonlight 2 is above 1"):
        catalog.check(Request(model="flux-2-pro", prompt="x", params={"moonlight": 2}), provider="bfl")
    names = [one.name for one in catalog.parameters("flux-2-pro", "bfl", "generate")]
    assert "moonlight" in names


def test_a_field_that_is_gone_is_refused(listed: dict[str, Any]) -> None:
    del inputs_of(listed["fal-ai/flux-2-pro"])["properties"]["safety_tolerance"]
    made, changes = fal(listed)
    assert ("safety_tolerance: removed",) in [change.details for change in changes]
    overlay.lay(made)
    assert "safety_tolerance" not in wire.endpoint("fal", "fal-ai/flux-2-pro").fields


def test_values_and_defaults(listed: dict[str, Any]) -> None:
    fields = inputs_of(listed["fal-ai/flux-2-pro"])["properties"]
    fields["output_format"]["enum"] = ["jpeg", "png", "avif"]
    fields["output_format"]["default"] = "png"
    _, changes = fal(listed)
    (change,) = [one for one in changes if one.kind == "changed"]
    assert change.details == ("output_format: default jpeg → png", "output_format: values +avif")


def test_what_is_required_now(listed: dict[str, Any]) -> None:
    inputs_of(listed["fal-ai/flux-2-pro"])["required"] = ["prompt", "seed"]
    _, changes = fal(listed)
    assert [one.details for one in changes if one.kind == "changed"] == [("seed: now required",)]


def test_our_own_words_stay_with_a_changed_endpoint(spec: dict[str, Any]) -> None:
    number_of(fields_of(spec, "flux-2-flex")["steps"])["maximum"] = 60
    made, _ = bfl(spec)
    steps = made.endpoints["bfl flux-2-flex"]["properties"]["steps"]
    assert (steps["x-canonical"], steps["maximum"]) == ("num_inference_steps", 60)


def test_a_unit_price_moves_the_quote_in_proportion(listed: dict[str, Any]) -> None:
    before = catalog.models()["flux-2-pro"].routes["fal"].price("generate")
    prices = [{"endpoint_id": "fal-ai/flux-2-pro", "unit_price": 0.06, "unit": "megapixels", "currency": "USD"}]
    made, changes = fal(listed, prices)
    assert "unit price: $0.03 → $0.06 per megapixels" in [line for change in changes for line in change.details]
    overlay.lay(made)
    after = catalog.models()["flux-2-pro"].routes["fal"].price("generate")
    assert (after.amount, after.further) == (before.amount * 2, before.further * 2)
    assert after.approximate
    assert wire.endpoint("fal", "fal-ai/flux-2-pro").unit_price == Decimal("0.06")
    assert catalog.models()["flux-2-pro"].routes["bfl"].price("generate") != after


@pytest.mark.parametrize("price", [None, "free", -1, 0, 1e9, "NaN", {"a": 1}])
def test_a_price_that_is_none_is_no_price(listed: dict[str, Any], price: Any) -> None:
    rows = [{"endpoint_id": "fal-ai/flux-2-pro", "unit_price": price, "unit": "images", "currency": "USD"}]
    assert [one for one in fal(listed, [*rows, "nonsense", {"currency": "EUR"}])[1] if one.kind == "changed"] == []


# new endpoints -------------------------------------------------------------------------------------------------------


def test_a_new_endpoint_of_fal_is_a_model(listed: dict[str, Any]) -> None:
    listed["fal-ai/flux-9-dream"] = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9-dream")
    listed["fal-ai/flux-9-dream/edit"] = renamed(listed["fal-ai/flux-2-pro/edit"], "fal-ai/flux-9-dream/edit")
    with pytest.raises(UnknownModel):
        catalog.find("flux-9-dream")
    made, changes = fal(listed)
    assert [(one.endpoint, one.model) for one in changes if one.kind == "added"] == [
        ("fal-ai/flux-9-dream", "flux-9-dream"),
        ("fal-ai/flux-9-dream/edit", "flux-9-dream"),
    ]
    overlay.lay(made)
    model = catalog.models()["flux-9-dream"]
    assert model.modes == ("generate", "edit")
    plan = catalog.check(Request(model="flux-9-dream", prompt="x", params={"seed": 3}), provider="fal")
    assert (plan.endpoint, plan.wire[0]["seed"]) == ("fal-ai/flux-9-dream", 3)
    edit = catalog.check(Request(model="flux-9-dream", prompt="x", references=(PICTURE, PICTURE)), provider="fal")
    assert (edit.endpoint, len(edit.wire[0]["image_urls"])) == ("fal-ai/flux-9-dream/edit", 2)
    assert plan.quote.text == "at least $0.00"
    assert catalog.find("fal-ai/flux-9-dream/edit")[2] == "edit"
    assert list(catalog.models())[-1] == "flux-9-dream"
    assert model.descriptions["de"].startswith("Neu bei fal")


def test_a_new_endpoint_of_bfl_makes_and_edits(spec: dict[str, Any]) -> None:
    spec["paths"]["/v1/flux-9"] = copy.deepcopy(spec["paths"]["/v1/flux-2-pro"])
    made, changes = bfl(spec)
    assert [(one.kind, one.model) for one in changes] == [("added", "flux-9")]
    overlay.lay(made)
    model = catalog.models()["flux-9"]
    assert (model.modes, model.routes["bfl"].max_references("edit")) == (("generate", "edit"), 8)
    plan = catalog.check(Request(model="bfl/flux-9", prompt="x", references=(PICTURE,)), provider="bfl")
    assert plan.wire[0]["input_image"] == PICTURE.url


def test_a_published_unit_price_is_a_quote(listed: dict[str, Any]) -> None:
    for name, unit in (("a", "megapixels"), ("b", "images"), ("c", "compute seconds"), ("d", "1")):
        listed[name] = renamed(listed["fal-ai/flux-2-pro"], f"fal-ai/flux-9-{name}")
        listed[name]["unit"] = unit
    prices = [
        {"endpoint_id": f"fal-ai/flux-9-{name}", "unit_price": 0.05, "unit": listed[name]["unit"], "currency": "USD"}
        for name in "abcd"
    ]
    made, _ = fal(listed, prices)
    overlay.lay(made)
    kinds = [catalog.models()[f"flux-9-{name}"].routes["fal"].price("generate") for name in "abcd"]
    assert [price.kind for price in kinds] == ["per_megapixel", "per_image", "per_second", "unknown"]
    quote = catalog.check(Request(model="flux-9-d", prompt="x"), provider="fal").quote
    assert (quote.text, quote.high) == ("at least $0.05", None)


@pytest.mark.parametrize(
    ("endpoint", "like", "modes"),
    [
        ("fal-ai/flux-9/redux", "fal-ai/flux/dev/redux", ("vary",)),
        ("fal-ai/flux-9/inpainting", "fal-ai/flux-lora/inpainting", ("fill",)),
        ("fal-ai/flux-9-mask", "fal-ai/flux-lora/inpainting", ("fill",)),
        ("fal-ai/flux-9/image-to-image", "fal-ai/flux-lora/image-to-image", ("edit",)),
        ("fal-ai/flux-9-upscaler", "fal-ai/flux-vision-upscaler", ("upscale",)),
        ("fal-ai/flux-9", "fal-ai/flux/dev", ("generate",)),
    ],
)
def test_modes_follow_from_the_name_and_the_fields(
    listed: dict[str, Any], endpoint: str, like: str, modes: tuple[str, ...]
) -> None:
    listed[endpoint] = renamed(listed[like], endpoint)
    made, _ = fal(listed)
    overlay.lay(made)
    (name,) = made.rows
    assert catalog.models()[name].modes == modes


def test_a_name_that_is_taken_gets_the_provider_behind_it(spec: dict[str, Any], listed: dict[str, Any]) -> None:
    listed["x"] = renamed(listed["fal-ai/flux-2-pro"], "acme/flux-2-pro")
    listed["y"] = renamed(listed["fal-ai/flux-2-pro"], "other/flux-2-pro")
    assert sorted(fal(listed)[0].rows) == ["flux-2-pro-fal", "flux-2-pro-fal-2"]
    spec["paths"]["/v1/flux-general"] = copy.deepcopy(spec["paths"]["/v1/flux-2-pro"])
    assert list(bfl(spec)[0].rows) == ["flux-general-bfl"]


def test_what_makes_no_pictures_is_no_model(spec: dict[str, Any], listed: dict[str, Any]) -> None:
    for name in ("flux-9-video", "flux-9-trainer", "flux-9/realtime", "flux-9/stream"):
        listed[name] = renamed(listed["fal-ai/flux-2-pro"], f"fal-ai/{name}")
    listed["speech"] = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9-voice")
    listed["speech"]["metadata"]["category"] = "text-to-speech"
    listed["other"] = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/imagine")
    assert fal(listed)[0].rows == {}
    spec["paths"]["/v1/flux-9-video"] = copy.deepcopy(spec["paths"]["/v1/flux-2-pro"])
    assert bfl(spec)[0].rows == {}


# one provider is silent, and what was known before -------------------------------------------------------------------


def test_a_provider_that_did_not_answer_keeps_what_was_known(spec: dict[str, Any], listed: dict[str, Any]) -> None:
    listed["n"] = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9")
    before, _ = fal(listed)
    found: dict[Provider, Published] = {"bfl": published.bfl(spec, source="BFL", read=READ)}
    after, changes = compare(found, read=READ, before=before)
    assert changes == []
    assert dict(after.rows) == dict(before.rows)
    assert dict(after.endpoints) == dict(before.endpoints)
    assert after.removed == before.removed


def test_reading_twice_is_reading_once(listed: dict[str, Any]) -> None:
    listed["n"] = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9")
    found: dict[Provider, Published] = {"fal": published.fal(list(listed.values()), [], read=READ)}
    first, changes = compare(found, read=READ, before=Overlay())
    overlay.lay(first)
    second, again = compare(found, read=READ, before=first)
    assert second.as_dict() == first.as_dict()
    assert again == changes


def test_what_comes_back_is_no_longer_removed(spec: dict[str, Any]) -> None:
    without = copy.deepcopy(spec)
    del without["paths"]["/v1/flux-2-max"]
    gone, changes = bfl(without)
    assert (gone.removed, changes[0].kind) == (("bfl flux-2-max",), "removed")
    back, _ = compare({"bfl": published.bfl(spec, source="BFL", read=READ)}, read=READ, before=gone)
    assert back.removed == ()


# garbage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [None, [], "x", 5, {}, {"paths": []}, {"paths": None}])
def test_no_specification_at_all(document: Any) -> None:
    with pytest.raises(UnreadableError):
        published.bfl(document, source="BFL", read=READ)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"post": None},
        {"post": {"requestBody": {"content": {}}}},
        {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/No"}}}}}},
        {"post": {"requestBody": {"content": {"application/json": {"schema": {"properties": {"a": 5}}}}}}},
        {"post": {"requestBody": {"content": {"application/json": {"schema": {"properties": {"../a": {}}}}}}}},
        {"post": {"requestBody": {"content": {"application/json": {"schema": {"properties": {"a": {"type": "x"}}}}}}}},
        {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {f"f{n}": {} for n in range(999)}}}}
                }
            }
        },
    ],
)
def test_an_endpoint_that_cannot_be_read_is_named_and_the_others_are_read(
    spec: dict[str, Any], spoiled: dict[str, Any]
) -> None:
    spec["paths"]["/v1/flux-2-pro"] = spoiled
    spec["paths"]["/v1/flux-9"] = spoiled
    made, changes = bfl(spec)
    assert {(one.kind, one.endpoint) for one in changes} == {("unreadable", "flux-2-pro"), ("unreadable", "flux-9")}
    assert all(len(one.details[0]) > 5 for one in changes)
    overlay.lay(made)
    assert catalog.check(Request(model="bfl/flux-2-pro", prompt="x"), provider="bfl").endpoint == "flux-2-pro"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd-flux", "flux 9", "FLUX-9", "a/" * 20 + "flux", "flux\n9", "flux%2e"]
)
def test_names_that_are_none(listed: dict[str, Any], name: str) -> None:
    listed["bad"] = {**renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9"), "endpoint_id": name}
    made, changes = fal(listed)
    assert made.rows == {}
    assert [one.kind for one in changes if one.kind != "removed"] == ["unreadable"]


def test_schemas_that_refer_to_themselves_end(listed: dict[str, Any]) -> None:
    entry = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9")
    schemas = entry["openapi"]["components"]["schemas"]
    schemas["Loop"] = {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/Loop"}}}
    schemas["Ring"] = {"$ref": "#/components/schemas/Ring"}
    for field in ({"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Ring"}):
        inputs_of(entry)["properties"]["deep"] = field
        listed["n"] = entry
        _, changes = fal(listed)
        assert [one.kind for one in changes if one.kind != "removed"] == ["unreadable"]


def test_only_known_words_of_a_schema_come_through(listed: dict[str, Any]) -> None:
    entry = renamed(listed["fal-ai/flux-2-pro"], "fal-ai/flux-9")
    inputs_of(entry)["properties"]["mood"] = {
        "type": "string", "pattern": "(a+)+$", "x-engine": True, "x-canonical": "prompt", "description": "y" * 9999,
        "maxLength": True, "minimum": float("inf"), "$comment": "<script>", "format": "regex",
    }  # fmt: skip
    listed["n"] = entry
    made, _ = fal(listed)
    mood = made.endpoints["fal fal-ai/flux-9"]["properties"]["mood"]
    assert set(mood) == {"type", "description"}
    assert len(mood["description"]) == 2000


def test_entries_that_are_no_entries(listed: dict[str, Any]) -> None:
    found = published.fal([*listed.values(), None, 5, {}, {"endpoint_id": 7}], [], read=READ)
    assert isinstance(found, Published)
    assert len(found.documents) > 80
