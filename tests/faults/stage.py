"""Plays one row of the fault matrix: a sandbox, the library over real sockets, one job, and what was seen of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from tests.faults.matrix import Row
from tests.worlds import ROUTES, billed, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot
from fluxroom.engine.asking import Asking
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.errors import FluxroomError, WaitEnded
from fluxroom.providers import Call, Reply
from fluxroom.sandbox import Sandbox
from fluxroom.sandbox.pictures import bomb
from fluxroom.store.jobs import Job

KEYS = ("bfl-test-key", "fal-test-id:fal-test-secret")
LONG = 30.0
"""Seconds that a wait may take before the test counts as stuck; none comes near it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that left, whatever became of it."""

    url: str
    keyed: bool


class Watching(AiohttpTransport):
    """The real transport, with a record of where it went and where a key went along.

    Args:
        unresolved: how many look-ups of the provider's name fail; None: none does, and names are looked up as always.
    """

    def __init__(self, unresolved: int | None = None) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self._names = None if unresolved is None else _Forgetful(unresolved)

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        self._note(call.url, {**call.headers, **headers})
        return await super().request(call, headers, timeout=timeout)

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        self._note(call.url, {**call.headers, **headers})
        async for data in super().stream(call, headers):
            yield data

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        self._note(url, {})
        return await super().download(url, limit=limit, timeout=timeout)

    def _note(self, url: str, headers: Mapping[str, str]) -> None:
        self.sent.append(Sent(url, any(key in value for value in headers.values() for key in KEYS)))

    def _open(self, url: str) -> aiohttp.ClientSession:
        session = super()._open(url)
        connector = session.connector
        if self._names is not None and isinstance(connector, aiohttp.TCPConnector):
            connector._resolver = self._names
        return session


class _Forgetful(AbstractResolver):
    """A name service that knows no name for the first so many questions, and then this machine under every name."""

    def __init__(self, failures: int) -> None:
        self._failures = failures

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._failures > 0:
            self._failures -= 1
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0),
        ]

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Play:
    """The stage of one row while it is played."""

    row: Row
    box: Sandbox
    client: AsyncClient
    transport: Watching
    generation: str = ""

    async def look(self) -> Job:
        """The job as it is now."""
        return (await self.client.snapshot(self.generation)).jobs[0]

    async def until(self, *states: str) -> Job:
        """Wait until the job is in one of these states."""
        while (job := await self.look()).state not in states:
            assert job.state not in SETTLED, f"{job.state} instead of {states}: {job.error}"
            await asyncio.sleep(0.01)
        return job

    def finish(self) -> None:
        """Let the provider finish what it works on."""
        for task in self.box.world.tasks():
            self.box.world.books.end_task(task["id"], outcome="ready", ready=self.box.world.now())

    async def until_asked(self, times: int) -> None:
        """Wait until so many more requests have left."""
        before = len(self.transport.sent)
        while len(self.transport.sent) < before + times:
            await asyncio.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one row when it was over."""

    found: Snapshot
    error: FluxroomError | None  # what the library's caller is given
    tasks: list[dict[str, Any]]
    paid: list[dict[str, Any]]
    posts: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    sent: list[Sent]
    origin: str
    pauses: list[float] = field(default_factory=list)  # what the providers' Retry-After asked for

    @property
    def job(self) -> Job:
        """The one job."""
        return self.found.jobs[0]


Circumstance = Callable[[Play], Awaitable[None]]


async def _wait(_play: Play) -> None:
    """Nothing special happens."""


async def _cancel(play: Play) -> None:
    await play.until(State.RUNNING)
    while play.box.world.tasks()[0]["status"] != "running":
        await asyncio.sleep(0.01)
    await play.client.cancel(play.generation)
    play.finish()


async def _refused_at_first(play: Play) -> None:
    await play.until_asked(2)
    await play.box.accept_connections()


async def _gone_while_running(play: Play) -> None:
    await play.until(State.RUNNING)
    await play.box.refuse_connections()
    await play.until_asked(3)
    await play.box.accept_connections()
    play.finish()


ACTS: Mapping[str, Circumstance] = {
    "person cancels": _cancel,
    "connection refused, then accepted": _refused_at_first,
    "network gone while it runs": _gone_while_running,
}


PACED = frozenset({"person cancels", "network gone while it runs"})
"""Circumstances in which the provider is done when the circumstance says so, and not when a time is over."""


