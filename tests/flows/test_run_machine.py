"""A run against a model of it: whatever people, providers and dying processes do in whatever order.

Hypothesis pauses, resumes, cancels, retries, kills and starts conductors, while a provider of the test's own takes and
finishes requests when it is told to, and submits hang half-way when they are told to. Nothing is made twice, nothing is
sent while a run is paused or cancelled, and everything comes to an end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, update
from tests.flows.orchestra import a_run, items_of, prompts

from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.errors import RequestError
from fluxroom.flows.runs import conductor as conducting
from fluxroom.flows.runs.conductor import Conductor
from fluxroom.flows.runs.decisions import Decisions
from fluxroom.store import Store, open_store, runs, tables
from fluxroom.store.runs import Item, Run

_PATIENCE = 5.0


@dataclass
class Made:
    """A generation at the provider of the test: `queued` here, `running` there, or settled."""

    key: str
    position: int
    state: State = State.QUEUED
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, state: State) -> None:
        self.state = state
        self.settled.set()


@dataclass
class World:
    """What outlives every process: the database, and what was written there of generations."""

    store: Store
    made: dict[str, Made] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    before: asyncio.Event = field(default_factory=asyncio.Event)  # a submit waits for it before it is written
    behind: asyncio.Event = field(default_factory=asyncio.Event)  # and for this one before it returns
    alive: set[str] = field(default_factory=set)
    clock: float = 1.0

    def of(self, *states: State) -> list[str]:
        return [one for one, made in self.made.items() if made.state in states]


class Stage:
    """As much of an engine as runs need. Jobs of a process that dies go on, as those of a gateway do."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.store = world.store
        self.presence = SimpleNamespace(id=name, dead=self._dead)
        world.alive.add(name)

    async def _dead(self, owners: Sequence[str]) -> list[str]:
        return [one for one in owners if one not in self.world.alive]

    def now(self) -> float:
        self.world.clock += 1
        return self.world.clock

    async def submit(self, request: Any, plan: Any, terms: Any, *, also: Callable[[Connection, str], None]) -> str:
        await self.world.before.wait()
        key = terms.idempotency_key

        def work(connection: Connection) -> str:
            generation = self.world.keys.get(key) or f"generation-{len(self.world.made)}"
            also(connection, generation)
            if key not in self.world.keys:
                self.world.keys[key] = generation
                self.world.made[generation] = Made(key, int(key.split("/")[-2]))
            return generation

        generation = await self.store.database.write(work)
        await self.world.behind.wait()
        return generation

    async def take_up(self, generation: str) -> None:
        assert generation in self.world.made

    async def wait(self, generation: str, seconds: float) -> Any:
        made = self.world.made[generation]
        await made.settled.wait()
        error = None if made.state is State.SUCCEEDED else {"code": "x", "message": "no"}
        return SimpleNamespace(jobs=[SimpleNamespace(state=made.state, error=error, went_elsewhere=False)])

    async def withdraw(self, generation: str) -> bool:
        made = self.world.made[generation]
        if made.state is not State.QUEUED:
            return False
        made.end(State.CANCELLED)
        return True

    async def cancel(self, generation: str) -> list[tuple[None, str]]:
        return [(None, "withdrawn" if await self.withdraw(generation) else "goes on")]


async def plan_with(prompt: Any, model: str, options: Any) -> Any:
    return prompt, model


