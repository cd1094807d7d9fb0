"""Everything that somebody can do with runs, in JSON. The gateway, the command line and the library come through here.

A desk belongs to one person: what is somebody else's looks like something that is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.engine.accounting import Accounting, checked_budget
from fluxroom.errors import InvalidParams, NotFound, RequestError
from fluxroom.flows import bulk, comparisons, expansion, picture_places, told
from fluxroom.flows.bulk import DryRun
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.comparisons import Comparison
from fluxroom.flows.expansion import Writer
from fluxroom.flows.pipelines import reviews, walk
from fluxroom.flows.pipelines.files import Pipeline, kept
from fluxroom.flows.pipelines.inputs import standing_in
from fluxroom.flows.pipelines.rehearsal import rehearse
from fluxroom.flows.pipelines.rehearsed import Rehearsal
from fluxroom.flows.pipelines.reviews import Reviews
from fluxroom.flows.runs import results
from fluxroom.flows.runs.conductor import PRIORITY
from fluxroom.flows.runs.decisions import Decisions
from fluxroom.store import runs
from fluxroom.store.images import StoredImage
from fluxroom.store.runs import STATES, Run, Wanted
from fluxroom.types import JSON, Reference

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import Conductor, PlanWith

Answer = dict[str, Any]

_LIST = "List the runs with `fluxroom runs`, or with GET /v1/runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A person's way to runs."""

    engine: Engine
    conductor: Conductor
    plan_with: PlanWith
    take_in: Callable[[Any], Awaitable[Reference]]  # how this person's pictures are taken in
    owner: str = "local"
    only: str = ""  # the owner whose runs are shown; "" for everybody's
    cap: int | None = None  # jobs in flight at once
    writer: Writer | None = None  # who is asked for more prompts

    # sheets ----------------------------------------------------------------------------------------------------------

    async def check_sheet(self, sheet: Sheet) -> Answer:
        """Check and price every row; nothing is sent."""
        return told.a_dry_run(await self._checked(sheet))

    async def begin_sheet(self, sheet: Sheet, *, priority: int = 0, budget: str | None = None) -> Answer:
        """Carry a sheet, or go on with the same one; budget, priority and file names are then the new ones.

        It pauses before it has spent the `budget` (US dollars).
        """
        found = await self._checked(sheet)
        run = bulk.new_run(found, owner=self.owner, priority=priority, cap=self.cap)
        await self._limit(run, budget)
        if found.goes_on:
            await self._shown(run, priority=priority, spec={**run.spec, "file_name": sheet.file_name})
        begun = await bulk.begin(found, self.conductor, run)
        return {**await self._told(begun), "goes_on": found.goes_on is not None}

    # comparisons -----------------------------------------------------------------------------------------------------

    async def check_comparison(self, found: Comparison) -> Answer:
        """Check and price every cell; nothing is sent."""
        return told.a_dry_run(await self._priced(found))

    async def begin_comparison(self, found: Comparison, *, priority: int = PRIORITY, key: str = "") -> Answer:
        """Carry a comparison, or go on with the same one that is not finished, with this priority from now on.

        The same idempotency `key` leads to the same run.
        """
        priced = await self._priced(found)
        if priced.goes_on and not key:
            await self._shown(priced.goes_on, priority=priority)
        run = await comparisons.begin(
            found, priced, self.conductor, owner=self.owner, priority=priority, cap=self.cap, key=key
        )
        return await self._told(run)

    async def say_winner(self, run_id: str, position: int | None) -> Answer:
        """Say which cell is best; None for none."""
        run = await self._one(run_id, "comparison")
        cells = len(run.spec["x"]["values"]) * len(run.spec["y"]["values"])
        if position is not None and not 0 <= position < cells:
            raise RequestError(f"The comparison has {cells} cells, from 0 to {cells - 1}.", field="position")
        spec = {**run.spec, "winner": position}
        await self.engine.store.database.write(partial(runs.describe, run=run.id, shown={"spec": spec}))
        return await self.get(run_id)

    async def contact_sheet(self, run_id: str) -> bytes:
        """A comparison as one picture, as it is now: PNG."""
        return await comparisons.drawn(self.engine.store, await self._one(run_id, "comparison"))

    # pipelines -------------------------------------------------------------------------------------------------------

    async def check_pipeline(self, found: Pipeline, inputs: Mapping[str, JSON]) -> Answer:
        """What a pipeline would do and cost; nothing is sent. Inputs that are missing are stood in for."""
        found, own = await picture_places.taken(found, self.take_in)
        taken = await picture_places.inputs_taken(found, inputs, self.take_in)
        whole, missing = standing_in(found, taken)
        run = walk.new_run(found, whole, owner=self.owner, pictures=own)
        return told.a_rehearsal(replace(await self._rehearsed(run, found), missing=missing))

    async def begin_pipeline(
        self,
        found: Pipeline,
        inputs: Mapping[str, JSON],
        *,
        name: str = "",
        priority: int = PRIORITY,
        budget: str | None = None,
        key: str = "",
    ) -> Answer:
        """Carry a pipeline; pictures among its inputs are taken in. The same `key` leads to the same run.

        Without a key, one of the same name and inputs that is not finished goes on instead of beginning again; budget
        and priority are then the new ones. It pauses before it has spent the `budget` (US dollars).

        Raises:
            InvalidParams: a step cannot be carried out, as far as that can be known; nothing was sent.
            IdempotencyConflict: the key was used for another pipeline, or for other inputs.
        """
        found, own = await picture_places.taken(found, self.take_in)
        taken = await picture_places.inputs_taken(found, inputs, self.take_in)
        run = walk.new_run(
            found, taken, owner=self.owner, name=name, priority=priority, cap=self.cap, key=key, pictures=own
        )
        if begun := await walk.same(run, self.engine.store, keyed=bool(key)):
            if not key:  # a repetition of the same call changes nothing, whatever was decided since
                await self._shown(begun, priority=priority)
                await self._limit(begun, budget)
            self.conductor.look(begun.id)
            return await self.get(begun.id)
        sound = await self._sound(run, found)
        await self._limit(run, budget)
        run = replace(run, spec={**run.spec, "renamed": sound.renamed})
        return await self._told(await walk.begin(run, self.conductor, keyed=bool(key)))

    async def approve(self, run_id: str, step: str) -> Answer:
        """What a step has made is good: go on."""
        await self._one(run_id, "pipeline")
        return await self._told(await self._reviews.approve(run_id, step))

    async def choose(self, run_id: str, step: str, images: Sequence[str]) -> Answer:
        """These pictures go on from a select step."""
        await self._one(run_id, "pipeline")
        return await self._told(await self._reviews.choose(run_id, step, images))

    async def check_redo(self, run_id: str, step: str, fields: Mapping[str, JSON] | None = None) -> Answer:
        """What making a step again would do and cost; nothing is sent."""
        run, found, _ = await self._changed(run_id, step, fields or {})
        return told.a_rehearsal(await self._rehearsed(run, found))

    async def redo(self, run_id: str, step: str, fields: Mapping[str, JSON] | None = None, *, key: str = "") -> Answer:
        """Make a step again, changed where fields are given, and what depends on it; once under the same `key`.

        Raises:
            InvalidParams: changed like this it cannot be carried out; everything stays as it is.
            IdempotencyConflict: the key was used for another change.
        """
        run, found, own = await self._changed(run_id, step, fields or {})
        await self._sound(run, found)
        raw = reviews.raw_step(found, step)
        taken = {name: raw.get(name) for name in fields or {}}
        return await self._told(await self._reviews.redo(run_id, step, taken, pictures=own, key=key))

    # prompts ---------------------------------------------------------------------------------------------------------

    async def expand(self, prompt: str, number: int, *, instruction: str = "", model: str = "") -> Answer:
        """More prompts out of one, and who wrote them; `model` is the image model that they are for."""
        wish = expansion.wish_for(model, instruction)
        return told.written(await expansion.expanded([prompt], number, instruction=wish, writer=self.writer))

    # all runs --------------------------------------------------------------------------------------------------------

    async def page(self, wanted: Wanted, *, limit: int = 50, before: str = "") -> list[Answer]:
        """Runs, the newest first."""
        asked = replace(wanted, owner=self.only)

        def work(connection: Connection) -> list[Answer]:
            return told.some_runs(connection, runs.page(connection, asked, limit=limit, before=before))

        return await self.engine.store.database.read(work)

    async def get(self, run_id: str) -> Answer:
        """A run as it is now."""
        return await self._told(await self._one(run_id))

    async def run(self, run_id: str) -> Run:
        """A run as it is written down."""
        return await self._one(run_id)

    async def rest(self, run_id: str) -> Answer:
        """Carry a run until it is finished, cancelled, or waits for a person; then say how it stands."""
        await self._one(run_id)
        return await self._told(await self.conductor.rest(run_id))

    async def items(
        self, run_id: str, *, states: Sequence[str] = STATES, after: int = -1, limit: int = 100
    ) -> list[Answer]:
        """A page of a run's items."""
        await self._one(run_id)
        found = await results.page(self.engine.store, run_id, states=states, after=after, limit=limit)
        return [told.an_item(one) for one in found]

    async def describe(self, run_id: str, shown: Mapping[str, JSON]) -> Answer:
        """Change name, description, tags, favourite or hidden."""
        run = await self._one(run_id)
        if shown:
            await self.engine.store.database.write(partial(runs.describe, run=run.id, shown=shown))
        return await self.get(run_id)

    async def pause(self, run_id: str) -> Answer:
        """Send nothing more; what was queued here is taken back."""
        await self._one(run_id)
        return await self._told(await self._decisions.pause(run_id))

    async def resume(self, run_id: str) -> Answer:
        """Go on with a paused run."""
        await self._one(run_id)
        return await self._told(await self._decisions.resume(run_id))

    async def cancel(self, run_id: str) -> tuple[Answer, list[str]]:
        """Send nothing more, cancel what can be; what became of each job that was under way."""
        await self._one(run_id)
        run, said = await self._decisions.cancel(run_id)
        return await self._told(run), said

    async def retry(self, run_id: str, states: Sequence[str] = ("failed", "cancelled")) -> Answer:
        """Send items that failed or were cancelled again."""
        await self._one(run_id)
        run, _ = await self._decisions.retry(run_id, states)
        return await self._told(run)

    async def table(self, run_id: str) -> AsyncIterator[str]:
        """A run as CSV, line by line."""
        return results.as_csv(self.engine.store, await self._one(run_id))

    async def files(self, run_id: str) -> AsyncIterator[tuple[results.Result, StoredImage, str]]:
        """Every picture of a run with the name of its file."""
        return results.files(self.engine.store, await self._one(run_id))

    # -----------------------------------------------------------------------------------------------------------------

    @property
    def _decisions(self) -> Decisions:
        return Decisions(self.engine, self.conductor)

    @property
    def _reviews(self) -> Reviews:
        return Reviews(self.engine, self.conductor)

    async def _one(self, run_id: str, kind: str = "") -> Run:
        with suppress(NotFound):  # somebody else's and none at all are told in the same words
            run = await self.conductor.get(run_id)
            if self.only in {"", run.owner} and kind in {"", run.kind}:
                return run
        raise NotFound(f"There is no {kind or 'run'} {run_id}.", advice=_LIST)

    async def _told(self, run: Run) -> Answer:
        return (await self.engine.store.database.read(lambda connection: told.some_runs(connection, [run])))[0]

    async def _checked(self, sheet: Sheet) -> DryRun:
        return await bulk.check(sheet, self.engine, self.plan_with, self.take_in, owner=self.owner)

    async def _priced(self, found: Comparison) -> DryRun:
        return await comparisons.price(found, self.engine, self.plan_with, self.take_in, owner=self.owner)

    async def _shown(self, run: Run, **shown: Any) -> None:
        """A run that goes on, with what it is asked with now where that is something else."""
        changed = {name: value for name, value in shown.items() if value != getattr(run, name)}
        if changed:
            await self.engine.store.database.write(partial(runs.describe, run=run.id, shown=changed))

    async def _limit(self, run: Run, most: str | None) -> None:
        if most is None:
            return
        books = Accounting(self.engine.store, self.engine.accounts)
        await books.set_budget(checked_budget(f"run:{run.id}", "total", most))

    async def _changed(self, run_id: str, step: str, fields: Mapping[str, JSON]) -> tuple[Run, Pipeline, list[str]]:
        """A run as it would be with a step changed, its pipeline, and the pictures that the change brings."""
        run = await self._one(run_id, "pipeline")
        found = reviews.changed(kept(run.spec["pipeline"]), step, fields)
        found, own = await picture_places.taken(found, self.take_in)
        return replace(run, spec=reviews.again(run, found, step, pictures=own)), found, own

    async def _rehearsed(self, run: Run, found: Pipeline) -> Rehearsal:
        return await rehearse(run, found, self.engine, self.plan_with)

    async def _sound(self, run: Run, found: Pipeline) -> Rehearsal:
        """The rehearsal of a run all of whose steps can be carried out, as far as that can be known."""
        rehearsed = await self._rehearsed(run, found)
        if wrong := rehearsed.invalid:
            advice = str((wrong.error or {}).get("next") or "") or "Check it with `fluxroom pipeline check`."
            raise InvalidParams(f"steps.{wrong.name}: {wrong.why}", advice=advice, field=f"steps.{wrong.name}")
        return rehearsed
