"""Prepared questions on SQLite: the very values that SQLAlchemy itself would give."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, admission, images, jobs, ledger, limits, open_store
from fluxroom.store.ledger import Budget
from fluxroom.store.limits import Limit
from fluxroom.store.statements import Question

pytestmark = pytest.mark.anyio

LINE = {"b_owner": "local", "b_account": "bfl:1", "b_model": "flux-2-pro", "b_priority": 10}

QUESTIONS: dict[str, tuple[Question, dict[str, Any], int]] = {
    "a job": (jobs._JOB, {"b_id": "odd"}, 1),
    "a job that is not there": (jobs._JOB, {"b_id": "nobody"}, 0),
    "jobs of a generation": (jobs._JOBS_OF, {"b_id": "made"}, 4),
    "states": (jobs._STATES, {"b_id": "made"}, 4),
    "a generation": (jobs._GENERATION, {"b_id": "made"}, 1),
    "pictures": (images._OF_GENERATION, {"b_id": "made"}, 1),
    "seats": (admission._IN_FLIGHT, {"b_now": 50.0}, 1),
    "waiting": (admission._WAITING, {**LINE, "b_now": 50.0, "b_limit": 9}, 1),
    "next owner": (admission._NEXT_OWNER, {"b_after": ""}, 1),
    "next account": (admission._NEXT_ACCOUNT, {"b_owner": "local", "b_after": ""}, 1),
    "next model": (admission._NEXT_MODEL, {"b_owner": "local", "b_account": "bfl:1", "b_after": ""}, 1),
    "next priority": (
        admission._NEXT_PRIORITY,
        {k: v for k, v in LINE.items() if k != "b_priority"} | {"b_after": 0},
        1,
    ),
    "next seat": (admission._NEXT_SEAT, {"b_now": 50.0}, 1),
    "next time": (admission._NEXT_TIME, {"b_now": -1.0}, 1),
    "limits": (limits._ALL, {}, 1),
    "budgets": (ledger._BUDGETS, {}, 1),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("statements"))
    yield opened
    opened.close()


@pytest.fixture(scope="module", autouse=True)
def filled(store: Store) -> None:
    made = generation(id="made")
    odd = {
        "charged": Decimal("0.0000001"),
        "ticket": {"polling_url": "https://x", "n": [1, None, 2.5]},
        "error": {"message": "ü"},
        "seed": 2**63 - 1,
        "sandbox": True,
        "cancel_asked": True,
    }
    rows = [
        row(made, id="odd", state="succeeded", **odd),
        row(made, id="waits", number=1),
        row(made, id="runs", number=2, state="running"),
        row(made, id="doubt", number=3, state="unknown", seat_until=99.5),
    ]

    def work(connection: Connection) -> None:
        jobs.add(connection, made, rows)
        images.add(connection, [picture("odd")])
        limits.put(connection, Limit(account="bfl:1", cap=3.25, paused=True, why="a person"))
        ledger.set_budget(connection, Budget(scope="all", period="day", most=Decimal("12.345678")))

    asyncio.run(store.database.write(work))


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_question_is_answered_as_sqlalchemy_would(name: str, store: Store) -> None:
    question, binds, number = QUESTIONS[name]

    def both(connection: Connection) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        expected = [tuple(one) for one in connection.execute(question.statement, binds)]
        return [tuple(one) for one in question.rows(connection, **binds)], expected

    found, expected = await store.database.read(both)
    assert found == expected
    assert [[type(value) for value in one] for one in found] == [[type(value) for value in one] for one in expected]
    assert len(found) == number


async def test_what_a_caller_forgets_is_an_error_and_not_null(store: Store) -> None:
    with pytest.raises(KeyError, match="b_id"):
        await store.database.read(lambda connection: jobs._JOB.rows(connection, b_idd="odd"))


async def test_who_is_cancelled_while_a_write_waits_leaves_the_write_alone(store: Store) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        limits.put(connection, Limit(account="fal:9", cap=1.0))

    task = asyncio.create_task(store.database.write(slow))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    known = await store.database.read(limits.known)  # the reader sees what is committed
    while "fal:9" not in known:
        known = await store.database.read(limits.known)
    assert known["fal:9"].cap == 1.0


async def test_who_is_cancelled_while_a_write_fails_hears_nothing_of_it(store: Store) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fails(_connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        raise ValueError("nobody listens")

    task = asyncio.create_task(store.database.write(fails))
    await begun.wait()
    task.cancel()
    with pytest.raises((asyncio.CancelledError, ValueError)):
        await task
    assert await store.database.write(lambda _: 7) == 7
