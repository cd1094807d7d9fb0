"""What must not stand in the way of what: models at their cap, prepared jobs that wait no more, our own commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.asking import PRO, ask, job_of
from tests.worlds import sandbox, settings_for, settled

from fluxroom.client import AsyncClient
from fluxroom.engine.preparation import AHEAD
from fluxroom.sandbox import Sandbox
from fluxroom.sandbox.pictures import plain_png
from fluxroom.types import Queued, Running

pytestmark = pytest.mark.anyio

CAPPED = "bfl/flux-kontext-max"
"""A model with a cap of its own: six in flight."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


def opened(box: Sandbox, tmp_path: Path, *, everyones: bool = False, **more: Any) -> AsyncClient:
    return AsyncClient(settings=settings_for(box, tmp_path / "data", **more), everyones=everyones)


@pytest.mark.parametrize("everyones", [False, True])
async def test_a_model_at_its_cap_does_not_hide_what_waits_behind_it(
    box: Sandbox, tmp_path: Path, *, everyones: bool
) -> None:
    async with opened(box, tmp_path, everyones=everyones) as client, asyncio.timeout(60):
        for number in range(60):
            await client.submit(f"{number} [[fault:never x*]]", model=CAPPED)
        found = await settled(client, "behind them", model="bfl/flux-2-klein-4b")
        assert found.jobs[0].state == "succeeded"


@pytest.mark.parametrize("everyones", [False, True])
async def test_a_provider_whose_gate_is_full_does_not_hide_the_other(
    box: Sandbox, tmp_path: Path, *, everyones: bool
) -> None:
    box.world.plan_fault("submit-slow", provider="bfl", value="20", times=None)
    async with opened(box, tmp_path, everyones=everyones, submit_gate=2) as client, asyncio.timeout(60):
        for number in range(50):
            await client.submit(str(number), model=PRO)
        found = await settled(client, "at the other one", model="fal/flux-2-pro")
        assert found.jobs[0].state == "succeeded"
        await client.close(drain=0)


async def test_jobs_that_were_prepared_and_cancelled_do_not_hold_the_room_for_ever(
    box: Sandbox, tmp_path: Path
) -> None:
    picture = plain_png(5000)
    box.world.plan_fault("submit-slow", value="0.3", times=None)
    async with opened(box, tmp_path, submit_gate=1) as client, asyncio.timeout(60):
        ready = client.engine._queue._preparation._ready
        for _ in range(3):
            waiting = [await client.submit(str(n), model=PRO, references=[picture]) for n in range(AHEAD + 4)]
            while (await job_of(client, waiting[0])).state == "queued":
                await asyncio.sleep(0.01)
            for generation in waiting[1:]:
                await client.cancel(generation)
        assert len(ready) >= AHEAD - 1, "or this shows nothing"
        for number in range(3):
            found = await settled(client, f"{number} after them", model=PRO, references=[picture])
            assert found.jobs[0].state == "succeeded"


async def test_a_cancelled_wait_is_told_at_once_and_not_by_the_clock(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as client, asyncio.timeout(60):
        await client.engine.throttle.pause(client.engine.accounts["bfl"].id, paused=True)
        generation = await ask(client)
        waiting = asyncio.create_task(client.engine.wait(generation, 9))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await client.cancel(generation)
        assert (await waiting).jobs[0].state == "cancelled"


async def test_our_own_commits_are_no_news_and_others_are(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as one, opened(box, tmp_path) as other, asyncio.timeout(60):
        heard: dict[bool, int] = {True: 0, False: 0}

        async def listen(*, ours: bool) -> None:
            async for _ in one.engine.store.database.changes(ours=ours):
                heard[ours] += 1

        listeners = [asyncio.create_task(listen(ours=ours)) for ours in heard]
        await asyncio.sleep(0.3)
        heard |= {True: 0, False: 0}
        await settled(one, "ours", model=PRO)
        await asyncio.sleep(0.2)
        assert heard[True] > 0
        assert heard[False] == 0
        await settled(other, "theirs", model=PRO)
        await asyncio.sleep(0.2)
        assert heard[False] > 0
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)


async def test_whoever_waits_for_a_paused_account_is_told_so(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as client, asyncio.timeout(60):
        account = client.engine.accounts["bfl"].id
        await client.engine.throttle.pause(account, paused=True)
        generation = await ask(client)
        assert "paused by a person; `fluxroom provider resume bfl` goes on" in await why_until(client, generation, "pa")
        await client.engine.throttle.pause(account, paused=False)
        assert (await client.engine.wait(generation, 9)).jobs[0].state == "succeeded"


async def test_whoever_waits_for_a_provider_that_asked_to_wait_is_told_until_when(box: Sandbox, tmp_path: Path) -> None:
    async with opened(box, tmp_path) as client, asyncio.timeout(60):
        box.world.plan_fault("submit-429", value="2", times=1)
        refused, behind = await ask(client), ""
        while not behind:
            if (await job_of(client, refused)).error:
                behind = await ask(client, "behind it")
            await asyncio.sleep(0.01)
        told = await why_until(client, behind, "the provider asked to wait until")
        assert told.endswith(" UTC")
        assert (await client.engine.wait(behind, 9)).jobs[0].state == "succeeded"


async def why_until(client: AsyncClient, generation: str, beginning: str) -> str:
    """What somebody who watches a job that is queued is told, once it begins like this."""
    async for event in client.engine.events(generation, tick=0.02):
        if isinstance(event, Queued) and event.why.startswith(beginning):
            return event.why
    raise AssertionError("it was never told")


async def test_whoever_watches_is_told_how_long_such_a_job_usually_takes(box: Sandbox, tmp_path: Path) -> None:
    box.world.set_duration(0.5)
    async with opened(box, tmp_path) as client, asyncio.timeout(60):
        told = {event.usual async for event in client.stream("x", model=PRO) if isinstance(event, Running)}
        assert told == {"usually 2–10 s"}
