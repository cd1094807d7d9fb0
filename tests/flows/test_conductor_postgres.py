"""Runs on PostgreSQL, where two transactions go on at once: what a person decides comes before a step or after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.flows.orchestra import Orchestra, a_run, items_of, orchestra, prompts
from tests.postgres.clusters import Cluster
from tests.worlds import sandbox, submits

from fluxroom.flows.runs.conductor import Next
from fluxroom.store import runs
from fluxroom.store.database import hold
from fluxroom.store.runs import Item, Run

pytestmark = pytest.mark.anyio


class Doorway:
    """Whoever writes the items of a step down stands still before the transaction ends, until somebody lets go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        extend = runs.extend

        def slowly(connection: Connection, items: Sequence[Item]) -> None:
            extend(connection, items)
            if items and items[0].step:
                self.reached.set()
                self.open.wait(20)

        monkeypatch.setattr(runs, "extend", slowly)


async def one_step(run: Run) -> Next:
    """A kind of run that adds one request and remembers that, and ends."""
    if run.spec.get("added"):
        return Next()
    return Next("running", items=items_of(run, prompts(1), step="fox"), spec={**run.spec, "added": True})


async def more_and_more(run: Run) -> Next:
    """A kind of run that adds a request, as a step of a pipeline does: nothing else of the run is written."""
    return Next("running", items=items_of(run, prompts(1), step="fox"))


async def decided_meanwhile(
    first: Orchestra, doorway: Doorway, decide: Callable[[str], Awaitable[object]]
) -> tuple[Run, list[str]]:
    """A run in whose step a person has decided something; how it stands then, with its items."""
    run = await first.conductor.begin(a_run(kind="step"), [])
    assert await asyncio.to_thread(doorway.reached.wait, 20)
    decision = asyncio.ensure_future(decide(run.id))
    # Either the decision is through, which it may not be, or it waits for the step that is being written down.
    await asyncio.wait({decision}, timeout=1.0)
    doorway.open.set()
    await decision
    return await first.conductor.get(run.id), await first.states(run.id)


async def test_nothing_waits_for_ever_in_a_run_that_was_cancelled_while_a_step_was_written_down(
    tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, doorway = postgres.fresh(), Doorway(monkeypatch)
    async with (
        sandbox() as box,
        orchestra(box, tmp_path / "a", kinds={"step": more_and_more}, database_url=url) as first,
        orchestra(box, tmp_path / "b", kinds={"step": more_and_more}, database_url=url) as second,
    ):
        run, states = await decided_meanwhile(first, doorway, second.person.cancel)
        assert (run.state, states) == ("cancelled", ["cancelled"])
        assert submits(box) == []


async def test_what_a_person_changes_while_a_step_is_written_down_is_not_written_over(
    tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, doorway = postgres.fresh(), Doorway(monkeypatch)

    async def rename(run_id: str) -> None:
        """As `Reviews` changes a step: read, and written with what was read, under the run's name."""

        def work(connection: Connection) -> None:
            hold(connection, f"run:{run_id}")
            found = runs.get(connection, run_id)
            assert found is not None
            runs.describe(connection, run_id, {"spec": {**found.spec, "changed": True}})

        await second.client.engine.store.database.write(work)

    async with (
        sandbox() as box,
        orchestra(box, tmp_path / "a", kinds={"step": one_step}, database_url=url) as first,
        orchestra(box, tmp_path / "b", kinds={"step": one_step}, database_url=url) as second,
    ):
        run, _ = await decided_meanwhile(first, doorway, rename)
        assert run.spec == {"added": True, "changed": True}
        ended = await first.conductor.rest(run.id)
        assert (ended.state, await first.states(run.id)) == ("finished", ["done"])
        assert len(submits(box)) == 1
