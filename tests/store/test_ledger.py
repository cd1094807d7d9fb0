"""Sums, budgets, limits and samples as the store keeps them: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.store.rows import generation, row

from fluxroom.engine.accounting import Usage, checked_budget
from fluxroom.errors import RequestError
from fluxroom.store import Store, history, jobs, ledger, limits, open_store
from fluxroom.store.history import KEPT, Kind
from fluxroom.store.ledger import Budget, By, Sum
from fluxroom.store.limits import Limit

pytestmark = pytest.mark.anyio

CENT = Decimal("0.01")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    found = open_store(tmp_path / "data", url)
    yield found
    found.close()


def at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def keep(store: Store, **more: Any) -> None:
    """Write a job of five cents down."""
    of_it = {name: more[name] for name in ("owner", "run", "created_at") if name in more}
    made = generation(**of_it)
    money = {"estimated": CENT * 5, "reserved": CENT * 5, "charge_state": "not_charged"}
    await store.database.write(lambda connection: jobs.add(connection, made, [row(made, **money | more)]))


async def sums(store: Store, by: By, **more: Any) -> list[tuple[str, int, Decimal, Decimal]]:
    span: dict[str, Any] = {"since": -math.inf, "until": math.inf, "sandbox": False, **more}
    found = await store.database.read(lambda connection: ledger.usage(connection, by, **span))
    return [(line.key, line.jobs, line.charged, line.doubtful) for line in found]


async def spent(store: Store, scope: str, since: float = 0.0, *, sandbox: bool = False) -> Decimal:
    return await store.database.read(lambda connection: ledger.spent(connection, scope, since=since, sandbox=sandbox))


@pytest.mark.parametrize(
    ("state", "charge", "charged", "sure", "doubtful"),
    [
        ("queued", "not_charged", None, "0", "0.05"),
        ("submitting", "not_charged", None, "0", "0.05"),
        ("running", "unknown", None, "0", "0.05"),
        ("running", "unknown", "0.07", "0", "0.07"),
        ("fetching", "charged", "0.07", "0.07", "0"),
        ("succeeded", "charged", "0.07", "0.07", "0"),
        ("succeeded", "charged", None, "0.05", "0"),
        ("succeeded", "not_charged", "0", "0", "0"),  # from the cache
        ("lost", "charged", "0.07", "0.07", "0"),
        ("unknown", "unknown", None, "0", "0.05"),
        ("queued", "unknown", None, "0", "0.05"),  # sent again by a person
        ("abandoned", "unknown", None, "0", "0.05"),
        ("moderated_output", "unknown", "0.07", "0", "0.07"),
        ("failed", "not_charged", None, "0", "0"),
        ("failed", "not_charged", "0", "0", "0"),
        ("failed", "charged", "0.02", "0.02", "0"),
        ("cancelled", "not_charged", None, "0", "0"),
    ],
)
async def test_what_a_job_counts_as(
    store: Store, state: str, charge: str, charged: str | None, sure: str, doubtful: str
) -> None:
    await keep(store, state=state, charge_state=charge, charged=None if charged is None else Decimal(charged))
    assert await sums(store, "provider") == [("bfl", 1, Decimal(sure), Decimal(doubtful))]
    assert await spent(store, "all") == Decimal(sure) + Decimal(doubtful)


async def test_days_are_cut_at_midnight_in_utc(store: Store) -> None:
    for moment in ("2026-02-28T23:59:59.999+00:00", "2026-03-01T00:00:00+00:00", "2026-03-01T23:30:00-02:00"):
        await keep(store, created_at=at(moment))
    assert [(day, number) for day, number, _, _ in await sums(store, "day")] == [
        ("2026-02-28", 1),
        ("2026-03-01", 1),
        ("2026-03-02", 1),
    ]
    first, last = at("2026-03-01T00:00:00+00:00"), at("2026-03-02T00:00:00+00:00")
    assert [day for day, *_ in await sums(store, "day", since=first, until=last)] == ["2026-03-01"]


async def test_sums_by_every_key_and_for_one_owner(store: Store) -> None:
    await keep(store, owner="anna", run="summer", state="succeeded", charge_state="charged", charged=CENT)
    await keep(store, owner="anna", provider="fal", model="flux-2-dev", charge_state="unknown")
    await keep(store, owner="ben", charge_state="charged", state="succeeded", charged=CENT * 2)
    await keep(store, owner="ben", sandbox=True)
    assert await sums(store, "owner") == [("anna", 2, CENT, CENT * 5), ("ben", 1, CENT * 2, Decimal(0))]
    assert [key for key, *_ in await sums(store, "run")] == ["", "summer"]
    assert [key for key, *_ in await sums(store, "model")] == ["flux-2-dev", "flux-2-pro"]
    assert await sums(store, "provider", owner="anna") == [
        ("bfl", 1, CENT, Decimal(0)),
        ("fal", 1, Decimal(0), CENT * 5),
    ]
    assert await sums(store, "owner", sandbox=True) == [("ben", 1, Decimal(0), CENT * 5)]


async def test_millionths_add_up_exactly(store: Store) -> None:
    for _ in range(30):
        await keep(store, state="succeeded", charge_state="charged", charged=Decimal("0.000001"))
    await keep(store, state="succeeded", charge_state="charged", charged=Decimal("1234567.1"))
    assert await spent(store, "all") == Decimal("1234567.10003")


async def test_what_a_scope_has_spent(store: Store) -> None:
    await keep(store, owner="anna", run="summer", created_at=100.0)
    await keep(store, owner="anna", run="a:b/c", created_at=200.0)
    await keep(store, owner="ben", run="summer", created_at=300.0)
    await keep(store, owner="ben", run="summer", created_at=400.0, sandbox=True)
    five = CENT * 5
    for scope, since, much in (
        ("all", 0.0, five * 3),
        ("all", 200.0, five * 2),
        ("owner:anna", 0.0, five * 2),
        ("owner:anna", 100.5, five),
        ("run:summer", 0.0, five * 2),
        ("run:a:b/c", 0.0, five),
        ("run:winter", 0.0, Decimal(0)),
    ):
        assert await spent(store, scope, since) == much, scope
    assert await spent(store, "run:summer", sandbox=True) == five


async def test_budgets_are_set_changed_and_dropped(store: Store) -> None:
    write, read = store.database.write, store.database.read
    for most in (CENT, CENT * 2):
        await write(partial(ledger.set_budget, budget=Budget(scope="all", period="day", most=most)))
    await write(lambda connection: ledger.set_budget(connection, Budget(scope="all", period="month", most=CENT)))
    found = await read(ledger.all_budgets)
    assert [(one.period, one.most) for one in found] == [("day", CENT * 2), ("month", CENT)]
    assert await write(lambda connection: ledger.drop_budget(connection, "all", "day"))
    assert not await write(lambda connection: ledger.drop_budget(connection, "all", "day"))


async def test_limits_and_who_waits_at_which_account(store: Store) -> None:
    write, read = store.database.write, store.database.read
    for cap in (3.5, 4.25):
        limit = Limit(account="bfl:1", cap=cap, hold_until=9.5, paused=True, why="because", changed_at=1.0)
        await write(partial(limits.put, limit=limit))
    assert await read(limits.known) == {"bfl:1": limit}
    assert await read(lambda connection: limits.get(connection, "bfl:2")) is None
    for account, state in (("bfl:1", "queued"), ("bfl:1", "queued"), ("fal:1", "queued"), ("fal:1", "running")):
        await keep(store, account=account, state=state)
    assert await read(limits.queued) == {"bfl:1": 2, "fal:1": 1}


async def test_samples_are_kept_up_to_their_number_and_apart(store: Store) -> None:
    mine, other = (Kind(route="bfl/flux-2-pro", mode="generate", megapixels=number) for number in (1, 2))
    write, read = store.database.write, store.database.read
    await write(lambda connection: history.add(connection, other, [1.5], 1.0))
    for start in range(0, KEPT + 60, 20):
        seconds = [float(number) for number in range(start, start + 20)]
        await write(partial(history.add, kind=mine, seconds=seconds, at=1.0))
        await write(partial(history.prune, kind=mine))
    assert await read(lambda connection: history.count(connection, mine)) == KEPT
    newest = await read(lambda connection: history.newest(connection, mine, KEPT))
    assert newest == [float(number) for number in range(KEPT + 59, 59, -1)]
    assert await read(lambda connection: history.newest(connection, other)) == [1.5]


# words of people -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["all", "owner:anna", "run:2026/summer sale", "owner:a:b", "run:" + "x" * 200])
def test_scopes(scope: str) -> None:
    assert checked_budget(scope, "day", "1").scope == scope


@pytest.mark.parametrize(
    ("scope", "period", "amount", "field"),
    [
        *(
            (scope, "day", "1", "scope")
            for scope in ("", "ALL", "owner:", "run: x", "all:x", "anna", "run:a\nb", "run:\0")
        ),
        ("run:" + "x" * 201, "day", "1", "scope"),
        *(("all", period, "1", "period") for period in ("", "week", "Day")),
        *(("all", "day", amount, "most") for amount in ("", "x", "-1", "NaN", "Infinity", "1e99", "0.0000001", "1,5")),
    ],
)
def test_what_is_no_budget(scope: str, period: str, amount: str, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        checked_budget(scope, period, amount)
    assert caught.value.context["field"] == field


@pytest.mark.parametrize(
    ("amount", "most"), [("0", "0"), (" $12.50 ", "12.5"), ("0.000001", "0.000001"), ("1e2", "100")]
)
def test_amounts(amount: str, most: str) -> None:
    assert checked_budget("all", "day", amount).most == Decimal(most)


def test_a_spreadsheet_does_not_calculate_with_names() -> None:
    nothing = Decimal(0)
    names = ["=1+1", "+x", "-x", "@x", "plain", 'with "quotes", commas']
    lines = [Sum(key=name, jobs=1, succeeded=0, estimated=nothing, charged=nothing, doubtful=nothing) for name in names]
    text = Usage(by="run", since=None, until=None, sandbox=False, lines=lines).as_csv()
    keys = [line.rsplit(",", 5)[0] for line in text.splitlines()[1:]]
    assert keys == ["'=1+1", "'+x", "'-x", "'@x", "plain", '"with ""quotes"", commas"']
