"""Generations found again, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, images, jobs, search
from fluxroom.store.search import Wanted

pytestmark = pytest.mark.anyio


async def made(store: Store, prompt: str = "a fox", *, states: tuple[str, ...] = ("succeeded",), **more: Any) -> str:
    """A generation with a job in each state and a picture of each; returns its id."""
    job = {name: more.pop(name) for name in ("sandbox", "provider", "model") if name in more}
    one = generation(prompt=prompt, **more)
    rows = [row(one, number=number, state=state, **job) for number, state in enumerate(states)]

    def work(connection: Connection) -> None:
        jobs.add(connection, one, rows)
        for at, each in enumerate(rows):
            if each["state"] == "succeeded":
                images.add(connection, [picture(each["id"], number=at * 2 + number) for number in (0, 1)])

    await store.database.write(work)
    return one.id


async def found(store: Store, *, limit: int = 50, before: str = "", **wanted: Any) -> list[str]:
    told = await store.database.read(
        lambda connection: search.page(connection, Wanted(**wanted), limit=limit, before=before)
    )
    return [one.generation.id for one in told]


async def test_the_newest_come_first_and_page_by_page(store: Store) -> None:
    ids = [await made(store) for _ in range(5)]
    assert await found(store) == ids[::-1]
    first = await found(store, limit=2)
    assert first == [ids[4], ids[3]]
    assert await found(store, limit=2, before=first[-1]) == [ids[2], ids[1]]
    assert await found(store, before=ids[0]) == []


async def test_jobs_and_pictures_come_along_in_order(store: Store) -> None:
    identity = await made(store, states=("succeeded", "failed", "succeeded"))
    [told] = await store.database.read(lambda connection: search.page(connection, Wanted(), limit=5))
    assert told.generation.id == identity
    assert [job.number for job in told.jobs] == [0, 1, 2]
    place = {job.id: job.number for job in told.jobs}
    assert [place[one.job] for one in told.images] == [0, 0, 2, 2]
    assert [one.number for one in told.images] == [0, 1, 4, 5]


async def test_everything_that_is_asked_for_must_be_so(store: Store) -> None:
    fox = await made(store, "a fox", owner="anna", route="bfl/flux-2-pro", run="spring", created_at=1000.0)
    cat = await made(store, "a cat", owner="ben", route="fal/flux-2-pro", mode="edit", created_at=2000.0, sandbox=True)
    dog = await made(store, "a dog", owner="ben", route="fal/flux-2-dev", created_at=3000.0)
    assert await found(store, owner="anna") == [fox]
    assert await found(store, model="flux-2-pro") == [cat, fox]
    assert await found(store, provider="fal") == [dog, cat]
    assert await found(store, provider="fal", model="flux-2-pro") == [cat]
    assert await found(store, mode="edit") == [cat]
    assert await found(store, run="spring") == [fox]
    assert await found(store, since=2000.0) == [dog, cat]
    assert await found(store, until=2000.0) == [fox]
    assert await found(store, sandbox=True) == [cat]
    assert await found(store, sandbox=False) == [dog, fox]
    assert await found(store, since=0.0, until=9000.0, owner="ben", sandbox=False) == [dog]


async def test_states_are_those_of_any_of_its_jobs(store: Store) -> None:
    good = await made(store)
    mixed = await made(store, states=("succeeded", "failed"))
    waits = await made(store, states=("queued",))
    doubt = await made(store, states=("unknown",))
    assert await found(store, states=("succeeded",)) == [mixed, good]
    assert await found(store, states=("failed",)) == [mixed]
    assert await found(store, states=("queued", "running")) == [waits]
    assert await found(store, states=("unknown", "succeeded")) == [doubt, mixed, good]
    assert await found(store, states=("lost",)) == []


async def test_prompts_are_found_by_their_words(store: Store) -> None:
    fox = await made(store, "A red fox in fresh snow", owner="anna")
    cat = await made(store, "a red cat; snow was fresh", owner="ben")
    await made(store, "nothing of the kind")
    assert await found(store, words="red") == [cat, fox]
    assert await found(store, words="RED fo") == [fox]
    assert await found(store, words="fo red ") == []  # the blank says that "red" is whole, and "fo" is no beginning
    assert await found(store, words='"fresh snow"') == [fox]
    assert await found(store, words="snow", owner="ben") == [cat]
    assert await found(store, words="snow", limit=1, before=cat) == [fox]
    assert await found(store, words="dachshund") == []


@pytest.mark.parametrize(
    "strange",
    ["'", '"', '""', "a' OR 1=1 --", "fox*", "NEAR(", "prompt:fox", "^fox", ":*", "&|!", "( ) -", "☃", "-fox"],
)
async def test_whatever_is_typed_breaks_nothing(store: Store, strange: str) -> None:
    await made(store, "a fox")
    assert isinstance(await found(store, words=strange), list)


async def test_a_search_for_signs_alone_finds_nothing(store: Store) -> None:
    await made(store, "a fox")
    assert await found(store, words="-- !") == []
    assert len(await found(store, words="   ")) == 1


async def test_words_of_what_is_deleted_are_gone(store: Store) -> None:
    identity = await made(store, "a vanishing fox")

    def drop(connection: Connection) -> None:
        connection.exec_driver_sql(
            f"DELETE FROM images WHERE job IN (SELECT id FROM jobs WHERE generation = '{identity}')"
        )
        connection.exec_driver_sql(f"DELETE FROM jobs WHERE generation = '{identity}'")
        connection.exec_driver_sql(f"DELETE FROM generations WHERE id = '{identity}'")

    await store.database.write(drop)
    assert await found(store, words="vanishing") == []
