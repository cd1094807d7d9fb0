"""Each kind of step at the emulators: tools, choices and what a person says; nothing is made twice."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from tests.worlds import billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams, InvalidReference, RequestError
from fluxroom.flows.pipelines.files import Pipeline, pipeline, read
from fluxroom.sandbox import Sandbox
from fluxroom.types import MODES

pytestmark = pytest.mark.anyio


def png(folder: Path, name: str, colour: tuple[int, int, int], size: tuple[int, int] = (320, 256)) -> str:
    path = folder / name
    Image.new("RGB", size, colour).save(path)
    return str(path)


@asynccontextmanager
async def desk(folder: Path, **more: Any) -> AsyncIterator[tuple[Sandbox, Any]]:
    async with sandbox(**more) as box, AsyncClient(settings=settings_for(box, folder / "data")) as client:
        yield box, client.runs


async def ran(runs: Any, found: Pipeline, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """A pipeline carried until it rests."""
    begun = await runs.begin_pipeline(found, inputs or {})
    rested: dict[str, Any] = await runs.rest(begun["id"])
    return rested


def of(*steps: dict[str, Any], **more: Any) -> Pipeline:
    return pipeline({"version": 1, "name": "test", "steps": list(steps), **more})


PHOTO = {"photo": {"kind": "picture"}, "mask": {"kind": "picture", "default": ""}}
TOOLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bfl/flux-pro-fill": ("fill", "/v1/flux-pro-1.0-fill", {"mask": "{{inputs.mask}}", "prompt": "a hat"}),
    "fal/flux-pro-fill": ("fill", "/fal-ai/flux-pro/v1/fill", {"mask": "{{inputs.mask}}", "prompt": "a hat"}),
    "bfl/flux-pro-expand": ("expand", "/v1/flux-pro-1.0-expand", {"expand_left": 64, "expand_top": 32}),
    "bfl/flux-outpaint": ("outpaint", "/v1/flux-tools/outpainting-v1", {"image_size": "640x512"}),
    "fal/flux-outpaint": ("outpaint", "/fal-ai/flux-2-pro/outpaint", {"expand_right": 96}),
    "bfl/flux-erase": ("erase", "/v1/flux-tools/erase-v1", {"mask": "{{inputs.mask}}"}),
    "fal/flux-erase": ("erase", "/fal-ai/flux-pro/v1/erase", {"mask": "{{inputs.mask}}"}),
    "bfl/flux-deblur": ("deblur", "/v1/flux-tools/deblur-v1", {"seed": 5}),
    "bfl/flux-vto-v2": ("tryon", "/v1/flux-tools/vto-v2", {"prompt": "the coat"}),
    "fal/flux-vto": ("tryon", "/fal-ai/flux-pro/v1/vto", {"prompt": "the coat"}),
    "fal/flux-vision-upscaler": ("upscale", "/fal-ai/flux-vision-upscaler", {"upscale_factor": 2}),
    "bfl/flux-pro-1.1": ("vary", "/v1/flux-pro-1.1", {"seed": 5}),
}
"""Route -> its tool, the end of the provider's address, and what the step says besides."""


