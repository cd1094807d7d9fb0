"""What a pipeline will do and cost, step by step, before anything of it is sent.

The steps are gone through as the run will go through them. What a step has not made yet is stood in for: texts by
texts, pictures by pictures of the size that they will have. Where a person chooses, the price is worked out twice: for
one picture, and for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection

from fluxroom.engine.intake import take_in, take_in_at
from fluxroom.engine.orders import cache_key
from fluxroom.errors import FluxroomError, RequestError
from fluxroom.flows import bulk, picture_places
from fluxroom.flows.bulk import Checked
from fluxroom.flows.pipelines.files import Pipeline, Step
from fluxroom.flows.pipelines.inputs import stand_in
from fluxroom.flows.pipelines.rehearsed import Rehearsal, Rehearsed
from fluxroom.flows.pipelines.templates import fill
from fluxroom.flows.pipelines.walk import how_many, requests_of, scope_of, texts_of
from fluxroom.flows.runs.conductor import PlanWith
from fluxroom.store import images, reuse
from fluxroom.store.runs import Run
from fluxroom.types import JSON, Plan, Reference

if TYPE_CHECKING:
    from fluxroom.engine import Engine

Made = dict[str, Any]

_AT_A_TIME = 20
"""Requests that are planned before others get their turn: about ten milliseconds."""


async def rehearse(run: Run, found: Pipeline, engine: Engine, plan_with: PlanWith) -> Rehearsal:
    """Go through a run's steps from where it stands. Nothing is sent.

    Args:
        run: the run, begun or not; results that it has are not made again.
        found: its pipeline.
        engine: for its store and accounts.
        plan_with: how a request is planned.
    """
    least = await _Walk(run, engine, plan_with, chosen="one").through(found)
    if not any(step.do == "select" and step.fields.get("by") == "person" for step in found.steps):
        return Rehearsal(pipeline=found, steps=least)
    most = await _Walk(run, engine, plan_with, chosen="all").through(found)
    return Rehearsal(pipeline=found, steps=[_between(low, high) for low, high in zip(least, most, strict=True)])


def _between(least: Rehearsed, most: Rehearsed) -> Rehearsed:
    """A step between the least and the most that a person may choose; with all of them it may not be possible."""
    if least.state in {"invalid", "unknown"} and most.state in {"ok", "made"}:
        return most  # it needs more than one, which a person may choose
    if most.state not in {"ok", "made"}:
        return replace(least, most=None if least.requests else 0, high=None if least.requests else least.high)
    return replace(least, most=most.requests, high=most.high)


class _Walk:
    """One way through the steps."""

    def __init__(self, run: Run, engine: Engine, plan_with: PlanWith, *, chosen: Literal["one", "all"]) -> None:
        self._run = run
        self._engine = engine
        self._plan_with = plan_with
        self._chosen = chosen
        self._made: dict[str, Made] = dict(run.spec["results"])
        self._sure = set(self._made)  # steps whose results are known, not only their number
        self._shelf: dict[str, Reference] = {}  # pictures by hash, those of stand-ins too
        for name, about in run.spec["pipeline"].get("inputs", {}).items():
            if about["kind"] in {"picture", "pictures"}:
                self._shelf[stand_in(name)] = Reference(sha256=stand_in(name), mime="image/png", size_bytes=1)

    async def through(self, found: Pipeline) -> list[Rehearsed]:
        steps: list[Rehearsed] = []
        for step in found.steps:
            if step.name in self._made:
                made = self._made[step.name]
                number = len(made.get("images") or made.get("texts") or [])
                steps.append(Rehearsed(name=step.name, do=step.do, state="made", images=number))
            elif missing := sorted(step.needs - self._made.keys()):
                steps.append(_unknown(step, f"depends on {', '.join(missing)}"))
            else:
                steps.append(await self._tried(step))
        return steps

    async def _tried(self, step: Step) -> Rehearsed:
        try:
            if step.makes_pictures:
                return await self._pictures(step)
            return await self._others(step)
        except RequestError as error:
            return Rehearsed(
                name=step.name, do=step.do, state="invalid", why=error.detail, error=error.as_dict(), high=None
            )
        except FluxroomError as error:
            return _unknown(step, error.detail)

    async def _others(self, step: Step) -> Rehearsed:
        """A step that makes no pictures."""
        fields: Any = fill(dict(step.fields), scope_of(self._now()))
        known = step.needs <= self._sure
        if step.do == "prompt":
            texts = list((await texts_of(fields, None)).texts)
            self._made[step.name] = {"texts": texts}
            known = known and (fields.get("expand") or 1) == 1
        else:
            offered = fields.get("from" if step.do == "select" else "images", [])
            chosen = list(offered if isinstance(offered, list) else [offered])
            if step.do == "select":
                person = fields.get("by") == "person"
                number = 1 if self._chosen == "one" else len(chosen)
                chosen = chosen[: number if person else how_many(fields)]
                known = known and not person and "best" not in fields
            self._made[step.name] = {"images": [{"sha256": one, "id": one} for one in chosen]}
        if known:
            self._sure.add(step.name)
        number = len(self._made[step.name].get("texts") or self._made[step.name].get("images") or [])
        return Rehearsed(name=step.name, do=step.do, images=number, chosen=fields.get("by") == "person")

    async def _pictures(self, step: Step) -> Rehearsed:
        asked = requests_of(step, scope_of(self._now()))
        plans = []
        for one in asked:
            plans.append(await self._plan(step, one))
            if len(plans) % _AT_A_TIME == 0:
                await asyncio.sleep(0)  # a long step must not hold up everybody else
        rows = [Checked(number=n, state="ok", asked=one, plan=plans[n]) for n, one in enumerate(asked)]
        known = await bulk.known(self._engine, rows, self._run.owner) if step.needs <= self._sure else set()
        if asked and len(known) == len(asked):
            self._made[step.name] = {"images": await self._existing(plans)}
            self._sure.add(step.name)
        else:
            self._made[step.name] = {"images": list(self._stood_in(step, plans))}
        quotes = [plan.quote for n, plan in enumerate(plans) if n not in known]
        highs = [quote.high for quote in quotes]
        notes = {str(note.as_dict()): note.as_dict() for plan in plans for note in plan.not_sent}
        return Rehearsed(
            name=step.name,
            do=step.do,
            state="ok" if asked else "unknown",
            why="" if asked else "it has nothing to work on",
            requests=len(asked),
            most=len(asked),
            exists=len(known),
            images=sum(plan.quote.images for plan in plans),
            low=sum((quote.low for quote in quotes), Decimal(0)),
            high=None if None in highs else sum((high for high in highs if high is not None), Decimal(0)),
            routes=list(dict.fromkeys(plan.route for plan in plans)),
            not_sent=list(notes.values()),
            renamed={old: new for plan in plans for old, new in plan.renamed.items()},
        )

    async def _plan(self, step: Step, asked: Mapping[str, JSON]) -> Plan:
        """Plan a request with references in the place of pictures."""
        strangers = [one for one in picture_places.pictures(asked) if one not in self._shelf]
        picture_places.check(self._now(), step, {"model": asked["model"], "references": strangers})
        whole = await take_in_at(asked, picture_places.places(asked), self._reference)
        options = {name: value for name, value in whole.items() if name not in {"prompt", "model"}}
        return (await self._plan_with(whole.get("prompt"), str(whole["model"]), options))[1]

    async def _reference(self, source: Any) -> Reference:
        if source not in self._shelf:
            self._shelf[source] = await take_in(source, self._engine.store.blobs)
        return self._shelf[source]

    def _stood_in(self, step: Step, plans: Sequence[Plan]) -> Iterator[Made]:
        """Pictures of the size that this step's will have."""
        for number, plan in enumerate(plans):
            size = plan.size
            for one in range(plan.quote.images):
                name = stand_in(f"{step.name}/{number}/{one}")
                self._shelf[name] = Reference(
                    sha256=name,
                    mime="image/png",
                    width=size.width if size else 0,
                    height=size.height if size else 0,
                    size_bytes=1,
                )
                yield {"sha256": name, "id": name}

    async def _existing(self, plans: Sequence[Plan]) -> list[Made]:
        """The pictures in the store of requests that were all made before."""
        accounts = self._engine.accounts
        keys = [cache_key(plan, wire, accounts[plan.provider]) for plan in plans for wire in plan.wire]
        find = partial(reuse.cached, owner=self._run.owner)

        def work(connection: Connection) -> list[Made]:
            jobs = [job for key in keys if (job := find(connection, cache_key=key))]
            # In the order of the requests, as the run will have them; the jobs may have been written down in another.
            made: dict[str, list[Made]] = {job: [] for job in jobs}
            for one in images.of_jobs(connection, jobs):
                made[one.job].append({"sha256": one.sha256, "id": one.id})
            return [one for job in jobs for one in made[job]]

        return await self._engine.store.database.read(work)

    def _now(self) -> Run:
        """The run as it would stand."""
        return replace(self._run, spec={**self._run.spec, "results": self._made})


def _unknown(step: Step, why: str) -> Rehearsed:
    priced_later = step.makes_pictures
    return Rehearsed(
        name=step.name, do=step.do, state="unknown", why=why, most=None, high=None if priced_later else Decimal(0)
    )
