"""The command line and the gateway on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx2
import pytest
from tests.postgres.clusters import Cluster
from tests.worlds import billed, environment_for, sandbox

from fluxroom.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


@pytest.fixture
def environment(box: Sandbox, tmp_path: Path, postgres: Cluster) -> dict[str, str]:
    own = {"FLUXROOM_DATABASE_URL": postgres.fresh(), "FLUXROOM_PORT": "0"}
    return {**os.environ, **environment_for(box, tmp_path / "data"), **own}


async def run(environment: dict[str, str], *words: str, code: int = 0) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fluxroom", *words, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == code, err.decode()
    return out.decode(), err.decode()


async def test_commands_work_on_the_shared_database(box: Sandbox, environment: dict[str, str]) -> None:
    out, _ = await run(environment, "generate", "a fox", "-m", "bfl/flux-2-klein-4b", "-o", "fox.png", "--json")
    job = json.loads(out.splitlines()[-1])["jobs"][0]["id"]
    listed, _ = await run(environment, "jobs", "--json")
    assert job in listed
    shown, _ = await run(environment, "jobs", job[-6:])
    assert "succeeded" in shown
    await run(environment, "usage", "--by", "day")
    _, log = await run(environment, "generate", "a fox", "-m", "bfl/flux-2-klein-4b", "-o", "second.png", "-vv")
    assert "Submitting" in log
    assert "planted" not in log
    told, _ = await run(environment, "doctor")
    assert "PostgreSQL at 127.0.0.1:" in told
    assert "planted" not in told
    assert len(billed(box)) == 2


async def test_the_gateway_and_a_worker_share_the_database(box: Sandbox, environment: dict[str, str]) -> None:
    gateway, worker = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", "fluxroom", word, env=environment, stdout=PIPE)
        for word in ("serve", "worker")
    ]
    try:
        address = await said(gateway, r"http://127\.0\.0\.1:\d+")
        await said(worker, "Carries jobs")
        async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
            bodies: list[Any] = [{"prompt": f"fox {n}", "model": "bfl/flux-2-klein-4b"} for n in range(20)]
            answers = await asyncio.gather(
                *(client.post("/v1/generations", json=body, headers={"Prefer": "wait=20"}) for body in bodies)
            )
            states = [job["state"] for answer in answers for job in answer.json()["jobs"]]
            assert states == ["succeeded"] * 20
            page = (await client.get("/v1/generations?limit=50")).text
            assert all(answer.json()["id"] in page for answer in answers)
        for process in (gateway, worker):
            process.send_signal(SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        for process in (gateway, worker):
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert len(billed(box)) == 20


async def said(process: asyncio.subprocess.Process, pattern: str) -> str:
    assert process.stdout
    while line := await asyncio.wait_for(process.stdout.readline(), 30):
        if found := re.search(pattern, line.decode()):
            return found[0]
    raise AssertionError(pattern)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"FLUXROOM_DATABASE_URL": ""}, "FLUXROOM_DATABASE_URL is not set"),
        ({"FLUXROOM_DATABASE_URL": "mysql://me:planted-secret@host/x"}, "must begin with postgresql://"),
        ({"FLUXROOM_DATABASE_URL": "postgresql://me:planted-secret@127.0.0.1:1/x"}, "cannot be reached"),
        ({"FLUXROOM_HEARTBEAT": "0"}, "FLUXROOM_HEARTBEAT"),
    ],
)
async def test_a_worker_says_what_it_lacks(environment: dict[str, str], variables: dict[str, str], words: str) -> None:
    code = 11 if "reached" in words else 2
    out, err = await run({**environment, **variables}, "worker", code=code)
    assert words in err
    assert err.count("\n") == 1
    assert "planted" not in out + err
