"""An engine with a conductor, as the gateway has them, and runs to give it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.worlds import settings_for

from fluxroom.client import AsyncClient
from fluxroom.flows.pipelines.walk import Pipelines
from fluxroom.flows.runs.conductor import Advance, Conductor
from fluxroom.flows.runs.decisions import Decisions
from fluxroom.identifiers import new_id
from fluxroom.sandbox import Sandbox
from fluxroom.store import runs
from fluxroom.store.runs import STATES, Item, Run


class Orchestra:
    """A client, its conductor, and a person."""

    def __init__(self, client: AsyncClient, conductor: Conductor, kinds: dict[str, Advance]) -> None:
        self.client = client
        self.conductor = conductor
        self.kinds = kinds
        self.person = Decisions(client.engine, conductor)

    async def begin(self, asked: Sequence[dict[str, Any]], **more: Any) -> Run:
        run = a_run(**more)
        return await self.conductor.begin(run, items_of(run, asked))

    async def items(self, run: str) -> list[Item]:
        return await self.client.engine.store.database.read(
            lambda connection: runs.items(connection, run, states=STATES, limit=10_000)
        )

    async def states(self, run: str) -> list[str]:
        return [item.state for item in await self.items(run)]


@asynccontextmanager
async def orchestra(
    box: Sandbox,
    data: Path,
    *,
    kinds: dict[str, Advance] | None = None,
    window: int = 64,
    drain: float = 10,
    everyones: bool = True,
    **more: Any,
) -> AsyncIterator[Orchestra]:
    client = AsyncClient(settings=settings_for(box, data, **more), everyones=everyones)
    async with client:
        await client.conductor.stop()  # its own one: what a test starts is carried by the test's alone
        ours = kinds or {"pipeline": Pipelines(client.engine.store).advance}
        conductor = Conductor(client.engine, client.plan_with, kinds=ours, window=window)
        conductor.start()
        try:
            yield Orchestra(client, conductor, ours)
        finally:
            await conductor.stop()
            await client.close(drain)


def a_run(**more: Any) -> Run:
    now = time.time()
    values: dict[str, Any] = {
        "id": new_id(),
        "owner": "local",
        "kind": "bulk",
        "name": "sheet",
        "digest": "",
        "spec": {},
        "created_at": now,
        "changed_at": now,
    }
    return Run(**(values | more))


def items_of(run: Run, asked: Sequence[dict[str, Any]], *, first: int = 0, step: str = "") -> list[Item]:
    return [
        Item(run=run.id, position=number, key=f"row {number + 1}", asked={"model": "flux-2-pro", **one}, step=step)
        for number, one in enumerate(asked, first)
    ]


def prompts(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"picture {n}", "seed": n, **more} for n in range(number)]
