"""The ledger against a small model of it: whatever happens in whatever order, rows, events, seats and money agree.

Hypothesis writes jobs down and lets things happen to them, often from a state where they are not, or in the name of a
process that no longer holds them. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, delete
from tests.store.rows import generation, row

from fluxroom.engine.lifecycle import TRANSITIONS, State
from fluxroom.store import Store, admission, jobs, ledger, open_store, tables
from fluxroom.store.admission import Line
from fluxroom.store.jobs import Job, Move
from fluxroom.store.ledger import Sum

T = TypeVar("T")

OWNERS, ACCOUNTS, MODELS, RUNS = ("anna", "ben"), ("bfl:1", "fal:2"), ("flux-2-pro", "flux-2-dev"), ("", "summer")
HOLDERS = ("one", "two")
CENT = Decimal("0.01")
SEATED = {"submitting", "running"}
PAST, NOW, FUTURE = 900.0, 1000.0, 1100.0

amounts = st.integers(0, 900).map(lambda cents: CENT * cents)
charges = st.sampled_from(["not_charged", "charged", "unknown"])
states = st.sampled_from([state.value for state in State])


@dataclass(slots=True)
class Known:
    """What the model knows of a job."""

    id: str
    generation: str
    owner: str
    account: str
    model: str
    run: str
    priority: int
    created_at: float
    not_before: float
    reserved: Decimal
    state: str = "queued"
    holder: str = ""
    attempt: int = 0
    charged: Decimal | None = None
    charge_state: str = "not_charged"
    doubted: Decimal = Decimal(0)
    seat_until: float = 0.0
    story: list[tuple[str, str]] = field(default_factory=lambda: [("", "queued")])

    @property
    def has_seat(self) -> bool:
        return self.state in SEATED or (self.state == "unknown" and self.seat_until > NOW)

    @property
    def line(self) -> Line:
        return Line(self.owner, self.account, self.model, self.priority)

    @property
    def sure(self) -> Decimal:
        return self._price if self.charge_state == "charged" else Decimal(0)

    @property
    def doubtful(self) -> Decimal:
        if self.charge_state == "unknown":
            return self.doubted + self._price
        return self.doubted + (self.reserved if self.state in {"queued", "submitting"} else Decimal(0))

    @property
    def _price(self) -> Decimal:
        return self.reserved if self.charged is None else self.charged


class LedgerMachine(RuleBasedStateMachine):
    """A ledger and its model."""

    store: Store
    runner: asyncio.Runner
    known: dict[str, Known]
    jobs = Bundle("jobs")

    @initialize()
    def empty(self) -> None:
        self.known = {}

        def work(connection: Connection) -> None:
            for table in (tables.job_events, tables.inputs, tables.jobs, tables.generations):
                connection.execute(delete(table))

        self.write(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.store.database.write(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        return self.runner.run(self.store.database.read(work))

    @precondition(lambda self: len(self.known) < 5)
    @rule(
        target=jobs,
        owner=st.sampled_from(OWNERS),
        account=st.sampled_from(ACCOUNTS),
        model=st.sampled_from(MODELS),
        run=st.sampled_from(RUNS),
        priority=st.sampled_from([0, 5, 10]),
        created_at=st.sampled_from([100.0, 200.0, 300.0]),
        not_before=st.sampled_from([0.0, PAST, FUTURE]),
        reserved=amounts,
    )
    def ask(self, **told: Any) -> str:
        made = generation(owner=told["owner"], run=told["run"], created_at=told["created_at"])
        job = row(made, **told, estimated=told["reserved"])
        self.write(lambda connection: jobs.add(connection, made, [job]))
        self.known[job["id"]] = Known(id=job["id"], generation=made.id, **told)
        return str(job["id"])

    @rule(job=jobs, holder=st.sampled_from(HOLDERS), expected=states, sure=st.booleans())
    def claim(self, job: str, holder: str, expected: str, sure: bool) -> None:
        """A process takes a job in hand, if it is where the process thinks it is."""
        one = self.known[job]
        self._move(
            one,
            expected if not sure else one.state,
            "submitting",
            changes={"holder": holder, "attempt": one.attempt + 1},
            allowed=(State.QUEUED,),
        )

    @rule(
        job=jobs,
        number=st.integers(0, 99),
        fits=st.sampled_from([True, True, True, False]),
        believed=st.sampled_from(["right", "right", "anybody", "anybody", "other", "stale"]),
        charge=charges,
        charged=st.none() | amounts,
        doubted=amounts,
        seat_until=st.sampled_from([PAST, FUTURE]),
    )
    def happen(self, job: str, number: int, believed: str, **money: Any) -> None:
        """Something happens; the change goes through only where it can, and for who holds the job."""
        one = self.known[job]
        ways = sorted({(source.value, target.value) for (source, _), target in TRANSITIONS.items()})
        possible = [way for way in ways if way[0] == one.state]
        source, target = (
            (possible or ways)[number % len(possible or ways)] if money["fits"] else ways[number % len(ways)]
        )
        holder = {"right": one.holder, "other": "three", "stale": one.holder, "anybody": None}[believed]
        attempt = one.attempt - 1 if believed == "stale" else one.attempt
        changes = {"charge_state": money["charge"], "doubted": money["doubted"], "seat_until": money["seat_until"]}
        if money["charged"] is not None:
            changes["charged"] = money["charged"]
        self._move(one, source, target, changes=changes, holder=holder, attempt=attempt)

    def _move(
        self,
        one: Known,
        source: str,
        target: str,
        *,
        changes: dict[str, Any],
        allowed: tuple[State, ...] = tuple(State),
        holder: str | None = None,
        attempt: int = 0,
    ) -> None:
        if source not in allowed:
            source = State.QUEUED.value
        change = Move(
            job=one.id,
            generation=one.generation,
            from_states=(source,),
            to_state=target,
            why="because",
            at=NOW,
            holder=holder,
            attempt=attempt,
            changes=changes,
        )
        expected = one.state == source and (holder is None or (holder, attempt) == (one.holder, one.attempt))
        assert self.write(lambda connection: jobs.move(connection, change)) is expected
        if expected:
            one.story.append((source, target))
            one.state = target
            for name, value in changes.items():
                setattr(one, name, value)

    # what must be true at any time -----------------------------------------------------------------------------------

    @invariant()
    def nothing_contradicts_the_model(self) -> None:
        found = self.read(partial(everything, list(self.known.values())))
        self._rows_and_events(found)
        self._seats_and_lines(found)
        self._money(found)

    def _rows_and_events(self, found: Found) -> None:
        for one in self.known.values():
            row_now = found.rows[one.id]
            for name in ("state", "holder", "attempt", "charged", "charge_state", "doubted", "reserved", "seat_until"):
                assert getattr(row_now, name) == getattr(one, name), name
            assert [(event["from_state"], event["to_state"]) for event in found.events[one.id]] == one.story

    def _seats_and_lines(self, found: Found) -> None:
        seats = Counter[str]()
        for one in self.known.values():
            if one.has_seat:
                seats.update([one.account, f"{one.account}/{one.model}", f"owner:{one.owner}"])
        assert found.seats == dict(seats)
        waiting = [one for one in self.known.values() if one.state == "queued"]
        assert len(found.lines) == len({one.line for one in waiting})
        for line, told in found.lines.items():
            ready = sorted((one.created_at, one.id) for one in waiting if one.line == line and one.not_before <= NOW)
            assert [(one.created_at, one.id) for one in told] == ready, "each in its turn"
        held = [one.not_before for one in waiting if one.not_before > NOW]
        held += [one.seat_until for one in self.known.values() if one.state == "unknown" and one.seat_until > NOW]
        assert found.next_time == min(held, default=None)

    def _money(self, found: Found) -> None:
        sums = Counter[str]()
        for one in self.known.values():
            for scope in ("all", f"owner:{one.owner}", f"run:{one.run}"):
                sums[scope] += int((one.sure + one.doubtful) / CENT)
        for scope, told in found.spent.items():
            assert told == CENT * sums[scope], scope
        sure = sum((one.sure for one in self.known.values()), Decimal(0))
        doubtful = sum((one.doubtful for one in self.known.values()), Decimal(0))
        for by, lines in found.usage.items():
            assert sum(line.jobs for line in lines) == len(self.known), by
            assert sum((line.charged for line in lines), Decimal(0)) == sure, by
            assert sum((line.doubtful for line in lines), Decimal(0)) == doubtful, by


@dataclass(frozen=True, slots=True)
class Found:
    """What the ledger says, at one moment."""

    rows: dict[str, Job]
    events: dict[str, list[dict[str, Any]]]
    seats: dict[str, int]
    lines: dict[Line, list[Job]]
    next_time: float | None
    spent: dict[str, Decimal]
    usage: dict[str, Sequence[Sum]]


def everything(known: list[Known], connection: Connection) -> Found:
    rows = {one.id: jobs.get(connection, one.id) for one in known}
    lines = admission.lines(connection)
    assert admission.any_queued(connection) is bool(lines)
    return Found(
        rows={name: one for name, one in rows.items() if one},
        events={one.id: jobs.events(connection, one.generation) for one in known},
        seats=admission.in_flight(connection, NOW),
        lines={line: admission.waiting(connection, line, now=NOW, limit=99) for line in lines},
        next_time=admission.next_time(connection, NOW),
        spent={
            scope: ledger.spent(connection, scope, since=0.0, sandbox=False)
            for scope in ("all", "owner:anna", "owner:ben", "run:summer")
        },
        usage={by: ledger.usage(connection, by, since=0.0, until=1e9, sandbox=False) for by in ledger.BYS},
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    found = open_store(tmp_path / "data", url)
    yield found
    found.close()


@pytest.mark.slow
def test_the_ledger_never_contradicts_itself(store: Store, request: pytest.FixtureRequest) -> None:
    examples = 10 if "postgresql" in request.node.name else 20
    with asyncio.Runner() as runner:
        made = type("Machine", (LedgerMachine,), {"store": store, "runner": runner})
        run_state_machine_as_test(
            made,
            settings=settings(
                max_examples=examples,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
