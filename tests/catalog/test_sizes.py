from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.asking import check, picture, pictures

from fluxroom.catalog import sizes, wire
from fluxroom.catalog.rows import SizeRule
from fluxroom.errors import InvalidParams
from fluxroom.types import Provider, Size

SIDES = st.integers(min_value=1, max_value=99_999)


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ("1536x1024", Size(1536, 1024)),
        ("1536X1024", Size(1536, 1024)),
        (" 1536 x 1024 ", Size(1536, 1024)),
        ("1536×1024", Size(1536, 1024)),
        ({"width": 512, "height": 768}, Size(512, 768)),
        ({"width": 512.0, "height": 768}, Size(512, 768)),
        (Size(640, 480), Size(640, 480)),
        ("auto", "auto"),
        *((name, name) for name in sizes.PRESETS),
    ],
)
def test_parse(value: Any, parsed: Any) -> None:
    assert sizes.parse(value) == parsed


@pytest.mark.parametrize(
    "value",
    ["", "big", "1024", "1024x", "x1024", "-1x5", "1024x1024x3", "1e3x1e3", 1024, None, True, [1024, 1024], {},
     {"width": 1024}, {"width": 1, "height": 2, "depth": 3}, {"width": "1024", "height": 1024},
     {"width": True, "height": 1024}, {"width": 10.5, "height": 10}, "landscape", "LANDSCAPE_4_3"],
)  # fmt: skip
def test_parse_refuses(value: Any) -> None:
    with pytest.raises(InvalidParams, match="image_size"):
        sizes.parse(value)


@given(SIDES, SIDES)
def test_parse_reads_what_str_writes(width: int, height: int) -> None:
    size = Size(width, height)
    assert sizes.parse(str(size)) == size
    assert sizes.parse({"width": width, "height": height}) == size
    assert sizes.parse(f"{width} X {height}") == size


@given(st.text(max_size=20))
def test_parse_gives_a_size_or_an_error(text: str) -> None:
    try:
        parsed = sizes.parse(text)
    except InvalidParams:
        return
    assert isinstance(parsed, Size) or parsed in {*sizes.PRESETS, "auto"}


@pytest.mark.parametrize(("text", "value"), [("16:9", Fraction(16, 9)), ("1:1", Fraction(1)), ("9:21", Fraction(3, 7))])
def test_ratio(text: str, value: Fraction) -> None:
    assert sizes.ratio(text) == value


@pytest.mark.parametrize("text", ["", "16/9", "16:0", "0:9", "a:b", 1.5, None, "16:9:1", "-16:9"])
def test_ratio_refuses(text: Any) -> None:
    with pytest.raises(InvalidParams, match="aspect_ratio"):
        sizes.ratio(text)


@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from(sorted(sizes.TIERS)))
def test_computed_sizes_have_the_ratio_and_the_area(left: int, right: int, tier: str) -> None:
    wanted = Fraction(left, right)
    if not Fraction(1, 3) <= wanted <= 3:
        return
    size = sizes.computed(wanted, tier, SizeRule(), "here")
    area = sizes.TIERS[tier] ** 2
    assert size.width % 16 == size.height % 16 == 0
    assert 0.8 * area <= size.pixels <= area
    assert abs(size.width / size.height - float(wanted)) <= float(wanted) * 0.12


def test_computed_square_is_the_tier_itself() -> None:
    for tier, side in sizes.TIERS.items():
        assert sizes.computed(Fraction(1), tier, SizeRule(), "here") == Size(side, side)


def test_presets_are_those_of_fal() -> None:
    from tests.catalog import published

    listed = published.load("fal-endpoints.meta.json")["image_size_presets"]
    assert {name: [size.width, size.height] for name, size in sizes.PRESETS.items()} == listed
    assert sizes.ratio(sizes.STANDARD_RATIO) == Fraction(*listed["landscape_4_3"])


