"""Values that come into a pipeline from outside: numbers that are none, texts that nobody can keep, writers' words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.flows.orchestra import Orchestra, orchestra
from tests.worlds import sandbox, submits

from fluxroom.errors import InvalidParams
from fluxroom.flows.pipelines.files import MOST_CHOSEN, Pipeline, read
from fluxroom.flows.pipelines.inputs import checked_inputs, standing_in
from fluxroom.flows.pipelines.walk import Pipelines, begin, how_many, new_run
from fluxroom.store.runs import Run

pytestmark = pytest.mark.anyio

CHOSEN = """
version: 1
name: chosen
inputs: {many: {kind: KIND}}
steps:
  - {name: shots, do: generate, model: flux-2-klein-4b, prompt: ["a fox", "an owl", "a hare"], seed: 3}
  - {name: some, do: select, from: "{{steps.shots.images}}", WORD: "{{inputs.many}}"}
"""


def chosen(kind: str = "number", word: str = "first") -> Pipeline:
    return read(CHOSEN.replace("KIND", kind).replace("WORD", word))


async def carried(all_of: Orchestra, run: Run) -> Run:
    return await all_of.conductor.rest((await begin(run, all_of.conductor)).id)


# how many go on ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["first", "best"])
@pytest.mark.parametrize("many", [0, -1, 1.5, MOST_CHOSEN + 1, 10**15])
async def test_a_number_that_chooses_nothing_is_refused_before_anything_is_sent(
    word: str, many: float, tmp_path: Path
) -> None:
    """Less than one has left nothing to go on with, after everything before it was paid."""
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        desk = all_of.client.runs
        priced = await desk.check_pipeline(chosen(word=word), {"many": many})
        assert [step["state"] for step in priced["steps"]] == ["ok", "invalid"]
        with pytest.raises(InvalidParams, match=rf"steps\.some: {word} is a number from 1 to 1000, not '{many}'"):
            await desk.begin_pipeline(chosen(word=word), {"many": many})
        assert submits(box) == []


async def test_words_that_are_no_number_are_refused_and_not_an_error_of_python(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        for many in ("many", "", "1e3", "٣", "0x2", "-2", " "):
            with pytest.raises(InvalidParams, match="first is a number from 1 to 1000"):
                await all_of.client.runs.begin_pipeline(chosen("text"), {"many": many})
        assert submits(box) == []


@pytest.mark.parametrize(("kind", "many", "number"), [("number", 2, 2), ("number", 2.0, 2), ("text", " 2 ", 2)])
async def test_numbers_of_every_form_choose(kind: str, many: Any, number: int, tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        run = await carried(all_of, new_run(chosen(kind), {"many": many}))
        assert run.state == "finished", run.why
        assert run.spec["results"]["some"]["images"] == run.spec["results"]["shots"]["images"][:number]


LATE = """
version: 1
name: late
steps:
  - {name: words, do: prompt, template: "2", expand: 2}
  - {name: shots, do: generate, model: flux-2-klein-4b, prompt: ["a fox", "an owl"], seed: 3}
  - {name: some, do: select, from: "{{steps.shots.images}}", first: "{{steps.words.text}}"}
"""


class Talker:
    """A language model that says whatever it likes."""

    name = "talker"

    async def more(self, text: str, number: int, instruction: str) -> list[str]:
        del text, instruction
        return ["as many as you like", "two"][:number]


async def test_a_writers_words_in_the_place_of_a_number_pause_the_run_and_say_why(tmp_path: Path) -> None:
    """Python's own error here let the run be taken up again every second, for ever, without a word to anybody."""
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        all_of.conductor._kinds["pipeline"] = Pipelines(all_of.client.engine.store, writer=Talker()).advance
        run = await carried(all_of, new_run(read(LATE), {}))
        assert (run.state, "some" in run.spec["results"]) == ("paused", False)
        assert "first is a number from 1 to 1000, not 'as many as you like'" in run.why
        assert len(submits(box)) == 2


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(json_like, st.sampled_from(["first", "best"]))
def test_whatever_stands_there_it_is_a_number_or_one_of_our_errors(value: Any, word: str) -> None:
    try:
        number = how_many({word: value})
    except InvalidParams as refused:
        told = refused.as_dict()
    else:
        assert (type(number), number in range(1, MOST_CHOSEN + 1)) == (int, True)
        return
    assert (told["field"], len(str(told["message"])) < 120) == (word, True)


def test_one_goes_on_where_nothing_is_said_and_the_best_before_the_first() -> None:
    assert how_many({}) == 1
    assert how_many({"best": 2, "first": 9}) == 2


# inputs --------------------------------------------------------------------------------------------------------------

FORM = read(
    """
version: 1
name: form
inputs:
  words: {kind: text, default: a fox}
  number: {kind: number, default: 1}
  sure: {kind: switch, default: false}
  size: {kind: choice, choices: [1, small, true], default: small}
  photos: {kind: pictures, default: []}
steps: [{name: s, do: generate, model: flux-2-klein-4b, prompt: "{{inputs.words}} {{inputs.number}}"}]
"""
)


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"number": math.nan}, "number: nan is no number that can be used"),
        ({"number": math.inf}, "number: inf is no number"),
        ({"number": -math.inf}, "number: -inf is no number"),
        ({"number": 2**64}, "number: 18446744073709551616 is no number"),
        ({"number": True}, "The input number must be a number"),
        ({"number": "1"}, "The input number must be a number"),
        ({"words": "a\0b"}, "words: a sign in it is none of a text"),
        ({"words": "a\ud800b"}, "words: a sign in it is none of a text"),
        ({"words": 1}, "The input words must be a text"),
        ({"words": ["a"]}, "The input words must be a text"),
        ({"words": Path("a")}, "words: put 'a' in quotes"),
        ({"sure": 1}, "The input sure must be true or false"),
        ({"sure": "true"}, "The input sure must be true or false"),
        ({"size": "large"}, "The input size must be one of 1, small, True"),
        ({"photos": [1]}, "The input photos must be a list of pictures"),
        ({"photos": {"a": "b"}}, "The input photos must be a list of pictures"),
        ({"colour": "red"}, "The pipeline has no input 'colour'; it has words, number"),
    ],
)
def test_what_no_input_can_be_is_refused_by_its_name(given_: dict[str, Any], why: str) -> None:
    """What is taken is written down as JSON, and PostgreSQL has neither NaN nor NUL there."""
    with pytest.raises(InvalidParams, match=why):
        checked_inputs(FORM, given_)


def test_inputs_that_are_not_given_have_their_defaults_and_nothing_else() -> None:
    whole = {"words": "a fox", "number": 1, "sure": False, "size": "small", "photos": []}
    assert checked_inputs(FORM, {}) == whole
    assert checked_inputs(FORM, {"photos": "a.png"}) == whole | {"photos": ["a.png"]}
    with pytest.raises(InvalidParams, match="The input words is missing"):
        checked_inputs(FORM, {"words": None})


@given(st.dictionaries(st.sampled_from(["words", "number", "sure", "size", "photos", "x"]), json_like, max_size=4))
def test_whatever_is_given_it_is_inputs_that_can_be_kept_or_one_of_our_errors(given_: dict[str, Any]) -> None:
    try:
        taken = checked_inputs(FORM, given_)
    except InvalidParams:
        return
    assert taken.keys() == FORM.raw["inputs"].keys()
    assert new_run(FORM, given_).spec["inputs"] == taken
    assert standing_in(FORM, taken) == (taken, [])