@pytest.mark.parametrize("route", TOOLS)
async def test_every_tool_works_on_what_an_earlier_step_made(route: str, tmp_path: Path) -> None:
    tool, address, fields = TOOLS[route]
    two = [{"name": "garment", "do": "generate", "model": "flux-2-klein-4b", "prompt": "a coat", "seed": 2}]
    references = ["{{steps.base.image}}", *(["{{steps.garment.image}}"] if tool == "tryon" else [])]
    found = of(
        {
            "name": "base",
            "do": "generate",
            "model": "flux-2-klein-4b",
            "prompt": "a man",
            "seed": 1,
            "image_size": "320x256",
        },
        *(two if tool == "tryon" else []),
        {"name": "work", "do": "tool", "tool": tool, "model": route, "references": references, **fields},
        inputs=PHOTO,
    )
    given = {"photo": png(tmp_path, "p.png", (9, 9, 9)), "mask": png(tmp_path, "m.png", (255, 255, 255))}
    async with desk(tmp_path) as (box, runs):
        run = await ran(runs, found, given)
        assert (run["state"], run["why"]) == ("finished", "")
        made = run["spec"]["results"]
        worked = (await runs.items(run["id"]))[-1]
        assert worked["step"] == "work"
        assert worked["asked"]["references"] == [
            made[name]["images"][0]["sha256"] for name in ("base", "garment") if name in made
        ]
        assert worked["asked"]["mode"] == ("expand" if tool == "outpaint" else tool)
        assert submits(box)[-1]["path"].endswith(address)
        assert len(billed(box)) == len(made)
        assert worked["images"][0]["mime"].startswith("image/")


def test_every_mode_of_the_catalog_is_a_tool_or_a_step() -> None:
    tools = {"expand" if tool == "outpaint" else tool for tool, _, _ in TOOLS.values()}
    assert tools | {"generate", "edit"} == set(MODES)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ({"do": "tool", "model": "flux-erase"}, "say which tool: fill, expand"),
        ({"do": "tool", "tool": "paint", "model": "flux-erase"}, "tool"),
        ({"do": "generate", "prompt": "x"}, "say which model"),
        ({"do": "generate", "model": "flux-2-pro", "mode": "swim"}, "there is no mode 'swim'"),
        ({"do": "generate", "model": "flux-2-pro", "idempotency_key": "k"}, "idempotency_key is decided by the run"),
        ({"do": "prompt"}, "prompt needs template or texts"),
        ({"do": "prompt", "template": "x", "expand": 50}, "expand is a number from 1 to 20"),
        ({"do": "prompt", "template": "x", "model": "gpt"}, "prompt does not take model"),
        ({"do": "select"}, "select needs from"),
        ({"do": "select", "from": [], "by": "dice"}, "by takes person"),
        ({"do": "select", "from": [], "first": 0}, "first is a number from 1"),
        ({"do": "select", "from": [], "best": "two", "worst": 1}, "select does not take worst"),
        ({"do": "webhook", "images": []}, "webhook needs url"),
        ({"do": "webhook", "url": "https://example.com"}, "webhook needs images"),
    ],
)
def test_a_step_that_cannot_be_is_refused_by_its_place(step: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        of({"name": "one", **step})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"model": "flux-9"}, "steps.two: .*flux-9"),
        ({"guidance_scale": 99, "model": "flux-2-flex"}, "steps.two: .*99"),
        ({"glow": 3}, "steps.two: .*glow"),
        ({"references": ["{{steps.one.image}}"] * 12}, "steps.two: .*12"),
        ({"num_images": "{{inputs.many}}"}, "steps.two: .*num_images"),
    ],
)
async def test_a_wrong_later_step_is_found_before_anything_is_paid(
    fields: dict[str, Any], why: str, tmp_path: Path
) -> None:
    two = {"name": "two", "do": "edit", "model": "flux-2-pro", "references": ["{{steps.one.image}}"], "prompt": "x"}
    one = {"name": "one", "do": "generate", "model": "flux-2-klein-4b", "prompt": "a"}
    found = of(one, {**two, **fields}, inputs={"many": {"kind": "text", "default": "several"}})
    async with desk(tmp_path) as (box, runs):
        with pytest.raises(InvalidParams, match=why):
            await runs.begin_pipeline(found, {})
        assert not submits(box)
        told = (await runs.check_pipeline(found, {}))["steps"]
        assert [step["state"] for step in told] == ["ok", "invalid"]
        assert told[1]["error"]["code"]


# choosing ------------------------------------------------------------------------------------------------------------

