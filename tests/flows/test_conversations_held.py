"""What a message is held to, and what becomes of a wish that a model cannot do: assistants, limits, sizes, writers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.flows.orchestra import Orchestra, orchestra
from tests.server.calls import picture
from tests.worlds import billed, sandbox, submits

from fluxroom.engine.intake import take_in
from fluxroom.errors import BudgetExceeded, InvalidParams, NotFound, UnknownModel
from fluxroom.flows.assistants.shelf import Shelf
from fluxroom.flows.conversations import Conversations
from fluxroom.flows.expansion import WriterFailedError
from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio

SHIPPED = files("fluxroom.flows.assistants").joinpath("shipped")
MODEL = {"model": "bfl/flux-2-pro"}


@asynccontextmanager
async def talks(box: Sandbox, data: Path) -> AsyncIterator[tuple[Conversations, Orchestra]]:
    async with orchestra(box, data) as all_of:
        engine = all_of.client.engine
        take = partial(take_in, blobs=engine.store.blobs)
        shelf = Shelf.of(all_of.client.settings)
        yield Conversations(engine=engine, plan_with=all_of.client.plan_with, take_in=take, shelf=shelf), all_of


async def answer(talk: Conversations, all_of: Orchestra, where: str, text: str, **more: Any) -> dict[str, Any]:
    told = await talk.say(where, text, **more)
    await all_of.client.engine.wait(told["generation"], 20)
    return await talk.message(where, told["id"])


def own(data: Path, **change: Any) -> str:
    """An assistant of one's own in the data folder, switched on."""
    raw: dict[str, Any] = yaml.safe_load(SHIPPED.joinpath("flux-image-generator.yaml").read_text("utf-8"))
    raw |= {"id": "mine", "enabled": True, **change}
    (data / "assistants").mkdir(exist_ok=True)
    (data / "assistants" / "mine.json").write_text(json.dumps(raw), "utf-8")
    return "mine"


def a_model(data: Path, **change: Any) -> str:
    """A chat model of one's own in the data folder, switched on."""
    raw: dict[str, Any] = json.loads(SHIPPED.joinpath("flux-2-pro.json").read_text("utf-8"))
    raw |= {"id": "ours", "enabled": True, **change}
    (data / "assistants").mkdir(exist_ok=True)
    (data / "assistants" / "ours.json").write_text(json.dumps(raw), "utf-8")
    return "ours"


# assistants ----------------------------------------------------------------------------------------------------------


