"""Carries runs: sends their items one after the other, waits for what becomes of them, and goes on after a restart.

Nothing is paid twice. An item is sent under an idempotency key made of its run, its position and its attempt, so
whoever sends it again after a crash gets the generation that is there. Only a person makes another attempt.

Several processes may carry runs on one database: a run has one holder at a time, and a dead holder's runs are taken
over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.engine.orders import Terms
from fluxroom.errors import BudgetExceeded, FluxroomError, IdempotencyConflict, LocalError, NotFound, WaitEnded
from fluxroom.flows.runs.outcome import outcome
from fluxroom.logs import get_logger
from fluxroom.store import runs
from fluxroom.store.database import hold
from fluxroom.store.runs import GOES_ON, OPEN, Item, Run
from fluxroom.types import JSON, Plan, Request

if TYPE_CHECKING:
    from fluxroom.engine import Engine

_log = get_logger("fluxroom.flows")

EVER = ("running", "paused", "review", "finished", "cancelled")
"""Every state of a run: what was begun under an idempotency key is not begun again, whatever became of it."""

PRIORITY = 5
"""Of a comparison or a pipeline that says none: before sheets, which have 0, after single requests, which have 10."""

WINDOW = 64
"""Items of a run that are under way at once: enough to keep every cap busy, few enough to be taken back at a pause."""

_LOOK = 1.0
"""Seconds between two looks at what people and other processes have done to a run."""

_SWEEP = 2.0
"""Seconds between two looks for runs that nobody carries."""

_LONG = 3600.0
"""Seconds of one wait for a generation; there is another one after it."""

_BREATH = 5.0
"""Seconds before an item is sent again that the disk stood in the way of."""


@dataclass(frozen=True, slots=True)
class Next:
    """What comes when no item of a run is open: more items, a person's decision, or the end."""

    state: str = "finished"  # running, review, finished
    items: Sequence[Item] = ()
    why: str = ""
    spec: Mapping[str, JSON] | None = None  # what the kind remembers from now on


Advance = Callable[[Run], Awaitable[Next]]
"""How a kind of run goes on. Without one, a run whose items have all ended is finished."""

PlanWith = Callable[[Any, str, Mapping[str, Any]], Awaitable[tuple[Request, Plan]]]
"""As `AsyncClient.plan_with`: what prompt, model and options become at a route."""


class _NotGoingError(Exception):
    """The run was paused or cancelled, or the item sent again, while the item was being sent."""


