from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.asking import check, picture, pictures

from fluxroom import catalog
from fluxroom.catalog.pricing import Price, Work
from fluxroom.types import Provider, Reference

ONE = (picture(1, 1024, 1024),)
BIG = (picture(1, 1500, 1400),)  # 2.003 MP


@pytest.mark.parametrize(
    ("model", "size", "references", "text"),
    [  # bfl.md §6: first megapixel, further ones, input; credits of a cent
        ("flux-2-klein-4b", "1024x1024", (), "$0.014"),
        ("flux-2-klein-4b", "1024x1024", ONE, "$0.015"),
        ("flux-2-klein-9b", "1024x1024", (), "$0.015"),
        ("flux-2-klein-9b", "1024x1024", ONE, "$0.017"),
        ("flux-2-pro", "1024x1024", (), "$0.03"),
        ("flux-2-pro", "1024x1024", ONE, "$0.045"),
        ("flux-2-flex", "1024x1024", (), "$0.05"),
        ("flux-2-flex", "1024x1024", ONE, "$0.10"),
        ("flux-2-max", "1024x1024", (), "$0.07"),
        ("flux-2-max", "1024x1024", ONE, "$0.10"),
        ("flux-2-klein-4b", "768x1024", (), "$0.014"),  # live
        ("flux-2-pro", "1920x1080", (), "$0.045"),  # live: 1.98 MP, 4.5 credits
        ("flux-2-pro", "2048x2048", (), "$0.075"),
        ("flux-2-max", "2048x2048", (), "$0.16"),  # live: 16 credits
        ("flux-2-pro", "1024x1024", BIG, "$0.075"),
        ("flux-2-pro", "1024x1024", (picture(1, 5000, 5000),), "$0.09"),  # shrunk to 4 MP
    ],
)
def test_bfl_worked_examples(model: str, size: str, references: tuple[Reference, ...], text: str) -> None:
    assert check(model, "bfl", image_size=size, references=references).quote.text == text


def test_several_references_are_one_megapixel_each_or_each_rounded_up() -> None:
    quote = check("flux-2-pro", image_size="1024x1024", references=(*BIG, *BIG)).quote
    assert quote.text == "$0.06–0.12"
    assert "2–6 MP of input" in quote.formula


@pytest.mark.parametrize(
    ("model", "provider", "words", "text"),
    [
        ("flux-kontext-pro", "bfl", {}, "$0.04"),
        ("flux-kontext-max", "bfl", {}, "$0.08"),
        ("flux-pro-1.1", "bfl", {}, "$0.04"),
        ("flux-pro-1.1-ultra", "bfl", {}, "$0.06"),
        ("flux-pro-1.1-ultra", "bfl", {"raw": True}, "$0.06"),
        ("flux-pro-fill", "bfl", {"references": ONE}, "$0.05"),
        ("flux-3-image", "bfl", {}, "$0.048"),
        ("flux-3-image", "bfl", {"resolution": "768sq"}, "$0.041"),
        ("flux-3-image", "bfl", {"resolution": "1.5k"}, "$0.048–0.10"),
        ("flux-3-image", "bfl", {"resolution": "2k"}, "$0.10"),
        ("flux-3-image", "bfl", {"resolution": "4k"}, "$0.607"),
        ("flux-3-image", "bfl", {"references": pictures(10)}, "$0.048"),
        ("flux-3-image", "fal", {"resolution": "512sq"}, "about $0.0205–0.041"),
        ("flux-2-pro", "fal", {}, "$0.03"),
        ("flux-2-pro", "fal", {"image_size": "1024x1024", "references": ONE}, "$0.045"),
        ("flux-2-max", "fal", {"image_size": "1024x2048"}, "$0.10"),
        ("flux-2-flex", "fal", {"image_size": "1024x1024", "references": ONE}, "$0.10"),
        ("flux-2-dev", "fal", {"image_size": "square_hd"}, "$0.012"),
        ("flux-2-dev", "fal", {"image_size": "1536x1024"}, "$0.018–0.024"),
        ("flux-2-dev", "fal", {"image_size": "square_hd", "references": BIG}, "$0.024"),
        ("flux-2-klein-4b", "fal", {"image_size": "square_hd"}, "$0.009"),
        ("flux-2-klein-4b", "fal", {"image_size": "square_hd", "references": ONE}, "$0.009–0.018"),
        ("flux-2-turbo", "fal", {"image_size": "square_hd"}, "$0.008"),
        ("flux-2-flash", "fal", {"image_size": "square_hd"}, "$0.005"),
        ("flux-2-lora", "fal", {"image_size": "square_hd"}, "$0.021"),
        ("flux-schnell", "fal", {"image_size": "square_hd"}, "$0.003"),
        ("flux-dev", "fal", {"image_size": "square_hd"}, "$0.025"),
        ("flux-kontext-dev", "fal", {"references": ONE}, "about $0.0125–0.05"),
        ("flux-kontext-pro", "fal", {"num_images": 4}, "$0.16"),
        ("flux-general", "fal", {}, "at least $0.025"),
        ("flux-dev", "bfl", {}, "at least $0.025"),
        ("flux-outpaint", "bfl", {"prompt": None, "references": ONE, "image_size": "square_hd"}, "about $0.20"),
        ("flux-outpaint", "bfl", {"prompt": None, "references": ONE, "image_size": "square_hd", "quality": "fast"},
         "about $0.045"),
        ("flux-vto-v2", "bfl", {"references": pictures(2)}, "about $0.0475"),
        ("flux-deblur", "bfl", {"prompt": None, "references": ONE}, "about $0.03"),
        ("flux-vision-upscaler", "fal", {"prompt": None, "references": ONE, "upscale_factor": 2}, "about $0.40"),
        ("flux-dev", "fal", {"references": ONE}, "about $0.03"),
    ],
)  # fmt: skip
def test_quotes(model: str, provider: Provider, words: dict[str, Any], text: str) -> None:
    quote = check(model, provider, **words).quote
    assert quote.text == text
    assert quote.source


