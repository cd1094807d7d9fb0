"""What the retention rules do to runs: nothing that a run still needs, and nothing in silence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.flows.orchestra import Orchestra, a_run, items_of, orchestra, prompts
from tests.worlds import sandbox

from fluxroom.engine.intake import take_in
from fluxroom.flows import told
from fluxroom.flows.pipelines.files import pipeline
from fluxroom.flows.pipelines.reviews import Reviews
from fluxroom.flows.pipelines.walk import begin, new_run
from fluxroom.flows.runs import results
from fluxroom.store import purging
from fluxroom.store.retention import Rules, prune, sweep
from fluxroom.store.tables import images

pytestmark = pytest.mark.anyio

FAST = "bfl/flux-2-klein-4b"
YEARS = 10 * 365 * 86400.0


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of the database to work on."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres").fresh()}


async def ten_years_later(all_of: Orchestra) -> None:
    """Every rule is on, and everything is older than it says; bytes are removed without any patience."""
    store = all_of.client.engine.store
    await prune(store, Rules(trash=1, pictures=1, records=1), now=time.time() + YEARS)
    await sweep(store, grace=-1.0)


async def pictures(all_of: Orchestra, run: str) -> list[str]:
    found = await results.page(all_of.client.engine.store, run)
    return [picture.sha256 for one in found for picture in one.images]


async def test_a_run_that_is_not_finished_keeps_what_it_has_made(tmp_path: Path, base: dict[str, Any]) -> None:
    raw = {
        "version": 1,
        "name": "slow reviewer",
        "steps": [
            {"name": "shots", "do": "generate", "model": FAST, "prompt": "a cup", "seed": 4, "checkpoint": True},
            {
                "name": "night",
                "do": "edit",
                "model": FAST,
                "references": ["{{steps.shots.images}}"],
                "prompt": "night",
                "seed": 5,
            },
        ],
    }
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        run = await begin(new_run(pipeline(raw), {}), all_of.conductor)
        assert (await all_of.conductor.rest(run.id)).state == "review"
        made = await pictures(all_of, run.id)
        await ten_years_later(all_of)
        assert await pictures(all_of, run.id) == made
        await Reviews(all_of.client.engine, all_of.conductor).approve(run.id, "shots")
        assert (await all_of.conductor.rest(run.id)).state == "finished"
        assert len(await pictures(all_of, run.id)) == 2


async def test_a_waiting_row_keeps_its_source_although_the_library_has_let_it_go(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        engine = all_of.client.engine
        first = await all_of.client.generate("a source", model=FAST, seed=1)
        source = await take_in(first, engine.store.blobs)
        rows = [{"prompt": "at dusk", "references": [source.sha256], "model": FAST, "seed": 2}]
        run = a_run(state="paused")
        await all_of.conductor.begin(run, items_of(run, rows))

        def delete(connection: Any) -> int:
            ids = list(connection.execute(images.select()).scalars())
            return purging.purge(connection, ids, time.time())

        assert await engine.store.database.write(delete) == 1
        await ten_years_later(all_of)
        assert engine.store.blobs.has(source.sha256)
        await all_of.person.resume(run.id)
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done"]


async def test_a_finished_run_says_that_its_pictures_are_gone_and_keeps_its_words(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        run = await all_of.begin(prompts(2, model=FAST))
        await all_of.conductor.rest(run.id)
        [before, _] = await results.page(all_of.client.engine.store, run.id)
        assert told.an_item(before)["gone"] is False
        await ten_years_later(all_of)
        store = all_of.client.engine.store
        [one, other] = await results.page(store, run.id)
        for found in (one, other):
            assert (found.item.state, found.gone, list(found.images)) == ("done", True, [])
            # What was asked for stays with the run, and so does what it cost.
            assert found.item.asked["prompt"].startswith("picture ")
            assert found.charged > 0
        lines = [line async for line in results.as_csv(store, run)]
        assert all(results.DELETED in line for line in lines[1:])
        assert not any(store.blobs.has(picture.sha256) for picture in before.images)
