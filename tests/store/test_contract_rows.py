"""Every statement of the store on SQLite and on PostgreSQL: the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import astuple, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection
from tests.store.rows import generation, move, picture, put, row

from fluxroom.store import Store, admission, history, images, jobs, ledger, limits, reuse
from fluxroom.store.admission import Line
from fluxroom.store.history import Kind
from fluxroom.store.jobs import Job
from fluxroom.store.ledger import Budget, By
from fluxroom.store.limits import Limit

pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def asked(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.read(lambda connection: statement(connection, *arguments, **named))


async def done(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.write(lambda connection: statement(connection, *arguments, **named))


async def job_of(store: Store, **more: Any) -> Job:
    [identity] = await done(store, put, more)
    found = await asked(store, jobs.get, identity)
    assert found
    return found


# jobs ----------------------------------------------------------------------------------------------------------------


async def test_what_is_written_comes_back_as_it_was(store: Store) -> None:
    made = generation()
    rows = [row(made, number=n, ticket={"polling_url": "x", "n": 1.5}, error={"code": "é"}) for n in (1, 0)]
    await done(store, jobs.add, made, rows)
    assert await asked(store, jobs.generation, made.id) == made
    listed = await asked(store, jobs.of_generation, made.id)
    assert [job.number for job in listed] == [0, 1]
    assert listed[0] == Job(**rows[1])
    assert listed[0].receipt.estimated == Decimal("0.03")
    assert await asked(store, jobs.get, "nobody") is None
    assert await asked(store, jobs.generation, "nobody") is None


async def test_a_change_happens_once_and_only_from_where_it_is_expected(store: Store) -> None:
    job = await job_of(store)
    claim = move(job, "submitting", changes={"holder": "me", "attempt": 1, "error": {}})
    assert await done(store, jobs.move, claim) is True
    assert await done(store, jobs.move, claim) is False
    claimed = await asked(store, jobs.get, job.id)
    assert claimed == replace(job, state="submitting", holder="me", attempt=1, error={}, changed_at=2000.0)
    listed = await asked(store, jobs.events, job.generation)
    assert [(event["from_state"], event["to_state"]) for event in listed] == [("", "queued"), ("queued", "submitting")]
    assert await asked(store, jobs.events, job.generation, after=listed[0]["id"]) == listed[1:]


async def test_only_the_holder_of_this_attempt_may_change_it(store: Store) -> None:
    job = await job_of(store, state="unknown", holder="me", attempt=2)
    for holder, attempt in (("you", 2), ("me", 1), ("", 2)):
        change = move(job, "running", from_states=("submitting", "unknown"), holder=holder, attempt=attempt)
        assert await done(store, jobs.move, change) is False
    money = {"ticket": {"id": "1"}, "charged": Decimal("0.05"), "charge_source": "provider", "seed": 7}
    change = move(job, "running", from_states=("submitting", "unknown"), holder="me", attempt=2, changes=money)
    assert await done(store, jobs.move, change) is True
    moved = await asked(store, jobs.get, job.id)
    assert moved
    assert (moved.ticket, moved.charged, moved.seed, moved.estimated) == (
        {"id": "1"},
        Decimal("0.05"),
        7,
        job.estimated,
    )


async def test_of_two_that_move_a_job_at_once_one_wins(store: Store, tmp_path: Path) -> None:
    job = await job_of(store)
    moves = [move(job, "submitting", changes={"holder": f"process {n}"}) for n in range(20)]
    won = await asyncio.gather(*(done(store, jobs.move, change) for change in moves))
    assert sum(won) == 1
    assert len(await asked(store, jobs.events, job.generation)) == 2


async def test_jobs_are_found_by_state_time_and_the_end_of_their_id(store: Store) -> None:
    ids = await done(
        store, put, *({"state": state, "created_at": at} for state, at in (("queued", 3.0), ("running", 1.0)))
    )
    assert [job.id for job in await asked(store, jobs.recent, limit=5)] == ids
    assert [job.id for job in await asked(store, jobs.recent, limit=1)] == ids[:1]
    assert [job.id for job in await asked(store, jobs.recent, limit=5, states=["running"])] == ids[1:]
    assert [job.id for job in await asked(store, jobs.in_states, ["queued", "running"])] == ids[::-1]
    assert await asked(store, jobs.in_states, []) == []
    assert await asked(store, jobs.like, ids[0][-6:]) == [ids[0]]
    assert await asked(store, jobs.like, ids[0][-6:].upper()) == [ids[0]]
    assert await asked(store, jobs.like, "%") == sorted(ids)


async def test_seats_are_counted(store: Store) -> None:
    await done(
        store,
        put,
        {"state": "submitting"},
        {"state": "running", "owner": "team", "model": "flux-kontext-max"},
        {"state": "unknown", "seat_until": 60.0},
        {"state": "unknown", "seat_until": 40.0},
        {"state": "fetching"},
        {"state": "queued"},
        {"state": "running", "account": "fal:1"},
    )
    seats = await asked(store, admission.in_flight, 50.0)
    assert (seats["bfl:1"], seats["bfl:1/flux-2-pro"], seats["bfl:1/flux-kontext-max"]) == (3, 2, 1)
    assert (seats["owner:local"], seats["owner:team"], seats["fal:1"]) == (3, 1, 1)


async def test_waiting_jobs_come_by_urgency_and_age(store: Store) -> None:
    ids = await done(
        store,
        put,
        {"created_at": 2.0},
        {"created_at": 1.0},
        {"created_at": 3.0, "priority": 20},
        {"created_at": 0.0, "not_before": 99.0},
        {"created_at": 0.0, "account": "fal:other"},
        {"created_at": 0.0, "model": "flux-2-max"},
        {"created_at": 0.0, "owner": "zoe"},
        {"created_at": 0.0, "owner": "Ännchen ~"},
        {"created_at": 4.0, "maker": "me"},
        {"created_at": 4.0, "state": "running", "owner": "somebody"},
    )
    line = Line("local", "bfl:1", "flux-2-pro", 10)
    waiting = await asked(store, admission.waiting, line, now=50.0, limit=9)
    assert [job.id for job in waiting] == [ids[1], ids[0], ids[8]]
    assert await asked(store, admission.waiting, line, now=50.0, limit=2) == waiting[:2]
    assert len(await asked(store, admission.waiting, line, now=99.0, limit=9)) == 4
    mine = partial(asked, store, admission.waiting_of, "me", now=50.0)
    assert [job.id for job in await mine(limit=9, accounts=["bfl:1", "fal:1"])] == [ids[8]]
    assert await mine(limit=9, accounts=["fal:1"]) == await mine(limit=9, accounts=[]) == []
    assert await mine(limit=9, accounts=["bfl:1"], without={"flux-2-pro"}) == await mine(limit=0, accounts=["bfl:1"])
    assert await asked(store, admission.still_queued, ids[8:]) == {ids[8]}
    others = [("local", "bfl:1", "flux-2-max", 10), ("local", "fal:other", "flux-2-pro", 10)]
    others += [("local", "bfl:1", "flux-2-pro", 20)]
    owners = [(owner, "bfl:1", "flux-2-pro", 10) for owner in ("local", "zoe", "Ännchen ~")]
    assert sorted(map(astuple, await asked(store, admission.lines))) == sorted(others + owners)
    assert await asked(store, admission.any_queued)
    assert await asked(store, admission.next_time, 50.0) == 99.0
    assert await asked(store, admission.next_time, 99.0) is None


async def test_nothing_is_queued(store: Store) -> None:
    await done(store, put, {"state": "running"})
    assert not await asked(store, admission.any_queued)
    assert await asked(store, admission.lines) == []


async def test_whose_jobs_are_unfinished(store: Store) -> None:
    first, second, *_ = await done(
        store,
        put,
        {"state": "running", "holder": "a", "created_at": 1.0},
        {"state": "fetching", "holder": "b", "created_at": 2.0},
        {"state": "succeeded", "holder": "c"},
        {"state": "unknown", "holder": "d"},
    )
    assert sorted(await asked(store, jobs.holders)) == ["a", "b"]
    assert [job.id for job in await asked(store, jobs.held_by, ["b", "a", "c"])] == [first, second]
    assert await asked(store, jobs.held_by, []) == []


async def test_news_since_a_number(store: Store) -> None:
    assert await asked(store, jobs.last_event) == 0
    first, second = await done(store, put, {}, {})
    last = await asked(store, jobs.last_event)
    listed = await asked(store, jobs.news, 0)
    assert [event["job"] for event in listed] == [first, second]
    assert listed[-1]["id"] == last
    assert await asked(store, jobs.news, last) == []


# pictures, money, and what is remembered -----------------------------------------------------------------------------


async def test_pictures(store: Store) -> None:
    one, two = await done(store, put, {}, {})
    listed = [picture(one, 1), picture(one, 0), picture(two, 1, created_at=1.0, seed=2**62)]
    await done(store, images.add, listed)
    assert await asked(store, images.of_jobs, [one]) == [listed[1], listed[0]]
    assert len(await asked(store, images.of_jobs, [one, two])) == 3
    assert await asked(store, images.of_jobs, []) == []
    assert await asked(store, images.get, listed[2].id) == listed[2]
    assert await asked(store, images.get, "nothing") is None
    assert await asked(store, images.made_by, listed[0].sha256) == [two, one]


async def test_budgets_are_set_changed_and_dropped(store: Store) -> None:
    await done(store, ledger.set_budget, Budget(scope="owner:zoe", period="day", most=Decimal(5)))
    await done(store, ledger.set_budget, Budget(scope="all", period="month", most=Decimal("0.5")))
    await done(store, ledger.set_budget, Budget(scope="all", period="month", most=Decimal("1.25")))
    found = await asked(store, ledger.all_budgets)
    assert [(one.scope, one.most) for one in found] == [("all", Decimal("1.25")), ("owner:zoe", Decimal(5))]
    assert await done(store, ledger.drop_budget, "all", "month") is True
    assert await done(store, ledger.drop_budget, "all", "month") is False


DAY = 86400.0


async def spend(store: Store) -> None:
    await done(
        store,
        put,
        {"created_at": 100 * DAY + 5, "state": "succeeded", "charge_state": "charged", "charged": Decimal("0.045")},
        {"created_at": 100 * DAY + 9, "state": "failed", "charge_state": "not_charged", "charged": Decimal(0)},
        {"created_at": 101 * DAY, "state": "unknown", "charge_state": "unknown", "owner": "zoe", "run": "r1"},
        {"created_at": 101 * DAY + 1.5, "state": "queued", "owner": "zoe", "model": "flux-2-max", "provider": "fal"},
        {"created_at": 101 * DAY, "state": "succeeded", "charge_state": "charged", "sandbox": True},
    )


async def test_what_was_spent(store: Store) -> None:
    await spend(store)
    for scope, since, sandbox, expected in (
        ("all", 0.0, False, "0.105"),
        ("all", 101 * DAY, False, "0.06"),
        ("owner:zoe", 0.0, False, "0.06"),
        ("owner:nobody", 0.0, False, "0"),
        ("run:r1", 0.0, False, "0.03"),
        ("all", 0.0, True, "0.03"),
    ):
        found = await asked(store, ledger.spent, scope, since=since, sandbox=sandbox)
        assert found == Decimal(expected), (scope, since, sandbox)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("day", ["1970-04-11", "1970-04-12"]),
        ("model", ["flux-2-max", "flux-2-pro"]),
        ("provider", ["bfl", "fal"]),
        ("owner", ["local", "zoe"]),
        ("run", ["", "r1"]),
    ],
)
async def test_sums_for_people(store: Store, by: By, keys: list[str]) -> None:
    await spend(store)
    found = await asked(store, ledger.usage, by, since=0.0, until=1e9, sandbox=False)
    assert [one.key for one in found] == keys
    assert sum(one.jobs for one in found) == 4
    assert sum(one.succeeded for one in found) == 1
    assert sum(one.charged for one in found) == Decimal("0.045")
    assert sum(one.doubtful for one in found) == Decimal("0.06")
    only = await asked(store, ledger.usage, by, since=0.0, until=101 * DAY, sandbox=False, owner="zoe")
    assert only == []


async def test_idempotency_keys_and_the_cache(store: Store) -> None:
    made = generation()
    job = row(made, state="succeeded", cache_key="k", created_at=5.0)
    later = row(made, number=1, state="succeeded", cache_key="k", created_at=6.0)
    await done(store, jobs.add, made, [job, later])
    await done(store, reuse.remember, "zoe", "key", body_hash="h", generation=made.id, at=1.0)
    known = await asked(store, reuse.known, "zoe", "key")
    assert known == reuse.Known(body_hash="h", generation=made.id)
    assert await asked(store, reuse.known, "local", "key") is None
    assert await asked(store, reuse.cached, "local", "k") is None, "there are no pictures"
    await done(store, images.add, [picture(job["id"]), picture(later["id"])])
    assert await asked(store, reuse.cached, "local", "k") == job["id"]
    assert await asked(store, reuse.cached, "local", "k", [job["id"]]) == later["id"]
    assert await asked(store, reuse.cached, "local", "k", [job["id"], later["id"]]) is None
    assert await asked(store, reuse.cached, "zoe", "k") is None


async def test_limits_are_learned(store: Store) -> None:
    assert await asked(store, limits.get, "bfl:1") is None
    limit = Limit(account="bfl:1", cap=7.7, hold_until=12.5, paused=True, why="429", changed_at=1.0)
    await done(store, limits.put, replace(limit, cap=9.0))
    await done(store, limits.put, limit)
    assert await done(store, limits.get, "bfl:1") == limit
    assert await asked(store, limits.known) == {"bfl:1": limit}


async def test_times_are_remembered_and_the_oldest_go(store: Store) -> None:
    kind = Kind(route="bfl/flux-2-pro", mode="generate", megapixels=1)
    await done(store, history.add, kind, [float(n) for n in range(history.KEPT)], 1.0)
    await done(store, history.add, kind, [1000.5, 1001.5], 2.0)
    await done(store, history.prune, kind)
    assert await asked(store, history.newest, kind, 3) == [1001.5, 1000.5, 199.0]
    assert await asked(store, history.count, kind) == history.KEPT
    assert await asked(store, history.count, replace(kind, megapixels=2)) == 0


def texts(connection: Connection) -> list[str]:
    return [job.wire["prompt"] for job in jobs.recent(connection, limit=9)]


@pytest.mark.parametrize(
    "prompt", ["'; DROP TABLE jobs; --", "%(x)s :b_id $1 \\ \\u0041", "\u202e\U0001f98a\n\t\x01", "x" * 100_000]
)
async def test_any_text_is_kept(store: Store, prompt: str) -> None:
    made = generation(prompt=prompt)
    await done(store, jobs.add, made, [row(made)])
    assert await asked(store, texts) == [prompt]
    found = await asked(store, jobs.generation, made.id)
    assert found
    assert found.prompt == prompt
