"""How many jobs of an owner are at the providers at once: what a gateway's key may say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.worlds import ROUTES, sandbox, settings_for

from fluxroom.client import AsyncClient, terms_of
from fluxroom.engine import Snapshot
from fluxroom.store import jobs

pytestmark = pytest.mark.anyio

SEATED = {"submitting", "running"}


async def ask(client: AsyncClient, owner: str, cap: int | None, number: int) -> str:
    request, plan = await client.plan(f"picture {number} of {owner}", model=ROUTES["bfl"], seed=number)
    return await client.engine.submit(request, plan, replace(terms_of({}, owner=owner), cap=cap))


async def most_at_once(client: AsyncClient, found: list[Snapshot]) -> int:
    """The most of these jobs that had a seat at the same time, by the ledger's own record."""
    changes: list[tuple[int, int]] = []
    for snapshot in found:
        rows: list[dict[str, Any]] = await client.engine.store.database.read(
            lambda connection, one=snapshot: jobs.events(connection, one.generation.id)  # type: ignore[misc]
        )
        for row in rows:
            before, after = row["from_state"] in SEATED, row["to_state"] in SEATED
            changes.append((row["id"], int(after) - int(before)))
    taken = most = 0
    for _, change in sorted(changes):
        taken += change
        most = max(most, taken)
    assert taken == 0
    return most


@pytest.mark.parametrize("cap", [1, 2])
async def test_no_more_of_an_owner_than_its_cap_and_the_rest_waits(tmp_path: Path, cap: int) -> None:
    async with (
        sandbox(seconds=0.1) as box,
        AsyncClient(settings=settings_for(box, tmp_path), everyones=True) as client,
    ):
        annas = [await ask(client, "anna", cap, number) for number in range(6)]
        bobs = [await ask(client, "bob", None, number) for number in range(6)]
        done = [await client.engine.wait(one, 30) for one in (*annas, *bobs)]
        assert all(job.state == "succeeded" for one in done for job in one.jobs), "nothing is refused, it waits"
        assert await most_at_once(client, done[:6]) == cap
        assert await most_at_once(client, done[6:]) > 2, "another owner is not held back"


async def test_without_a_cap_the_account_is_the_limit(tmp_path: Path) -> None:
    async with (
        sandbox(seconds=0.2) as box,
        AsyncClient(settings=settings_for(box, tmp_path), everyones=True) as client,
    ):
        ids = await asyncio.gather(*(ask(client, "anna", None, number) for number in range(8)))
        done = [await client.engine.wait(one, 30) for one in ids]
        assert await most_at_once(client, done) > 2


async def test_an_owner_whose_name_looks_like_a_group_is_counted_rightly(tmp_path: Path) -> None:
    async with (
        sandbox(seconds=0.1) as box,
        AsyncClient(settings=settings_for(box, tmp_path), everyones=True) as client,
    ):
        ids = [await ask(client, "team/bfl", 1, number) for number in range(3)]
        done = [await client.engine.wait(one, 30) for one in ids]
        assert await most_at_once(client, done) == 1
