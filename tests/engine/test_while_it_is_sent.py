"""What happens around a submit while its answer is on the way: other processes, people, full disks, lost pictures."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from sqlalchemy import Connection
from tests.engine.asking import job_of
from tests.worlds import ROUTES, billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import submission
from fluxroom.engine.limits import Throttle
from fluxroom.engine.owners import Presence
from fluxroom.engine.transport import AiohttpTransport, InterruptedCallError, NotSentError
from fluxroom.errors import StorageBusy, StorageFull, StorageUnwritable
from fluxroom.providers import Call, Reply
from fluxroom.store import jobs
from fluxroom.store.jobs import Move

pytestmark = pytest.mark.anyio

Meanwhile = Callable[[], Awaitable[None]]


class Watched(AiohttpTransport):
    """Lets something happen between the provider's answer to a submit and our reading of it."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Meanwhile | None = None
        self.broken: dict[str, Exception] = {}

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109
        for part, error in self.broken.items():
            if part in call.url:
                raise error
        reply = await super().request(call, headers, timeout=timeout)
        if call.method == "POST" and self.meanwhile is not None:
            step, self.meanwhile = self.meanwhile, None
            await step()
        return reply


async def sent_to(client: AsyncClient, generation: str, *ways: tuple[str, str]) -> None:
    """Another process, or a person, moves the only job of a generation."""
    job = await job_of(client, generation)

    def work(connection: Connection) -> None:
        for source, target in ways:
            change = Move(
                job=job.id,
                generation=generation,
                from_states=(source,),
                to_state=target,
                why="meanwhile",
                at=2_000_000_000.0,
                changes={"seat_until": 0.0},
            )
            assert jobs.move(connection, change)

    await client.engine.store.database.write(work)


async def submitted(client: AsyncClient, transport: Watched, route: str, *ways: tuple[str, str]) -> str:
    """A generation whose job is moved while its answer is on the way."""
    ids: list[str] = []
    happened = asyncio.Event()

    async def meanwhile() -> None:
        while not ids:
            await asyncio.sleep(0.005)
        await sent_to(client, ids[0], *ways)
        happened.set()

    transport.meanwhile = meanwhile
    ids.append(await client.submit("a fox", model=route, seed=1))
    async with asyncio.timeout(60):
        await happened.wait()
    return ids[0]


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_a_job_that_was_given_up_meanwhile_stays_given_up_and_the_log_has_the_ticket(
    tmp_path: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody must be able to find a picture that was paid for."""
    transport = Watched()
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path), transport=transport) as client:
        with caplog.at_level(logging.ERROR, "fluxroom"):
            generation = await submitted(
                client, transport, ROUTES[provider], ("submitting", "unknown"), ("unknown", "abandoned")
            )
            async with asyncio.timeout(60):
                while "a ticket came too late" not in caplog.text:
                    await asyncio.sleep(0.01)
        [task] = box.world.tasks()
        assert str(task["id"]) in caplog.text
        assert (await job_of(client, generation)).state == "abandoned"
        assert len(submits(box)) == 1


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_a_retry_that_a_person_asked_for_meanwhile_is_not_paid_twice(tmp_path: Path, provider: str) -> None:
    transport = Watched()
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path), transport=transport) as client:
        generation = await submitted(
            client, transport, ROUTES[provider], ("submitting", "unknown"), ("unknown", "queued")
        )
        found = await client.engine.wait(generation, 20)
        assert [job.state for job in found.jobs] == ["succeeded"]
        assert len(submits(box)) == len(billed(box)) == 1


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_a_process_that_was_taken_for_dead_heals_its_own_job(tmp_path: Path, provider: str) -> None:
    transport = Watched()
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path), transport=transport) as client:
        generation = await submitted(client, transport, ROUTES[provider], ("submitting", "unknown"))
        async with asyncio.timeout(60):
            while (await job_of(client, generation)).state != "succeeded":
                await asyncio.sleep(0.02)
        assert len(submits(box)) == len(billed(box)) == 1


@pytest.mark.parametrize("error", [StorageFull(), StorageBusy(), StorageUnwritable("read-only")])
async def test_what_a_provider_teaches_is_not_worth_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The ticket is on disk; that the cap could not be noted must not end the job."""

    async def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Throttle, "taken", refuse)
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        generation = await client.submit("a fox", model=ROUTES["bfl"], seed=1)
        found = await client.engine.wait(generation, 20)
        assert [job.state for job in found.jobs] == ["succeeded"]


