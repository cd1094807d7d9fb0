"""A provider's status stream that is kept alive and says nothing: the picture is found by asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.worlds import ROUTES, billed, sandbox, settings_for, settled, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import runner
from fluxroom.engine.courier import Courier
from fluxroom.providers import Pending, PollOutcome
from fluxroom.sandbox import Sandbox
from fluxroom.store.jobs import Job

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.mark.parametrize("says", [0, 2], ids=["nothing", "that it runs"])
async def test_a_stream_that_never_ends_keeps_nobody_from_asking(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: int
) -> None:
    ended = list[str]()

    async def kept_alive(self: Courier, job: Job) -> AsyncIterator[PollOutcome]:
        try:
            for _ in range(says):
                yield Pending(phase="IN_PROGRESS")
            await asyncio.Event().wait()
        finally:
            ended.append(job.id)

    monkeypatch.setattr(Courier, "watch", kept_alive)
    monkeypatch.setattr(runner, "_LONGEST_STREAM", 0.5)
    async with AsyncClient(settings=settings_for(box, tmp_path)) as client, asyncio.timeout(60):
        found = await settled(client, "x", model=ROUTES["fal"], wait=50)
    [job] = found.jobs
    assert (job.state, job.charge_state) == ("succeeded", "charged")
    assert ended == [job.id], "its connection is given back"
    assert len(submits(box)) == len(billed(box)) == 1
