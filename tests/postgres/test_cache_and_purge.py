"""A picture is given again at the very moment in which it is deleted for good: all of it, or it is made anew."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.engine.asking import PRO, made
from tests.postgres.clusters import Cluster
from tests.worlds import billed, sandbox, settings_for

from fluxroom.client import AsyncClient
from fluxroom.sandbox import Sandbox
from fluxroom.store import open_store, purging, reuse

pytestmark = pytest.mark.anyio


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox() as one:
        yield one


_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


class Purge:
    """Another process that deletes pictures, begun at the moment in which the cache has found them."""

    def __init__(self, url: str, folder: Path, ids: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._url, self._folder, self._ids = url, folder, ids
        self._whole = reuse.cached
        self.thread = threading.Thread(target=self._run)
        self.done = 0
        monkeypatch.setattr(reuse, "cached", self._cached)

    def _run(self) -> None:
        store = open_store(self._folder, self._url)
        work = partial(purging.purge, ids=self._ids, now=0.0)
        self.done = asyncio.run(store.database.write(work))
        store.close()

    def _cached(self, connection: Connection, *arguments: Any, **named: Any) -> str | None:
        found = self._whole(connection, *arguments, **named)
        if named.get("held") and found and self.thread.ident is None:
            self.thread.start()
            deadline = time.monotonic() + 4
            while self.thread.is_alive() and time.monotonic() < deadline:
                if connection.execute(_WAITS).scalar_one():
                    break  # it waits for us
                time.sleep(0.01)
        return found


@pytest.mark.parametrize("number", [1, 2])
async def test_a_picture_that_is_given_again_is_not_deleted_in_between(
    box: Sandbox, postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    url = postgres.fresh()
    settings = settings_for(box, tmp_path / "data", database_url=url)
    async with AsyncClient(settings=settings) as client:
        first = await made(client, "a fox", model="fal/flux-2-dev", seed=7, num_images=number)
        purge = Purge(url, tmp_path / "data", [image.id for image in first.images], monkeypatch)
        again = await made(client, "a fox", model="fal/flux-2-dev", seed=7, num_images=number)
        purge.thread.join(10)
        assert purge.done == len(first.images) == number
        assert [image.sha256 for image in again.images] == [image.sha256 for image in first.images]
        assert {job.state for job in again.jobs} == {"succeeded"}
        assert [job.cached_from for job in again.jobs] == [job.id for job in first.jobs]
        for image in again.images:
            assert client.engine.store.blobs.has(image.sha256)
        known = await client.engine.store.database.read(
            lambda connection: purging.needed(connection, [image.sha256 for image in again.images])
        )
        assert known == {image.sha256 for image in again.images}, "their bytes stay"
    assert len(billed(box)) == len(first.jobs)


async def test_one_that_was_deleted_before_is_made_and_paid_anew(
    box: Sandbox, postgres: Cluster, tmp_path: Path
) -> None:
    url = postgres.fresh()
    async with AsyncClient(settings=settings_for(box, tmp_path / "data", database_url=url)) as client:
        first = await made(client, "a fox", model=PRO, seed=7)
        purge = partial(purging.purge, ids=[image.id for image in first.images], now=0.0)
        assert await client.engine.store.database.write(purge) == 1
        again = await made(client, "a fox", model=PRO, seed=7)
        assert (len(again.images), again.jobs[0].cached_from) == (1, "")
    assert len(billed(box)) == 2
