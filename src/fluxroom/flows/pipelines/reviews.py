"""What a person decides about a pipeline's steps: approve, choose, change, make again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.engine.orders import hash_of
from fluxroom.errors import IdempotencyConflict, InvalidParams, NotFound, RequestError
from fluxroom.flows.pipelines.files import Pipeline, kept, pipeline
from fluxroom.flows.pipelines.walk import waits_for
from fluxroom.store import runs
from fluxroom.store.database import hold
from fluxroom.store.runs import Run
from fluxroom.types import JSON

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import Conductor

Spec = dict[str, Any]

_KEYS = 100
"""Idempotency keys of changes that a run remembers: a client that repeats a call does so within seconds."""


class Reviews:
    """A person's words about the steps of a pipeline.

    Args:
        engine: for its ledger.
        conductor: who carries the run.
    """

    def __init__(self, engine: Engine, conductor: Conductor) -> None:
        self._engine = engine
        self._conductor = conductor

    async def approve(self, run_id: str, step: str) -> Run:
        """What a step has made is good: go on.

        Raises:
            RequestError: the run does not wait for that.
        """

        def change(run: Run, found: Pipeline) -> Spec:
            found.step(step)
            if _waiting(run) != step or step not in run.spec["results"]:
                raise RequestError(f"Run {run.name} does not wait for step {step}: {run.why or run.state}.")
            return {**run.spec, "approved": [*run.spec["approved"], step]}

        return await self._change(run_id, change)

    async def choose(self, run_id: str, step: str, image_ids: Sequence[str]) -> Run:
        """These pictures go on from a select step, in this order.

        Raises:
            RequestError: the step lets nobody choose, or a picture is none of the run's.
        """

        def change(run: Run, found: Pipeline) -> Spec:
            chosen = found.step(step)
            if chosen.do != "select" or _waiting(run) != step or step in run.spec["results"]:
                raise RequestError(f"Run {run.name} does not wait for a choice in step {step}.")
            known = {one["id"]: one for made in run.spec["results"].values() for one in made.get("images", [])}
            if not image_ids or (strange := [one for one in image_ids if one not in known]):
                named = f": {strange[0]} is none of its pictures" if image_ids else ""
                raise RequestError(f"Choose at least one picture of the run{named}.", field="images")
            made = {"images": [known[one] for one in image_ids]}
            return {
                **run.spec,
                "results": {**run.spec["results"], step: made},
                "approved": [*run.spec["approved"], step],
            }

        return await self._change(run_id, change)

    async def redo(
        self,
        run_id: str,
        step: str,
        fields: Mapping[str, JSON] | None = None,
        *,
        pictures: Sequence[str] = (),
        key: str = "",
    ) -> Run:
        """Make a step again, with other `fields` where given, and what depends on it. Everything else stays as it is.

        `pictures` are those that the fields bring, by hash or address. What comes twice under the same idempotency
        `key` is done once.

        Raises:
            RequestError: something of the run is still under way.
            InvalidParams: there is no such step, or the fields make no pipeline.
            IdempotencyConflict: the key was used for another change.
        """
        asked = hash_of([step, dict(fields or {})])

        def change(run: Run, found: Pipeline) -> Spec | None:
            known: Sequence[Sequence[str]] = run.spec.get("redone", ())
            for before, what in known:
                if key == before and what != asked:
                    raise IdempotencyConflict("This key was used for another change.", idempotency_key=key)
                if key == before:
                    return None
            spec = again(run, changed(found, step, fields or {}), step, pictures=pictures)
            return {**spec, "redone": [*known, [key, asked]][-_KEYS:]} if key else spec

        return await self._change(run_id, change, again=step)

    async def _change(self, run_id: str, change: Callable[[Run, Pipeline], Spec | None], *, again: str = "") -> Run:
        """What `change` makes of a run is written down; nothing, where it is what was done already."""
        now = self._engine.now()

        def work(connection: Connection) -> None:
            hold(connection, f"run:{run_id}")
            run = runs.get(connection, run_id)
            if run is None or run.kind != "pipeline":
                raise NotFound(f"There is no run of a pipeline {run_id}.")
            found = kept(run.spec["pipeline"])
            spec = change(run, found)
            if spec is None:
                return
            if again and runs.counts(connection, [run_id])[run_id].keys() & set(runs.OPEN):
                raise RequestError(
                    f"Run {run.name} still makes pictures.", advice="Wait for them, or cancel the run first."
                )
            runs.describe(connection, run_id, {"spec": spec})
            if again:
                after = kept(spec["pipeline"]).after(again) | found.after(again)
                runs.replace_steps(connection, run_id, [again, *after], at=now)
            runs.move(connection, run_id, ("review", "paused", "finished", "cancelled"), "running", why="", at=now)

        await self._engine.store.database.write(work)
        self._conductor.look(run_id)
        return await self._conductor.get(run_id)


def _waiting(run: Run) -> str:
    """The step that a run in review waits for; empty when it waits for nobody."""
    waits = waits_for(run)
    return waits[0].name if waits else ""


def changed(found: Pipeline, step: str, fields: Mapping[str, JSON]) -> Pipeline:
    """The pipeline with some fields of a step set; a field that is set to nothing is taken out.

    Raises:
        InvalidParams: there is no such step, or it makes no pipeline.
    """
    found.step(step)
    if fixed := sorted(fields.keys() & _FIXED):
        raise InvalidParams(f"The {fixed[0]} of a step stays as it is.", field=fixed[0])
    raw: Sequence[Mapping[str, JSON]] = found.raw["steps"]
    steps = [{**one, **fields} if one["name"] == step else one for one in raw]
    return pipeline({**found.raw, "steps": [_without_nothing(one) for one in steps]})


def again(run: Run, found: Pipeline, step: str, *, pictures: Sequence[str] = ()) -> Spec:
    """What a run remembers when a step of its (changed) pipeline is made again, and what depends on it."""
    concerned = {step, *found.after(step)}
    times: Mapping[str, int] = run.spec.get("again", {})
    return {
        **run.spec,
        "pipeline": dict(found.raw),
        "results": {name: made for name, made in run.spec["results"].items() if name not in concerned},
        "approved": [name for name in run.spec["approved"] if name not in concerned],
        "told": [name for name in run.spec.get("told", ()) if name not in concerned],
        "again": {**times, **{name: times.get(name, 0) + 1 for name in concerned}},
        "pictures": [*dict.fromkeys([*run.spec.get("pictures", ()), *pictures])],
    }


def raw_step(found: Pipeline, name: str) -> Mapping[str, JSON]:
    """A step as its file says it."""
    raw: Sequence[Mapping[str, JSON]] = found.raw["steps"]
    return next(one for one in raw if one["name"] == name)


_FIXED = frozenset({"name", "do"})
"""What a change cannot change: others refer to it."""


def _without_nothing(step: Mapping[str, JSON]) -> dict[str, JSON]:
    """A field that is set to nothing is taken out."""
    return {name: value for name, value in step.items() if value is not None}
