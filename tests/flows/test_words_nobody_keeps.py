"""Texts and numbers that no database can keep: refused by their name before anything is sent, never a fault of ours.

PostgreSQL keeps no NUL; half of a surrogate pair is what Python makes of bytes that are no UTF-8, such as an argument
that was typed in another encoding; NaN and numbers of more than 64 bits are no JSON.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import sandbox, settings_for, submits

from fluxroom import catalog
from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.comparisons import comparison
from fluxroom.flows.pipelines.files import pipeline
from fluxroom.types import Request

pytestmark = pytest.mark.anyio

MODEL = "flux-2-pro"
NO_TEXT = ["a\0fox", "a fox\ud800", "\udcff"]


@pytest.fixture(params=["sqlite", "postgresql"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """A client that has sent nothing in the end."""
    base = {} if request.param == "sqlite" else {"database_url": request.getfixturevalue("postgres").fresh()}
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, **base)) as found:
        yield found
        assert submits(box) == []


async def test_prompts_and_parameters(client: AsyncClient) -> None:
    for text in NO_TEXT:
        with pytest.raises(InvalidParams, match="prompt: a sign in it is none of a text"):
            await client.generate(text, model=MODEL)
        with pytest.raises(InvalidParams, match="user: a sign in it is none of a text"):
            await client.generate("a fox", model=f"bfl/{MODEL}", user=text)
        with pytest.raises(InvalidParams, match="user: a sign in it is none of a text"):
            await client.generate("a fox", model=f"fal/{MODEL}", user=text, on_unsupported="report")
        with pytest.raises(InvalidParams, match=r"extra\.bfl: a sign in it is none of a text"):
            await client.generate("a fox", model=MODEL, extra={"bfl": {"deep": [{"er": text}]}})
        with pytest.raises(InvalidParams, match=r"extra\.bfl: a sign in it is none of a text"):
            await client.generate("a fox", model=MODEL, extra={"bfl": {text: 1}})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 2**63, -(2**70)])
async def test_numbers_that_are_sent_as_they_are(client: AsyncClient, number: float) -> None:
    """NaN became null on the way, without a word; and the other provider's fields are written down too."""
    for provider in ("bfl", "fal"):
        with pytest.raises(InvalidParams, match=rf"extra\.{provider} .* is (not a finite|larger than a) number"):
            await client.generate("a fox", model=MODEL, extra={provider: {"x": number}})


async def test_what_is_said_in_a_conversation(client: AsyncClient) -> None:
    talk = client.conversations
    where = (await talk.begin({"model": MODEL}, title="Foxes"))["id"]
    for text in NO_TEXT:
        for wrong in (
            talk.begin({"model": MODEL}, title=text),
            talk.begin({"model": MODEL, "user": text}),
            talk.change(where, title=text),
            talk.change(where, settings={"model": MODEL, "user": text}),
            talk.say(where, text),
            talk.say(where, "a fox", options={"user": text}),
        ):
            with pytest.raises(InvalidParams, match="a sign in it is none of a text"):
                await wrong
    for number in (math.nan, 2**64):
        with pytest.raises(InvalidParams, match="number"):
            await talk.change(where, settings={"model": MODEL, "seed": number})
        with pytest.raises(InvalidParams, match="number"):
            await talk.say(where, "a fox", options={"extra": {"bfl": {"x": number}}})
    told = await talk.get(where)
    assert (told["title"], told["settings"], told["messages"]) == ("Foxes", {"model": MODEL}, [])


async def test_rows_cells_and_steps(client: AsyncClient) -> None:
    """A row among others is told, and the others are carried; what is one thing is refused as one."""
    rows = [{"prompt": text} for text in NO_TEXT]
    with pytest.raises(InvalidParams, match="a sign in it is none of a text"):
        await client.runs.begin_sheet(Sheet(name="s", rows=rows, defaults={"model": MODEL}))
    with pytest.raises(InvalidParams, match="a sign in it is none of a text"):
        await client.runs.begin_comparison(comparison("c", {"prompt": NO_TEXT[1], "model": MODEL}, [("seed", [1, 2])]))
    for text in NO_TEXT:
        step = {"name": "s", "do": "generate", "model": MODEL, "prompt": text}
        with pytest.raises(InvalidParams, match="a sign in it is none of a text"):
            pipeline({"version": 1, "name": "p", "steps": [step]})
    assert await client.runs.page(wanted_all()) == []


def wanted_all() -> Any:
    from fluxroom.store.runs import Wanted

    return Wanted(hidden=None)


@pytest.mark.parametrize(
    "words", ["狐狸", "🦊🏽", "e\u0301", "\u202eoff", "tab\tand\nline", "\x7f", "\ufffd", "\U0010ffff"]
)
def test_every_other_text_is_one(words: str) -> None:
    plan = catalog.check(Request(model=MODEL, prompt=words), provider="bfl")
    assert plan.wire[0]["prompt"] == words


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are bytes elsewhere only")
@pytest.mark.parametrize("words", [[b"a fox \xff"], [b"a fox", b"-p", b"user=\xfe"]])
def test_an_argument_in_another_encoding_is_a_mistake_and_no_fault(tmp_path: Path, words: list[bytes]) -> None:
    """It was "A fault in Fluxroom — TypeError", with the advice to look at the log."""
    told = subprocess.run(
        [sys.executable, "-m", "fluxroom", "--data", str(tmp_path), "generate", *words, "-m", f"bfl/{MODEL}"],
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 2, told.stderr
    assert b"a sign in it is none of a text" in told.stderr
    assert b"fault in Fluxroom" not in told.stderr
