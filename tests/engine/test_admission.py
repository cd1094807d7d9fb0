"""Who is sent when: caps that a refusal narrows, pauses, urgency and fairness; and what the times of jobs teach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any

import pytest
from tests.engine.asking import PRO, ask, books, job_of, made
from tests.worlds import billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.expectation import from_catalog, kind_of
from fluxroom.engine.orders import Terms
from fluxroom.sandbox import Sandbox
from fluxroom.store import history, limits

pytestmark = pytest.mark.anyio

FAL = "fal/flux-schnell"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


def gateway(box: Sandbox, tmp_path: Path, **more: Any) -> AsyncClient:
    return AsyncClient(settings=settings_for(box, tmp_path / "data", **more), everyones=True)


async def cap_of(client: AsyncClient) -> float:
    account = client.engine.accounts["bfl"].id
    limit = await client.engine.store.database.read(lambda connection: limits.get(connection, account))
    assert limit
    return limit.cap


async def until_running(client: AsyncClient, generation: str) -> None:
    async for _ in client.engine.events(generation, tick=0.02):
        if (await job_of(client, generation)).state not in {"queued", "submitting"}:
            return


async def until_put_back(client: AsyncClient, generation: str) -> None:
    """Until the provider has refused it and that has been learned."""
    while not ((await job_of(client, generation)).error and (await books(client).providers())[0].held_until):
        await asyncio.sleep(0.02)


def at_bfl(box: Sandbox) -> list[dict[str, Any]]:
    return [one for one in submits(box) if "/bfl/" in one["path"]]


def prompts(box: Sandbox) -> list[str]:
    """In the order in which the provider took them."""
    return [task["input"]["prompt"] for task in box.world.tasks()]


# caps ----------------------------------------------------------------------------------------------------------------


async def test_a_refusal_cuts_the_cap_and_holds_and_every_job_that_is_taken_widens_it(
    box: Sandbox, tmp_path: Path
) -> None:
    box.world.set_duration(1.0)
    async with gateway(box, tmp_path, bfl_cap=8, submit_gate=1) as client:
        for number in range(4):
            await until_running(client, await ask(client, f"first {number}"))
        box.world.plan_fault("submit-429", provider="bfl", value="1", times=1)
        refused = await ask(client, "refused")
        await until_put_back(client, refused)
        bfl = (await books(client).providers())[0]
        assert (bfl.cap, bfl.cap_now, bfl.why) == (8, 2, "the provider asked to wait")
        assert await cap_of(client) == pytest.approx(4 * 0.7)
        others = [await ask(client, f"then {number}") for number in range(9)]
        assert (await books(client).providers())[0].queued == 10
        for generation in (refused, *others):
            await client.engine.wait(generation, 60)
        wider = list(accumulate(repeat(0.0, 10), lambda cap, _: min(8.0, cap + 1 / cap), initial=4 * 0.7))
        assert await cap_of(client) == pytest.approx(wider[10])
    [answer] = [one for one in at_bfl(box) if one["status"] == 429]
    later = [task for task in box.world.tasks() if task["submitted"] > answer["at"]]
    assert len(later) == 10
    assert min(task["submitted"] for task in later) >= answer["at"] + 1.0 - 0.05  # seconds: it was asked to wait one
    for number, task in enumerate(later):
        # In flight at the provider when it came: never more than the cap had grown to.
        assert sum(one["submitted"] <= task["submitted"] < one["ready"] for one in later) <= wider[number]


async def test_several_refusals_at_once_are_one_lesson(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path, bfl_cap=20) as client:
        await books(client).pause("bfl", paused=True)
        asked = [await ask(client, f"{number}") for number in range(6)]
        box.world.plan_fault("submit-429", provider="bfl", value="1", times=6)
        await books(client).pause("bfl", paused=False)
        for generation in asked:
            await client.engine.wait(generation, 60)
        assert len(billed(box)) == 6
        assert await cap_of(client) >= 1.0


async def test_what_one_process_is_told_holds_for_all_on_the_folder(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path) as one, AsyncClient(settings=settings_for(box, tmp_path / "data")) as other:
        box.world.plan_fault("submit-429", provider="bfl", value="60", times=1)
        refused = await ask(one, "refused")
        await until_put_back(one, refused)
        waiting = await ask(other, "waits")
        await made(other, "goes", model=FAL)  # had the other one not known, its first job would be gone by now
        assert (await job_of(other, waiting)).state == "queued"
        assert (await books(other).providers())[0].held_until
        assert len(at_bfl(box)) == 1


# pauses --------------------------------------------------------------------------------------------------------------


async def test_a_pause_of_another_process_holds_what_waits_and_not_what_runs(box: Sandbox, tmp_path: Path) -> None:
    box.world.set_duration(0.6)
    async with gateway(box, tmp_path) as client, AsyncClient(settings=settings_for(box, tmp_path / "data")) as person:
        runs = await ask(client, "runs")
        await until_running(client, runs)
        assert (await books(person).pause("bfl", paused=True)).in_flight == 1
        waits = [await ask(client, f"waits {number}") for number in range(3)]
        await made(client, "goes", model=FAL)
        assert (await client.engine.wait(runs, 20)).jobs[0].state == "succeeded"
        assert (await books(person).providers())[0].queued == 3
        assert len(at_bfl(box)) == 1
        assert not (await books(person).pause("bfl", paused=False)).paused
        for generation in waits:
            assert (await client.engine.wait(generation, 20)).jobs[0].state == "succeeded"


async def test_a_pause_outlives_the_process(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path) as client:
        await books(client).pause("bfl", paused=True)
        generation = await ask(client)
    async with gateway(box, tmp_path) as client:
        await made(client, model=FAL)
        assert (await job_of(client, generation)).state == "queued"
        await books(client).pause("bfl", paused=False)
        await client.engine.wait(generation, 20)
    assert len(at_bfl(box)) == 1


# urgency and fairness ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("priority", "place"), [(10, 0), (0, 1)])
async def test_one_job_of_another_owner_overtakes_two_hundred(
    box: Sandbox, tmp_path: Path, priority: int, place: int
) -> None:
    """The more urgent one goes first; one that is as urgent has its turn as soon as the other has a seat more."""
    async with gateway(box, tmp_path, bfl_cap=4, submit_gate=1) as client:
        await books(client).pause("bfl", paused=True)
        bulk = Terms(owner="anna", priority=0)
        await asyncio.gather(*(ask(client, f"bulk {number}", bulk) for number in range(200)))
        single = await ask(client, "single", Terms(owner="ben", priority=priority))
        await books(client).pause("bfl", paused=False)
        await client.engine.wait(single, 60)
    assert prompts(box).index("single") == place


async def test_the_more_urgent_goes_first_and_among_equals_the_older(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path, submit_gate=1) as client:
        await books(client).pause("bfl", paused=True)
        asked = [
            await ask(client, f"{priority} {letter}", Terms(priority=priority))
            for priority, letter in ((0, "a"), (10, "a"), (5, "a"), (20, "a"), (10, "b"), (0, "b"), (-5, "a"))
        ]
        await books(client).pause("bfl", paused=False)
        for generation in asked:
            await client.engine.wait(generation, 60)
    assert prompts(box) == ["20 a", "10 a", "10 b", "5 a", "0 a", "0 b", "-5 a"]


async def test_two_owners_take_turns(box: Sandbox, tmp_path: Path) -> None:
    box.world.set_duration(30.0)
    async with gateway(box, tmp_path, bfl_cap=6, submit_gate=1) as client:
        await books(client).pause("bfl", paused=True)
        for owner in ("anna", "ben"):
            for number in range(6):
                await ask(client, f"{owner} {number}", Terms(owner=owner))
        await books(client).pause("bfl", paused=False)
        while len(box.world.tasks()) < 6:
            await asyncio.sleep(0.02)
    assert [prompt.split()[0] for prompt in prompts(box)] == ["anna", "ben"] * 3


# what times teach ----------------------------------------------------------------------------------------------------


async def test_times_are_written_down_and_change_what_a_fresh_engine_expects(box: Sandbox, tmp_path: Path) -> None:
    box.world.set_duration(0.4)
    async with gateway(box, tmp_path) as client:
        for number in range(3):
            [job] = (await made(client, f"{number}", model=PRO)).jobs
        samples = await client.engine.store.database.read(lambda connection: history.newest(connection, kind_of(job)))
    assert len(samples) == 3
    assert min(samples) >= 0.4
    async with gateway(box, tmp_path) as fresh:
        assert fresh.engine.experience.at_once(job) == from_catalog(job.seconds)
        learned = await fresh.engine.experience.expectation(job)
        assert learned.learned
        assert learned.usual == sorted(samples)[1]
        assert learned.usual < from_catalog(job.seconds).usual
        [large] = (await made(fresh, "large", model=PRO, image_size="2048x1536")).jobs
        assert kind_of(large).megapixels == 3
        assert not (await fresh.engine.experience.expectation(large)).learned