class RunMachine(RuleBasedStateMachine):
    """One run, up to two conductors, one person, one provider."""

    store: Store
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.store)
        self.world.before.set()
        self.world.behind.set()
        self.conductors: list[tuple[Stage, Conductor]] = []
        self.retried: Counter[int] = Counter()
        self.number = 0
        self.sent_at_pause = 0

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    # what can happen -------------------------------------------------------------------------------------------------

    @initialize(items=st.integers(1, 5), hanging=st.sampled_from(["", "before", "behind"]))
    def begin(self, items: int, hanging: str) -> None:
        self.hire()
        if hanging:
            self.hang(hanging)
        run = a_run()
        self.run = run.id
        self.items_of_it = items
        self.do(self.conductors[0][1].begin(run, items_of(run, prompts(items))))
        self.settle()

    @precondition(lambda self: len(self.conductors) < 2)
    @rule()
    def hire(self) -> None:
        self.number += 1
        stage = Stage(self.world, f"process-{id(self)}-{self.number}")

        async def start() -> Conductor:
            made = Conductor(stage, plan_with)  # type: ignore[arg-type]
            made.start()
            return made

        self.conductors.append((stage, self.do(start())))

    @precondition(lambda self: self.conductors)
    @rule(which=st.integers(0, 1))
    def kill(self, which: int) -> None:
        """kill -9: what it held stays held in its name."""
        stage, conductor = self.conductors.pop(which % len(self.conductors))
        held = [run.id for run in self.read(runs.carried) if run.holder == stage.presence.id]
        self.do(conductor.stop())
        self.world.alive.discard(stage.presence.id)
        for run in held:
            again = update(tables.runs).where(tables.runs.c.id == run, tables.runs.c.holder == "")
            self.write(lambda c, again=again: c.execute(again.values(holder=stage.presence.id)))  # type: ignore[misc]
        self.settle()

    @rule(which=st.sampled_from(["before", "behind"]))
    def hang(self, which: str) -> None:
        getattr(self.world, which).clear()

    @rule()
    def go(self) -> None:
        self.world.before.set()
        self.world.behind.set()
        self.settle()

    @rule(which=st.integers(0, 9))
    def take(self, which: int) -> None:
        """The provider takes something, and it will be paid."""
        if waiting := self.world.of(State.QUEUED):
            self.world.made[waiting[which % len(waiting)]].state = State.RUNNING

    @rule(which=st.integers(0, 9), how=st.sampled_from([State.SUCCEEDED, State.SUCCEEDED, State.FAILED]))
    def finish(self, which: int, how: State) -> None:
        if taken := self.world.of(State.RUNNING):
            self.world.made[taken[which % len(taken)]].end(how)
        self.settle()

    @precondition(lambda self: self.conductors)
    @rule(word=st.sampled_from(["pause", "resume", "cancel", "retry"]))
    def say(self, word: str) -> None:
        stage, conductor = self.conductors[0]
        person = Decisions(stage, conductor)  # type: ignore[arg-type]
        before = self.now()
        failed = {item.position for item in self.items() if item.state in {"failed", "cancelled"}}
        allowed = {
            "pause": before.state == "running",
            "resume": before.state == "paused",
            "cancel": before.state in {"running", "paused", "review"},
            "retry": bool(failed),
        }[word]
        try:
            self.do(getattr(person, word)(self.run))
        except RequestError:
            # Between the look and the word an item may have ended, or the run with it.
            assert not allowed or self.now().state != before.state
        else:
            assert allowed or self.now().state != before.state or word == "retry"
            self.retried.update(failed if word == "retry" else ())
        self.settle()

    # what must be so -------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nothing more happens by itself, and look."""
        self.do(self._calm())
        self.look()

    def look(self) -> None:
        made = Counter(
            one.position for one in self.world.made.values() if one.state in {State.RUNNING, State.SUCCEEDED}
        )
        assert all(number == 1 for number in made.values()), f"made twice: {made}"
        paid = Counter(
            one.position for one in self.world.made.values() if one.state not in {State.QUEUED, State.CANCELLED}
        )
        assert all(number <= 1 + self.retried[position] for position, number in paid.items()), (paid, self.retried)
        if self.flows and self.now().state in {"paused", "cancelled"}:
            assert not self.world.of(State.QUEUED), "something waits to be sent although nothing may be"
        for item in self.items():
            if item.state == "done":
                assert self.world.made[item.generation].state is State.SUCCEEDED

    @property
    def flows(self) -> bool:
        """Whether somebody carries runs and no submit hangs."""
        return bool(self.conductors) and self.world.before.is_set() and self.world.behind.is_set()

    async def _calm(self) -> None:
        end = self.loop.time() + _PATIENCE
        while self.flows and (why := self._open(await self._read_now())):
            assert self.loop.time() < end, f"{why}; {self.world.made}"
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)

    async def _read_now(self) -> tuple[Run, list[Item]]:
        def work(connection: Connection) -> tuple[Run, list[Item]]:
            run = runs.get(connection, self.run)
            assert run
            return run, runs.items(connection, self.run, limit=100)

        return await self.store.database.read(work)

    def _open(self, found: tuple[Run, list[Item]]) -> str:
        """What still has to happen by itself; empty when nothing has to."""
        run, items = found
        for item in items:
            made = self.world.made.get(item.generation)
            if item.state == "submitted" and made is not None and made.state in SETTLED:
                return f"item {item.position} has ended and is not noted"
            if item.state == "waiting" and run.state in {"running", "cancelled"}:
                return f"item {item.position} waits in a run that is {run.state}"
        if run.state == "running" and not any(item.state == "submitted" for item in items):
            return "everything has ended, and the run is not finished"
        if run.state in {"paused", "cancelled"} and self.world.of(State.QUEUED):
            return f"something is queued in a run that is {run.state}"
        return ""

    def teardown(self) -> None:
        try:
            if hasattr(self, "run"):
                self.to_its_end()
        finally:
            for _, conductor in self.conductors:
                self.do(conductor.stop())
            for table in (tables.run_items, tables.runs):
                self.write(lambda c, table=table: c.execute(delete(table)))  # type: ignore[misc]

    def to_its_end(self) -> None:
        """Whatever has happened: with somebody to carry it and a provider that works, a run ends."""
        if not self.conductors:
            self.hire()
        self.world.before.set()
        self.world.behind.set()
        self.settle()
        if self.now().state == "paused":
            self.say("resume")
        for _ in range(4 * self.items_of_it):
            for one in self.world.of(State.QUEUED):
                self.world.made[one].state = State.RUNNING
            for one in self.world.of(State.RUNNING):
                self.world.made[one].end(State.SUCCEEDED)
            self.settle()
        assert self.now().state in {"finished", "cancelled"}
        states = Counter(item.state for item in self.items())
        assert not states.keys() - {"done", "failed", "cancelled"}, states
        if self.now().state == "finished":
            assert states["cancelled"] == 0, states

    def now(self) -> Run:
        return self.do(self._read_now())[0]  # type: ignore[no-any-return]

    def items(self) -> list[Item]:
        return self.do(self._read_now())[1]  # type: ignore[no-any-return]

    def read(self, work: Callable[[Connection], Any]) -> Any:
        return self.do(self.store.database.read(work))

    def write(self, work: Callable[[Connection], Any]) -> Any:
        return self.do(self.store.database.write(work))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, loop: asyncio.AbstractEventLoop) -> Iterator[Store]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh()
    made = open_store(tmp_path, url)
    yield made
    loop.run_until_complete(asyncio.to_thread(made.close))


@pytest.mark.timeout(60)
def test_a_run_comes_to_its_end_and_nothing_is_made_twice(
    store: Store, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conducting, "_LOOK", 0.02)
    monkeypatch.setattr(conducting, "_SWEEP", 0.02)
    machine = type("Machine", (RunMachine,), {"store": store, "loop": loop})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if store.fleet is None else 12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
            database=None,
        ),
    )
