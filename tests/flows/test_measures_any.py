"""Sizes and qualities in any mixture: one shape and one quality in the end, and nothing is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom.catalog.sizes import PRESETS
from fluxroom.errors import InvalidParams
from fluxroom.flows.measures import QUALITIES, RATIOS, SIZES, Way, first, over, ways
from fluxroom.types import Reference

pytestmark = pytest.mark.anyio

SHAPES = ("size", "image_size", "aspect_ratio")
TIERS = ("quality", "resolution")

sizes = st.sampled_from([*SIZES, *RATIOS, *PRESETS, "1024x768", "1536 × 1024", "64x4096", "auto"])
pixels = st.sampled_from(["1024x768", "512x2048", {"width": 640, "height": 480}, "square_hd", "landscape_16_9"])
one_shape: st.SearchStrategy[dict[str, Any]] = st.one_of(
    sizes.map(lambda value: {"size": value}),
    pixels.map(lambda value: {"image_size": value}),
    st.sampled_from(RATIOS).map(lambda value: {"aspect_ratio": value}),
    st.just({}),
)
one_tier: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(sorted(QUALITIES)).map(lambda value: {"quality": value}),
    st.sampled_from(["1k", "2k", "4k"]).map(lambda value: {"resolution": value}),
    st.just({}),
)
others = st.dictionaries(st.sampled_from(["seed", "model", "guidance_scale"]), st.integers(0, 9), max_size=3)
nothing = st.dictionaries(st.sampled_from([*SHAPES, *TIERS, "seed"]), st.none(), max_size=2)
layer: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda none, *parts: {name: value for part in (none, *parts) for name, value in part.items()},
    nothing,
    one_shape,
    one_tier,
    others,
)
references = st.lists(
    st.builds(Reference, sha256=st.just("a" * 64), width=st.integers(0, 5000), height=st.integers(0, 5000)), max_size=2
)


def shapes_in(asked: dict[str, Any]) -> list[str]:
    return [name for name in SHAPES if name in asked]


@given(st.lists(layer, max_size=4))
def test_whoever_speaks_last_has_the_last_word_and_there_is_one_shape(layers: list[dict[str, Any]]) -> None:
    found = over(*layers)
    assert len(shapes_in(found)) <= 1
    assert len([name for name in TIERS if name in found]) <= 1
    assert None not in found.values(), "nothing is not a value"
    for name, value in (layers[-1] if layers else {}).items():
        if value is not None and name not in SHAPES:
            assert found[name] == value
    spoken = [one for one in layers if any(one.get(name) is not None for name in SHAPES)]
    assert bool(shapes_in(found)) == bool(spoken), "a shape that was chosen is never lost"
    for name in ("seed", "guidance_scale"):
        said = [one[name] for one in layers if one.get(name) is not None]
        assert found.get(name) == (said[-1] if said else None)


@given(layer)
def test_a_single_layer_is_what_it_says(only: dict[str, Any]) -> None:
    said = {name: value for name, value in only.items() if value is not None}
    assert over(only) == over(over(only)) == over({}, only, {})
    assert over(only) == said
    assert over(only, only) == over(only)


@given(layer, references)
def test_every_way_is_in_the_models_words_and_keeps_the_rest(asked: dict[str, Any], shown: list[Reference]) -> None:
    given_ = {name: value for name, value in asked.items() if value is not None}
    found = list(ways(given_, shown))
    assert found
    kept = {name: value for name, value in given_.items() if name not in {"size", "quality"}}
    for way in found:
        assert not {"size", "quality"} & way.asked.keys()
        assert kept.items() <= way.asked.items(), "the model's own words are not changed"
        assert len(shapes_in(dict(way.asked))) <= 1
        assert set(way.names.values()) <= {"size", "quality"}
    tiers = [way.asked.get("resolution") for way in found]
    if "quality" in given_ and "resolution" not in given_ and "image_size" not in found[0].asked:
        assert tiers == list(QUALITIES[given_["quality"]])
        assert [bool(way.note) for way in found] == [False] + [True] * (len(found) - 1), "lesser ways are told"
    else:
        assert len(found) == 1
    if "quality" in given_ and "image_size" in found[0].asked and "resolution" not in given_:
        assert "the exact size decides" in found[0].note


def asks_for(way: Way) -> str:
    return str(way.asked.get("resolution"))


async def test_the_first_way_that_the_model_can_do_is_taken() -> None:
    tried: list[str] = []

    async def plan(asked: Any) -> str:
        tried.append(asked["resolution"])
        if asked["resolution"] != "1k":
            raise InvalidParams("no such resolution", field="resolution")
        return "planned"

    way, planned = await first({"quality": "high", "model": "m"}, [], plan)
    assert (planned, asks_for(way)) == ("planned", "1k")
    assert tried == ["4k", "2k", "1.5k", "1k"]
    assert way.note == "quality high: made at 1k, the most that the model does"


@pytest.mark.parametrize(
    ("asked", "field", "tries"),
    [
        ({"quality": "high"}, "seed", 1),  # something else is wrong: no other way helps
        ({"quality": "high"}, "prompt", 1),
        ({"quality": "high"}, None, 1),
        ({"size": "wide"}, "aspect_ratio", 1),  # the person's own word is wrong, and is said so
        ({"resolution": "9k"}, "resolution", 1),
        ({"quality": "high"}, "resolution", 4),
        ({"quality": "high"}, "image_size", 4),
        ({"quality": "high"}, "aspect_ratio", 4),
    ],
)
async def test_what_no_way_can_do_is_the_models_own_refusal(asked: Any, field: str | None, tries: int) -> None:
    tried = 0

    async def plan(_: Any) -> str:
        nonlocal tried
        tried += 1
        raise InvalidParams(f"refused {tried}", **({"field": field} if field else {}))

    with pytest.raises(InvalidParams, match=f"refused {tries}$"):
        await first(asked, [], plan)
    assert tried == tries


async def test_an_error_of_another_kind_is_not_taken_for_a_way_that_is_closed() -> None:
    async def plan(_: Any) -> str:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        await first({"quality": "high"}, [], plan)


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.lists(st.integers(), max_size=2)))
def test_whatever_a_size_is_it_is_read_or_one_of_our_errors(value: Any) -> None:
    for name in ("size", "quality"):
        try:
            found = list(ways({name: value}, []))
        except InvalidParams as refused:
            told = refused.as_dict()
            assert told["field"] == name
            continue
        assert all(name not in way.asked for way in found)
    over({"size": value}, {"quality": "high"})
    over({"image_size": value}, {"quality": "high"})


@pytest.mark.parametrize("text", ["١٦:٩", "16:９", "1٦:9", "१:२"])
def test_a_ratio_in_other_digits_is_none(text: str) -> None:
    """Providers take a ratio as it is written, and know no other digits."""
    with pytest.raises(InvalidParams, match="takes square, portrait"):
        list(ways({"size": text}, []))