# cancelling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [NotSentError("refused"), InterruptedCallError("reset")])
async def test_a_provider_that_cannot_be_asked_to_cancel_is_said_and_the_job_goes_on(
    tmp_path: Path, broken: Exception
) -> None:
    transport = Watched()
    async with (
        sandbox(seconds=1.0) as box,
        AsyncClient(settings=settings_for(box, tmp_path), transport=transport) as client,
    ):
        generation = await client.submit("a fox", model=ROUTES["fal"], seed=1)
        async with asyncio.timeout(60):
            while (await job_of(client, generation)).state != "running":
                await asyncio.sleep(0.01)
        transport.broken["/cancel"] = broken
        [(_, said)] = await client.cancel(generation)
        assert said.startswith("fal could not be asked to cancel")
        assert "the job goes on" in said
        found = await client.engine.wait(generation, 20)
        assert [job.state for job in found.jobs] == ["succeeded"]
        [(_, said)] = await client.cancel(generation)
        assert said == "it has already ended: succeeded"


async def test_bfl_cannot_cancel_and_says_what_that_costs(tmp_path: Path) -> None:
    async with sandbox(seconds=0.5) as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        generation = await client.submit("a fox", model=ROUTES["bfl"], seed=1)
        async with asyncio.timeout(60):
            while (await job_of(client, generation)).state != "running":
                await asyncio.sleep(0.01)
        [(_, said)] = await client.cancel(generation)
        assert "is charged" in said
        assert (await client.engine.wait(generation, 20)).jobs[0].charge_state == "charged"


# pictures that are gone before their job is sent ---------------------------------------------------------------------


def photo() -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (320, 240), (10, 90, 200)).save(file, "PNG")
    return file.getvalue()


async def broken_before_it_is_sent(client: AsyncClient) -> dict[str, Any]:
    generation = await client.submit("make it red", model=ROUTES["bfl"], references=[photo()])
    found = await client.engine.wait(generation, 20)
    [job] = found.jobs
    assert (job.state, job.charge_state, job.charged) == ("failed", "not_charged", Decimal(0))
    assert job.error is not None
    return dict(job.error)


async def test_a_reference_whose_bytes_are_gone_ends_the_job_for_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        real = client.engine.store.blobs.get

        def gone(digest: str) -> bytes:
            for file in (tmp_path / "blobs").rglob(digest):
                file.unlink()
            return real(digest)

        monkeypatch.setattr(client.engine.store.blobs, "get", gone)
        error = await broken_before_it_is_sent(client)
        assert error["code"] == "not_found"
        assert submits(box) == []


async def test_a_fault_of_ours_before_sending_ends_the_job_for_free_instead_of_hanging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_data: bytes) -> None:
        raise RuntimeError("a fault of ours with a /secret/path")

    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        monkeypatch.setattr(submission, "probe", broken)
        error = await broken_before_it_is_sent(client)
        assert "RuntimeError" in str(error["message"])
        assert "secret" not in str(error)
        assert submits(box) == []


# signs of life -------------------------------------------------------------------------------------------------------


def test_a_folder_that_takes_no_lock_is_said_in_our_words(tmp_path: Path) -> None:
    with pytest.raises(StorageUnwritable):
        Presence(tmp_path / "not" / "there").enter()


def test_a_process_is_alive_until_it_leaves_and_its_file_goes_with_it(tmp_path: Path) -> None:
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert not one.alive(one.id), "before it has come"
    one.enter()
    other.enter()
    assert one.alive(one.id)
    assert one.alive(other.id)
    assert other.alive(one.id)
    one.leave()
    one.leave()
    assert not other.alive(one.id)
    assert [file.stem for file in tmp_path.glob("*.lock")] == [other.id]
    assert not other.alive("")
    assert not other.alive("../../etc/passwd")
    other.leave()


def test_files_of_the_dead_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "4711-dead.lock").touch()
    one = Presence(tmp_path)
    one.enter()
    assert [file.stem for file in tmp_path.glob("*.lock")] == [one.id]
    one.leave()
    assert not list(tmp_path.glob("*.lock"))
