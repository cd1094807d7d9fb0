"""Runs are carried to their end, whatever happens to the process that carries them, and nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.flows.orchestra import a_run, items_of, orchestra, prompts
from tests.worlds import billed, sandbox, submits

from fluxroom.engine.accounting import Accounting, checked_budget
from fluxroom.errors import NotFound, RequestError
from fluxroom.flows.runs.conductor import Next
from fluxroom.store import runs
from fluxroom.store.runs import Item, Run

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of the database to work on."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres").fresh()}


async def test_every_item_ends_as_it_must(tmp_path: Path, base: dict[str, Any]) -> None:
    asked = [*prompts(6), {"prompt": "x", "guidance_scale": 3}, {"prompt": "no such model", "model": "flux-9"}]
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        run = await all_of.begin(asked)
        ended = await all_of.conductor.rest(run.id)
        assert ended.state == "finished"
        items = await all_of.items(run.id)
        assert [item.state for item in items] == ["done"] * 6 + ["failed"] * 2
        assert [item.error["code"] for item in items if item.error] == ["invalid_params", "unknown_model"]
        assert len(billed(box)) == 6
        found = await all_of.client.snapshot(items[0].generation)
        assert (found.generation.run, found.jobs[0].priority) == (run.id, 0)


async def test_a_picture_that_the_provider_refuses_fails_its_item_alone(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("moderated-output", times=1)
        run = await all_of.begin(prompts(3), name="with a bad one")
        await all_of.conductor.rest(run.id)
        assert Counter(await all_of.states(run.id)) == {"done": 2, "failed": 1}


async def test_the_window_bounds_what_is_under_way(tmp_path: Path) -> None:
    async with sandbox(seconds=0.4) as box, orchestra(box, tmp_path, window=3) as all_of:
        run = await all_of.begin(prompts(8))
        most = 0
        while (await all_of.conductor.get(run.id)).state == "running":
            most = max(most, (await all_of.states(run.id)).count("submitted"))
            await asyncio.sleep(0.02)
        assert 1 <= most <= 3
        assert len(billed(box)) == 8


async def test_another_process_goes_on_where_one_stopped(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox(seconds=0.5) as box:
        async with orchestra(box, tmp_path, window=4, drain=0, **base) as first:
            run = await first.begin(prompts(12))
            while not billed(box):
                await asyncio.sleep(0.02)
        async with orchestra(box, tmp_path, **base) as second:
            ended = await second.conductor.rest(run.id)
            assert ended.state == "finished"
            assert await second.states(run.id) == ["done"] * 12
        assert len(box.world.tasks()) == len(billed(box)) == 12


async def test_a_command_goes_on_with_what_a_dead_command_had_queued(tmp_path: Path, base: dict[str, Any]) -> None:
    """A command carries only jobs of its own; those of its run become its own when their maker is dead."""
    async with sandbox(seconds=0.5) as box:
        async with orchestra(box, tmp_path, drain=0, everyones=False, bfl_cap=2, **base) as first:
            run = await first.begin(prompts(8))
            while not billed(box):
                await asyncio.sleep(0.02)
        async with orchestra(box, tmp_path, everyones=False, **base) as second:
            ended = await asyncio.wait_for(second.conductor.rest(run.id), 30)
            assert ended.state == "finished"
            assert await second.states(run.id) == ["done"] * 8
        assert len(box.world.tasks()) == len(billed(box)) == 8


async def test_an_item_that_was_sent_and_not_noted_is_not_sent_again(tmp_path: Path, base: dict[str, Any]) -> None:
    """A kill between the generation's commit and the item's: the idempotency key finds what is there."""
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        run = await all_of.begin(prompts(2))
        await all_of.conductor.rest(run.id)
        database = all_of.client.engine.store.database
        before = await all_of.items(run.id)

        def forget(connection: Any) -> None:
            for item in before:
                runs.change(
                    connection, Item(run=run.id, position=item.position, key="", asked={}, attempt=item.attempt)
                )
            runs.move(connection, run.id, ("finished",), "running", why="", at=0)

        await database.write(forget)
        assert await all_of.states(run.id) == ["waiting", "waiting"]
        await all_of.conductor.rest(run.id)
        assert [item.generation for item in await all_of.items(run.id)] == [item.generation for item in before]
        assert len(submits(box)) == 2


async def test_two_processes_carry_a_run_once(tmp_path: Path, base: dict[str, Any]) -> None:
    async with (
        sandbox() as box,
        orchestra(box, tmp_path, **base) as one,
        orchestra(box, tmp_path, **base) as other,
    ):
        run = await one.begin(prompts(10))
        await asyncio.gather(one.conductor.rest(run.id), other.conductor.rest(run.id))
        assert await other.states(run.id) == ["done"] * 10
        assert len(submits(box)) == 10


async def test_a_pause_takes_back_what_was_not_sent_and_going_on_makes_each_picture_once(tmp_path: Path) -> None:
    async with sandbox(seconds=0.6) as box, orchestra(box, tmp_path, bfl_cap=2) as all_of:
        run = await all_of.begin(prompts(9))
        while len(submits(box)) < 2:
            await asyncio.sleep(0.02)
        paused = await all_of.person.pause(run.id)
        assert (paused.state, paused.why) == ("paused", "by a person")
        await all_of.conductor.rest(run.id)  # what the provider has is brought home all the same
        sent = len(submits(box))
        states = Counter(await all_of.states(run.id))
        assert states == {"done": sent, "waiting": 9 - sent}
        assert sent < 9
        await all_of.person.resume(run.id)
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done"] * 9
        assert len(submits(box)) == len(billed(box)) == 9


async def test_cancelling_stops_what_waits_and_says_what_goes_on(tmp_path: Path) -> None:
    async with sandbox(seconds=0.5) as box, orchestra(box, tmp_path, bfl_cap=2) as all_of:
        run = await all_of.begin(prompts(6))
        while len(submits(box)) < 2:
            await asyncio.sleep(0.02)
        cancelled, said = await all_of.person.cancel(run.id)
        assert cancelled.state == "cancelled"
        assert any("the picture arrives and is charged" in words for words in said)
        await all_of.conductor.rest(run.id)
        states = Counter(await all_of.states(run.id))
        assert states == {"done": len(submits(box)), "cancelled": 6 - len(submits(box))}
        with pytest.raises(RequestError, match="is cancelled, not running"):
            await all_of.person.pause(run.id)


async def test_failed_items_are_sent_again_and_the_others_are_not(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        box.world.plan_fault("moderated-output", times=2)
        run = await all_of.begin(prompts(5))
        await all_of.conductor.rest(run.id)
        assert Counter(await all_of.states(run.id))["failed"] == 2
        again, number = await all_of.person.retry(run.id)
        assert (again.state, number) == ("running", 2)
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done"] * 5
        assert len(submits(box)) == 7
        with pytest.raises(RequestError, match="no item that is failed or cancelled"):
            await all_of.person.retry(run.id)
        with pytest.raises(RequestError, match="not sent again as a whole"):
            await all_of.person.retry(run.id, states=("unknown",))


async def test_a_budget_pauses_the_run_and_says_so(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        run = a_run()
        books = Accounting(all_of.client.engine.store, all_of.client.engine.accounts)
        await books.set_budget(checked_budget(f"run:{run.id}", "total", "0.10"))
        await all_of.conductor.begin(run, items_of(run, prompts(8)))
        paused = await all_of.conductor.rest(run.id)
        assert paused.state == "paused"
        assert "$0.10" in paused.why
        done = (await all_of.states(run.id)).count("done")
        assert 1 <= done < 8
        [standing] = await books.budgets(sandbox=True)
        assert Decimal(0) < standing.spent <= Decimal("0.10")
        await books.drop_budget(f"run:{run.id}", "total")
        await all_of.person.resume(run.id)
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done"] * 8


async def test_an_item_in_doubt_waits_for_a_person_and_heals(tmp_path: Path, base: dict[str, Any]) -> None:
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        box.world.plan_fault("submit-drop-before", times=1)
        run = await all_of.begin(prompts(3))
        ended = await all_of.conductor.rest(run.id)
        assert (ended.state, Counter(await all_of.states(run.id))) == ("finished", {"done": 2, "unknown": 1})
        [doubtful] = [item for item in await all_of.items(run.id) if item.state == "unknown"]
        found = await all_of.client.snapshot(doubtful.generation)
        await all_of.client.resolve(found.jobs[0].id, "retry")
        while await all_of.states(run.id) != ["done"] * 3:
            await asyncio.sleep(0.1)
        assert (await all_of.conductor.rest(run.id)).state == "finished"


async def test_a_kind_says_what_comes_next(tmp_path: Path, base: dict[str, Any]) -> None:
    """Two steps, a person between them."""

    async def advance(run: Run) -> Next:
        items = await all_of.items(run.id)
        if len(items) == 2:
            return Next("running", items_of(run, prompts(3), first=2, step="second"))
        return Next("review", why="look at it") if run.why != "seen" else Next()

    async with sandbox() as box, orchestra(box, tmp_path, kinds={"pipeline": advance}, **base) as all_of:
        run = await all_of.begin(prompts(2), kind="pipeline")
        ended = await all_of.conductor.rest(run.id)
        assert (ended.state, ended.why) == ("review", "look at it")
        assert await all_of.states(run.id) == ["done"] * 5
        # The second step asks for what the first one made: its pictures are there already.
        assert len(submits(box)) == 3


async def test_there_is_no_such_run(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        with pytest.raises(NotFound, match="There is no run nowhere"):
            await all_of.conductor.rest("nowhere")


@pytest.mark.parametrize("turns", range(5))
async def test_a_conductor_that_is_rung_while_it_is_stopped_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr("fluxroom.flows.runs.conductor._LOOK", 1000.0)
    async with sandbox(seconds=30) as box, orchestra(box, tmp_path, drain=0) as all_of:
        run = await all_of.begin(prompts(1))
        while await all_of.states(run.id) != ["submitted"]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # by now it waits to be rung; if not, the test only shows less
        all_of.conductor.look(run.id)
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.wait_for(all_of.conductor.stop(), 10)


async def test_nothing_is_sent_behind_the_back_of_whoever_pauses(tmp_path: Path, base: dict[str, Any]) -> None:
    """An item that is just being planned when its run is paused is not sent, and waits as before."""
    async with sandbox() as box, orchestra(box, tmp_path, **base) as all_of:
        planning, go = asyncio.Event(), asyncio.Event()
        plan_with = all_of.conductor._plan_with

        async def slowly(*given: Any) -> Any:
            planning.set()
            await go.wait()
            return await plan_with(*given)

        all_of.conductor._plan_with = slowly
        run = await all_of.begin(prompts(2))
        await planning.wait()
        await all_of.person.pause(run.id)
        go.set()
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["waiting", "waiting"]
        assert submits(box) == []
        await all_of.person.resume(run.id)
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["done", "done"]
        assert len(submits(box)) == 2


async def test_what_was_being_sent_when_its_run_was_cancelled_is_not_sent(tmp_path: Path) -> None:
    async with sandbox() as box, orchestra(box, tmp_path) as all_of:
        planning, go = asyncio.Event(), asyncio.Event()
        plan_with = all_of.conductor._plan_with

        async def slowly(*given: Any) -> Any:
            planning.set()
            await go.wait()
            return await plan_with(*given)

        all_of.conductor._plan_with = slowly
        run = await all_of.begin(prompts(2))
        await planning.wait()
        await all_of.person.cancel(run.id)
        go.set()
        await all_of.conductor.rest(run.id)
        assert await all_of.states(run.id) == ["cancelled", "cancelled"]
        assert submits(box) == []
