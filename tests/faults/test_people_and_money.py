"""What a person decides about a job in doubt, what a restart does not do, and what receipts say besides the matrix."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.faults.stage import LONG, opened, shorten
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine.lifecycle import State

pytestmark = pytest.mark.anyio

IN_DOUBT = ("submit-drop-after", "submit-502-taken", "submit-cut", "submit-refused")


@pytest.mark.parametrize("fault", IN_DOUBT)
@pytest.mark.parametrize("provider", ROUTES)
async def test_a_job_in_doubt_is_not_sent_again_by_a_restart(tmp_path: Path, provider: str, fault: str) -> None:
    async with sandbox() as box:
        box.world.plan_fault(fault, times=1)
        settings = settings_for(box, tmp_path / "data")
        async with AsyncClient(settings=settings) as client:
            doubtful = await settled(client, "x", model=ROUTES[provider], wait=LONG)
        for _ in range(2):
            async with AsyncClient(settings=settings, everyones=True) as client:
                # A later job of the same route goes through, so the older one was looked at and left alone.
                assert (await settled(client, "y", model=ROUTES[provider], wait=LONG)).jobs[0].state == "succeeded"
                assert (await client.snapshot(doubtful.generation.id)).jobs[0].state == "unknown"
        assert len(submits(box)) == 3


@pytest.mark.parametrize("provider", ROUTES)
async def test_only_a_person_pays_twice(tmp_path: Path, provider: str) -> None:
    async with opened(tmp_path / "data") as (box, client, _):
        box.world.plan_fault("submit-drop-after", times=1)
        found = await settled(client, "x", model=ROUTES[provider], wait=LONG)
        assert found.jobs[0].state == "unknown"
        await client.resolve(found.jobs[0].id, "retry")
        again = await client.engine.wait(found.generation.id, LONG)
        assert again.jobs[0].state == "succeeded"
        assert again.jobs[0].attempt == 2
        assert len(billed(box)) == len(submits(box)) == 2


@pytest.mark.parametrize("provider", ROUTES)
async def test_giving_a_job_up_sends_nothing_and_does_not_say_that_it_was_free(tmp_path: Path, provider: str) -> None:
    async with opened(tmp_path / "data") as (box, client, _):
        box.world.plan_fault("submit-drop-after", times=1)
        found = await settled(client, "x", model=ROUTES[provider], wait=LONG)
        job = await client.resolve(found.jobs[0].id, "abandon")
        assert (job.state, job.charge_state) == (State.ABANDONED, "unknown")
        assert len(box.world.tasks()) == len(submits(box)) == 1


@pytest.mark.parametrize("answer", ["submit-503", "submit-429=0"])
@pytest.mark.parametrize("provider", ROUTES)
async def test_a_retry_after_a_refusal_is_the_same_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, answer: str
) -> None:
    shorten(monkeypatch)
    async with opened(tmp_path / "data") as (box, client, _):
        found = await settled(client, f"x [[fault:{answer} x4]]", model=ROUTES[provider], wait=LONG)
        assert (found.jobs[0].state, found.jobs[0].attempt) == ("succeeded", 5)
        assert (len(submits(box)), len(billed(box))) == (5, 1)


async def test_a_black_picture_is_a_refusal_that_was_charged_and_the_receipt_says_how_much(tmp_path: Path) -> None:
    """fal paints a flagged picture of an open model black, answers 200 and counts it as made."""
    async with opened(tmp_path / "data") as (box, client, _):
        found = await settled(client, "x [[fault:moderated-output]]", model="fal/flux-2-dev", wait=LONG)
        [job], [task] = found.jobs, billed(box)
        assert (job.state, job.charge_state) == ("moderated_output", "charged")
        assert job.charged == Decimal(str(task["amount_usd"]))


async def test_a_seat_that_a_job_in_doubt_gives_back_is_taken_at_once(tmp_path: Path) -> None:
    """Its grace ends without anything happening that would wake somebody."""
    async with opened(tmp_path / "data", bfl_cap=1, unknown_grace=0.5) as (box, client, _):
        box.world.plan_fault("submit-drop-after", times=1)
        doubtful = await settled(client, "x", model=ROUTES["bfl"], wait=LONG)
        assert doubtful.jobs[0].state == "unknown"
        following = await settled(client, "y", model=ROUTES["bfl"], wait=LONG)
        assert following.jobs[0].state == "succeeded"
        assert following.jobs[0].submitted_at >= doubtful.jobs[0].seat_until
