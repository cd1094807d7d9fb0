from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.asking import MINE, picture

from fluxroom import catalog
from fluxroom.catalog import estimate, values, wire
from fluxroom.catalog.rows import SizeRule
from fluxroom.catalog.wire import Field
from fluxroom.errors import InvalidParams
from fluxroom.types import PROVIDERS, Provider, Request, Size


def field(**schema: Any) -> Field:
    return Field(wire="knob", schema=schema, required=False)


@pytest.mark.parametrize(
    ("schema", "given_", "sent"),
    [
        ({"type": "integer"}, 3.0, 3),
        ({"type": "number"}, 3, 3),
        ({"type": "string", "x-as": "string", "enum": ["1", "2"]}, 2, "2"),
        ({"type": "integer", "x-as": "integer"}, " 2", 2),
        ({"type": "integer", "x-as": "integer"}, "-2", -2),
        ({"type": "boolean", "x-invert": True}, True, False),
        ({"type": "string", "format": "image"}, MINE, MINE),
        ({"type": "array", "items": {"type": "string", "format": "image"}}, (MINE,), [MINE]),
    ],
)
def test_a_value_becomes_the_wire_s_type(schema: dict[str, Any], given_: Any, sent: Any) -> None:
    found = values.on_wire(field(**schema), given_, "here")
    assert found == sent
    assert type(found) is type(sent)


@pytest.mark.parametrize(
    ("schema", "given_", "says"),
    [
        ({"type": "integer"}, True, "knob must be an integer, not True"),
        ({"type": "integer", "multipleOf": 32}, 33, "33 is not a multiple of 32"),
        ({"type": "number", "exclusiveMinimum": 0}, 0, "0 is not above 0"),
        ({"type": "array", "items": {}, "minItems": 1}, [], "has 0 entries; here takes at least 1 entries"),
        ({"type": ["number", "object"]}, "x", "must be a number or an object"),
        ({"type": "string", "pattern": "^a"}, "b", "'b' is not accepted"),
        ({"type": "string", "x-as": "string", "enum": ["1"]}, True, "knob must be text, not True; here takes 1"),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, [1], "knob[0] must be text"),
        ({"type": "object", "properties": {"a": {"type": "number"}}}, {"a": float("inf")}, "is not a finite number"),
    ],
)
def test_a_refusal_says_why(schema: dict[str, Any], given_: Any, says: str) -> None:
    with pytest.raises(InvalidParams) as caught:
        values.on_wire(field(**schema), given_, "here")
    assert says in caught.value.detail


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_a_number_is_sent_exactly_when_it_is_in_range(low: int, high: int, value: int) -> None:
    knob = field(type="integer", minimum=min(low, high), maximum=max(low, high))
    if min(low, high) <= value <= max(low, high):
        assert values.on_wire(knob, value, "here") == value
    else:
        with pytest.raises(InvalidParams, match=rf"here takes {min(low, high)} to {max(low, high)}"):
            values.on_wire(knob, value, "here")


def test_stored_values_are_as_asked() -> None:
    assert values.stored(field(type="boolean", **{"x-invert": True}), given_value := True) is given_value
    assert values.stored(field(type="string", **{"x-as": "string"}), 2) == 2
    assert values.stored(field(type="string", format="image"), picture(3)) == picture(3).as_wire()


@pytest.mark.parametrize(
    ("provider", "endpoint", "size"),
    [
        ("bfl", "flux-pro-1.1", Size(1024, 768)),
        ("bfl", "flux-2-pro", Size(1024, 1024)),
        ("fal", "fal-ai/flux-2/flash/edit", Size(1024, 1024)),
        ("fal", "fal-ai/flux/dev/redux", Size(1024, 768)),
        ("fal", "fal-ai/flux-2/edit", None),
        ("fal", "fal-ai/flux-2-pro/edit", None),
        ("fal", "fal-ai/flux/dev/image-to-image", None),
        ("bfl", "flux-kontext-pro", None),
    ],
)
def test_the_size_that_comes_back_unasked(provider: Provider, endpoint: str, size: Size | None) -> None:
    assert estimate.unasked(wire.endpoint(provider, endpoint), (), SizeRule()) == size


def test_expanding_needs_a_picture_of_known_size() -> None:
    endpoint = wire.endpoint("bfl", "flux-pro-1.0-expand")
    assert estimate.expanded(endpoint, {"left": 10}, (picture(1, 100, 50),)) == Size(110, 50)
    assert estimate.expanded(endpoint, {"left": 10}, ()) is None
    assert estimate.expanded(wire.endpoint("bfl", "flux-2-pro"), {}, (picture(),)) is None


@pytest.mark.parametrize("seed", [2**63, -(2**63), 10**30, 1e300, 1e20])
def test_a_number_that_no_database_holds_is_refused(seed: float) -> None:
    for provider in PROVIDERS:
        with pytest.raises(InvalidParams, match="64 bits"):
            catalog.check(Request(model="flux-2-pro", prompt="a", params={"seed": seed}), provider=provider)


def test_the_largest_seed_that_can_be_counted_on() -> None:
    def seeds(first: int) -> list[int]:
        request = Request(model="flux-2-pro", prompt="a", params={"seed": first, "num_images": 3})
        return [int(body["seed"]) for body in catalog.check(request, provider="bfl").wire]

    assert seeds(2**63 - 4) == [2**63 - 4, 2**63 - 3, 2**63 - 2]
    with pytest.raises(InvalidParams, match="no room"):
        seeds(2**63 - 3)


def test_whole_numbers_within_other_values_are_looked_at_too() -> None:
    loras = [{"path": "https://example.com/a.safetensors", "scale": 2**70}]
    with pytest.raises(InvalidParams):
        catalog.check(Request(model="flux-lora", prompt="a", params={"loras": loras}), provider="fal")
