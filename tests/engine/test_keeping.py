"""A picture that was paid for is fetched for as long as the provider says that it has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient, PartialResultWarning
from fluxroom.engine.pacing import GONE_PATIENCE, TICKET_LIFE, SystemClock
from fluxroom.errors import WaitEnded
from fluxroom.providers import Gone, PollOutcome
from fluxroom.sandbox import Sandbox
from fluxroom.server.generations import answers
from fluxroom.store.jobs import Job, events

pytestmark = pytest.mark.anyio


class Fast(SystemClock):
    """A clock on which every pause between two tries is over at once, and is remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(0.005)


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture
async def clock() -> Fast:
    return Fast()


@pytest.fixture
async def client(box: Sandbox, tmp_path: Path, clock: Fast) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(settings=settings_for(box, tmp_path / "data")) as one:
        one.engine._ledger.clock = clock
        yield one


async def fetching(client: AsyncClient, prompt: str, provider: str) -> str:
    """Send a request and wait until its pictures are fetched in vain."""
    generation = await client.submit(prompt, model=ROUTES[provider])
    while (await client.snapshot(generation)).jobs[0].state != "fetching":
        await asyncio.sleep(0.01)
    return generation


@pytest.mark.parametrize("fault", ["media-403 x40", "media-html x40"])
@pytest.mark.parametrize("provider", ROUTES)
async def test_many_broken_downloads_do_not_lose_a_picture_that_comes_in_the_end(
    client: AsyncClient, box: Sandbox, clock: Fast, provider: str, fault: str
) -> None:
    generation = await fetching(client, f"x [[fault:{fault}]]", provider)
    found = await client.engine.wait(generation, 30)
    assert [job.state for job in found.jobs] == ["succeeded"]
    assert sum(clock.slept) > 600, "longer than anybody waits"
    assert max(clock.slept) <= 72, "at least about once a minute"
    assert len(submits(box)) == len(billed(box)) == 1


async def test_whoever_waits_is_told_that_it_goes_on(client: AsyncClient) -> None:
    generation = await fetching(client, "x [[fault:media-403 x*]]", "bfl")
    with pytest.raises(WaitEnded, match="fetching and goes on"):
        await client.engine.wait(generation, 0.1)


async def test_after_a_day_it_is_lost_and_charged(client: AsyncClient, clock: Fast) -> None:
    generation = await fetching(client, "x [[fault:media-403 x*]]", "bfl")
    clock.slept.append(TICKET_LIFE)
    [job] = (await client.engine.wait(generation, 30)).jobs
    assert (job.state, job.charge_state) == ("lost", "charged")
    assert job.error
    assert "a day of tries" in job.error["message"]


@pytest.mark.parametrize("provider", ROUTES)
async def test_it_is_lost_when_the_provider_says_for_a_while_that_it_is_gone(
    client: AsyncClient, clock: Fast, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = await fetching(client, "x [[fault:media-403 x*]]", provider)
    ask = client.engine.courier.ask
    asked: list[float] = []

    async def gone(job: Job) -> PollOutcome:
        asked.append(clock.monotonic())
        return await ask(job) if len(asked) == 2 else Gone()

    monkeypatch.setattr(client.engine.courier, "ask", gone)
    [job] = (await client.engine.wait(generation, 30)).jobs
    assert (job.state, job.charge_state) == ("lost", "charged")
    assert job.error
    assert "no longer gives the picture out" in job.error["message"]
    assert len(asked) >= 4, "one answer is no last word"
    assert asked[-1] - asked[2] >= GONE_PATIENCE


async def test_a_picture_that_comes_at_once_is_one_commit_with_a_row_for_every_state(client: AsyncClient) -> None:
    generation = await client.submit("x", model="bfl/flux-2-pro")
    await client.engine.wait(generation, 30)
    rows = await client.engine.store.database.read(lambda connection: events(connection, generation))
    assert [row["to_state"] for row in rows] == ["queued", "submitting", "running", "fetching", "succeeded"]
    assert [row["from_state"] for row in rows] == ["", "queued", "submitting", "running", "fetching"]
    assert rows[-1]["at"] == rows[-2]["at"], "one change"


async def test_a_slow_picture_is_first_written_down_as_being_fetched(client: AsyncClient) -> None:
    generation = await fetching(client, "x [[fault:media-drip=2]]", "bfl")
    [job] = (await client.snapshot(generation)).jobs
    assert (job.charge_state, job.ready_at > 0) == ("charged", True)
    assert (await client.engine.wait(generation, 30)).jobs[0].state == "succeeded"


async def test_pictures_that_moderation_kept_back_are_counted_and_told(client: AsyncClient, box: Sandbox) -> None:
    prompt = "four [[fault:moderated-output=3]]"
    with pytest.warns(PartialResultWarning, match=r"3 of 4 pictures were withheld by the provider's moderation\."):
        [picture] = await client.generate(prompt, model="fal/flux-2-dev", num_images=4)
    job = await client.job(picture.job)
    assert (job.state, job.withheld) == ("succeeded", 3)
    assert job.error
    assert job.error["code"] == "moderated_output"
    assert len(billed(box)) == 1
    assert answers.job(job, []).model_dump()["withheld"] == 3
    assert answers.job(job, []).error is None


async def test_nothing_is_withheld_of_a_job_that_gave_all_or_none(client: AsyncClient) -> None:
    whole = await settled(client, "x", model="fal/flux-2-dev", num_images=2)
    none = await settled(client, "x [[fault:moderated-output]]", model="fal/flux-2-dev", num_images=2)
    assert [(job.state, job.withheld) for job in (*whole.jobs, *none.jobs)] == [
        ("succeeded", 0),
        ("moderated_output", 0),
    ]
