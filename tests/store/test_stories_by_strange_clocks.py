"""A reader of events misses none, whatever times the rows bear: other machines', or long gone when they are written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.stories import event, generation

from fluxroom.store import Store, open_store, story
from fluxroom.store.story import Story

pytestmark = pytest.mark.anyio

HOUR = 3600.0


@pytest.fixture
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two processes on one PostgreSQL."""
    url = request.getfixturevalue("postgres").fresh()
    one, other = open_store(tmp_path / "data", url), open_store(tmp_path / "data", url)
    yield one, other
    one.close()
    other.close()


async def told(store: Store, reader: Story) -> list[str]:
    return [row["to_state"] for row in await store.database.read(reader.read)]


@pytest.mark.parametrize(
    "times",
    [(100.0, 100.0 + HOUR, 100.1 + HOUR), (100.0, 100.0 - HOUR, 100.1), (100.0, 40.0, 100.0)],
    ids=["two machines that are ahead", "one that is behind", "written late, because the database was away"],
)
async def test_a_late_event_is_told_whatever_the_times_of_the_others(
    stores: tuple[Store, Store], times: tuple[float, float, float]
) -> None:
    one, other = stores
    names = await generation(one)
    reader = Story(names[0])
    assert await told(one, reader) == ["queued"]
    written, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        event(names, "slow", times[0])(connection)
        written.set()
        go_on.wait(60)

    waiting = asyncio.create_task(other.database.write(slow))
    assert await asyncio.to_thread(written.wait, 60)
    for name, at in (("quick", times[1]), ("quicker", times[2])):
        await one.database.write(event(names, name, at))
    assert await told(one, reader) == ["quick", "quicker"]
    go_on.set()
    await waiting
    assert await told(one, reader) == ["slow"]
    assert await told(one, reader) == []


class Still:
    """The clock that never jumps, moved by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def test_what_was_told_is_remembered_for_no_longer_than_a_transaction_takes(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = stores
    clock: Any = Still()
    monkeypatch.setattr(story, "time", clock)
    names = await generation(one)
    reader = Story(names[0])
    for number in range(50):
        clock.now += 1.0
        await one.database.write(event(names, str(number), 100.0))
        assert (await told(one, reader))[-1] == str(number)
    assert 9 <= len(reader._told) <= 11
    clock.now += 11.0
    assert await told(one, reader) == []
    assert not reader._told
