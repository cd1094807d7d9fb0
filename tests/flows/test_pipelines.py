"""Pipelines: steps that use what earlier ones made; people look, choose, change; nothing is made twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flows.orchestra import Orchestra, orchestra
from tests.worlds import billed, sandbox, submits

from fluxroom.errors import InvalidParams, RequestError
from fluxroom.flows.pipelines import walk
from fluxroom.flows.pipelines.files import SCHEMA, read
from fluxroom.flows.pipelines.reviews import Reviews
from fluxroom.flows.pipelines.templates import alternatives, fill
from fluxroom.flows.runs.conductor import Conductor
from fluxroom.store.runs import Run

pytestmark = pytest.mark.anyio

FOUR_STEPS = """
version: 1
name: shots
mode: checkpoint
inputs:
  product: {kind: text, title: {en: Product, de: Produkt}}
  seed: {kind: number, default: 7}
steps:
  - name: words
    do: prompt
    template: "{{inputs.product}} on {marble|oak}"
  - name: shots
    do: generate
    model: flux-2-pro
    prompt: "{{steps.words.texts}}"
    seed: "{{inputs.seed}}"
    checkpoint: true
  - name: best
    do: select
    from: "{{steps.shots.images}}"
    first: 1
  - name: night
    do: edit
    model: flux-2-pro
    each: "{{steps.best.images}}"
    references: ["{{item}}"]
    prompt: at night
    seed: 9
