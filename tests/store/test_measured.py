"""What was measured of each route, on SQLite and on PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.rows import picture, put

from fluxroom.store import Store, history, images, measured
from fluxroom.store.history import Kind
from fluxroom.store.measured import Measured

pytestmark = pytest.mark.anyio

PRO = ("bfl/flux-2-pro", "generate")


def charged(connection: Connection, amount: str, pictures: int = 1, **more: Any) -> None:
    facts = {"state": "succeeded", "charge_state": "charged", "charged": Decimal(amount), "created_at": 1000.0}
    [job] = put(connection, facts | more)
    images.add(connection, [picture(job, number) for number in range(pictures)])


async def seen(store: Store, **more: Any) -> dict[Any, Measured]:
    asked: dict[str, Any] = {"since": 0.0, "sandbox": False} | more
    return await store.database.read(lambda connection: measured.by_route(connection, **asked))


async def test_nothing_is_known_at_first(store: Store) -> None:
    assert await seen(store) == {}


async def test_times_are_the_middle_one_over_all_sizes(store: Store) -> None:
    def work(connection: Connection) -> None:
        for megapixels, seconds in ((1, [4.0, 5.0]), (2, [9.0])):
            history.add(connection, Kind(route=PRO[0], mode=PRO[1], megapixels=megapixels), seconds, 1.0)

    await store.database.write(work)
    assert await seen(store) == {PRO: Measured(jobs=3, seconds=5.0, price=None)}


async def test_a_price_is_that_of_one_picture(store: Store) -> None:
    def work(connection: Connection) -> None:
        charged(connection, "0.03")
        charged(connection, "0.09", pictures=2)

    await store.database.write(work)
    assert (await seen(store))[PRO] == Measured(jobs=0, seconds=None, price=Decimal("0.04"))


async def test_only_what_was_really_paid_counts(store: Store) -> None:
    def work(connection: Connection) -> None:
        charged(connection, "0.03")
        charged(connection, "9", cached_from="another")
        charged(connection, "9", state="lost")
        charged(connection, "9", charge_state="unknown")
        charged(connection, "9", sandbox=True)
        charged(connection, "9", created_at=10.0)
        charged(connection, "0.05", owner="anna")

    await store.database.write(work)
    assert (await seen(store, since=100.0, owner="anna"))[PRO].price == Decimal("0.05")
    assert (await seen(store, since=100.0, owner="local"))[PRO].price == Decimal("0.03")
    assert (await seen(store, sandbox=True))[PRO].price == Decimal(9)
