"""What is said beside a model's parameters, through every kind of run: it is heeded or refused, never passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.server.calls import FAST, settings_at

from fluxroom.client import AsyncClient
from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.sheets import Sheet, table
from fluxroom.flows.comparisons import comparison
from fluxroom.flows.pipelines.files import read
from fluxroom.flows.plain_text import read as read_file

pytestmark = pytest.mark.anyio

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cache": "offf"}, "cache is on or off, not 'offf'"),
    ({"cache": False}, "cache is on or off, not False"),
    ({"on_unsupported": "ignore"}, "on_unsupported is error or report, not 'ignore'"),
    ({"on_unsupported": ["report"]}, r"on_unsupported is error or report, not \['report'\]"),
    ({"mode": {}}, "mode is a word, not {}"),
    ({"mode": 7}, "mode is a word, not 7"),
    ({"extra": 5}, "extra is given by provider"),
    ({"extra": ["bfl"]}, "extra is given by provider"),
    ({"extra": {"fal": 5}}, "extra is given by provider"),
    ({"extra": {"bff": {"a": 1}}}, "extra: there is no provider 'bff'; there are bfl and fal"),
    ({"extra": {"x" * 500: {}}}, "extra: there is no provider 'x{39}; there are"),
]
OF_ONE = [
    ({"priority": "high"}, "priority is a number, not 'high'"),
    ({"priority": True}, "priority is a number, not True"),
    ({"run": 5}, "run is a name, not 5"),
    ({"idempotency_key": 5}, "idempotency_key is a text, not 5"),
]


@pytest.fixture
async def client(tmp_path: Path) -> Any:
    async with AsyncClient(settings=settings_at(tmp_path / "data", wait=30.0)) as opened:
        yield opened


@pytest.mark.parametrize(("said", "why"), [*WRONG, *OF_ONE])
async def test_a_request_is_refused_before_anything_is_written(
    client: AsyncClient, said: dict[str, Any], why: str
) -> None:
    for way in (client.generate, client.quote, client.submit):
        with pytest.raises(InvalidParams, match=why):
            await way("a fox", model=FAST, **said)
    assert await client.jobs() == []


@pytest.mark.parametrize(("said", "why"), WRONG)
async def test_a_row_a_cell_and_a_step_are_refused_the_same_way(
    client: AsyncClient, said: dict[str, Any], why: str
) -> None:
    rows = Sheet(name="s", rows=[{"prompt": "x", **said}, {"prompt": "y"}], defaults={"model": FAST})
    [first, second] = (await client.runs.check_sheet(rows))["rows"]
    assert (first["state"], first["error"]["code"], second["state"]) == ("invalid", "invalid_params", "ok")
    cells = comparison("c", {"prompt": "x", "model": FAST, **said}, [("seed", [1, 2])])
    assert [row["state"] for row in (await client.runs.check_comparison(cells))["rows"]] == ["invalid"] * 2
    step = {"name": "a", "do": "generate", "model": FAST, "prompt": "x", **said}
    if said.get("mode", "") == "":
        found = read(json.dumps({"version": 1, "name": "p", "steps": [step]}))
        with pytest.raises(InvalidParams, match=f"steps.a: {why}"):
            await client.runs.begin_pipeline(found, {})
    assert await client.jobs() == []


OFF = f"""
version: 1
name: p
steps:
  - {{name: a, do: generate, model: bfl/{FAST}, prompt: x, seed: 1, cache: CACHE}}
"""


@pytest.mark.parametrize(("cache", "made"), [("off", 2), ("on", 1), ('"off"', 2)])
async def test_a_cache_that_is_off_is_off_in_a_file_too(client: AsyncClient, cache: str, made: int) -> None:
    """In YAML of old, `off` is not a word but false: it was taken, and the picture of before was given again."""
    await client.generate("x", model=f"bfl/{FAST}", seed=1)
    begun = await client.runs.begin_pipeline(read(OFF.replace("CACHE", cache)), {})
    assert (await client.runs.rest(begun["id"]))["counts"] == {"done": 1}
    assert len([job for job in await client.jobs() if not job.cached_from]) == made
    [row] = table(f"prompt,seed,cache\nx,1,{cache}\n", "csv")
    assert row["cache"] == cache.strip('"')


@pytest.mark.parametrize("word", ["off", "on", "no", "yes", "Off", "NO", "y", "n", "nil", "none"])
def test_a_word_in_yaml_is_a_word(word: str) -> None:
    assert read_file(f"a: {word}\nb: [{word}]\n{word}: 1\n", "x") == {"a": word, "b": [word], word: 1}


@pytest.mark.parametrize(("word", "truth"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_a_truth_in_yaml_is_a_truth(word: str, truth: bool) -> None:
    assert read_file(f"a: {word}\nb: [{word}]\nc: 1\nd: ~\ne: 0.5\n", "x") == {
        "a": truth,
        "b": [truth],
        "c": 1,
        "d": None,
        "e": 0.5,
    }
