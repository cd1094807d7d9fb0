"""The pipelines that come with Fluxroom: each runs to its end as it is, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from tests.worlds import billed, sandbox, settings_for

from fluxroom import catalog
from fluxroom.client import AsyncClient
from fluxroom.errors import NotFound
from fluxroom.flows.pipelines.files import SCHEMA, Step, in_language, read
from fluxroom.flows.pipelines.shipped import NAMES, Template, template, templates
from fluxroom.flows.pipelines.templates import references

pytestmark = pytest.mark.anyio

LORA = "https://example.com/styles/ink.safetensors"
WORDS: Mapping[str, Any] = {
    "product": "a brown leather handbag",
    "background": "a quiet beach at sunset",
    "character": "a young courier in a yellow raincoat",
    "lora": LORA,
    "style": "an ink drawing",
}
"""What a person writes into the inputs that have no default."""

REQUESTS: Mapping[str, Mapping[str, int]] = {
    "product-shots": {"shots": 3, "banner": 1},
    "background-change": {"change": 1, "match": 1},
    "character-sheet": {"figure": 1, "turnaround": 4, "faces": 4},
    "style-lora": {"looks": 3, "large": 1},
}
"""What each makes of one picture, when the person chooses one."""


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.png"
    Image.new("RGB", (640, 480), (180, 90, 40)).save(path)
    return str(path)


def filled(one: Template, photo: str) -> dict[str, Any]:
    """The inputs that a person must give."""
    given: dict[str, Any] = {}
    for about in one.told()["inputs"]:
        if about["required"]:
            kinds = {"picture": photo, "pictures": [photo]}
            given[about["name"]] = kinds.get(about["kind"], WORDS.get(about["name"]))
    return given


def step_named(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step for step in told["steps"] if step["name"] == name)


async def finished(client: AsyncClient, run: dict[str, Any]) -> dict[str, Any]:
    """The run at its end, with a person who approves everything and always chooses the first picture."""
    desk = client.runs
    while True:
        run = await desk.rest(run["id"])
        if run["state"] != "review":
            return run
        waits = run["waits_for"]
        if waits["to_do"] == "choose":
            await desk.choose(run["id"], waits["step"], [waits["images"][0]["id"]])
        else:
            await desk.approve(run["id"], waits["step"])


@pytest.mark.parametrize("name", NAMES)
async def test_each_runs_to_its_end_for_the_price_that_was_said(name: str, tmp_path: Path, photo: str) -> None:
    one = template(name)
    given = filled(one, photo)
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path / "data")) as client:
        before = await client.runs.check_pipeline(one.pipeline, given)
        assert not billed(box)
        assert {step["name"]: step["requests"] for step in before["steps"] if step["requests"]} == REQUESTS[name]
        assert {step["state"] for step in before["steps"]} == {"ok"}
        run = await finished(client, await client.runs.begin_pipeline(one.pipeline, given))
        assert (run["state"], run["why"], run["notes"]) == ("finished", "", [])
        assert run["counts"] == {"done": sum(REQUESTS[name].values())}
        made = run["spec"]["results"]
        assert {step: len(made[step]["images"]) for step in REQUESTS[name]} == {
            step: number * (2 if step == "change" else 1) for step, number in REQUESTS[name].items()
        }
        assert float(run["charged"]) >= float(before["low"])
        assert before["high"] is None or float(run["charged"]) <= float(before["high"])
        paid = len(billed(box))
        # The same inputs once more: everything is in the store, and the price says so as far as nobody has to choose.
        after = {step["name"]: step for step in (await client.runs.check_pipeline(one.pipeline, given))["steps"]}
        first = next(iter(REQUESTS[name]))
        again = await finished(client, await client.runs.begin_pipeline(one.pipeline, given))
        assert again["state"] == "finished"
        if name == "style-lora":  # what lies at the LoRA's address may have changed: it is made again, and says so
            assert (after[first]["exists"], after[first]["low"]) == (0, step_named(before, first)["low"])
        else:
            assert (after[first]["exists"], after[first]["low"]) == (REQUESTS[name][first], "0")
            assert len(billed(box)) == paid


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.name)
def test_every_word_is_there_in_both_languages(one: Template) -> None:
    raw: Mapping[str, Any] = one.pipeline.raw
    words = [raw["title"], raw["description"], *(step["title"] for step in raw["steps"])]
    for about in raw["inputs"].values():
        words += [about["title"], *([about["help"]] if "help" in about else [])]
    for both in words:
        assert set(both) == {"en", "de"}
        assert all(text.strip() for text in both.values())
    english, german = one.told("en"), one.told("de")
    assert english["title"] != german["title"]
    assert english["description"] != german["description"]
    assert [about["title"] for about in english["inputs"]] != [about["title"] for about in german["inputs"]]
    assert english["pipeline"] == german["pipeline"]


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.name)
def test_every_file_is_a_pipeline_of_the_published_schema(one: Template) -> None:
    Draft202012Validator(dict(SCHEMA)).validate(dict(one.pipeline.raw))
    assert read(one.text).digest == one.pipeline.digest
    assert one.pipeline.mode == "checkpoint"
    assert any(step.checkpoint for step in one.pipeline.steps)


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.name)
def test_every_input_is_used_and_every_model_known(one: Template) -> None:
    used = {path.rpartition(".")[2] for step in one.pipeline.steps for path in references(dict(step.fields))}
    assert set(one.pipeline.raw["inputs"]) <= used
    for step in makers(one):
        row, _, _ = catalog.find(str(step.fields["model"]))
        assert row.status == "active" or row.id == "flux-kontext-pro"


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.name)
def test_a_form_can_be_drawn_from_it(one: Template) -> None:
    told = one.told("de")
    assert [step["name"] for step in told["steps"]] == [step.name for step in one.pipeline.steps]
    for about in told["inputs"]:
        assert about["title"]
        assert about["required"] is (about["default"] is None)
        assert bool(about["choices"]) is (about["kind"] == "choice")
        if about["kind"] == "choice":
            assert about["default"] in about["choices"]
    assert any(step["reviewed"] for step in told["steps"])


def makers(one: Template) -> Iterator[Step]:
    return (step for step in one.pipeline.steps if step.makes_pictures)


def test_a_template_that_is_none_is_told_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="no template 'evening'; there are product-shots, "):
        template("evening")


def test_words_fall_back_to_english_and_then_to_any() -> None:
    assert in_language({"en": "Photo", "de": "Foto"}, "fr") == "Photo"
    assert in_language({"fr": "Image"}, "de") == "Image"
    assert in_language({}, "de") == ""
    assert in_language("Photo", "de") == "Photo"
