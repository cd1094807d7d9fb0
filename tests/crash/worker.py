"""A worker process of the crash tests: opens the library on a shared data folder, asks for jobs and carries all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from tests.crash import mutants
from tests.crash.feed import MODELS, SUBMIT_SECONDS, Feed
from tests.crash.mutants import PATCH

from fluxroom import logs
from fluxroom.client import AsyncClient
from fluxroom.engine.owners import Presence
from fluxroom.engine.pacing import backoff
from fluxroom.errors import LocalError
from fluxroom.settings import load
from fluxroom.store import database


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to do; plain data, for it goes to another process."""

    settings: Mapping[str, Any]
    folder: Path  # where it works and writes its log
    seed: int = 0
    backlog: int = 0  # queued jobs of each route that it keeps in store; 0: it asks for none
    answer: float = SUBMIT_SECONDS
    troubles: bool = True
    picture: str = ""  # a file that some jobs work from
    changes: tuple[str, ...] = field(default=())  # names in CHANGES


def short_pauses() -> None:
    """Wait less between two tries."""

    def short(failures: int, *, asked: float | None = None, longest: float = 30.0) -> float:
        return backoff(failures, asked=asked, longest=min(longest, 0.1))

    for room in ("asking", "keeping", "submission"):
        PATCH.setattr(f"fluxroom.engine.{room}.backoff", short)


def watchful() -> None:
    """Look for dead owners all the time."""
    PATCH.setattr(Presence, "sweep", 0.1)


def mistaken() -> None:
    """Take every other process for dead, as a lease that has run out would."""
    PATCH.setattr(Presence, "alive", lambda self, owner: owner == self.id)


def impatient() -> None:
    """Wait for the database's write lock for a moment only, instead of half a minute."""
    made = database._engine

    def engine(path: Path) -> Any:
        one = made(path)
        event.listen(one, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=100"))
        return one

    PATCH.setattr(database, "_engine", engine)


CHANGES: Mapping[str, Callable[[], None]] = {
    "short-pauses": short_pauses,
    "watchful": watchful,
    "mistaken": mistaken,
    "impatient": impatient,
    "no-intent": mutants.no_intent,
    "sends-again": mutants.sends_again,
}
"""What may be different in a worker, by name."""


def main(orders: Orders) -> None:
    """Work until the process is ended."""
    os.chdir(orders.folder)
    log = os.open("worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for name in orders.changes:
        CHANGES[name]()
    asyncio.run(_work(orders))


async def _work(orders: Orders) -> None:
    leave = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave.set)
    feed = Feed(orders.seed, troubles=orders.troubles, answer=orders.answer, picture=orders.picture)
    settings = load(**orders.settings)
    logs.configure(settings)
    async with AsyncClient(settings=settings, everyones=True) as client:
        while not leave.is_set():
            with contextlib.suppress(LocalError):  # another process holds the database: asks again in a moment
                await _top_up(client, feed, orders.backlog)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leave.wait(), 0.1)


async def _top_up(client: AsyncClient, feed: Feed, backlog: int) -> None:
    queued = await _queued(client) if backlog else Counter()
    for route in MODELS:
        for _ in range(backlog - queued[route]):
            prompt, options = feed.draw(route)
            await client.submit(prompt, **options)


async def _queued(client: AsyncClient) -> Counter[str]:
    def work(connection: Connection) -> Counter[str]:
        statement = "SELECT provider, model, count(*) FROM jobs WHERE state = 'queued' GROUP BY provider, model"
        return Counter(
            {f"{provider}/{model}": number for provider, model, number in connection.exec_driver_sql(statement)}
        )

    return await client.engine.store.database.read(work)
