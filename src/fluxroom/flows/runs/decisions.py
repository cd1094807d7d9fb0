"""What a person decides about runs: pause, go on, cancel, send what failed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from fluxroom.errors import RequestError
from fluxroom.store import runs
from fluxroom.store.runs import Item, Run

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import Conductor

_PAGE = 500
"""Items read at once."""


class Decisions:
    """A person's words about runs.

    Args:
        engine: where their jobs are.
        conductor: who carries them, in this process or in another one.
    """

    def __init__(self, engine: Engine, conductor: Conductor) -> None:
        self._engine = engine
        self._conductor = conductor

    async def pause(self, run_id: str) -> Run:
        """Send nothing more. What was queued here is taken back; what a provider has goes on, and is kept.

        Raises:
            RequestError: the run is not running.
        """
        await self._move(run_id, ("running",), "paused", "by a person")
        for item in await self._submitted(run_id):
            if await self._engine.withdraw(item.generation):
                await self._back(item)
        return await self._told(run_id)

    async def resume(self, run_id: str) -> Run:
        """Go on with a paused run.

        Raises:
            RequestError: the run is not paused.
        """
        await self._move(run_id, ("paused",), "running", "")
        return await self._told(run_id)

    async def cancel(self, run_id: str) -> tuple[Run, list[str]]:
        """Send nothing more and cancel what was sent, where the provider can; says what became of each such job.

        Raises:
            RequestError: the run has already ended.
        """
        await self._move(run_id, ("running", "paused", "review"), "cancelled", "by a person")
        now = self._engine.now()
        await self._engine.store.database.write(partial(runs.stop, run=run_id, at=now))
        said = []
        for item in await self._submitted(run_id):
            said += [f"{item.key}: {words}" for _, words in await self._engine.cancel(item.generation)]
        return await self._told(run_id), said

    async def retry(self, run_id: str, states: Sequence[str] = ("failed", "cancelled")) -> tuple[Run, int]:
        """Send the items in these states again; says how many. Each is paid again if it is made again.

        Raises:
            RequestError: there is none, or items in doubt were named: a person decides about each of their jobs.
        """
        if not set(states) <= {"failed", "cancelled"}:
            raise RequestError(
                f"Items that are {', '.join(sorted(states))} are not sent again as a whole.",
                advice="Send failed and cancelled ones again; decide about jobs in doubt one by one.",
                field="states",
            )
        now = self._engine.now()

        def work(connection: Connection) -> int:
            number = runs.again(connection, run_id, states, at=now)
            if number:
                runs.move(connection, run_id, ("finished", "cancelled", "paused"), "running", why="", at=now)
            return number

        number = await self._engine.store.database.write(work)
        if not number:
            run = await self._conductor.get(run_id)
            raise RequestError(f"Run {run.name or run.id} has no item that is {' or '.join(states)}.")
        return await self._told(run_id), number

    async def _move(self, run_id: str, states: Sequence[str], to: str, why: str) -> None:
        now = self._engine.now()
        moved = await self._engine.store.database.write(
            lambda connection: runs.move(connection, run_id, states, to, why=why, at=now)
        )
        if not moved:
            run = await self._conductor.get(run_id)
            raise RequestError(
                f"Run {run.name or run.id} is {run.state}, not {' or '.join(states)}.",
                advice="Look at it with `fluxroom runs show ID`.",
            )

    async def _submitted(self, run_id: str) -> list[Item]:
        found: list[Item] = []
        while page := await self._engine.store.database.read(
            partial(
                runs.items,
                run=run_id,
                states=("submitted",),
                after=found[-1].position if found else -1,
                limit=_PAGE,
            )
        ):
            found += page
        return [item for item in found if item.generation]

    async def _back(self, item: Item) -> None:
        """An item whose jobs were all taken back before they were sent waits again, for another attempt."""
        waiting = replace(item, state="waiting", generation="", error=None, changed_at=self._engine.now())
        await self._engine.store.database.write(lambda connection: runs.put_back(connection, waiting))

    async def _told(self, run_id: str) -> Run:
        self._conductor.look(run_id)
        return await self._conductor.get(run_id)
