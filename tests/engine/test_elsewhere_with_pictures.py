"""Another provider for a job with pictures in it: the pictures go along, are noted once, and are paid for once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.server.calls import picture
from tests.worlds import billed, sandbox, settings_for, settled

from fluxroom.client import AsyncClient
from fluxroom.store import tables

pytestmark = pytest.mark.anyio

MODEL = "flux-2-pro"


def taken_in(connection: Connection, generation: str) -> list[str]:
    """The pictures that a generation keeps from being deleted."""
    query = select(tables.inputs.c.sha256).where(tables.inputs.c.generation == generation)
    return sorted(connection.execute(query).scalars())


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("order", ["bfl,fal", "fal,bfl"])
async def test_an_edit_goes_elsewhere_with_its_pictures(tmp_path: Path, number: int, order: str) -> None:
    """The change and the new job are one transaction: what fails in it would leave the refused job half sent."""
    first, second = order.split(",")
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path, route_order=order)) as client:
        box.world.plan_fault("submit-402" if first == "bfl" else "submit-403", provider=first, times=None)
        shown = [picture((10 * n, 200, 30), (320, 256)) for n in range(number)]
        found = await settled(client, "make it blue", model=MODEL, references=shown, seed=3)
        states = [(job.provider, job.state) for job in found.jobs]
        assert states == [(first, "failed"), (second, "succeeded")]
        assert len(billed(box)) == len(found.images) == 1
        noted = await client.engine.store.database.read(partial(taken_in, generation=found.generation.id))
        assert noted == sorted(str(one["sha256"]) for one in found.generation.references)
        assert len(noted) == number


async def test_several_pictures_of_one_edit_go_elsewhere_together(tmp_path: Path) -> None:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, tmp_path)) as client:
        box.world.plan_fault("submit-402", provider="bfl", times=None)
        found = await settled(client, "make it blue", model=MODEL, references=[picture()], seed=3, num_images=3)
        made: list[Any] = [job for job in found.jobs if job.state == "succeeded"]
        assert [job.provider for job in made] == ["fal"] * 3
        assert [job.state for job in found.jobs if job.provider == "bfl"] == ["failed"] * 3
        assert len(billed(box)) == len(found.images) == 3