class Conductor:
    """Carries the runs of one process.

    Args:
        engine: an engine that has been started.
        plan_with: how what an item asks for becomes a request.
        kinds: how each kind of run goes on when none of its items is open.
        window: items under way at once, per run.
    """

    def __init__(
        self, engine: Engine, plan_with: PlanWith, *, kinds: Mapping[str, Advance] | None = None, window: int = WINDOW
    ) -> None:
        self._engine = engine
        self._plan_with = plan_with
        self._kinds = dict(kinds or {})
        self._window = window
        self._carried: dict[str, asyncio.Task[None]] = {}
        self._bells: dict[str, asyncio.Event] = {}
        self._sweeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Carry every run that nobody else carries, from now on."""
        self._sweeper = asyncio.ensure_future(self._sweep_for_ever())

    async def stop(self) -> None:
        """Put every run down. Their jobs go on; the runs go on with the next process that carries runs."""
        tasks = [*self._carried.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin(self, run: Run, items: Sequence[Item], *, same: Sequence[str] = GOES_ON) -> Run:
        """Write a run down and start it; a run of the same digest in one of the states `same` is given instead.

        Raises:
            IdempotencyConflict: that one was asked for something else, under the same key.
        """
        held = replace(run, holder=self._engine.presence.id)

        def work(connection: Connection) -> Run:
            if run.digest:
                hold(connection, f"run:{run.digest}")
                if found := runs.same(connection, run.owner, run.digest, same):
                    check_asked(found, run)
                    return found
            runs.add(connection, held, items)
            return held

        begun = await self._engine.store.database.write(work)
        if begun is held:
            _ = self._carry(held.id)
        return begun

    async def go_on(self, run: Run) -> Run:
        """Go on with a run that was paused; one that has ended stays as it is."""
        now = self._engine.now()
        await self._engine.store.database.write(
            lambda connection: runs.move(connection, run.id, ("paused",), "running", why="", at=now)
        )
        self.look(run.id)
        return await self.get(run.id)

    async def rest(self, run_id: str) -> Run:
        """Carry a run until it is finished, cancelled, or waits for a person; then say how it stands.

        Raises:
            NotFound: there is no such run.
        """
        while True:
            run = await self.get(run_id)
            task = self._carried.get(run_id)
            if task is None and run.state == "running" and await self._claim(run):
                task = self._carry(run_id)
            if task is None and run.state != "running":
                return run
            if task:
                await asyncio.wait({task})
            else:  # carried by another process
                await asyncio.sleep(_LOOK)

    async def get(self, run_id: str) -> Run:
        """A run by its id.

        Raises:
            NotFound: there is none.
        """
        found = await self._engine.store.database.read(lambda connection: runs.get(connection, run_id))
        if found is None:
            raise NotFound(f"There is no run {run_id}.", advice="List the runs with `fluxroom runs`.")
        return found

    def look(self, run_id: str) -> None:
        """Something about this run has changed: look at once."""
        if run_id in self._bells:
            self._bells[run_id].set()

    # taking runs up --------------------------------------------------------------------------------------------------

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await self._sweep()
            except LocalError as error:
                _log.warning("could not look for runs; tries again", why=error.detail)
            await asyncio.sleep(_SWEEP)

    async def _sweep(self) -> None:
        database = self._engine.store.database
        if await database.read(runs.doubtful):
            for run_id in await database.write(partial(runs.heal, at=self._engine.now())):
                await self._take_up(await self.get(run_id))
        for run in await database.read(runs.carried):
            await self._take_up(run)

    async def _take_up(self, run: Run) -> None:
        if run.id in self._carried:
            self.look(run.id)
        elif await self._claim(run):
            _ = self._carry(run.id)

    async def _claim(self, run: Run) -> bool:
        mine = self._engine.presence.id
        if run.holder == mine:
            return True
        if run.holder and not await self._engine.presence.dead([run.holder]):
            return False
        return await self._engine.store.database.write(partial(runs.claim, run=run.id, holder=mine, before=run.holder))

    def _carry(self, run_id: str) -> asyncio.Task[None]:
        if run_id in self._carried:
            return self._carried[run_id]
        task = asyncio.ensure_future(self._carry_for_ever(run_id))
        self._carried[run_id] = task
        task.add_done_callback(lambda _: self._carried.pop(run_id, None))
        return task

    # one run ---------------------------------------------------------------------------------------------------------

    async def _carry_for_ever(self, run_id: str) -> None:
        bell = self._bells[run_id] = asyncio.Event()
        under_way: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                bell.clear()  # before the step, so that what happens during it is not missed
                if not await self._step(run_id, under_way, bell):
                    break
                # Not `asyncio.wait_for`: it forgets that it was cancelled when the bell rings at the same moment.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK):
                        await bell.wait()
        except Exception:  # noqa: BLE001  a run must not be forgotten
            _log.exception("a run stopped unexpectedly; it is taken up again", run=run_id)
            await asyncio.sleep(_LOOK)
        finally:
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)
            self._bells.pop(run_id, None)
            with suppress(LocalError):
                mine = self._engine.presence.id
                await self._engine.store.database.write(partial(runs.leave, run=run_id, holder=mine))

    async def _step(self, run_id: str, under_way: dict[int, asyncio.Task[None]], bell: asyncio.Event) -> bool:
        """Send what may be sent now; False when there is nothing left to carry."""
        database = self._engine.store.database
        run = await self.get(run_id)
        for position in [position for position, task in under_way.items() if task.done()]:
            under_way.pop(position).result()
        going = run.state == "running"
        states = OPEN if going else ("submitted",)
        opened = await database.read(partial(runs.items, run=run_id, states=states, limit=self._window))
        for item in opened:
            if item.position not in under_way and len(under_way) < self._window:
                task = under_way[item.position] = asyncio.ensure_future(self._carry_item(run, item))
                task.add_done_callback(lambda _: bell.set())
        if opened or under_way:
            return True
        return going and await self._go_on(run)

    async def _go_on(self, run: Run) -> bool:
        """No item is open: ask the kind what comes next; True when there is more to carry."""
        advance = self._kinds.get(run.kind)
        following = await advance(run) if advance else Next()
        now = self._engine.now()

        def work(connection: Connection) -> bool:
            # Whoever has moved the run meanwhile, a person or another process, has the last word; from here to the end
            # of the transaction nobody pauses or cancels it, or changes its steps.
            hold(connection, f"run:{run.id}")
            current = runs.get(connection, run.id) if runs.going(connection, run.id) else None
            if current is None or (current.state, current.spec) != (run.state, run.spec):
                return False
            if runs.items(connection, run.id, states=OPEN, limit=1) or _comes_late(connection, following.items):
                return True  # somebody else has gone on meanwhile: look again
            if following.spec is not None:
                runs.describe(connection, run.id, {"spec": following.spec})
            runs.extend(connection, following.items)
            if following.state == "running":
                return True
            runs.move(connection, run.id, ("running",), following.state, why=following.why, at=now)
            return False

        goes_on = await self._engine.store.database.write(work)
        if goes_on and (following.items or following.spec is not None):
            self.look(run.id)  # there is something to do at once
        return goes_on

    # one item --------------------------------------------------------------------------------------------------------

    async def _carry_item(self, run: Run, item: Item) -> None:
        try:
            if item.generation:
                await self._engine.take_up(item.generation)
            sent = item if item.generation else await self._send(run, item)
        except _NotGoingError:
            return
        except BudgetExceeded as error:
            await self._pause(run, f"{error.detail} {error.next_step}")
            return
        except LocalError as error:
            _log.warning("an item of a run could not be sent; tries again", run=run.id, why=error.detail)
            await asyncio.sleep(_BREATH)
            return
        except FluxroomError as error:
            await self._write(replace(item, state="failed", error=error.as_dict()))
            return
        await self._follow(sent)

    async def _send(self, run: Run, item: Item) -> Item:
        """Send an item, or find what became of it when it was sent before."""
        options = {name: value for name, value in item.asked.items() if name not in {"prompt", "model"}}
        request, plan = await self._plan_with(item.asked.get("prompt"), str(item.asked["model"]), options)
        terms = Terms(
            owner=run.owner,
            run=run.id,
            priority=run.priority,
            cache="off" if item.asked.get("cache") == "off" else "on",
            cap=run.spec.get("cap"),
            idempotency_key=f"fluxroom-run/{run.id}/{item.position}/{item.attempt}",
        )
        sent = replace(item, state="submitted", changed_at=self._engine.now())

        def note(connection: Connection, generation: str) -> None:
            # Whoever pauses or cancels comes before this transaction or after it: nothing is sent behind their back.
            noted = runs.going(connection, run.id) and runs.change(connection, replace(sent, generation=generation))
            if not noted:
                raise _NotGoingError

        return replace(sent, generation=await self._engine.submit(request, plan, terms, also=note))

    async def _follow(self, item: Item) -> None:
        while True:
            try:
                found = await self._engine.wait(item.generation, _LONG)
            except WaitEnded:
                continue
            except LocalError:
                await asyncio.sleep(_BREATH)
                continue
            ended = outcome(found)
            await self._write(replace(item, state=ended.state, error=ended.error))
            return

    async def _write(self, item: Item) -> None:
        changed = replace(item, changed_at=self._engine.now())
        await self._engine.store.database.write(lambda connection: runs.change(connection, changed))

    async def _pause(self, run: Run, why: str) -> None:
        now = self._engine.now()
        await self._engine.store.database.write(
            lambda connection: runs.move(connection, run.id, ("running",), "paused", why=why, at=now)
        )


def check_asked(found: Run, run: Run) -> None:
    """See that a run that was found by its key is what is asked for now.

    Raises:
        IdempotencyConflict: the key was used for something else.
    """
    if found.spec.get("asked", run.spec.get("asked")) != run.spec.get("asked"):
        raise IdempotencyConflict(f"This key was used for another {run.kind}.")


def _comes_late(connection: Connection, items: Sequence[Item]) -> bool:
    """Whether the places that these items were meant for are taken."""
    return bool(items) and items[0].position != runs.last_position(connection, items[0].run) + 1
