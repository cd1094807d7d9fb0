"""The database cannot be asked at a bad moment: whoever needs it asks again, and no job is left lying."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.asking import PRO, job_of
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import Engine, elsewhere
from fluxroom.engine.accounts import accounts
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.lifecycle import Happening
from fluxroom.engine.routing import plan
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.errors import DatabaseUnavailable
from fluxroom.sandbox import Sandbox
from fluxroom.store import jobs, open_store
from fluxroom.types import Request

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


def fails_at_first(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, times: int = 2) -> list[None]:
    """Let a function that asks the database fail so often; returns a list of its failures."""
    whole, failed = getattr(owner, name), list[None]()

    def broken(*arguments: Any) -> Any:
        if len(failed) < times:
            failed.append(None)
            raise DatabaseUnavailable
        return whole(*arguments)

    monkeypatch.setattr(owner, name, broken)
    return failed


@pytest.mark.parametrize("provider", ROUTES)
async def test_a_refusal_waits_until_it_is_known_whether_the_job_can_go_elsewhere(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    failed = fails_at_first(monkeypatch, elsewhere, "_read")
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        found = await settled(client, "x [[fault:submit-402 x1]]", model=ROUTES[provider])
    [job] = found.jobs
    assert (job.state, job.charge_state, len(failed)) == ("failed", "not_charged", 2)
    assert job.error
    assert job.error["code"] == "insufficient_credits"
    assert not billed(box)


async def test_news_that_could_not_be_read_are_read_later(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    async with AsyncClient(settings=settings_for(box, data), everyones=True) as gateway, asyncio.timeout(60):
        await settled(gateway, "it works", model=PRO)
        failed = fails_at_first(monkeypatch, jobs, "news")
        # A process that only writes down: the gateway learns of the job by the news.
        settings = settings_for(box, data)
        store = open_store(data)
        scribe = Engine(store, accounts(settings), settings, transport=AiohttpTransport(), everyones=False)
        request = Request(model=PRO, prompt="x")
        generation = await scribe.submit(request, plan(request, scribe.accounts, settings))
        while (await job_of(gateway, generation)).state != "succeeded":
            await asyncio.sleep(0.02)
        assert len(failed) == 2
        await scribe.courier.transport.close()
        store.close()


async def test_a_fault_of_ours_while_a_ticket_is_written_down_leaves_the_job_in_doubt(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Ledger.move

    async def broken(self: Ledger, job: jobs.Job, happening: Happening, *arguments: Any, **named: Any) -> Any:
        if happening is Happening.ACCEPTED:
            raise RuntimeError("a fault of ours")
        return await move(self, job, happening, *arguments, **named)

    monkeypatch.setattr(Ledger, "move", broken)
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        generation = await client.submit("x", model=PRO)
        while (job := (await client.snapshot(generation)).jobs[0]).state in {"queued", "submitting"}:
            await asyncio.sleep(0.02)
    assert (job.state, job.charge_state) == ("unknown", "unknown")
    assert len(submits(box)) == 1