SHOTS = {
    "name": "shots",
    "do": "generate",
    "model": "flux-2-klein-4b",
    "prompt": ["a fox", "an owl", "a hare"],
    "seed": 4,
}


def chosen(run: dict[str, Any], step: str = "pick") -> list[str]:
    return [one["prompt"] for one in run["spec"]["results"][step]["images"]]


@pytest.mark.parametrize(
    ("first", "prompts"), [(1, ["a fox"]), (2, ["a fox", "an owl"]), (9, ["a fox", "an owl", "a hare"])]
)
async def test_the_first_ones_go_on(first: int, prompts: list[str], tmp_path: Path) -> None:
    found = of(SHOTS, {"name": "pick", "do": "select", "from": "{{steps.shots.images}}", "first": first})
    async with desk(tmp_path) as (_, runs):
        assert chosen(await ran(runs, found)) == prompts


async def test_the_best_rated_go_on(tmp_path: Path) -> None:
    pick = {"name": "pick", "do": "select", "from": "{{steps.shots.images}}", "best": "{{inputs.number}}"}
    found = of({**SHOTS, "checkpoint": True}, pick, inputs={"number": {"kind": "number", "default": 2}})
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path / "data")) as client:
        runs: Any = client.runs
        run = await ran(runs, found)
        assert run["waits_for"]["to_do"] == "approve"
        fox, owl, hare = [one["id"] for one in run["waits_for"]["images"]]
        for image, rating in ((hare, 5), (owl, 3), (fox, 1)):
            await rate(client, image, rating)
        await runs.approve(run["id"], "shots")
        assert chosen(await runs.rest(run["id"])) == ["a hare", "an owl"]


async def rate(client: AsyncClient, image: str, rating: int) -> None:
    from sqlalchemy import update

    from fluxroom.store.tables import images

    change = update(images).where(images.c.id == image).values(rating=rating)
    await client.engine.store.database.write(lambda connection: connection.execute(change).rowcount)


async def test_a_person_chooses_in_their_own_order(tmp_path: Path) -> None:
    pick = {"name": "pick", "do": "select", "from": "{{steps.shots.images}}", "by": "person"}
    found = of(
        SHOTS,
        pick,
        {
            "name": "sheet",
            "do": "edit",
            "model": "flux-2-pro",
            "references": "{{steps.pick.images}}",
            "prompt": "x",
            "seed": 1,
        },
    )
    async with desk(tmp_path) as (_, runs):
        run = await ran(runs, found)
        assert run["waits_for"]["step"] == "pick"
        assert run["waits_for"]["to_do"] == "choose"
        assert [one["prompt"] for one in run["waits_for"]["images"]] == SHOTS["prompt"]
        fox, _, hare = run["waits_for"]["images"]
        for wrong in ([], ["0" * 22], [fox["id"], "0" * 22]):
            with pytest.raises(RequestError, match="Choose at least one"):
                await runs.choose(run["id"], "pick", wrong)
        with pytest.raises(RequestError, match="does not wait for step shots"):
            await runs.approve(run["id"], "shots")
        await runs.choose(run["id"], "pick", [hare["id"], fox["id"]])
        run = await runs.rest(run["id"])
        assert chosen(run) == ["a hare", "a fox"]
        last = (await runs.items(run["id"]))[-1]
        assert last["asked"]["references"] == [hare["sha256"], fox["sha256"]]
        assert run["waits_for"] is None


# what a person says --------------------------------------------------------------------------------------------------

LINE = """
version: 1
name: line
steps:
  - {name: words, do: prompt, template: "a {red|blue} cup"}
  - {name: cups, do: generate, model: flux-2-klein-4b, prompt: "{{steps.words.texts}}", seed: 1}
  - {name: best, do: select, from: "{{steps.cups.images}}", first: 1}
  - {name: night, do: edit, model: flux-2-pro, references: "{{steps.best.images}}", prompt: at night, seed: 2}
  - {name: alone, do: generate, model: flux-2-klein-4b, prompt: "a spoon", seed: 3}
"""