# How each kind of endpoint is sent a size -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider", "asked", "sent", "expected"),
    [
        ("flux-2-pro", "bfl", {}, {"width": 1024, "height": 768}, "1024x768"),
        ("flux-2-pro", "bfl", {"image_size": "square_hd"}, {"width": 1024, "height": 1024}, "1024x1024"),
        ("flux-2-pro", "bfl", {"image_size": "520x512"}, {"width": 520, "height": 512}, "512x512"),
        ("flux-2-pro", "bfl", {"width": 2048, "height": 2048}, {"width": 2048, "height": 2048}, "2048x2048"),
        ("flux-2-pro", "bfl", {"image_size": "auto"}, {}, "1024x1024"),
        ("flux-2-pro", "bfl", {"aspect_ratio": "16:9"}, {"width": 1360, "height": 768}, "1360x768"),
        ("flux-2-pro", "bfl", {"aspect_ratio": "1:1", "resolution": "2k"}, {"width": 2048, "height": 2048},
         "2048x2048"),
        ("flux-2-pro", "bfl", {"resolution": "2k"}, {"width": 2352, "height": 1760}, "2352x1760"),
        ("flux-2-pro", "fal", {}, {"image_size": "landscape_4_3"}, "1024x768"),
        ("flux-2-pro", "fal", {"image_size": "800x600"}, {"image_size": {"width": 800, "height": 600}}, "800x592"),
        ("flux-2-dev", "fal", {"image_size": "800x600"}, {"image_size": {"width": 800, "height": 600}}, "800x600"),
        ("flux-2-dev", "fal", {"aspect_ratio": "1:1"}, {"image_size": {"width": 1024, "height": 1024}}, "1024x1024"),
        ("flux-2-dev", "fal", {"image_size": {"width": 512, "height": 2048}},
         {"image_size": {"width": 512, "height": 2048}}, "512x2048"),
        ("flux-pro-1.1", "bfl", {"aspect_ratio": "16:9"}, {"width": 1344, "height": 768}, "1344x768"),
        ("flux-pro-1.1", "bfl", {"image_size": "1440x256"}, {"width": 1440, "height": 256}, "1440x256"),
        ("flux-kontext-pro", "bfl", {}, {"aspect_ratio": "4:3"}, None),
        ("flux-kontext-pro", "bfl", {"image_size": "landscape_16_9"}, {"aspect_ratio": "16:9"}, None),
        ("flux-kontext-pro", "bfl", {"image_size": "1000x700"}, {"aspect_ratio": "10:7"}, None),
        ("flux-kontext-pro", "bfl", {"aspect_ratio": "auto"}, {}, None),
        ("flux-kontext-pro", "fal", {"image_size": "1024x1024"}, {"aspect_ratio": "1:1"}, None),
        ("flux-kontext-pro", "fal", {"aspect_ratio": "21:9"}, {"aspect_ratio": "21:9"}, None),
        ("flux-pro-1.1-ultra", "bfl", {"aspect_ratio": "5:4"}, {"aspect_ratio": "5:4"}, None),
        ("flux-pro-1.1-ultra", "fal", {"aspect_ratio": "5:4"}, {"aspect_ratio": "5:4"}, None),
        ("flux-3-image", "bfl", {}, {"aspect_ratio": "4:3"}, None),
        ("flux-3-image", "bfl", {"resolution": "4k"}, {"aspect_ratio": "4:3", "resolution": "4k"}, None),
        ("flux-3-image", "bfl", {"image_size": "square_hd", "resolution": "2k"},
         {"aspect_ratio": "1:1", "resolution": "2k"}, None),
        ("flux-3-image", "bfl", {"aspect_ratio": "auto"}, {"aspect_ratio": "auto"}, None),
        ("flux-3-image", "fal", {"image_size": "auto"}, {"aspect_ratio": "auto"}, None),
    ],
)  # fmt: skip
def test_generate(
    model: str, provider: Provider, asked: dict[str, Any], sent: dict[str, Any], expected: str | None
) -> None:
    plan = check(model, provider, **asked)
    names = ("width", "height", "image_size", "aspect_ratio", "resolution")
    assert {name: value for name, value in plan.wire[0].items() if name in names} == sent
    assert (str(plan.size) if plan.size else None) == expected
    assert plan.not_sent == ()