"""


async def start(all_of: Orchestra, text: str = FOUR_STEPS, **inputs: Any) -> Run:
    run = walk.new_run(read(text), inputs or {"product": "a cup"})
    await walk.begin(run, all_of.conductor)
    return await all_of.conductor.rest(run.id)


async def test_four_steps_with_a_checkpoint(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await start(all_of)
        assert (run.state, run.why) == ("review", "look at what step shots has made")
        assert run.spec["results"]["words"]["texts"] == ["a cup on marble", "a cup on oak"]
        assert len(run.spec["results"]["shots"]["images"]) == len(billed(box)) == 2
        reviews = Reviews(all_of.client.engine, all_of.conductor)
        with pytest.raises(RequestError, match="does not wait for step night"):
            await reviews.approve(run.id, "night")
        await reviews.approve(run.id, "shots")
        ended = await all_of.conductor.rest(run.id)
        assert ended.state == "finished"
        assert len(billed(box)) == 3
        night = (await all_of.items(run.id))[-1]
        first = ended.spec["results"]["shots"]["images"][0]
        assert (night.step, night.asked["references"]) == ("night", [first["sha256"]])
        assert (await all_of.client.snapshot(night.generation)).generation.mode == "edit"


async def test_a_changed_step_makes_only_itself_and_what_depends_on_it_again(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await start(all_of, FOUR_STEPS.replace("mode: checkpoint", "mode: auto"))
        assert (run.state, len(billed(box))) == ("finished", 3)
        reviews = Reviews(all_of.client.engine, all_of.conductor)
        await reviews.redo(run.id, "night", {"prompt": "at dawn"})
        ended = await all_of.conductor.rest(run.id)
        assert (ended.state, len(billed(box))) == ("finished", 4)
        assert [(item.step, item.state) for item in await all_of.items(run.id)] == [
            ("shots", "done"),
            ("shots", "done"),
            ("night", "replaced"),
            ("night", "done"),
        ]
        # The first step again, unchanged and with its seed: the store has its pictures, and nothing new is paid.
        await reviews.redo(run.id, "words")
        await all_of.conductor.rest(run.id)
        assert len(billed(box)) == 4
        with pytest.raises(InvalidParams, match="no step 'dawn'"):
            await reviews.redo(run.id, "dawn")


async def test_a_person_chooses(tmp_path: Path) -> None:
    text = FOUR_STEPS.replace("first: 1", "by: person").replace("mode: checkpoint", "mode: auto")
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await start(all_of, text)
        assert (run.state, run.why) == ("review", "choose pictures for step best")
        second = run.spec["results"]["shots"]["images"][1]
        reviews = Reviews(all_of.client.engine, all_of.conductor)
        with pytest.raises(RequestError, match="none of its pictures"):
            await reviews.choose(run.id, "best", ["nothing"])
        await reviews.choose(run.id, "best", [second["id"]])
        ended = await all_of.conductor.rest(run.id)
        assert ended.state == "finished"
        assert (await all_of.items(run.id))[-1].asked["references"] == [second["sha256"]]


async def test_a_step_without_a_picture_pauses_and_goes_on_when_it_is_sent_again(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("moderated-output", times=2)
        run = await start(all_of)
        assert run.state == "paused"
        assert "Step shots has made no picture" in run.why
        await all_of.person.retry(run.id)
        assert (await all_of.conductor.rest(run.id)).state == "review"


async def test_a_run_whose_file_an_update_would_refuse_goes_on_and_is_listed(tmp_path: Path) -> None:
    """It was checked when it began: what is looked at more closely since then stops no run, and no list of runs."""
    found = read(FOUR_STEPS.replace("first: 1", "by: person"))
    raw: Any = json.loads(json.dumps(dict(found.raw)))
    raw["steps"][2]["first"] = 1  # an older version took this, and asked the person
    raw["later"] = "a field of another version"
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = walk.new_run(replace(found, raw=raw), {"product": "a cup"})
        await walk.begin(run, all_of.conductor)
        ended = await all_of.conductor.rest(run.id)
        reviews = Reviews(all_of.client.engine, all_of.conductor)
        await reviews.approve(run.id, "shots")
        ended = await all_of.conductor.rest(run.id)
        assert (ended.state, ended.why) == ("review", "choose pictures for step best")
        waits = walk.waits_for(ended)
        assert waits is not None
        await reviews.choose(run.id, "best", [str(waits[1][0]["id"])])
        assert (await all_of.conductor.rest(run.id)).state == "finished"
        with pytest.raises(InvalidParams, match="later"):  # changed by hand it is read anew
            await reviews.redo(run.id, "night", {"prompt": "at dawn"})


async def test_another_process_goes_on_in_the_middle(tmp_path: Path) -> None:
    text = FOUR_STEPS.replace("mode: checkpoint", "mode: auto")
    async with sandbox(seconds=0.6) as box:
        async with orchestra(box, tmp_path, drain=0) as first:
            run = walk.new_run(read(text), {"product": "a cup"})
            await walk.begin(run, first.conductor)
            while len(submits(box)) < 2:
                await first.conductor.get(run.id)
        async with orchestra(box, tmp_path) as second:
            assert (await second.conductor.rest(run.id)).state == "finished"
        assert len(box.world.tasks()) == 3


async def test_whoever_goes_on_late_makes_nothing_twice(tmp_path: Path) -> None:
    """Two that carry the same run, as after a mistaken take-over: what one has added the other does not add again."""
    text = FOUR_STEPS.replace("mode: checkpoint", "mode: auto")
    async with sandbox(seconds=0.3) as box, orchestra(box, tmp_path) as all_of:
        other = Conductor(all_of.client.engine, all_of.client.plan_with, kinds=all_of.kinds)
        other.start()
        try:
            run = await start(all_of, text)
            while run.state == "running":
                run = await all_of.conductor.rest(run.id)
            assert [item.step for item in await all_of.items(run.id)] == ["shots", "shots", "night"]
            assert len(billed(box)) == 3
        finally:
            await other.stop()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("version: 1", "version: 2"), "version: 1 was expected"),
        (("do: select", "do: paint"), "steps.2.do"),
        (("name: best", "name: shots"), "Two steps are called shots"),
        (("{{steps.best.images}}", "{{steps.night.images}}"), "no {{steps.night.images}} at this place"),
        (("    first: 1", "    third: 1"), "select does not take third"),
        (("    model: flux-2-pro\n    prompt", "    prompt"), "say which model"),
        (("{{inputs.seed}}", "{{inputs.sead}}"), "no {{inputs.sead}}"),
        (("    first: 1", "    first: 1\n    best: 2"), "steps.best: give just one of best and first"),
        (("    first: 1", "    first: 1\n    by: person"), "steps.best: give just one of by and first"),
        (("    template:", "    texts: [x]\n    template:"), "steps.words: give just one of template and texts"),
        (("    do: edit\n", "    do: tool\n    tool: vary\n    mode: edit\n"), "steps.night: the tool is the mode"),
        (("    do: edit\n", "    do: tool\n"), "steps.night: say which tool"),
        (("{kind: number, default: 7}", "{kind: choice}"), "inputs.seed: the kind choice needs choices"),
        (
            ("{kind: number, default: 7}", "{kind: number, choices: [7]}"),
            "inputs.seed: the kind number takes no choices",
        ),
        (("    do: select", "    do: select\n    first: 2"), "'first' stands twice in line 2"),
        (("{kind: number, default: 7}", "&a [*a]"), "neither YAML nor JSON"),
        (("steps:", "steps: ["), "neither YAML nor JSON"),
    ],
)
def test_a_file_that_is_no_pipeline_is_refused_by_place(change: tuple[str, str], why: str) -> None:
    assert change[0] in FOUR_STEPS
    with pytest.raises(InvalidParams, match=why.replace("{", r"\{").replace("[", r"\[")):
        read(FOUR_STEPS.replace(*change, 1))


@pytest.mark.parametrize(
    ("inputs", "why"),
    [({}, "product is missing"), ({"product": 3}, "must be a text"), ({"product": "x", "sed": 1}, "no input 'sed'")],
)
def test_inputs_are_checked(inputs: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidParams, match=why):
        walk.new_run(read(FOUR_STEPS), inputs)


def test_fields_are_filled_and_lists_spread() -> None:
    scope = {"inputs": {"photo": "p", "n": 2}, "steps": {"a": {"images": ["x", "y"], "image": "x"}}}
    assert fill({"references": ["{{steps.a.images}}", "{{inputs.photo}}"], "k": "n={{ inputs.n }}"}, scope) == {
        "references": ["x", "y", "p"],
        "k": "n=2",
    }
    assert fill("{{steps.a.images.1}}", scope) == "y"
    with pytest.raises(InvalidParams, match="is a list"):
        fill("a {{steps.a.images}}", scope)
    with pytest.raises(InvalidParams, match="There is no"):
        fill("{{inputs.q}}", scope)


def test_alternatives_are_bounded_and_fields_are_none() -> None:
    assert alternatives("{{inputs.a}} {x|y}") == ["{{inputs.a}} x", "{{inputs.a}} y"]
    with pytest.raises(InvalidParams, match="1048576 texts"):
        alternatives("{a|b}" * 20)


def test_the_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(dict(SCHEMA))


@pytest.mark.parametrize("decided", [True, False])
async def test_a_step_in_doubt_waits_for_a_person(tmp_path: Path, *, decided: bool) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("submit-drop-after")
        run = await start(all_of, FOUR_STEPS.replace("mode: checkpoint", "mode: auto"))
        assert run.state == "paused"
        assert run.why.startswith("Step shots: 1 of its requests is in doubt.")
        assert sorted(await all_of.states(run.id)) == ["done", "unknown"]
        if decided:
            for item in await all_of.items(run.id):
                for job in (await all_of.client.snapshot(item.generation)).jobs:
                    if job.state == "unknown":
                        await all_of.client.resolve(job.id, "retry")
            while (await all_of.states(run.id)) != ["done", "done"]:
                await all_of.conductor.get(run.id)
        await all_of.person.resume(run.id)
        ended = await all_of.conductor.rest(run.id)
        assert ended.state == "finished"
        shots = ended.spec["results"]["shots"]
        assert (len(shots["images"]), shots["missing"]) == ((2, 0) if decided else (1, 1))


def test_the_published_schema_is_the_one_that_is_used() -> None:
    page = Path(__file__).parents[2] / "docs/schemas/pipeline-1.json"
    assert json.loads(page.read_text("utf-8")) == SCHEMA


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("seed: 9", "seed: .nan"), r"steps\.3\.seed: nan is no number"),
        (("seed: 9", "seed: -.inf"), "no number that can be used"),
        (("seed: 9", "seed: 99999999999999999999999"), "no number that can be used"),
        (("prompt: at night", "prompt: 2026-11-20"), "put '2026-11-20' in quotes"),
        (("prompt: at night", "prompt: !!binary aGk="), "in quotes, or leave it out"),
        (("prompt: at night", "prompt: !!set {a, b}"), "in quotes, or leave it out"),
        (("prompt: at night", "prompt: x\n    7: y"), "the name 7 must be in quotes"),
        (("prompt: at night", 'prompt: "\\0"'), "a sign in it is none of a text"),
        (("prompt: at night", "prompt: " + "[" * 40 + "]" * 40), "nested deeper than 30 levels"),
        (("prompt: at night", "prompt: !!python/object/apply:os.system [id]"), "neither YAML nor JSON"),
        (("prompt: at night", "prompt: x\n    prompt: y"), "'prompt' stands twice in line 28"),
    ],
)
def test_a_file_that_is_more_than_json_is_refused_by_place(change: tuple[str, str], why: str) -> None:
    assert change[0] in FOUR_STEPS
    with pytest.raises(InvalidParams, match=why):
        read(FOUR_STEPS.replace(*change, 1))
