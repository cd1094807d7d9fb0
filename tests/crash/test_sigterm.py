"""SIGTERM: submits under way are finished and written down, everything else is handed over, and the process ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.crash import ledger
from tests.crash.audit import audit
from tests.crash.crew import Worker, crew, until
from tests.crash.harness import BACKLOG, CAPS, faults_of_ours, settings_of, watched_sandbox
from tests.crash.test_freeze import come_to_rest
from tests.crash.worker import Orders
from tests.worlds import ROUTES, environment_for

from fluxroom.client import AsyncClient
from fluxroom.sandbox import Sandbox
from fluxroom.settings import load

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

HANGS = 60.0
"""Seconds until the provider answers a submit that hangs: a process that waited for it would be seen."""

ROUNDS = 3


def worker(box: Sandbox, folder: Path, *, seed: int, backlog: int = 0, answer: float = 0.2) -> Worker:
    settings = settings_of(box, folder)
    orders = Orders(
        settings, folder, seed=seed, backlog=backlog, answer=answer, troubles=False, changes=("short-pauses",)
    )
    return Worker(orders)


def sends(folder: Path, one: Worker, jobs: int) -> bool:
    return len(ledger.sending(folder, one.pid)) >= jobs


async def test_it_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with watched_sandbox() as box:
        with crew() as workers:
            for seed in range(ROUNDS):
                one = worker(box, folder, seed=seed, backlog=BACKLOG)
                workers.append(one)
                await one.start()
                await until(partial(sends, folder, one, 3))
                one.ask_to_leave()
                assert await one.gone() == 0
                assert ledger.sending(folder, one.pid) == set()
                assert list((folder / "locks").iterdir()) == []
            last = worker(box, folder, seed=ROUNDS)
            workers.append(last)
            await last.start()
            await come_to_rest(box, folder, last)
        found = audit(ledger.read_jobs(folder), box.world.tasks(), box.world.peaks(), CAPS)
    assert [*found.wrong, *faults_of_ours(folder)] == []
    assert set(found.states) == {"succeeded"}


async def test_a_submit_that_hangs_does_not_hold_it_up_and_is_in_doubt_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with watched_sandbox() as box:
        with crew() as workers:
            one = worker(box, folder, seed=1, backlog=1, answer=HANGS)
            workers.append(one)
            await one.start()
            await until(partial(sends, folder, one, 4))
            began = box.world.now()
            one.ask_to_leave()
            assert await one.gone() == 0
            # The drain is ten seconds; the rest is a slow machine's.
            assert box.world.now() - began < HANGS / 2
            hung = ledger.sending(folder, one.pid)
            last = worker(box, folder, seed=2)
            workers.append(last)
            await last.start()
            await come_to_rest(box, folder, last)
        found = audit(ledger.read_jobs(folder), box.world.tasks(), box.world.peaks(), CAPS)
    assert found.wrong == []
    rows = ledger.read_jobs(folder)
    assert hung
    assert {(row.state, row.code) for row in rows if row.id in hung} == {("unknown", "submit_unknown")}


@asynccontextmanager
async def gateway(environment: dict[str, str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A real gateway and its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fluxroom", "serve", "--port", "0"),
        stdout=subprocess.PIPE,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).strip().startswith("page"):
                assert line, "the gateway ended"
        yield process, line.split()[1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _ask_for(address: str, **body: Any) -> str:
    call = urllib.request.Request(
        f"{address}/v1/generations", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(call, timeout=60) as answer:
        return str(json.loads(answer.read())["id"])


@pytest.mark.parametrize("provider", ROUTES)
async def test_the_gateway_writes_the_ticket_down_before_it_ends(tmp_path: Path, provider: str) -> None:
    folder = tmp_path / "data"
    async with watched_sandbox() as box:
        box.world.plan_fault("submit-slow", times=1, value="1")
        async with gateway(environment_for(box, folder)) as (process, address):
            generation = await asyncio.to_thread(_ask_for, address, prompt="x", model=ROUTES[provider])
            await until(box.world.tasks)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
        assert ledger.counts(folder)["submitting"] == 0
        async with AsyncClient(settings=load(**settings_of(box, folder) | _keys())) as client:
            found = await client.engine.wait(generation, 60)
            assert found.jobs[0].state == "succeeded"
        assert len(box.world.tasks()) == 1


def _keys() -> dict[str, str]:
    """The keys that the gateway was started with: another account would not touch its jobs."""
    return {"bfl_api_key": "bfl-test-key", "fal_key": "fal-test-id:fal-test-secret"}