@pytest.mark.parametrize(
    ("model", "provider", "asked", "says"),
    [
        ("flux-2-pro", "bfl", {"image_size": "63x512"}, "width 63 is below 64"),
        ("flux-2-pro", "bfl", {"image_size": "4096x2048"}, "8.00 megapixels, above 4"),
        ("flux-2-pro", "bfl", {"aspect_ratio": "1:1", "resolution": "4k"}, "16.00 megapixels, above 4"),
        ("flux-2-pro", "bfl", {"width": 1024}, "width and height are given together"),
        ("flux-2-pro", "bfl", {"resolution": "8k", "aspect_ratio": "1:1"}, "resolution '8k' is not one of"),
        ("flux-2-pro", "fal", {"image_size": "2064x2048"}, "above 4"),
        ("flux-2-dev", "fal", {"image_size": "511x512"}, "width 511 is below 512; flux-2-dev at fal takes 512 to 2048"),
        ("flux-2-dev", "fal", {"image_size": "512x2049"}, "height 2049 is above 2048"),
        ("flux-2-dev", "fal", {"image_size": "auto"}, "auto is not one of"),
        ("flux-dev", "fal", {"image_size": "14143x100"}, "above 14142"),
        ("flux-pro-1.1", "bfl", {"image_size": "1000x768"}, "width 1000 is not a multiple of 32"),
        ("flux-pro-1.1", "bfl", {"image_size": "1472x768"}, "above 1440"),
        ("flux-pro-1.1", "fal", {"image_size": "224x768"}, "below 256"),
        ("flux-dev", "bfl", {"image_size": "255x768"}, "below 256"),
        ("flux-kontext-pro", "fal", {"image_size": "1000x700"}, "has none of the ratios 21:9"),
        ("flux-kontext-pro", "fal", {"aspect_ratio": "5:4"}, "'5:4' is not one of the values"),
        ("flux-kontext-pro", "bfl", {"aspect_ratio": "3:1"}, "beyond 21:9 to 9:21"),
        ("flux-kontext-pro", "bfl", {"image_size": "3000x1000"}, "beyond the ratios 21:9 to 9:21"),
        ("flux-kontext-pro", "bfl", {"resolution": "2k"}, "it takes a ratio only"),
        ("flux-3-image", "fal", {"aspect_ratio": "9:21"}, "'9:21' is not one of the values"),
        ("flux-3-image", "fal", {"resolution": "1.5k"}, "'1.5k' is not one of the values"),
        ("flux-3-image", "bfl", {"resolution": "512sq"}, "'512sq' is not one of the values"),
    ],
)
def test_sizes_beyond_the_route_are_refused(model: str, provider: Provider, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidParams) as caught:
        check(model, provider, **asked)
    assert says in caught.value.detail
    assert caught.value.context["model"] == model


def test_width_and_height_beat_a_preset_which_beats_a_ratio() -> None:
    plan = check("flux-2-pro", width=512, height=512, image_size="square_hd", aspect_ratio="16:9", resolution="2k")
    assert (plan.wire[0]["width"], plan.wire[0]["height"]) == (512, 512)
    assert [note.name for note in plan.not_sent] == ["image_size", "aspect_ratio", "resolution"]
    plan = check("flux-2-pro", image_size="square_hd", aspect_ratio="16:9")
    assert plan.wire[0]["width"] == 1024
    assert [note.name for note in plan.not_sent] == ["aspect_ratio"]
    assert "aspect_ratio" not in plan.params


def test_width_and_height_that_say_the_same_as_image_size_lose_nothing() -> None:
    assert check("flux-2-pro", width=512, height=512, image_size="512x512").not_sent == ()


