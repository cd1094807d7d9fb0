"""What a pipeline will do and cost, said before: the same as what is then made and paid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.worlds import billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams
from fluxroom.flows.pipelines.files import Pipeline, pipeline
from fluxroom.flows.pipelines.rehearsed import priced
from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

FAST = "bfl/flux-2-klein-4b"
WORDS: dict[str, Any] = {"name": "words", "do": "prompt", "template": "a {red|blue|green} cup"}
CUPS: dict[str, Any] = {
    "name": "cups",
    "do": "generate",
    "model": FAST,
    "prompt": "{{steps.words.texts}}",
    "image_size": "square",
    "seed": 1,
}
PICK: dict[str, Any] = {"name": "pick", "do": "select", "from": "{{steps.cups.images}}", "by": "person"}
NIGHT: dict[str, Any] = {
    "name": "night",
    "do": "edit",
    "model": "bfl/flux-2-pro",
    "each": "{{steps.pick.images}}",
    "references": ["{{item}}"],
    "prompt": "at night",
    "image_size": "square",
    "seed": 2,
}


def of(*steps: dict[str, Any], **more: Any) -> Pipeline:
    return pipeline({"version": 1, "name": "test", "steps": list(steps), **more})


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Sandbox, Any]]:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, folder / "data")) as client:
        yield box, client.runs


def step(told: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["steps"] if one["name"] == name)
    return found


async def test_a_plain_one_costs_what_was_said(tmp_path: Path) -> None:
    async with desk(tmp_path) as (box, runs):
        told = await runs.check_pipeline(of(WORDS, CUPS), {})
        assert not submits(box)
        cups = step(told, "cups")
        assert (cups["requests"], cups["most"], cups["images"], cups["exists"]) == (3, 3, 3, 0)
        assert cups["routes"] == [FAST]
        assert step(told, "words")["text"] == "3 texts"
        assert told["low"] == told["high"] == cups["low"]
        assert told["text"] == f"3 requests for ${told['low']}"
        run = await runs.rest((await runs.begin_pipeline(of(WORDS, CUPS), {}))["id"])
        assert Decimal(run["charged"]) == Decimal(told["low"])


async def test_what_exists_is_free_and_what_depends_on_it_is_looked_for_too(tmp_path: Path) -> None:
    first = {**PICK, "first": 2}
    first.pop("by")
    whole = of(WORDS, CUPS, first, NIGHT)
    async with desk(tmp_path) as (box, runs):
        await runs.rest((await runs.begin_pipeline(of(WORDS, CUPS), {}))["id"])
        told = await runs.check_pipeline(whole, {})
        assert (step(told, "cups")["exists"], step(told, "cups")["low"]) == (3, "0")
        assert step(told, "cups")["text"] == "3 requests, 3 of them made already, $0.00"
        assert (step(told, "night")["requests"], step(told, "night")["exists"]) == (2, 0)
        await runs.rest((await runs.begin_pipeline(whole, {}))["id"])
        paid = len(billed(box))
        told = await runs.check_pipeline(whole, {})
        # The edit of a picture that is there: it is known too, though it stands behind another step.
        assert step(told, "night")["exists"] == 2
        assert (told["low"], told["high"], told["text"]) == ("0", "0", "0 requests for $0.00, 5 made already")
        await runs.rest((await runs.begin_pipeline(whole, {}))["id"])
        assert len(billed(box)) == paid == 5


async def test_pictures_that_exist_are_taken_in_the_order_of_the_requests(tmp_path: Path) -> None:
    """Whenever they were made: what the run will choose first is what the price has chosen first."""
    colours = ["red", "blue", "green"]
    first = {"name": "pick", "do": "select", "from": "{{steps.cups.images}}", "first": 1}
    whole = of(WORDS, CUPS, first, NIGHT)
    async with desk(tmp_path) as (_, runs):
        for colour in reversed(colours):
            one = of({**WORDS, "template": f"a {colour} cup"}, CUPS)
            await runs.rest((await runs.begin_pipeline(one, {}))["id"])
        await runs.rest((await runs.begin_pipeline(of(WORDS, CUPS, first, NIGHT), {}))["id"])
        told = await runs.check_pipeline(whole, {})
        assert (step(told, "cups")["exists"], step(told, "night")["exists"], told["low"]) == (3, 1, "0")


async def test_some_of_a_step_exist(tmp_path: Path) -> None:
    async with desk(tmp_path) as (box, runs):
        await runs.rest((await runs.begin_pipeline(of({**WORDS, "template": "a {red|blue} cup"}, CUPS), {}))["id"])
        told = await runs.check_pipeline(of(WORDS, CUPS), {})
        cups = step(told, "cups")
        assert (cups["requests"], cups["exists"]) == (3, 2)
        run = await runs.rest((await runs.begin_pipeline(of(WORDS, CUPS), {}))["id"])
        assert Decimal(run["charged"]) == Decimal(cups["low"])
        assert len(billed(box)) == 3


async def test_where_a_person_chooses_it_goes_from_one_to_all(tmp_path: Path) -> None:
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(of(WORDS, CUPS, PICK, NIGHT), {})
        night = step(told, "night")
        assert (night["requests"], night["most"]) == (1, 3)
        assert Decimal(night["high"]) == 3 * Decimal(night["low"])
        assert night["text"].startswith("1 to 3 requests, $")
        assert step(told, "pick")["text"] == "a person chooses"
        assert Decimal(told["high"]) - Decimal(told["low"]) == 2 * Decimal(night["low"])


async def test_more_than_a_model_takes_is_no_fault_while_a_person_may_choose_fewer(tmp_path: Path) -> None:
    many = {**WORDS, "template": "a {1|2|3|4|5|6|7|8|9|10} cup"}
    sheet = {**NIGHT, "references": "{{steps.pick.images}}"}
    sheet.pop("each")
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(of(many, CUPS, PICK, sheet), {})
        night = step(told, "night")
        assert (night["state"], night["requests"], night["most"], night["high"]) == ("ok", 1, None, None)
        assert "or more" in night["text"]
        assert told["high"] is None
        assert "at least" in told["text"]


async def test_a_step_that_needs_more_than_one_is_no_fault_while_a_person_may_choose_more(tmp_path: Path) -> None:
    pair = {**NIGHT, "references": ["{{steps.pick.images.0}}", "{{steps.pick.images.1}}"]}
    pair.pop("each")
    last = {**NIGHT, "name": "last", "each": "{{steps.night.images}}"}
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(of(WORDS, CUPS, PICK, pair, last), {})
        assert [one["state"] for one in told["steps"]] == ["ok"] * 5
        run = await runs.rest((await runs.begin_pipeline(of(WORDS, CUPS, PICK, pair, last), {}))["id"])
        first, second, _ = run["waits_for"]["images"]
        await runs.choose(run["id"], "pick", [first["id"]])
        run = await runs.rest(run["id"])
        assert (run["state"], "no {{steps.pick.images.1}}" in run["why"]) == ("paused", True)
        await runs.redo(run["id"], "pick")
        run = await runs.rest(run["id"])
        await runs.choose(run["id"], "pick", [first["id"], second["id"]])
        run = await runs.rest(run["id"])
        assert (run["state"], run["counts"]) == ("finished", {"done": 5})
        beyond = {**pair, "references": ["{{steps.pick.images.7}}"]}
        with pytest.raises(InvalidParams, match=r"steps\.night: There is no"):
            await runs.begin_pipeline(of(WORDS, CUPS, PICK, beyond), {})


async def test_the_number_of_pictures_a_request_makes_counts(tmp_path: Path) -> None:
    found = of({**CUPS, "prompt": "a cup", "num_images": 3}, {**NIGHT, "each": "{{steps.cups.images}}"})
    async with desk(tmp_path) as (box, runs):
        told = await runs.check_pipeline(found, {})
        assert (step(told, "cups")["images"], step(told, "night")["requests"]) == (3, 3)
        run = await runs.rest((await runs.begin_pipeline(found, {}))["id"])
        assert run["state"] == "finished"
        assert Decimal(told["low"]) == Decimal(told["high"]) == Decimal(run["charged"])
        assert len(billed(box)) == 6


async def test_pictures_that_are_not_made_yet_have_their_size_in_the_price(tmp_path: Path) -> None:
    """BFL charges a reference by its megapixels: the larger the step before, the dearer the one behind it."""
    async with desk(tmp_path) as (_, runs):
        lows = []
        for size in ("512x512", "2048x2048"):
            found = of({**CUPS, "prompt": "a cup", "image_size": size}, {**NIGHT, "each": "{{steps.cups.images}}"})
            told = await runs.check_pipeline(found, {})
            lows.append(Decimal(step(told, "night")["low"]))
            run = await runs.rest((await runs.begin_pipeline(found, {}))["id"])
            assert Decimal(run["charged"]) == Decimal(told["low"])
        assert lows[0] < lows[1]


async def test_an_unknown_price_is_at_least(tmp_path: Path) -> None:
    found = of({"name": "one", "do": "generate", "model": "flux-general", "prompt": "a cup"})
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(found, {})
        assert told["high"] is None
        assert told["text"].startswith("1 request for at least $")


async def test_inputs_that_are_missing_are_stood_in_for(tmp_path: Path) -> None:
    inputs = {
        "photos": {"kind": "pictures"},
        "photo": {"kind": "picture"},
        "what": {"kind": "text"},
        "steps": {"kind": "number"},
        "size": {"kind": "choice", "choices": ["square", "square_hd"]},
        "raw": {"kind": "switch"},
    }
    one = {
        "name": "one",
        "do": "edit",
        "model": "flux-2-pro",
        "each": "{{inputs.photos}}",
        "references": ["{{item}}", "{{inputs.photo}}"],
        "prompt": "{{inputs.what}} {{inputs.steps}} {{inputs.raw}}",
        "image_size": "{{inputs.size}}",
    }
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(of(one, inputs=inputs), {})
        assert told["missing"] == list(inputs)
        assert (step(told, "one")["state"], step(told, "one")["requests"]) == ("ok", 1)
        assert (Decimal(told["low"]) > 0, told["high"]) == (True, None)
        assert "inputs missing: photos, photo, what" in told["text"]
        with pytest.raises(InvalidParams, match="The input photos is missing"):
            await runs.begin_pipeline(of(one, inputs=inputs), {})


async def test_a_step_behind_a_wrong_one_is_unknown_and_not_priced(tmp_path: Path) -> None:
    wrong = {**CUPS, "guidance_scale": 99, "model": "flux-2-flex"}
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(of(WORDS, wrong, PICK, NIGHT), {})
        assert [one["state"] for one in told["steps"]] == ["ok", "invalid", "unknown", "unknown"]
        assert step(told, "night")["why"] == "depends on pick"
        assert (told["high"], step(told, "cups")["high"]) == (None, None)
        assert "step cups: " in told["text"]


async def test_what_a_model_does_not_take_is_told_when_it_may_be_left_out(tmp_path: Path) -> None:
    found = of({**CUPS, "prompt": "a cup", "num_inference_steps": 20, "on_unsupported": "report"})
    async with desk(tmp_path) as (_, runs):
        told = await runs.check_pipeline(found, {})
        assert [note["name"] for note in step(told, "cups")["not_sent"]] == ["num_inference_steps"]


async def test_too_many_requests_of_one_step_are_a_mistake(tmp_path: Path) -> None:
    thousand = {"name": "a", "do": "prompt", "template": "{0|1|2|3|4|5|6|7|8|9}" * 3}
    hundred = {"name": "b", "do": "prompt", "template": "{0|1|2|3|4|5|6|7|8|9}{0|1}"}
    found = of(thousand, hundred, {**CUPS, "each": "{{steps.b.texts}}", "prompt": "{{steps.a.texts}}"})
    async with desk(tmp_path) as (_, runs):
        with pytest.raises(InvalidParams, match="makes more than 10000 requests"):
            await runs.begin_pipeline(found, {})


async def test_a_picture_from_outside_is_priced_by_its_own_size(tmp_path: Path) -> None:
    def photo(side: int) -> str:
        path = tmp_path / f"{side}.png"
        Image.new("RGB", (side, side)).save(path)
        return str(path)

    one = {**NIGHT, "each": "{{inputs.photos}}"}
    found = of(one, inputs={"photos": {"kind": "pictures"}})
    async with desk(tmp_path) as (_, runs):
        small, large = [
            Decimal((await runs.check_pipeline(found, {"photos": [photo(side)]}))["low"]) for side in (512, 2048)
        ]
        both = Decimal((await runs.check_pipeline(found, {"photos": [photo(512), photo(2048)]}))["low"])
        assert small < large
        assert both == small + large


def test_prices_for_people() -> None:
    assert priced(Decimal("0.5"), Decimal("0.5")) == "$0.50"
    assert priced(Decimal("0.03"), Decimal("0.06")) == "$0.03–0.06"
    assert priced(Decimal("0.03"), None) == "at least $0.03"
