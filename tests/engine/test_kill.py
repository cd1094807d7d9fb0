"""kill -9 in each state, for both providers: afterwards our books and the sandbox's agree."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.worlds import ROUTES, billed, environment_for, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot
from fluxroom.store import jobs, open_store

pytestmark = pytest.mark.anyio

SEND = """
import asyncio, sys
from fluxroom.client import AsyncClient
async def main():
    async with AsyncClient() as client:
        print(await client.submit("x", model=sys.argv[1]), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""

WHERE = {
    "submitting": ("submit-slow", 3.0),
    "running": ("none", 1.5),
    "fetching": ("media-drip", 0.1),
}


async def state_reached(data: Path, generation: str, state: str) -> None:
    store = await asyncio.to_thread(open_store, data)
    try:
        while True:
            [job] = await store.database.read(lambda connection: jobs.of_generation(connection, generation))
            if job.state == state:
                return
            assert job.state in {"queued", "submitting", "running", "fetching"}, f"{job.state} before {state}"
            await asyncio.sleep(0.01)
    finally:
        await asyncio.to_thread(store.close)


@pytest.mark.parametrize("state", WHERE)
@pytest.mark.parametrize("provider", ROUTES)
async def test_a_killed_process_loses_nothing_and_pays_nothing_twice(tmp_path: Path, provider: str, state: str) -> None:
    fault, seconds = WHERE[state]
    async with sandbox(seconds=seconds) as box:
        if fault != "none":
            box.world.plan_fault(fault, provider=provider, times=1, value="3")
        data = tmp_path / "data"
        environment = {**os.environ, **environment_for(box, data)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SEND, ROUTES[provider], env=environment, stdout=subprocess.PIPE
        )
        assert process.stdout
        generation = (await process.stdout.readline()).decode().strip()
        await asyncio.wait_for(state_reached(data, generation, state), 20)
        while state == "submitting" and not box.world.tasks():
            await asyncio.sleep(0.01)  # the kill is to fall after the provider took it and before its answer came
        process.kill()
        await process.wait()

        async with AsyncClient(settings=settings_for(box, data)) as client:
            found = await client.engine.wait(generation, 20)
        check_books(found, state)
        assert len(box.world.tasks()) == 1
        if state != "submitting":
            assert len(submits(box)) == 1
            assert found.jobs[0].request_id == billed(box)[0]["id"]


def check_books(found: Snapshot, state: str) -> None:
    [job] = found.jobs
    if state == "submitting":
        # The sandbox took it and nobody holds its ticket: never sent again by itself, and said so.
        assert job.state == "unknown"
        assert job.charge_state == "unknown"
        assert job.error
        assert job.error["code"] == "submit_unknown"
    else:
        assert job.state == "succeeded"
        assert job.charge_state == "charged"
        assert len(found.images) == 1
