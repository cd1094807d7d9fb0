"""Every route, mode and field: what the user sets is what is sent, under the name and type that was published."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog import asking, published
from tests.catalog.published import Raw

from fluxroom import catalog
from fluxroom.catalog.rows import Model
from fluxroom.catalog.wire import Field
from fluxroom.errors import InvalidParams
from fluxroom.types import Mode, Plan, Provider

ALL = [(model, provider, mode) for model, provider, _, mode in asking.routes()]
IDS = [f"{provider}/{model.id}/{mode}" for model, provider, mode in ALL]
OWN_STEPS = {"prompt", "references", "image_size", "aspect_ratio", "resolution", "num_images"}
walk = pytest.mark.parametrize(("model", "provider", "mode"), ALL, ids=IDS)


def plan(model: Model, provider: Provider, mode: Mode, /, **params: Any) -> Plan:
    return catalog.check(asking.request(model, provider, mode, **params), provider=provider)


def plain_fields(model: Model, provider: Provider, mode: Mode) -> list[tuple[Field, Raw]]:
    """Fields with one wire name whose value is sent as it is given, with what was published about them."""
    endpoint = model.routes[provider].endpoint(mode)
    raws = published.fields()[provider, endpoint.id]
    return [(field, raws[field.wire]) for name, (field, *_) in endpoint.canonical.items() if name not in OWN_STEPS]


@walk
def test_the_least_request_is_taken(model: Model, provider: Provider, mode: Mode) -> None:
    made = plan(model, provider, mode)
    endpoint = model.routes[provider].endpoint(mode)
    raws = published.fields()[provider, endpoint.id]
    assert made.endpoint == endpoint.id
    assert (made.mode, made.provider, made.model) == (mode, provider, model.id)
    assert len(made.wire) == 1
    assert set(made.wire[0]) <= set(raws)
    assert {name for name, raw in raws.items() if raw.required} <= set(made.wire[0])
    assert made.quote.low > 0
    assert made.quote.high is None or made.quote.high >= made.quote.low
    assert made.quote.source
    assert made.not_sent == ()
    assert made.renamed == {}


@walk
def test_what_is_sent_unasked_are_our_defaults_only(model: Model, provider: Provider, mode: Mode) -> None:
    route = model.routes[provider]
    made = plan(model, provider, mode)
    asked = {*asking.needs(route, mode), "prompt", "references"}
    ours = {*route.ours(mode), "aspect_ratio"} if mode == "generate" else set(route.ours(mode))
    for name in made.wire[0]:
        assert route.endpoint(mode).fields[name].canonical in asked | ours, name


@walk
def test_lowest_and_highest_values_arrive_and_those_beyond_are_refused(
    model: Model, provider: Provider, mode: Mode
) -> None:
    for field, raw in plain_fields(model, provider, mode):
        for bound, beyond in ((raw.low, -1), (raw.high, 1)):
            if bound is None:
                continue
            made = plan(model, provider, mode, **{field.canonical: bound})
            assert made.wire[0][field.wire] == bound
            with pytest.raises(InvalidParams) as caught:
                plan(model, provider, mode, **{field.canonical: bound + beyond})
            message = caught.value.detail
            assert field.canonical in message
            assert f"{bound:g}" in message
            assert "\n" not in message
            assert caught.value.context["provider"] == provider


@walk
def test_every_choice_arrives_and_others_are_refused(model: Model, provider: Provider, mode: Mode) -> None:
    for field, raw in plain_fields(model, provider, mode):
        for choice in raw.enum:
            assert plan(model, provider, mode, **{field.canonical: choice}).wire[0][field.wire] == choice
        if raw.enum:
            with pytest.raises(InvalidParams) as caught:
                plan(model, provider, mode, **{field.canonical: "nonsense"})
            assert raw.enum[-1] in caught.value.detail


@walk
def test_switches_arrive_both_ways(model: Model, provider: Provider, mode: Mode) -> None:
    for field, raw in plain_fields(model, provider, mode):
        if raw.kind != "boolean":
            continue
        for value in (True, False):
            made = plan(model, provider, mode, **{field.canonical: value})
            assert made.wire[0][field.wire] is (not value if field.inverted else value)
            assert made.params[field.canonical] is value
        for wrong in ("yes", 1, "true"):
            with pytest.raises(InvalidParams, match="true or false"):
                plan(model, provider, mode, **{field.canonical: wrong})


@walk
def test_wire_names_are_taken_too(model: Model, provider: Provider, mode: Mode) -> None:
    for field, raw in plain_fields(model, provider, mode):
        if raw.kind in {"picture", "pictures"} or raw.enum:
            continue
        value = asking.value(field)
        made = plan(model, provider, mode, **{field.wire: value})
        assert made.wire[0][field.wire] == value
        assert field.canonical in {*made.params, "seed"}


@walk
def test_pictures_arrive_as_address_or_marker(model: Model, provider: Provider, mode: Mode) -> None:
    stored = asking.picture(7)
    for field, raw in plain_fields(model, provider, mode):
        if raw.kind != "picture":
            continue
        assert plan(model, provider, mode, **{field.canonical: stored}).wire[0][field.wire] == stored.as_wire()
        assert plan(model, provider, mode, **{field.canonical: asking.MINE}).wire[0][field.wire] == asking.MINE


@walk
def test_numbers_are_numbers(model: Model, provider: Provider, mode: Mode) -> None:
    for field, raw in plain_fields(model, provider, mode):
        if raw.kind not in {"integer", "number"} or field.canonical == "safety_tolerance":
            continue
        for wrong in (True, "7", [1], float("nan"), float("inf")):
            with pytest.raises(InvalidParams):
                plan(model, provider, mode, **{field.canonical: wrong})
    if model.routes[provider].endpoint(mode).named("seed"):
        with pytest.raises(InvalidParams, match="seed must be an integer"):
            plan(model, provider, mode, seed=1.5)
        assert plan(model, provider, mode, seed=3.0).wire[0]["seed"] == 3


@walk
def test_every_published_field_can_be_set(model: Model, provider: Provider, mode: Mode) -> None:
    """Count what a caller can reach: all fields but the engine's own, each seen on the wire once."""
    route = model.routes[provider]
    endpoint = route.endpoint(mode)
    raws = published.fields()[provider, endpoint.id]
    seen: set[str] = set()
    for name, fields in endpoint.canonical.items():
        if name == "references":
            made = plan(model, provider, mode, references=asking.pictures(route.max_references(mode)))
            seen |= set(made.wire[0]) if route.endpoint(mode, 2).id == endpoint.id else {fields[0].wire}
        elif name == "image_size":
            seen |= set(plan(model, provider, mode, image_size="1024x1024").wire[0])
        elif name not in OWN_STEPS:
            seen |= set(plan(model, provider, mode, **{name: asking.value(fields[0])}).wire[0])
    seen |= set(plan(model, provider, mode).wire[0])
    if endpoint.named("aspect_ratio"):
        seen |= set(plan(model, provider, mode, aspect_ratio="16:9").wire[0])
    if endpoint.named("resolution"):
        seen |= set(plan(model, provider, mode, resolution="2k").wire[0])
    if endpoint.named("num_images"):
        seen |= set(plan(model, provider, mode, num_images=2).wire[0])
    assert seen == {name for name, raw in raws.items() if not raw.webhook}


def test_the_walk_covers_every_route_and_field() -> None:
    reached = {(provider, model.routes[provider].endpoint(mode).id) for model, provider, mode in ALL}
    reached |= {
        (provider, name)
        for model in catalog.models().values()
        for provider, route in model.routes.items()
        for name in route.many.values()
    }
    wanted = {(provider, published.twin(name)) for provider, name in published.fields()}
    assert reached == wanted
    assert sum(len(published.fields()[key]) for key in reached) >= 1300
