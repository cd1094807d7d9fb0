"""Deleting for good against a model: nothing that anybody still names ever loses its bytes, and nothing else stays.

Hypothesis makes pictures (often of the same bytes), uploads, requests that take pictures in, marks, and lets time pass;
whatever it does in whatever order, each row's bytes are there, and after a sweep the others are gone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, select
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, assets, images, jobs, ledger, marks, tables
from fluxroom.store.assets import Asset
from fluxroom.store.retention import GRACE, Rules, due, prune, sweep

T = TypeVar("T")
DAY = 86400.0
START = 1_000 * DAY
CENT = Decimal("0.01")
TABLES = (
    tables.board_images, tables.boards, tables.images, tables.assets, tables.inputs, tables.condemned,
    tables.job_events, tables.jobs, tables.generations,
)  # fmt: skip

bits = st.sampled_from([b"fox", b"hare", b"owl", b"snow"])
owners = st.sampled_from(["anna", "ben"])


def named(connection: Connection) -> set[str]:
    """What some row still needs."""
    columns = (tables.images.c.sha256, tables.assets.c.sha256, tables.inputs.c.sha256)
    return {one for column in columns for one in connection.execute(select(column)).scalars()}


def condemned(connection: Connection) -> set[str]:
    return set(connection.execute(select(tables.condemned.c.sha256)).scalars())


class Attic(RuleBasedStateMachine):
    """A library and what is known of it."""

    store: Store
    runner: asyncio.Runner
    now: float
    made: dict[str, dict[str, Any]]
    spent: Decimal
    pictures = Bundle("pictures")

    @initialize()
    def empty(self) -> None:
        self.now, self.made, self.spent = START, {}, Decimal(0)

        def work(connection: Connection) -> None:
            for table in TABLES:
                connection.execute(delete(table))

        self.write(work)
        for data in (b"fox", b"hare", b"owl", b"snow"):
            self.store.blobs.remove(sha256(data).hexdigest(), older_than=-1e9)

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.store.database.write(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.store.database.read(work))

    def put(self, data: bytes, *, aged: bool = True) -> str:
        digest = self.store.blobs.put(data)
        if aged:
            path = self.store.blobs.local_path(digest)
            assert path
            os.utime(path, (path.stat().st_mtime - 2 * GRACE,) * 2)
        return digest

    # what people do --------------------------------------------------------------------------------------------------

    @rule(target=pictures, data=bits, owner=owners, taken_in=st.none() | bits)
    def make(self, data: bytes, owner: str, taken_in: bytes | None) -> str:
        """A picture with its job, perhaps of another picture; one cent."""
        references = [] if taken_in is None else [{"sha256": self.put(taken_in)}]
        about = generation(owner=owner, created_at=self.now, references=references)
        job = row(about, state="succeeded", charge_state="charged", charged=CENT, cache_key=f"{owner}-{data!r}")
        self.write(partial(jobs.add, generation=about, rows=[job]))
        one = picture(job["id"], sha256=self.put(data), size_bytes=len(data), created_at=self.now, owner=owner)
        self.write(partial(images.add, rows=[one]))
        self.made[one.id] = {"owner": owner, "sha256": one.sha256, "at": self.now, "trashed": None, "kept": False}
        self.spent += CENT
        return one.id

    @rule(data=bits, owner=owners)
    def upload(self, data: bytes, owner: str) -> None:
        facts: dict[str, Any] = {"name": "", "mime": "image/png", "width": 1, "height": 1, "size_bytes": len(data)}
        self.write(partial(assets.add, asset=Asset(owner=owner, sha256=self.put(data), created_at=self.now, **facts)))

    @rule(data=bits, owner=owners)
    def drop_upload(self, data: bytes, owner: str) -> None:
        self.write(partial(assets.drop, owner=owner, sha256=sha256(data).hexdigest()))

    @rule(one=pictures, owner=owners)
    def throw_away(self, one: str, owner: str) -> None:
        """Only one's own, and only what is not there already."""
        self.write(partial(marks.trash, owner=owner, ids=[one], now=self.now))
        known = self.made.get(one)
        if known and known["owner"] == owner and known["trashed"] is None:
            known["trashed"] = self.now

    @rule(one=pictures, owner=owners)
    def take_back(self, one: str, owner: str) -> None:
        self.write(partial(marks.restore, owner=owner, ids=[one]))
        known = self.made.get(one)
        if known and known["owner"] == owner:
            known["trashed"] = None

    @rule(one=pictures, on=st.booleans())
    def mark(self, one: str, on: bool) -> None:
        self.write(partial(marks.favour, owner="", ids=[one], on=on))
        if one in self.made:
            self.made[one]["kept"] = on

    @rule(days=st.sampled_from([0.5, 5.0, 31.0]))
    def wait(self, days: float) -> None:
        self.now += days * DAY

    # what the gateway does once an hour ------------------------------------------------------------------------------

    @rule(trash=st.sampled_from([0.0, 1.0, 30.0]), old=st.sampled_from([0.0, 10.0]))
    def tidy_up(self, trash: float, old: float) -> None:
        rules = Rules(trash=trash, pictures=old)
        told = self.runner.run(due(self.store, rules, self.now))
        done = self.runner.run(prune(self.store, rules, self.now))
        thrown = {one for one, about in self.made.items() if self._is_thrown(about, trash)}
        aged = {one for one, about in self.made.items() if self._is_old(about, old)}
        assert (told.trashed, told.old) == (len(thrown), len(aged))
        assert done.trashed == len(thrown), "what was announced went"
        assert done.old == len(aged - thrown)
        for one in thrown | aged:
            del self.made[one]
        assert self.read(condemned) == set(), "nothing waits that nobody needs"
        self._only_what_is_named()

    def _is_thrown(self, about: dict[str, Any], days: float) -> bool:
        return days > 0 and about["trashed"] is not None and about["trashed"] <= self.now - days * DAY

    def _is_old(self, about: dict[str, Any], days: float) -> bool:
        return days > 0 and not about["kept"] and about["at"] < self.now - days * DAY

    @rule(data=bits)
    def somebody_is_about_to_store_the_same(self, data: bytes) -> None:
        """Bytes that were put a moment ago, whose row follows: no sweep may take them."""
        digest = self.put(data, aged=False)
        self.runner.run(sweep(self.store))
        assert self.store.blobs.has(digest)
        path = self.store.blobs.local_path(digest)
        assert path
        os.utime(path, (path.stat().st_mtime - 2 * GRACE,) * 2)
        if digest not in self.read(named) | self.read(condemned):
            self.store.blobs.remove(digest, older_than=0.0)  # the row never came

    def _only_what_is_named(self) -> None:
        needed = self.read(named)
        for data in (b"fox", b"hare", b"owl", b"snow"):
            digest = sha256(data).hexdigest()
            assert self.store.blobs.has(digest) or digest not in needed

    # what must be true at any time -----------------------------------------------------------------------------------

    @invariant()
    def nobody_loses_a_byte_that_is_named(self) -> None:
        for digest in self.read(named):
            assert self.store.blobs.get(digest), digest

    @invariant()
    def the_rows_are_those_that_were_made_and_not_deleted(self) -> None:
        rows = self.read(lambda connection: list(connection.execute(select(tables.images.c.id)).scalars()))
        assert sorted(rows) == sorted(self.made)

    @invariant()
    def the_money_stays_in_the_books(self) -> None:
        told = self.read(lambda connection: ledger.spent(connection, "all", since=0.0, sandbox=False))
        assert told == self.spent

    @invariant()
    def the_cache_promises_only_pictures_that_are_there(self) -> None:
        there = {(about["owner"], about["sha256"]) for about in self.made.values()}
        for owner in ("anna", "ben"):
            for data in (b"fox", b"hare", b"owl", b"snow"):
                promised = self.read(partial(self._cached, owner=owner, data=data))
                assert promised is ((owner, sha256(data).hexdigest()) in there)

    @staticmethod
    def _cached(connection: Connection, owner: str, data: bytes) -> bool:
        from fluxroom.store import reuse

        return reuse.cached(connection, owner, f"{owner}-{data!r}") is not None


@pytest.mark.slow
def test_nothing_that_is_named_is_ever_deleted(store: Store, request: pytest.FixtureRequest) -> None:
    examples = 5 if "postgresql" in request.node.name else 15
    with asyncio.Runner() as runner:
        made = type("Machine", (Attic,), {"store": store, "runner": runner})
        run_state_machine_as_test(
            made,
            settings=settings(
                max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