async def test_a_talk_gets_its_assistants_defaults_and_its_own_words_win(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        name = own(tmp_path, defaults={"model": "bfl/flux-2-pro", "size": "tall", "seed": 5})
        where = (await talk.begin({}, assistant=name))["id"]
        first = await answer(talk, all_of, where, "a fox")
        assert (first["asked"]["seed"], first["images"][0]["seed"]) == (5, 5)
        assert first["images"][0]["height"] > first["images"][0]["width"]
        second = await answer(talk, all_of, where, "an owl", options={"size": "wide", "seed": 6})
        assert second["images"][0]["width"] > second["images"][0]["height"]
        assert second["images"][0]["seed"] == 6
        third = await answer(talk, all_of, where, "a wolf")
        assert third["asked"]["seed"] == 5, "what was said for one message holds for that one"
        settled = (await talk.begin({"seed": 8}, assistant=name))["id"]
        assert (await answer(talk, all_of, settled, "a fox"))["asked"]["seed"] == 8


async def test_a_talk_is_held_to_models_number_pictures_and_price(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        limits = {"num_images": 2, "references": 1, "dollars": 0.1}
        name = own(tmp_path, models=["flux-2-pro"], defaults=MODEL, limits=limits)
        with pytest.raises(InvalidParams, match=r"mine works with flux-2-pro, and not with flux-2-max"):
            await talk.begin({"model": "flux-2-max"}, assistant=name)
        where = (await talk.begin({}, assistant=name))["id"]
        for options, said in (
            ({"model": "flux-2-max"}, "works with flux-2-pro"),
            ({"num_images": 3}, "num_images 3 is above 2"),
        ):
            with pytest.raises(InvalidParams, match=said):
                await talk.say(where, "a fox", options=options)
        with pytest.raises(InvalidParams, match="2 pictures are more than 1"):
            await talk.say(where, "a fox", pictures=[picture(), picture((1, 2, 3))])
        with pytest.raises(BudgetExceeded, match=r"the assistant allows \$0\.10 a message"):
            await talk.say(where, "a fox", options={"num_images": 2, "quality": "high"})
        with pytest.raises(InvalidParams, match="works with"):
            await talk.change(where, settings={"model": "flux-2-max"})
        assert (await talk.get(where))["messages"] == []
        assert submits(box) == []
        first = await answer(talk, all_of, where, "a fox")
        second = await answer(talk, all_of, where, "all of them", options={"max_references": 4})
        assert second["asked"]["references"] == [first["images"][0]["sha256"]]
        third = await answer(talk, all_of, where, "all of them", options={"max_references": 4})
        assert third["note"]["left_out"] == "1 earlier picture(s) are left out: the model takes 1"


async def test_an_assistant_that_is_switched_off_answers_no_more(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, _):
        name = own(tmp_path)
        where = (await talk.begin({}, assistant=name))["id"]
        assert (await talk.switch(name, on=False))["enabled"] is False
        with pytest.raises(InvalidParams, match="mine is switched off"):
            await talk.say(where, "a fox")
        with pytest.raises(NotFound, match="no assistant 'nobody'"):
            await talk.begin({}, assistant="nobody")
        (tmp_path / "assistants" / "mine.json").unlink()
        with pytest.raises(NotFound, match="no assistant 'mine'"):
            await talk.say(where, "a fox")
        assert (await talk.get(where))["assistant"] == name, "it can still be read"


# chat models ---------------------------------------------------------------------------------------------------------


async def test_a_chat_model_gives_its_size_tolerance_and_room(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        images = {"width": 768, "height": 512, "maxReferenceImages": 1, "safetyTolerance": 4}
        where = (await talk.begin({"model": a_model(tmp_path, imageGeneration=images)}))["id"]
        first = await answer(talk, all_of, where, "a fox")
        assert first["asked"]["model"] == "bfl/flux-2-pro"
        assert first["images"][0]["metadata"]["dimensions"] == {"width": 768, "height": 512}
        assert submits(box)[-1]["body"]["safety_tolerance"] == 4
        await answer(talk, all_of, where, "at night")
        third = await answer(talk, all_of, where, "both", options={"max_references": 5, "safety_tolerance": 1})
        assert len(third["asked"]["references"]) == 1
        assert "left out: the model takes 1" in third["note"]["left_out"]
        assert submits(box)[-1]["body"]["safety_tolerance"] == 1
        large = await answer(talk, all_of, where, "larger", options={"quality": "medium"})
        assert large["images"][0]["width"] > 2000, "a quality takes the place of the file's pixels, in their shape"
        assert large["images"][0]["width"] > large["images"][0]["height"]


async def test_a_chat_model_that_is_off_is_said_and_the_catalogs_stays(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        a_model(tmp_path, enabled=False)
        with pytest.raises(InvalidParams, match="The chat model ours is switched off") as off:
            await talk.begin({"model": "ours"})
        assert "fluxroom assistants on ours" in off.value.next_step
        where = (await talk.begin({"model": "flux-2-pro"}))["id"]
        plain = await answer(talk, all_of, where, "a fox")
        assert plain["images"][0]["metadata"]["dimensions"] == {"width": 1024, "height": 768}
        await talk.switch("flux-2-pro", on=True)
        squared = await answer(talk, all_of, where, "an owl", options={"max_references": 0})
        assert squared["images"][0]["metadata"]["dimensions"] == {"width": 1024, "height": 1024}
        with pytest.raises(UnknownModel):
            await talk.begin({"model": "flux-99"})
        with pytest.raises(InvalidParams, match="needs a model"):
            await talk.begin({})


# size and quality ----------------------------------------------------------------------------------------------------


async def test_a_quality_that_a_model_does_not_reach_is_told(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({**MODEL, "quality": "high", "size": "wide"}))["id"]
        first = await answer(talk, all_of, where, "a fox")
        assert first["note"]["quality"] == "quality high: made at 2k, the most that the model does"
        assert (first["images"][0]["width"], first["images"][0]["height"]) == (2720, 1536)
        second = await answer(talk, all_of, where, "at night", options={"size": "square", "quality": "low"})
        assert (second["images"][0]["width"], "quality" in second["note"]) == (1024, False)


async def test_what_a_model_has_no_word_for_is_told_in_the_persons_words(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({"model": "fal/flux-kontext-pro"}))["id"]
        told = await answer(talk, all_of, where, "a fox", options={"quality": "medium", "strength": 0.5})
        assert {one["name"] for one in told["note"]["not_sent"]} == {"quality", "strength"}
        assert all(one["why"] for one in told["note"]["not_sent"])


# pictures ------------------------------------------------------------------------------------------------------------


async def test_the_newest_go_along_and_the_oldest_are_left_out_with_a_note(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({"model": "bfl/flux-2-klein-4b"}))["id"]
        made = [(await answer(talk, all_of, where, f"fox {n}"))["images"][0]["sha256"] for n in range(5)]
        told = await answer(talk, all_of, where, "all of them", options={"max_references": 9})
        assert told["asked"]["references"] == made[:0:-1]
        assert told["note"]["left_out"] == "1 earlier picture(s) are left out: the model takes 4"


async def test_what_was_given_for_an_answer_that_failed_is_still_wanted(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox")
        box.world.plan_fault("moderated-output", times=1)
        refused = await answer(talk, all_of, where, "with this hat", pictures=[picture()])
        assert refused["finishReason"] == "content_filter"
        again = await answer(talk, all_of, where, "with that hat, politely")
        assert again["asked"]["references"] == [*refused["asked"]["references"], first["images"][0]["sha256"]]


async def test_an_earlier_picture_that_is_gone_is_told_and_nothing_fails(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox")
        gone = all_of.client.engine.store.blobs.local_path(first["images"][0]["sha256"])
        assert gone
        gone.unlink()
        second = await answer(talk, all_of, where, "at night")
        assert second["note"]["left_out"] == "1 earlier picture(s) are no longer there"
        assert second["asked"]["references"] == []


async def test_nothing_goes_along_where_a_fresh_start_is_asked_for(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        await answer(talk, all_of, where, "a fox")
        fresh = await answer(talk, all_of, where, "a harbour", options={"max_references": 0})
        assert (fresh["asked"]["references"], fresh["note"]) == ([], {})
        after = await answer(talk, all_of, where, "at night")
        assert after["asked"]["references"] == [fresh["images"][0]["sha256"]]


async def test_references_among_the_options_are_pictures_too(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin(MODEL))["id"]
        first = await answer(talk, all_of, where, "a fox")
        await answer(talk, all_of, where, "an owl")
        picked = await answer(talk, all_of, where, "x", options={"references": [first["images"][0]["sha256"]]})
        assert picked["asked"]["references"] == [first["images"][0]["sha256"]]


# writers -------------------------------------------------------------------------------------------------------------


class Poet:
    """A language model that is in this process."""

    name = "poet-1"

    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[tuple[str, str]] = []
        self._fails = fails

    async def more(self, text: str, number: int, instruction: str) -> list[str]:
        self.heard.append((text, instruction))
        if self._fails:
            raise WriterFailedError("poet-1 is busy.")
        return [f"{text}, at the blue hour"] * number


async def test_a_prompt_is_written_by_the_assistants_guidance(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (bare, all_of):
        poet = Poet()
        talk = replace(bare, writer=poet)
        name = own(tmp_path, defaults={**MODEL, "write_prompt": True}, guidance="Say the light.")
        where = (await talk.begin({}, assistant=name))["id"]
        told = await answer(talk, all_of, where, "a fox")
        assert poet.heard == [("a fox", "Say the light.")]
        assert told["note"]["prompt"] == {"by": "poet-1", "text": "a fox, at the blue hour"}
        assert submits(box)[-1]["body"]["prompt"] == "a fox, at the blue hour"
        spoken = (await talk.get(where))["messages"][0]
        assert spoken["content"] == ["a fox"], "what the person said stays what they said"
        await answer(talk, all_of, where, "exactly this", options={"write_prompt": False})
        assert submits(box)[-1]["body"]["prompt"] == "exactly this"


async def test_where_nobody_writes_the_persons_words_are_sent_and_that_is_told(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({**MODEL, "write_prompt": True}))["id"]
        alone = await answer(talk, all_of, where, "a fox")
        assert alone["note"]["prompt"]["by"] is None
        assert "FLUXROOM_WRITER_URL" in alone["note"]["prompt"]["why"]
        busy = replace(talk, writer=Poet(fails=True))
        told = await answer(busy, all_of, where, "an owl")
        assert told["note"]["prompt"] == {"by": None, "why": "poet-1 is busy. Sent as it was said."}
        assert submits(box)[-1]["body"]["prompt"] == "an owl"
        with pytest.raises(InvalidParams, match="write_prompt is true or false"):
            await talk.say(where, "x", options={"write_prompt": "yes"})


# terms ---------------------------------------------------------------------------------------------------------------


async def test_the_terms_of_a_message_reach_the_engine(tmp_path: Path) -> None:
    async with sandbox() as box, talks(box, tmp_path) as (talk, all_of):
        where = (await talk.begin({**MODEL, "seed": 3, "max_references": 0}))["id"]
        first = await answer(talk, all_of, where, "a fox")
        cached = await answer(talk, all_of, where, "a fox")
        assert cached["images"][0]["sha256"] == first["images"][0]["sha256"]
        assert cached["money"] == {"charged": "0", "charge": "not_charged", "sandbox": True}
        assert len(billed(box)) == 1
        anew = await answer(talk, all_of, where, "a fox", options={"cache": "off", "run": "spring", "priority": 3})
        assert len(billed(box)) == 2
        found = await all_of.client.engine.snapshot(anew["generation"])
        assert (found.generation.run, found.jobs[0].priority) == ("spring", 3)
        for options, said in (({"idempotency_key": "k"}, "a key of its own"), ({"prompt": "y"}, "is the prompt")):
            with pytest.raises(InvalidParams, match=said):
                await talk.say(where, "x", options=options)
            with pytest.raises(InvalidParams, match=said):
                await talk.begin({**MODEL, **options})
