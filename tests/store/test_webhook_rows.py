"""Webhooks as the store keeps them: what is news, who takes a message in hand, and what a late answer may change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from tests.store.rows import generation, move, row

from fluxroom.identifiers import new_id
from fluxroom.store import Store, jobs, runs, webhooks_out
from fluxroom.store.webhooks_out import Delivery, Endpoint, Told

pytestmark = pytest.mark.anyio

T = TypeVar("T")
FINISHED, FAILED = "generation.finished", "generation.failed"


async def asked(store: Store, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.read(lambda connection: work(connection, *arguments, **named))


async def done(store: Store, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.write(lambda connection: work(connection, *arguments, **named))


def endpoint(**more: Any) -> Endpoint:
    values: dict[str, Any] = {
        "id": new_id(),
        "owner": "anna",
        "url": "https://example.com/hook",
        "events": [FINISHED, FAILED],
        "created_at": 10.0,
        "disabled_at": None,
        "seen": 0,
    }
    return Endpoint(**(values | more))


def message(to: Endpoint, **more: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": f"msg_{new_id()}",
        "endpoint": to.id,
        "event": FINISHED,
        "subject": "generation",
        "body": {"type": FINISHED, "data": {"prompt": "Füchse 🦊", "images": []}},
        "state": "waiting",
        "attempts": 0,
        "status": None,
        "why": "",
        "created_at": 100.0,
        "next_at": 100.0,
    }
    return Delivery(**(values | more))


async def kept(store: Store, **more: Any) -> Delivery:
    """A message at an endpoint of its own."""
    one = message(await done(store, webhooks_out.add, endpoint()), **more)
    await done(store, webhooks_out.put, [one], 0)
    return one


async def now(store: Store, one: Delivery) -> Delivery:
    found = await asked(store, webhooks_out.delivery, one.id)
    assert found is not None
    return found


async def job(store: Store, *states: str, owner: str = "anna", of: Any = None) -> jobs.Job:
    """A job that goes through these states."""
    made = of or generation(owner=owner)
    written = row(made, number=0 if of is None else 1)
    if of is None:
        await done(store, jobs.add, made, [written])
    else:
        await done(store, jobs.add_to, made, [written], why="asked for")
    for number, state in enumerate(states):
        found = await asked(store, jobs.get, written["id"])
        assert found
        assert await done(store, jobs.move, move(found, state, at=2000.0 + number))
    found = await asked(store, jobs.get, written["id"])
    assert found
    return found


async def news(store: Store, after: int = 0, limit: int = 100) -> list[Told]:
    return (await asked(store, webhooks_out.news, after, limit))[0]


# endpoints -----------------------------------------------------------------------------------------------------------


async def test_an_endpoint_is_told_nothing_of_before(store: Store) -> None:
    await job(store, "running", "succeeded")
    last = await asked(store, webhooks_out.last_event)
    assert last > 0
    one = await done(store, webhooks_out.add, endpoint())
    found = await asked(store, webhooks_out.endpoint, "anna", one.id)
    assert found == replace(one, seen=last)


async def test_an_endpoint_is_its_owners_and_an_admin_sees_all(store: Store) -> None:
    annas = [await done(store, webhooks_out.add, endpoint(id=f"{n:022d}")) for n in range(3)]
    bens = await done(store, webhooks_out.add, endpoint(owner="ben"))
    assert [one.id for one in await asked(store, webhooks_out.endpoints, "anna")] == [e.id for e in reversed(annas)]
    assert len(await asked(store, webhooks_out.endpoints, "")) == 4
    assert await asked(store, webhooks_out.endpoint, "anna", bens.id) is None
    assert await asked(store, webhooks_out.endpoint, "", bens.id) is not None
    assert await asked(store, webhooks_out.endpoint, "anna", "none") is None


async def test_an_endpoint_that_is_dropped_takes_its_messages_along(store: Store) -> None:
    one = await kept(store)
    other = await kept(store)
    await done(store, webhooks_out.drop, one.endpoint)
    assert await asked(store, webhooks_out.delivery, one.id) is None
    assert (await now(store, other)).state == "waiting"


async def test_switched_off_it_is_not_called_and_switched_on_not_about_the_past(store: Store) -> None:
    one = await kept(store)
    await done(store, webhooks_out.disable, one.endpoint, 50.0)
    await done(store, webhooks_out.disable, one.endpoint, 60.0)
    found = await asked(store, webhooks_out.endpoint, "", one.endpoint)
    assert found is not None
    assert found.disabled_at == 50.0, "the first time counts"
    assert await asked(store, webhooks_out.due, 1e9, 10) == []
    await job(store, "running", "succeeded")
    await done(store, webhooks_out.enable, one.endpoint)
    found = await asked(store, webhooks_out.endpoint, "", one.endpoint)
    assert found is not None
    assert (found.disabled_at, found.seen) == (None, await asked(store, webhooks_out.last_event))
    assert [told.id for told, _ in await asked(store, webhooks_out.due, 1e9, 10)] == [one.id]


async def test_what_it_wants_to_hear_is_changed(store: Store) -> None:
    one = await done(store, webhooks_out.add, endpoint())
    await done(store, webhooks_out.choose, one.id, ["job.unknown"])
    found = await asked(store, webhooks_out.endpoint, "", one.id)
    assert found
    assert list(found.events) == ["job.unknown"]


# what is news --------------------------------------------------------------------------------------------------------


async def test_a_generation_is_told_once_by_its_last_job(store: Store) -> None:
    first = await job(store, "running")
    about = await asked(store, jobs.generation, first.generation)
    second = await job(store, "running", "failed", of=about)
    assert await news(store) == [], "one of its jobs still runs"
    assert await done(store, jobs.move, move(first, "succeeded", at=3000.0))
    [told] = await news(store)
    assert (told.kind, told.subject, told.job, told.owner) == ("generation", first.generation, first.id, "anna")
    assert told.number == await asked(store, webhooks_out.last_event)
    assert await news(store, after=told.number) == []
    assert second.id != told.job


async def test_doubt_is_told_of_every_job_and_does_not_keep_the_rest_waiting(store: Store) -> None:
    first = await job(store, "submitting", "unknown")
    about = await asked(store, jobs.generation, first.generation)
    second = await job(store, "running", "succeeded", of=about)
    assert [(one.kind, one.job) for one in await news(store)] == [("unknown", first.id), ("generation", second.id)]
    assert await done(store, jobs.move, move(first, "abandoned", at=4000.0))
    kinds = [(one.kind, one.job) for one in await news(store)]
    assert kinds == [("unknown", first.id), ("generation", first.id)], "what came to an end last stands for all"


async def test_a_page_of_news_says_how_far_it_came(store: Store) -> None:
    for _ in range(5):
        await job(store, "running", "failed")
    after, told = 0, []
    for _ in range(10):
        some, after, at = await asked(store, webhooks_out.news, after, 2)
        told += some
        if not some:
            break
        assert at == 2001.0
    assert len({one.subject for one in told}) == len(told) == 5
    assert await asked(store, webhooks_out.news, after, 2) == ([], after, 0.0)


def test_the_id_of_a_message_follows_from_what_it_tells() -> None:
    told = Told(7, "anna", "generation", "generation", "job", 5.0)
    assert told.id_for("e1", FINISHED) == told.id_for("e1", FINISHED)
    others = {
        told.id_for("e2", FINISHED),
        told.id_for("e1", FAILED),
        replace(told, number=8).id_for("e1", FINISHED),
        replace(told, subject="other").id_for("e1", FINISHED),
        replace(told, number=0).id_for("e1", FINISHED),
        replace(told, number=0, at=6.0).id_for("e1", FINISHED),
    }
    assert len(others) == 6
    assert told.id_for("e1", FINISHED) not in others


async def test_what_is_found_again_is_not_written_again(store: Store) -> None:
    one = await kept(store)
    await done(store, webhooks_out.put, [replace(one, body={"type": "changed"})], 9)
    assert (await now(store, one)).body == one.body
    found = await asked(store, webhooks_out.endpoint, "", one.endpoint)
    assert found
    assert found.seen == 9
    await done(store, webhooks_out.put, [], 4)
    found = await asked(store, webhooks_out.endpoint, "", one.endpoint)
    assert found
    assert found.seen == 9, "it never goes back"
    assert await asked(store, webhooks_out.unknown_among, [one.id, "msg_new"]) == {"msg_new"}
    assert await asked(store, webhooks_out.unknown_among, []) == set()


@pytest.mark.parametrize("state", ["finished", "cancelled", "running", "paused"])
async def test_a_run_is_told_when_it_is_over(store: Store, state: str) -> None:
    made = runs.Run(
        id=new_id(),
        owner="anna",
        kind="bulk",
        name="x",
        digest="",
        spec={},
        state=state,
        created_at=1.0,
        changed_at=50.0,
    )
    await done(store, runs.add, made, [])
    found = await asked(store, webhooks_out.finished_runs, 40.0)
    expected = [Told(0, "anna", made.id, "run", "", 50.0)] if state in webhooks_out.OVER_RUNS else []
    assert found == expected
    assert await asked(store, webhooks_out.finished_runs, 50.0) == []


# telling -------------------------------------------------------------------------------------------------------------


async def test_messages_are_due_by_their_time(store: Store) -> None:
    later, sooner = await kept(store, next_at=200.0), await kept(store, next_at=150.0)
    await kept(store, state="delivered", next_at=1.0)
    await kept(store, state="failed", next_at=1.0)
    assert await asked(store, webhooks_out.due, 149.9, 10) == []
    assert [one.id for one, _ in await asked(store, webhooks_out.due, 200.0, 10)] == [sooner.id, later.id]
    assert [one.id for one, _ in await asked(store, webhooks_out.due, 200.0, 1)] == [sooner.id]
    assert (await asked(store, webhooks_out.due, 200.0, 1))[0][1] == "https://example.com/hook"


async def test_of_many_processes_one_takes_a_message_in_hand(store: Store) -> None:
    one = await kept(store)
    taken = await asyncio.gather(*(done(store, webhooks_out.claim, one, 125.0) for _ in range(8)))
    assert taken.count(True) == 1
    found = await now(store, one)
    assert (found.attempts, found.next_at, found.state) == (1, 125.0, "waiting")
    assert await asked(store, webhooks_out.due, 124.0, 10) == []
    [(again, _)] = await asked(store, webhooks_out.due, 125.0, 10)
    assert await done(store, webhooks_out.claim, again, 150.0), "whoever died with it in hand leaves it to others"


async def test_what_became_of_an_attempt_is_written_once(store: Store) -> None:
    one = await kept(store)
    await done(store, webhooks_out.claim, one, 125.0)
    await done(store, webhooks_out.told, one, state="waiting", status=503, why="HTTP 503", next_at=400.0)
    found = await now(store, one)
    assert (found.state, found.status, found.why, found.next_at, found.attempts) == (
        "waiting",
        503,
        "HTTP 503",
        400.0,
        1,
    )
    await done(store, webhooks_out.claim, found, 425.0)
    await done(store, webhooks_out.told, one, state="failed", status=None, why="late", next_at=0.0)
    assert (await now(store, one)).why == "HTTP 503", "the answer to the attempt before comes too late"


async def test_a_replay_that_is_asked_for_meanwhile_is_left_alone(store: Store) -> None:
    one = await kept(store)
    await done(store, webhooks_out.claim, one, 125.0)
    assert await done(store, webhooks_out.replay, one.endpoint, one.id, 130.0) == 1
    await done(store, webhooks_out.told, one, state="delivered", status=200, why="", next_at=0.0)
    found = await now(store, one)
    assert (found.state, found.attempts, found.next_at) == ("waiting", 0, 130.0)


async def test_all_that_failed_are_sent_again_and_nothing_else(store: Store) -> None:
    to = await done(store, webhooks_out.add, endpoint())
    listed = [message(to, state=state, attempts=9, why="x") for state in ("failed", "failed", "delivered", "waiting")]
    await done(store, webhooks_out.put, listed, 0)
    other = await kept(store, state="failed")
    assert await done(store, webhooks_out.replay, to.id, "", 300.0) == 2
    found = [await now(store, one) for one in listed]
    assert [(one.state, one.attempts) for one in found] == [
        ("waiting", 0), ("waiting", 0), ("delivered", 9), ("waiting", 9),
    ]  # fmt: skip
    assert (await now(store, other)).state == "failed", "it is another endpoint's"
    assert await done(store, webhooks_out.replay, to.id, other.id, 300.0) == 0


async def test_pages_lead_through_all_messages_also_of_one_moment(store: Store) -> None:
    to = await done(store, webhooks_out.add, endpoint())
    listed = [message(to, id=f"msg_{n:03d}", created_at=100.0 + n // 4) for n in range(11)]
    await done(store, webhooks_out.put, listed, 0)
    found: list[Delivery] = []
    while page := await asked(store, webhooks_out.deliveries, to.id, limit=3, before=found[-1] if found else None):
        found += page
    assert [one.id for one in found] == [one.id for one in reversed(listed)]
    assert found[0].body == listed[0].body


async def test_only_what_is_over_is_forgotten(store: Store) -> None:
    states = ("waiting", "delivered", "failed")
    old = [await kept(store, state=state, created_at=100.0) for state in states]
    new = [await kept(store, state=state, created_at=200.0) for state in states]
    assert await done(store, webhooks_out.forget, 150.0) == 2
    left = [await asked(store, webhooks_out.delivery, one.id) is not None for one in (*old, *new)]
    assert left == [True, False, False, True, True, True]
