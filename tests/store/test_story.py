"""A reader of events misses none: the same on SQLite and PostgreSQL, where numbers are not in the order of commits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.store.stories import event, generation

from fluxroom.store import Store, jobs, open_store
from fluxroom.store.story import Story

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two processes on one ledger."""
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    one, other = open_store(tmp_path / "data", url), open_store(tmp_path / "data", url)
    yield one, other
    one.close()
    other.close()


async def told(store: Store, story: Story) -> list[str]:
    return [row["to_state"] for row in await store.database.read(story.read)]


async def test_a_reader_goes_on_where_it_ended(stores: tuple[Store, Store]) -> None:
    one, other = stores
    names = await generation(one)
    story, everybody = Story(names[0]), Story()
    assert await told(one, story) == ["queued"]
    await other.database.write(event(names, "a", 100.0))
    await other.database.write(event(names, "b", 200.0))
    assert await told(one, story) == ["a", "b"]
    assert await told(one, story) == []
    assert await told(one, everybody) == ["queued", "a", "b"]
    await one.database.write(event(names, "c", 200.0))
    assert await told(one, story) == await told(one, everybody) == ["c"]


async def test_whoever_comes_back_misses_nothing_and_hears_nothing_old_again(stores: tuple[Store, Store]) -> None:
    one, _ = stores
    names = await generation(one)
    for at, name in enumerate("abcd"):
        await one.database.write(event(names, name, 1000.0 * (at + 1)))
    found = await one.database.read(lambda connection: jobs.events(connection, names[0]))
    for number, row in enumerate(found):
        rest = [one["to_state"] for one in found[number + 1 :]]
        assert await told(one, Story(names[0], after=row["id"])) in (rest, [row["to_state"], *rest])
        assert await told(one, Story(after=row["id"])) in (rest, [row["to_state"], *rest])
    assert await told(one, Story(names[0], after=10**15)) in ([], ["d"])


async def test_an_event_that_is_committed_after_a_later_one_is_told(stores: tuple[Store, Store]) -> None:
    one, other = stores
    if one.fleet is None:
        pytest.skip("SQLite lets one transaction write at a time")
    names = await generation(one)
    story = Story(names[0])
    assert await told(one, story) == ["queued"]
    written, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        event(names, "slow", 100.0)(connection)
        written.set()
        go_on.wait(60)

    waiting = asyncio.create_task(other.database.write(slow))
    assert await asyncio.to_thread(written.wait, 60)
    await one.database.write(event(names, "quick", 100.1))
    assert await told(one, story) == ["quick"]
    assert [row["to_state"] for row in await one.database.read(lambda c: jobs.events(c, names[0]))][-1] == "quick"
    back = Story(names[0], after=(await last(one, names[0])))
    go_on.set()
    await waiting
    assert await told(one, story) == ["slow"]
    assert "slow" in await told(one, back), "also for one who was away meanwhile"
    assert await told(one, story) == []


async def last(store: Store, of: str) -> int:
    return max(int(row["id"]) for row in await store.database.read(lambda connection: jobs.events(connection, of)))


async def test_a_long_story_is_not_kept_in_memory(stores: tuple[Store, Store]) -> None:
    one, _ = stores
    names = await generation(one)
    story = Story(names[0])
    for at in range(50):
        await one.database.write(event(names, str(at), 100.0 + at))
        assert await told(one, story) in ([str(at)], ["queued", str(at)])
    if one.fleet is None:
        assert not story._told