def test_a_size_that_cannot_be_said_is_reported() -> None:
    plan = check("flux-kontext-pro", "fal", image_size="1000x700", on_unsupported="report")
    assert [note.name for note in plan.not_sent] == ["image_size"]
    assert plan.wire[0]["aspect_ratio"] == "4:3"
    assert plan.params["aspect_ratio"] == "4:3"
    assert "image_size" not in plan.params


def test_a_size_where_the_input_decides_is_refused_or_reported() -> None:
    with pytest.raises(InvalidParams, match="the size follows the input"):
        check("flux-dev", "fal", references=pictures(1), image_size="square")
    plan = check("flux-dev", "fal", references=pictures(1), image_size="square", on_unsupported="report")
    assert [note.why for note in plan.not_sent] == ["the size follows the input"]
    assert "image_size" not in plan.wire[0]


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(1500, 1000, "1488x992"), (1024, 768, "1024x768"), (4096, 4096, "2048x2048"), (5000, 1000, "4576x912")],
)
def test_bfl_edits_follow_the_first_reference(width: int, height: int, size: str) -> None:
    plan = check("flux-2-pro", references=(picture(1, width, height), picture(2)))
    assert str(plan.size) == size
    assert {"width", "height"} & set(plan.wire[0]) == set()


def test_size_of_an_edit_is_unknown_for_an_address_and_at_fal() -> None:
    assert check("flux-2-pro", image_url="https://a.example/b.png").size is None
    assert check("flux-2-pro", "fal", references=pictures(1)).size is None
    assert str(check("flux-2-turbo", "fal", references=pictures(1)).size) == "1024x1024"


def test_resolution_alone_needs_a_ratio_in_an_edit() -> None:
    with pytest.raises(InvalidParams, match="needs an aspect_ratio"):
        check("flux-2-pro", references=pictures(1), resolution="2k")


def test_canvas_of_outpainting_must_be_named() -> None:
    with pytest.raises(InvalidParams, match="needs image_size"):
        check("flux-outpaint", references=pictures(1), prompt=None)
    with pytest.raises(InvalidParams, match="must be named"):
        check("flux-outpaint", references=pictures(1), prompt=None, image_size="auto")
    plan = check("flux-outpaint", references=pictures(1), prompt=None, image_size="1600x1200")
    assert str(plan.size) == "1600x1200"


def test_expanding_by_sides_gives_the_size() -> None:
    plan = check("flux-outpaint", "fal", references=pictures(1), prompt=None, expand_left=100, expand_top=32)
    assert str(plan.size) == "1124x800"
    plan = check("flux-pro-expand", references=pictures(1), top=10, bottom=6)
    assert plan.wire[0]["top"] == 10
    assert plan.params["expand_bottom"] == 6
    assert str(plan.size) == "1024x784"


def test_kontext_dev_takes_the_ratio_under_its_own_name() -> None:
    plan = check("flux-kontext-dev", "fal", references=pictures(1), aspect_ratio="16:9")
    assert plan.wire[0]["resolution_mode"] == "16:9"
    plan = check("flux-kontext-dev", "fal", references=pictures(1), image_size="auto")
    assert plan.wire[0]["resolution_mode"] == "auto"


def test_fit_needs_a_field() -> None:
    with pytest.raises(sizes.Unfit):
        sizes.fit({"aspect_ratio": "1:1"}, wire.endpoint("fal", "fal-ai/flux/dev/image-to-image"), SizeRule(), "x")


@given(SIDES, SIDES)
def test_any_size_is_sent_exactly_or_refused(width: int, height: int) -> None:
    for provider in ("bfl", "fal"):
        try:
            plan = check("flux-2-pro", provider, width=width, height=height)
        except InvalidParams:
            assert min(width, height) < 64 or width * height > 4 * 2**20 or max(width, height) > 14142
            continue
        sent = plan.wire[0].get("image_size") or plan.wire[0]
        assert (sent["width"], sent["height"]) == (width, height)
        assert plan.size == Size(width // 16 * 16, height // 16 * 16)