async def test_manual_stops_after_every_step_and_shows_what_it_made(tmp_path: Path) -> None:
    found = read(LINE.replace("name: line", "name: line\nmode: manual"))
    seen = []
    async with desk(tmp_path) as (box, runs):
        run = await ran(runs, found)
        while run["state"] == "review":
            waits = run["waits_for"]
            seen.append((waits["step"], len(waits["images"]), len(waits["texts"]), len(billed(box))))
            assert waits["to_do"] == "approve"
            await runs.approve(run["id"], waits["step"])
            run = await runs.rest(run["id"])
    # It pauses after the step's results are there, never before.
    assert seen == [("words", 0, 2, 0), ("cups", 2, 0, 2), ("best", 1, 0, 2), ("night", 1, 0, 3), ("alone", 1, 0, 4)]
    assert run["state"] == "finished"


async def test_auto_goes_through_even_where_steps_have_checkpoints(tmp_path: Path) -> None:
    found = of({**SHOTS, "checkpoint": True}, mode="auto")
    async with desk(tmp_path) as (_, runs):
        assert (await ran(runs, found))["state"] == "finished"


async def test_a_changed_step_makes_itself_and_what_depends_on_it_and_says_so_before(tmp_path: Path) -> None:
    async with desk(tmp_path) as (box, runs):
        run = await ran(runs, read(LINE))
        assert len(billed(box)) == 4
        priced = await runs.check_redo(run["id"], "cups", {"seed": 11})
        assert [(step["name"], step["state"], step["requests"]) for step in priced["steps"]] == [
            ("words", "made", 0), ("cups", "ok", 2), ("best", "ok", 0), ("night", "ok", 1), ("alone", "made", 0),
        ]  # fmt: skip
        assert len(billed(box)) == 4
        before = run["spec"]["results"]["alone"]
        await runs.redo(run["id"], "cups", {"seed": 11})
        run = await runs.rest(run["id"])
        assert (run["state"], len(billed(box))) == ("finished", 7)
        assert run["spec"]["results"]["alone"] == before
        counted = [(item["step"], item["state"]) for item in await runs.items(run["id"])]
        assert counted.count(("cups", "replaced")) == counted.count(("cups", "done")) == 2
        assert counted.count(("night", "replaced")) == counted.count(("night", "done")) == 1
        assert counted.count(("alone", "done")) == 1
        # The seed that was there before: everything is in the store.
        await runs.redo(run["id"], "cups", {"seed": 1})
        assert (await runs.rest(run["id"]))["state"] == "finished"
        assert len(billed(box)) == 7


@pytest.mark.parametrize(
    ("step", "fields", "why"),
    [
        ("dawn", {}, "no step 'dawn'"),
        ("cups", {"seed": "x"}, "steps.cups: .*seed"),
        ("cups", {"name": "mugs"}, "The name of a step stays"),
        ("cups", {"do": "edit"}, "The do of a step stays"),
        ("cups", {"prompt": "{{steps.night.image}}"}, "no {{steps.night.image}} at this place"),
        ("cups", {"model": None}, "say which model"),
    ],
)
async def test_a_change_that_cannot_be_leaves_everything_as_it_is(
    step: str, fields: dict[str, Any], why: str, tmp_path: Path
) -> None:
    async with desk(tmp_path) as (box, runs):
        run = await ran(runs, read(LINE))
        with pytest.raises(InvalidParams, match=why.replace("{", r"\{")):
            await runs.redo(run["id"], step, fields)
        assert await runs.get(run["id"]) == run
        assert len(billed(box)) == 4