def _addresses(row: Row, box: Sandbox) -> dict[str, Any]:
    """Settings that differ from the usual ones, by circumstance."""
    there = box.url
    if row.what.startswith("name not found"):
        there = box.url.replace("127.0.0.1", "provider.localhost")
    elif row.what == "certificate not trusted":
        there = box.tls_url
    elif row.what == "no TLS at the other side":
        there = box.url.replace("http://", "https://")
    changed: dict[str, Any] = {"bfl_url": f"{there}/bfl", "fal_queue_url": f"{there}/fal/queue"}
    return changed | ({"wait": 0.01} if row.state == State.FAILED and row.code == "unavailable" else {})


async def play(row: Row, data: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Send one job under the row's faults and wait until it is over, or until it is clear that it goes on."""
    monkeypatch.setattr("fluxroom.sandbox.media.bomb", cache(bomb))  # it is large to make and always the same
    pauses = shorten(monkeypatch, patience=0.1 if row.code == "task_not_found" else 30.0)
    unresolved = {"name not found, then found": 2, "name not found": 10**6}.get(row.what)
    async with sandbox(seconds=LONG if row.what in PACED else 0.15, tls=row.what == "certificate not trusted") as box:
        transport = Watching(unresolved)
        settings = settings_for(box, data, **_addresses(row, box))
        async with AsyncClient(settings=settings, transport=transport) as client, asyncio.timeout(LONG):
            stage = Play(row, box, client, transport)
            if row.what.startswith("connection refused"):
                await box.refuse_connections()
            if row.reset:
                box.world.plan_fault("submit-refused", times=None)
            stage.generation = await client.submit(
                row.prompt, model=ROUTES[row.provider], image_size={"width": 128, "height": 128}
            )
            await ACTS.get(row.what, _wait)(stage)
            error = await _outcome(stage)
            while any(task["status"] in {"queued", "running"} and task["ready"] for task in box.world.tasks()):
                await asyncio.sleep(0.01)  # the provider works on, whatever became of our job, and then charges
            return Seen(
                found=await client.snapshot(stage.generation),
                error=error,
                tasks=box.world.tasks(),
                paid=billed(box),
                posts=submits(box),
                requests=box.world.requests(),
                sent=list(transport.sent),
                origin=f"{box.url}/",
                pauses=pauses,
            )


async def _outcome(stage: Play) -> FluxroomError | None:
    """What the caller is given: pictures (None) or an error."""
    if stage.row.state not in SETTLED:
        await stage.until(stage.row.state)
        if "never" not in stage.row.names:
            await stage.until_asked(3)  # it has been asked again and again
        with pytest.raises(WaitEnded) as ended:
            await stage.client.engine.wait(stage.generation, 0.01)
        return ended.value
    found = await stage.client.engine.wait(stage.generation, LONG)
    try:
        assert await stage.client.images(found)
    except FluxroomError as error:
        return error
    return None


def shorten(monkeypatch: pytest.MonkeyPatch, *, patience: float = 30.0) -> list[float]:
    """Make pauses between tries short; returns the list to which every `Retry-After` is added that was heeded.

    Args:
        patience: seconds for which a provider may say that it does not know the task.
    """
    asked_for: list[float] = []

    def backoff(_failures: int, *, asked: float | None = None, longest: float = 30.0) -> float:
        if asked is not None:
            asked_for.append(asked)
        return min(0.02, longest)

    def pause(asking: Asking, outcome: Any) -> float | None:
        usual = paused(asking, outcome)
        return None if usual is None else 0.02

    paused = Asking.pause
    for room in ("asking", "keeping", "submission"):
        monkeypatch.setattr(f"fluxroom.engine.{room}.backoff", backoff)
    monkeypatch.setattr(Asking, "pause", pause)
    monkeypatch.setattr("fluxroom.engine.asking.GONE_PATIENCE", patience)
    return asked_for


@contextlib.asynccontextmanager
async def opened(data: Path, **more: Any) -> AsyncIterator[tuple[Sandbox, AsyncClient, Watching]]:
    """A sandbox and a client with a watched transport, for tests that are no rows."""
    async with sandbox() as box:
        transport = Watching()
        settings = settings_for(box, data, **more)
        async with AsyncClient(settings=settings, transport=transport) as client, asyncio.timeout(2 * LONG):
            yield box, client, transport
