"""What the doors keep, on SQLite and on PostgreSQL: uploads, answers that are owed, callers to call back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, update
from tests.store.rows import generation, row

from fluxroom.engine.lifecycle import SETTLED
from fluxroom.store import Store, doors, jobs, open_store, reuse
from fluxroom.store.doors import CallBack, Owed, Upload
from fluxroom.store.tables import jobs as job_table

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    found = open_store(tmp_path / "data", url)
    yield found
    found.close()


def debt(key: str = "k1", **more: str | float) -> Owed:
    return replace(Owed(key=key, owner="anna", digest="d1", process="p1", at=1000.0), **more)  # type: ignore[arg-type]


async def owed(store: Store, owner: str = "anna", digest: str = "d1", since: float = 0.0) -> list[str]:
    found = await store.database.read(partial(doors.owed, owner=owner, digest=digest, since=since))
    return [one.key for one in found]


async def owe(store: Store, one: Owed, *, forget_before: float = 0.0) -> None:
    await store.database.write(partial(doors.owe, debt=one, forget_before=forget_before))


async def test_what_is_owed_is_found_by_owner_wording_and_time(store: Store) -> None:
    await owe(store, debt("k2", at=1002.0))
    await owe(store, debt("k1", at=1001.0))
    await owe(store, debt("k3", owner="ben"))
    await owe(store, debt("k4", digest="d2"))
    assert await owed(store) == ["k1", "k2"]
    assert await owed(store, since=1002.0) == ["k2"]
    assert await owed(store, "ben") == ["k3"]
    assert await owed(store, digest="d3") == []


async def test_one_of_two_takes_it_over(store: Store) -> None:
    await owe(store, debt())
    results = [
        await store.database.write(partial(doors.take_over, debt=debt(), process=f"p{n}", now=2000.0 + n))
        for n in (2, 3)
    ]
    assert results == [True, False]
    (found,) = await store.database.read(partial(doors.owed, owner="anna", digest="d1", since=0.0))
    assert (found.process, found.at) == ("p2", 2002.0)


async def test_an_answer_that_was_given_takes_its_key_along(store: Store) -> None:
    made = generation()

    def work(connection: Connection) -> None:
        jobs.add(connection, made, [row(made)])
        reuse.remember(connection, "anna", "k1", body_hash="h", generation=made.id, at=1.0)
        reuse.remember(connection, "ben", "k1", body_hash="h", generation=made.id, at=1.0)

    await store.database.write(work)
    await owe(store, debt())
    await store.database.write(partial(doors.answered, owner="anna", key="k1"))
    assert await owed(store) == []
    assert await store.database.read(lambda c: reuse.known(c, "anna", "k1")) is None
    assert await store.database.read(lambda c: reuse.known(c, "ben", "k1")) is not None


async def test_old_debts_are_cleared_away_with_the_next(store: Store) -> None:
    await owe(store, debt("k1", at=1000.0))
    await owe(store, debt("k2", at=2000.0), forget_before=1500.0)
    assert await owed(store) == ["k2"]


async def test_the_first_upload_stays(store: Store) -> None:
    first = Upload(id="u1", owner="anna", sha256="a" * 64, mime="image/png", created_at=1.0)
    await store.database.write(partial(doors.add_upload, upload=first))
    await store.database.write(partial(doors.add_upload, upload=replace(first, sha256="b" * 64)))
    assert await store.database.read(partial(doors.upload, upload_id="u1")) == first
    assert await store.database.read(partial(doors.upload, upload_id="u2")) is None


def wanted(generation_id: str, **more: str | float) -> CallBack:
    values = CallBack(
        generation=generation_id,
        door="bfl",
        url="https://example.com/hook",
        base="http://127.0.0.1:7860",
        sealed="sealed",
        state="waiting",
        attempts=0,
        why="",
        created_at=1000.0,
        next_at=1000.0,
    )
    return replace(values, **more)  # type: ignore[arg-type]


async def asked(store: Store, *states: str, **more: str | float) -> CallBack:
    """A generation with jobs in these states, and somebody who wants to be called about it."""
    made = generation()
    found = wanted(made.id, **more)

    def work(connection: Connection) -> None:
        jobs.add(connection, made, [row(made, number=number, state=state) for number, state in enumerate(states)])
        doors.add_call_back(connection, found)

    await store.database.write(work)
    return found


async def due(store: Store, now: float = 5000.0) -> list[str]:
    found = await store.database.read(partial(doors.due, now=now, settled=SETTLED, most=9))
    return [one.generation for one in found]


async def test_who_is_called_and_when(store: Store) -> None:
    both = await asked(store, "succeeded", "unknown", next_at=1001.0)
    await asked(store, "succeeded", "running")
    one = await asked(store, "failed", next_at=1000.0)
    later = await asked(store, "succeeded", next_at=6000.0)
    await asked(store, "succeeded", state="delivered")
    assert await due(store) == [one.generation, both.generation]
    assert await due(store, 7000.0) == [one.generation, both.generation, later.generation]


async def test_it_is_called_once_the_last_job_is_settled(store: Store) -> None:
    found = await asked(store, "running")
    assert await due(store) == []
    change = update(job_table).where(job_table.c.generation == found.generation).values(state="cancelled")
    await store.database.write(lambda connection: connection.execute(change).rowcount)
    assert await due(store) == [found.generation]


async def test_one_of_several_has_it_in_hand(store: Store) -> None:
    found = await asked(store, "succeeded")
    claims = [await store.database.write(partial(doors.claim, wanted=found, until=9000.0)) for _ in range(2)]
    assert claims == [True, False]
    assert await due(store) == []
    assert await due(store, 9500.0) == [found.generation]  # nobody finished it


@pytest.mark.parametrize(("state", "sealed"), [("waiting", "sealed"), ("delivered", ""), ("failed", "")])
async def test_a_secret_is_kept_no_longer_than_it_is_needed(store: Store, state: str, sealed: str) -> None:
    found = await asked(store, "succeeded")
    await store.database.write(partial(doors.told, wanted=found, state=state, why="HTTP 500", next_at=6000.0))
    kept = await store.database.read(partial(doors.call_back, generation=found.generation))
    assert kept == replace(found, state=state, sealed=sealed, attempts=1, why="HTTP 500", next_at=6000.0)


async def test_the_first_word_for_a_generation_counts(store: Store) -> None:
    found = await asked(store, "succeeded")
    again: Callable[[Connection], None] = partial(doors.add_call_back, wanted=replace(found, url="https://other.com/"))
    await store.database.write(again)
    kept = await store.database.read(partial(doors.call_back, generation=found.generation))
    assert kept is not None
    assert kept.url == found.url