async def test_a_run_that_was_cancelled_stays_so_and_can_be_made_again_from_a_step(tmp_path: Path) -> None:
    async with desk(tmp_path, seconds=0.5) as (box, runs):
        begun = await runs.begin_pipeline(read(LINE), {})
        while len(submits(box)) < 2:
            await runs.get(begun["id"])
        run, said = await runs.cancel(begun["id"])
        assert run["state"] == "cancelled"
        assert all(words for words in said)
        run = await runs.rest(begun["id"])
        while run["counts"].get("submitted"):
            run = await runs.rest(begun["id"])
        assert run["state"] == "cancelled"
        assert len(submits(box)) == 2
        paid = len(billed(box))
        await runs.redo(run["id"], "cups")
        assert (await runs.rest(run["id"]))["state"] == "finished"
        assert len(billed(box)) == paid + 2 + (2 - paid)


async def test_pause_holds_the_next_step_and_resume_goes_on(tmp_path: Path) -> None:
    async with desk(tmp_path, seconds=0.4) as (box, runs):
        begun = await runs.begin_pipeline(read(LINE), {})
        while len(submits(box)) < 2:
            await runs.get(begun["id"])
        assert (await runs.pause(begun["id"]))["state"] == "paused"
        run = await runs.rest(begun["id"])
        while run["counts"].get("submitted"):
            run = await runs.rest(begun["id"])
        assert (run["state"], run["why"], len(submits(box))) == ("paused", "by a person", 2)
        await runs.resume(begun["id"])
        assert (await runs.rest(begun["id"]))["state"] == "finished"
        assert len(billed(box)) == 4


# whose pictures ------------------------------------------------------------------------------------------------------


async def test_a_picture_in_a_step_is_taken_in_and_travels_with_the_run(tmp_path: Path) -> None:
    logo = png(tmp_path, "logo.png", (1, 2, 3))
    found = of({"name": "one", "do": "edit", "model": "flux-2-pro", "references": [logo], "prompt": "x", "seed": 1})
    async with desk(tmp_path) as (_, runs):
        run = await ran(runs, found)
        assert run["state"] == "finished"
        assert run["spec"]["pictures"] == (await runs.items(run["id"]))[0]["asked"]["references"]
        assert logo not in str(run["spec"])


@pytest.mark.parametrize("place", ["references", "image_url", "input_image"])
async def test_words_never_become_a_file_of_the_machine(place: str, tmp_path: Path) -> None:
    secret = png(tmp_path, "secret.png", (5, 5, 5))
    step = {"name": "one", "do": "edit", "model": "flux-2-pro", "prompt": "x", place: "{{inputs.words}}"}
    found = of(step, inputs={"words": {"kind": "text"}})
    async with desk(tmp_path) as (box, runs):
        with pytest.raises(InvalidParams, match="was not given to the run"):
            await runs.begin_pipeline(found, {"words": secret})
        assert not submits(box)


async def test_words_of_a_prompt_step_never_become_a_file_either(tmp_path: Path) -> None:
    secret = png(tmp_path, "secret.png", (5, 5, 5))
    one = {"name": "words", "do": "prompt", "template": secret}
    two = {"name": "two", "do": "edit", "model": "flux-2-pro", "prompt": "x", "references": "{{steps.words.texts}}"}
    async with desk(tmp_path) as (box, runs):
        with pytest.raises(InvalidParams, match="was not given to the run"):
            await runs.begin_pipeline(of(one, two), {})
        assert not submits(box)


async def test_a_picture_that_is_none_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    text = tmp_path / "note.png"
    text.write_text("no picture")
    found = of({"name": "one", "do": "edit", "model": "flux-2-pro", "references": [str(text)], "prompt": "x"})
    async with desk(tmp_path) as (box, runs):
        with pytest.raises(InvalidReference):
            await runs.begin_pipeline(found, {})
        assert not submits(box)


def test_yaml_and_json_are_the_same_pipeline() -> None:
    raw = yaml.safe_load(LINE)
    assert pipeline(raw).digest == read(LINE).digest
    assert io.StringIO(LINE).read() == LINE
