"""A person cancels while a job is being sent: what no provider has taken is not sent again, nor elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.asking import job_of
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import Happening
from fluxroom.sandbox import Sandbox
from fluxroom.store.jobs import Job

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


def cancelled_before(monkeypatch: pytest.MonkeyPatch, client: AsyncClient, *last: Happening) -> list[str]:
    """Let a person cancel right before an answer of this kind is written down; returns what the person was told."""
    told: list[str] = []
    move = Ledger.move

    async def interrupted(self: Ledger, job: Job, happening: Happening, *words: Any, **more: Any) -> Any:
        if happening in last and not told:
            told.append("")
            [(_, told[0])] = await client.engine.cancel(job.generation)
        return await move(self, job, happening, *words, **more)

    monkeypatch.setattr(Ledger, "move", interrupted)
    return told


@pytest.mark.parametrize("provider", ROUTES)
async def test_what_was_not_taken_is_not_sent_again(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        told = cancelled_before(monkeypatch, client, Happening.NOT_TAKEN)
        found = await settled(client, "x [[fault:submit-429 x1]]", model=ROUTES[provider])
    [job] = found.jobs
    assert (job.state, job.charge_state) == ("cancelled", "not_charged")
    assert "is just being sent" in told[0]
    assert len(submits(box)) <= 1
    assert not billed(box)


async def test_what_one_provider_refused_is_not_sent_to_another(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        told = cancelled_before(monkeypatch, client, Happening.REFUSED)
        found = await settled(client, "x [[fault:submit-402 x1]]", model="flux-2-pro")
    assert [(job.state, job.charge_state) for job in found.jobs] == [("cancelled", "not_charged")]
    assert told
    assert len(submits(box)) == 1
    assert not billed(box)


@pytest.mark.parametrize("provider", ROUTES)
async def test_what_was_taken_goes_on(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        told = cancelled_before(monkeypatch, client, Happening.ACCEPTED)
        found = await settled(client, "x", model=ROUTES[provider])
    assert [job.state for job in found.jobs] == ["succeeded"]
    assert "goes on and is charged" in told[0]
    assert len(billed(box)) == 1


async def test_a_generation_is_withdrawn_as_a_whole_or_not_at_all(box: Sandbox, tmp_path: Path) -> None:
    """A paused run takes back what waits: three of four pictures would be lost, since an item is made as one."""
    async with AsyncClient(settings=settings_for(box, tmp_path, submit_gate=1)) as client, asyncio.timeout(60):
        box.world.plan_fault("submit-slow", value="0.5")
        some = await client.submit("four", model="bfl/flux-2-pro", num_images=4)
        while "submitting" not in {job.state for job in (await client.snapshot(some)).jobs}:
            await asyncio.sleep(0.01)
        none = await client.submit("none of it yet", model="bfl/flux-2-pro", num_images=2)
        assert not await client.engine.withdraw(some)
        assert await client.engine.withdraw(none)
        assert {job.state for job in (await client.snapshot(none)).jobs} == {"cancelled"}
        found = await client.engine.wait(some, 50)
        assert [job.state for job in found.jobs] == ["succeeded"] * 4


async def test_who_sends_a_job_again_wants_it(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of before does not hold for the attempt that a person has asked for since."""
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        cancelled_before(monkeypatch, client, Happening.DOUBT)
        found = await settled(client, "x [[fault:submit-drop-before x1]]", model="bfl/flux-2-pro")
        assert found.jobs[0].state == "unknown"
        box.world.plan_fault("submit-429", value="0")
        await client.engine.resolve(found.jobs[0].id, "retry")
        await client.engine.wait(found.generation.id, 50)
        assert (await job_of(client, found.generation.id)).state == "succeeded"
