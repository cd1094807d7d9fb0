"""A pipeline whose gateway is killed -9 in the middle, on both databases: it goes on, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.server.test_webhooks_out import receiving
from tests.worlds import billed, environment_for, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.flows.pipelines.files import read
from fluxroom.sandbox import Sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

EVENING = """
version: 1
name: evening
mode: checkpoint
inputs: {product: {kind: text, default: a cup}}
steps:
  - {name: words, do: prompt, template: "{{inputs.product}} on {marble|oak|linen|slate}"}
  - {name: shots, do: generate, model: flux-2-pro, prompt: "{{steps.words.texts}}", checkpoint: true}
  - {name: best, do: select, from: "{{steps.shots.images}}", first: 2}
  - {name: night, do: edit, model: flux-2-pro, each: "{{steps.best.images}}", references: ["{{item}}"], prompt: dark}
"""
# No seeds: the cache could not hide that something was made twice.


class Gateway:
    """`fluxroom serve` in a process of its own."""

    def __init__(self, process: Process, address: str) -> None:
        self.process = process
        self.http = httpx2.AsyncClient(base_url=address, timeout=60)

    async def get(self, path: str) -> Any:
        return (await self.http.get(path)).json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.http.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def until(self, run: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The run once it is so."""
        while not fits(found := await self.get(f"/v1/runs/{run}")):
            await asyncio.sleep(0.02)
        assert isinstance(found, dict)
        return found

    async def tickets(self, number: int) -> None:
        """Wait until the provider has taken so many jobs, and that is written down."""
        while True:
            states = Counter(job["state"] for job in (await self.get("/v1/jobs?limit=100"))["jobs"])
            if states["running"] + states["fetching"] + states["succeeded"] >= number:
                return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        await self.http.aclose()
        self.process.kill()
        await self.process.wait()


Start = Callable[[], Awaitable[Gateway]]


@asynccontextmanager
async def gateways(box: Sandbox, folder: Path, database: str) -> AsyncIterator[Start]:
    """Starts gateways on one data folder, one after the other; the last one is ended."""
    environment = {**os.environ, **environment_for(box, folder), "FLUXROOM_HEARTBEAT": "0.5"}
    environment |= {"FLUXROOM_DATABASE_URL": database} if database else {}
    started: list[Gateway] = []

    async def start() -> Gateway:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fluxroom", "serve", "--port", "0", env=environment, stdout=PIPE
        )
        assert process.stdout
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                started.append(Gateway(process, found[0]))
                return started[-1]
        raise AssertionError("the gateway did not start")

    try:
        yield start
    finally:
        for one in started:
            if one.process.returncode is None:
                await one.kill()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres").fresh())


def resting(run: dict[str, Any]) -> bool:
    return str(run["state"]) != "running"


async def test_killed_in_every_part_it_goes_on_and_pays_each_picture_once(database: str, tmp_path: Path) -> None:
    async with sandbox(seconds=1.5) as box, gateways(box, tmp_path / "data", database) as start:
        first = await start()
        run = (await first.post("/v1/pipelines", {"pipeline": EVENING}))["id"]
        await first.tickets(4)
        await first.kill()  # while its first pictures are made

        second = await start()
        waiting = await second.until(run, resting)
        assert (waiting["state"], waiting["waits_for"]["step"]) == ("review", "shots")
        assert len(waiting["waits_for"]["images"]) == len(billed(box)) == 4
        await second.kill()  # while a person looks

        third = await start()
        assert (await third.get(f"/v1/runs/{run}"))["waits_for"] == waiting["waits_for"]
        await third.post(f"/v1/pipelines/{run}/steps/shots/approve")
        await third.tickets(6)
        await third.kill()  # while its last pictures are made

        last = await start()
        ended = await last.until(run, resting)
        assert (ended["state"], ended["counts"]) == ("finished", {"done": 6})
        assert len(submits(box)) == len(billed(box)) == 6
        assert [len(ended["spec"]["results"][step]["images"]) for step in ("shots", "best", "night")] == [4, 2, 2]
        jobs = (await last.get("/v1/jobs?limit=100"))["jobs"]
        assert Counter(job["state"] for job in jobs) == {"succeeded": 6}
        assert len((await last.get("/v1/images?limit=50"))["images"]) == 6