def test_images_and_jobs_are_counted() -> None:
    quote = check("flux-2-pro", num_images=3, image_size="square_hd").quote
    assert (quote.low, quote.high, quote.jobs, quote.images) == (Decimal("0.09"), Decimal("0.09"), 3, 3)
    quote = check("flux-2-dev", "fal", num_images=6, image_size="square_hd").quote
    assert (quote.low, quote.jobs, quote.images) == (Decimal("0.072"), 2, 6)


def test_references_are_paid_for_once_per_job() -> None:
    quote = check("flux-2-dev", "fal", num_images=4, image_size="square_hd", references=ONE).quote
    assert quote.low == Decimal("0.012") * 5
    quote = check("flux-2-pro", "bfl", num_images=4, image_size="square_hd", references=ONE).quote
    assert quote.low == Decimal("0.045") * 4


def test_large_loras_make_the_price_open() -> None:
    quote = check(
        "flux-2-lora", "fal", image_size="square_hd", loras=[{"path": "https://a.example/l.safetensors"}]
    ).quote
    assert quote.high is None
    assert quote.text == "at least $0.021"
    assert "2 GB" in quote.formula


def test_unknown_size_gives_a_range_up_to_four_megapixels() -> None:
    quote = check("flux-2-pro", "fal", image_url="https://a.example/b.png").quote
    assert quote.approximate
    assert (quote.low, quote.high) == (Decimal("0.045"), Decimal("0.09"))


def test_quote_is_the_plan_s() -> None:
    from fluxroom.types import Request

    request = Request(model="flux-2-pro", prompt="a fox", params={"num_images": 2})
    assert catalog.quote(request, provider="fal") == catalog.check(request, provider="fal").quote


def test_quote_as_json_spells_the_sum_out() -> None:
    shown = check("flux-2-pro", image_size="1920x1080", num_images=2).quote.as_dict()
    assert shown["low"] == "0.09"
    assert shown["formula"] == "2 x ($0.03 + 1 further MP x $0.015)"
    assert "2026" in shown["source"]


# The formulas themselves ----------------------------------------------------------------------------------------------


@given(st.floats(0.01, 16), st.integers(1, 20), st.lists(st.floats(0.01, 16), max_size=8))
def test_ranges_are_in_order_and_never_nothing(output: float, images: int, inputs: list[float]) -> None:
    work = Work(output=output, inputs=tuple(inputs), images=images, jobs=images)
    for model in catalog.models().values():
        for route in model.routes.values():
            for mode in route.modes:
                quote = route.price(mode).quote(work)
                assert quote.low > 0
                assert quote.high is None or quote.high >= quote.low
                assert quote.images == images
                assert quote.formula


@given(st.floats(0.1, 8), st.floats(0.1, 8))
def test_more_pixels_never_cost_less(one: float, other: float) -> None:
    price = Price(kind="first_further", amount=Decimal("0.03"), further=Decimal("0.015"), input=Decimal("0.015"))
    small, large = sorted((one, other))
    assert price.quote(Work(output=small)).low <= price.quote(Work(output=large)).low


@pytest.mark.parametrize(
    ("rounding", "low", "high"), [("up", "2", "2"), ("none", "1.5", "1.5"), ("unknown", "1.5", "2")]
)
def test_rounding(rounding: Any, low: str, high: str) -> None:
    quote = Price(kind="per_megapixel", amount=Decimal(1), rounding=rounding).quote(Work(output=1.5))
    assert (quote.low, quote.high) == (Decimal(low), Decimal(high))


def test_a_hair_above_a_megapixel_is_not_two() -> None:
    price = Price(kind="per_megapixel", amount=Decimal(1))
    assert price.quote(Work(output=1.00001)).low == 1
    assert price.quote(Work(output=1.001)).low == 2


def test_input_floor_and_cap() -> None:
    floor = Price(kind="first_further", amount=Decimal(1), input=Decimal(1), input_floor=3.0)
    assert floor.quote(Work(inputs=(1.0,))).low == 4
    cap = Price(kind="per_megapixel", amount=Decimal(1), inputs="all", input_cap=1.0)
    assert cap.quote(Work(inputs=(8.0,))).low == 2


def test_per_second_is_a_guess_and_says_so() -> None:
    quote = Price(kind="per_second", amount=Decimal("0.001")).quote(Work(seconds=10))
    assert quote.approximate
    assert (quote.low, quote.high) == (Decimal("0.005"), Decimal("0.02"))


def test_value_that_no_price_names_spans_all_of_them() -> None:
    price = Price(
        kind="by_value",
        parameter="resolution",
        fallback="1k",
        values={"1k": (Decimal(1), Decimal(1)), "2k": (Decimal(2), Decimal(3))},
    )
    assert price.quote(Work(values={"resolution": "8k"})).high == 3
    assert price.quote(Work()).high == 1
    assert price.text == "1k $1, 2k $2–3"


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (Price(kind="per_image", amount=Decimal("0.04")), "$0.04 per image"),
        (Price(kind="per_megapixel", amount=Decimal("0.05"), inputs="all"), "$0.05 per MP of input and output"),
        (Price(kind="per_second", amount=Decimal("0.001")), "$0.001 per second of computing"),
        (Price(kind="unknown", amount=Decimal("0.02")), "not published, at least $0.02"),
        (Price(kind="per_image", amount=Decimal(1), surcharge="more"), "$1 per image (more)"),
    ],
)
def test_price_in_words(price: Price, text: str) -> None:
    assert price.text == text