async def test_killed_again_and_again_among_two_hundred_jobs(database: str, tmp_path: Path) -> None:
    """Whatever is under way at a kill goes on from its ticket; what is in doubt is told, and never sent again."""
    ten = "{0|1|2|3|4|5|6|7|8|9}"
    text = f"""
version: 1
name: many
steps:
  - {{name: words, do: prompt, template: "{{cup|bowl}} {ten}{ten}"}}
  - {{name: shots, do: generate, model: flux-2-klein-4b, prompt: "{{{{steps.words.texts}}}}", image_size: 64x64}}
"""
    async with sandbox(seconds=0.3) as box, gateways(box, tmp_path / "data", database) as start:
        gateway = await start()
        run = (await gateway.post("/v1/pipelines", {"pipeline": text}))["id"]
        for number in (30, 80, 130):
            await gateway.until(run, lambda found, number=number: found["counts"].get("done", 0) >= number)  # type: ignore[misc]
            await gateway.kill()
            gateway = await start()
        ended = await gateway.until(run, resting)
        doubtful = ended["counts"].get("unknown", 0)
        if doubtful:
            assert (ended["state"], "in doubt" in ended["why"]) == ("paused", True)
            for job in (await gateway.get("/v1/jobs?state=unknown&limit=100"))["jobs"]:
                await gateway.post(f"/v1/jobs/{job['id']}/resolve", {"choice": "abandon"})
            await gateway.until(run, lambda found: not found["counts"].get("unknown"))
            await gateway.post(f"/v1/runs/{run}/resume")
            ended = await gateway.until(run, resting)
        assert ended["state"] == "finished"
        assert (ended["total"], ended["counts"]["done"] + doubtful) == (200, 200)
        sent = Counter(str(task["input"]["prompt"]) for task in box.world.tasks())
        assert set(sent.values()) == {1}  # nothing twice
        assert ended["counts"]["done"] <= len(sent) <= 200
        assert len(ended["spec"]["results"]["shots"]["images"]) == ended["counts"]["done"]


async def test_killed_while_it_sends_what_is_in_doubt_waits_for_a_person(database: str, tmp_path: Path) -> None:
    async with sandbox(seconds=0.2) as box, gateways(box, tmp_path / "data", database) as start:
        box.world.plan_fault("submit-slow", value="60", times=4)
        first = await start()
        run = (await first.post("/v1/pipelines", {"pipeline": EVENING}))["id"]
        while len(box.world.tasks()) < 4:
            await asyncio.sleep(0.01)
        await first.kill()  # the provider has the jobs, and nobody has its answers

        second = await start()
        paused = await second.until(run, resting)
        assert paused["state"] == "paused"
        assert paused["why"].startswith("Step shots: 4 of its requests are in doubt.")
        assert len(box.world.tasks()) == 4  # nothing is sent again by itself
        for job in (await second.get("/v1/jobs?state=unknown&limit=10"))["jobs"]:
            await second.post(f"/v1/jobs/{job['id']}/resolve", {"choice": "retry"})
        settled = await second.until(run, lambda found: bool(found["counts"].get("done") == 4))
        assert settled["state"] == "paused"
        await second.post(f"/v1/runs/{run}/resume")
        waiting = await second.until(run, resting)
        assert (waiting["state"], len(waiting["waits_for"]["images"])) == ("review", 4)
        # What was paid twice is what a person has ordered twice, and no more.
        assert len(box.world.tasks()) == 8


async def test_killed_with_a_message_to_send_it_is_sent_under_the_same_id(database: str, tmp_path: Path) -> None:
    with receiving() as receiver:
        text = f"""{EVENING.replace("mode: checkpoint", "mode: auto")}
  - {{name: film, do: webhook, url: "{receiver.url}", images: "{{{{steps.night.images}}}}"}}
"""
        receiver.statuses[:] = [503]
        async with sandbox(seconds=0.1) as box, gateways(box, tmp_path / "data", database) as start:
            first = await start()
            run = (await first.post("/v1/pipelines", {"pipeline": text}))["id"]
            while not receiver.heard:
                await asyncio.sleep(0.01)
            await first.kill()  # it was tried once, and not taken
            second = await start()
            ended = await second.until(run, resting)
            if ended["state"] == "paused":  # killed before the outcome was written down
                await second.post(f"/v1/runs/{run}/resume")
                ended = await second.until(run, resting)
            assert ended["state"] == "finished"
            assert len(billed(box)) == 6
        assert len(receiver.ids) >= 2
        assert set(receiver.ids) == {ended["spec"]["results"]["film"]["message"]}


async def test_a_command_that_is_killed_is_gone_on_with_by_another(tmp_path: Path) -> None:
    async with sandbox(seconds=1.0) as box:
        file = tmp_path / "evening.yaml"
        file.write_text(EVENING)
        environment = {**os.environ, **environment_for(box, tmp_path / "data")}
        command = [sys.executable, "-m", "fluxroom", "pipeline", "run", str(file), "--yes", "--json"]
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
        while len([task for task in box.world.tasks() if task["started"]]) < 4:
            await asyncio.sleep(0.01)
        # The answers of the submits are on their way; they are written down well before the pictures are ready.
        while not [line for line in box.world.requests() if line["method"] == "GET"]:
            await asyncio.sleep(0.01)
        process.kill()
        await process.communicate()
        async with AsyncClient(settings=settings_for(box, tmp_path / "data"), everyones=True) as client:
            runs: Any = client.runs
            from fluxroom.store.runs import Wanted

            (run,) = await runs.page(Wanted(kind="pipeline"))
            run = await runs.rest(run["id"])
            assert run["state"] in {"review", "paused"}
            assert len(submits(box)) == 4
            if run["state"] == "review":
                await runs.approve(run["id"], "shots")
                assert (await runs.rest(run["id"]))["state"] == "finished"
                assert len(billed(box)) == 6
        assert read(EVENING).mode == "checkpoint"
