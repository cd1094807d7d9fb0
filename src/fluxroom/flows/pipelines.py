"""Pipelines: how a run of steps goes on, from what its file says and what its earlier steps have made.

What the run remembers lies in its `spec`: the pipeline, the inputs, the results of finished steps, and what people have
approved. Everything else can be worked out again, so a restart needs nothing more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from fluxroom.engine.orders import hash_of
from fluxroom.errors import FluxroomError, InvalidParams
from fluxroom.flows import results
from fluxroom.flows.conductor import Next
from fluxroom.flows.pipeline_files import Pipeline, Step, pipeline
from fluxroom.flows.templates import MOST_TEXTS, alternatives, fill
from fluxroom.identifiers import new_id
from fluxroom.store import runs
from fluxroom.store.runs import OPEN, Item, Run
from fluxroom.types import JSON

if TYPE_CHECKING:
    from fluxroom.flows.conductor import Conductor
    from fluxroom.store import Store

_STEPS_OWN = frozenset({"each"})


class Writer(Protocol):
    """Makes more texts of a text, such as a language model."""

    async def more(self, text: str, number: int, instruction: str) -> list[str]:
        """At most `number` variations; an empty list when there is nobody to ask."""


class Messenger(Protocol):
    """Hands pictures on."""

    async def hand_on(self, run: Run, step: str, url: str, images: Sequence[Mapping[str, JSON]]) -> None:
        """Tell an address about finished pictures; a failure raises."""


class Pipelines:
    """How runs of the kind `pipeline` go on.

    Args:
        store: where items and pictures are.
        writer: for prompt steps that are to be expanded.
        messenger: for webhook steps.
    """

    def __init__(self, store: Store, *, writer: Writer | None = None, messenger: Messenger | None = None) -> None:
        self._store = store
        self._writer = writer
        self._messenger = messenger

    async def advance(self, run: Run) -> Next:
        """What comes when no item of the run is open."""
        found = pipeline(run.spec["pipeline"])
        done: Mapping[str, Any] = run.spec["results"]
        try:
            for step in found.steps:
                if step.name not in done:
                    return await self._do(run, step)
                if found.reviewed(step) and step.name not in run.spec["approved"]:
                    return Next("review", why=f"look at what step {step.name} has made")
        except FluxroomError as error:
            return Next("paused", why=f"{error.detail} {error.next_step}")
        return Next()

    async def _do(self, run: Run, step: Step) -> Next:
        if step.makes_pictures:
            return await self._make(run, step)
        fields: Any = fill(dict(step.fields), scope_of(run))
        if step.do == "prompt":
            return _remember(run, step, {"texts": await self._texts(fields)})
        if step.do == "select":
            return await self._select(run, step, fields)
        await self._hand_on(run, step, fields)
        return _remember(run, step, {"images": _pictures(run, step, fields.get("images", []))})

    # steps that make pictures ----------------------------------------------------------------------------------------

    async def _make(self, run: Run, step: Step) -> Next:
        ours = await self._items(run, step)
        if not ours:
            last = await self._store.database.read(partial(runs.last_position, run=run.id))
            asked = requests_of(step, scope_of(run))
            if not asked:
                return Next("paused", why=f"Step {step.name} has nothing to work on.")
            return Next("running", items=[_item(run, step, last + 1 + n, one) for n, one in enumerate(asked)])
        images = [
            {"id": picture.id, "sha256": picture.sha256, "prompt": str(one.item.asked.get("prompt") or "")}
            for one in ours
            for picture in one.images
        ]
        if not images:
            first = next((one.item.error for one in ours if one.item.error), None) or {}
            return Next("paused", why=f"Step {step.name} has made no picture: {first.get('message', 'see its items')}")
        missing = sum(one.item.state != "done" for one in ours)
        return _remember(run, step, {"images": images, "missing": missing})

    async def _items(self, run: Run, step: Step) -> list[results.Result]:
        return [
            one
            async for one in results.everything(self._store, run.id)
            if one.item.step == step.name and one.item.state not in {"replaced", *OPEN}
        ]

    # the others ------------------------------------------------------------------------------------------------------

    async def _texts(self, fields: Mapping[str, Any]) -> list[str]:
        given = fields.get("texts") or fields.get("template") or []
        texts = [one for text in (given if isinstance(given, list) else [given]) for one in alternatives(str(text))]
        wanted = int(fields.get("expand") or 0)
        if wanted > 1:
            instruction = str(fields.get("instruction") or "")
            texts = [one for text in texts for one in await self._more(text, wanted, instruction)]
        if len(texts) > MOST_TEXTS:
            raise InvalidParams(f"The step makes {len(texts)} texts; at most {MOST_TEXTS}.")
        return texts

    async def _more(self, text: str, number: int, instruction: str) -> list[str]:
        found = await self._writer.more(text, number, instruction) if self._writer else []
        # Nobody to ask: the text with a few words of its own, so that a pipeline works without a language model.
        return found[:number] or [f"{text}{words}" for words in _VARIATIONS[: min(number, len(_VARIATIONS))]]

    async def _select(self, run: Run, step: Step, fields: Mapping[str, Any]) -> Next:
        offered = _pictures(run, step, fields.get("from", []))
        if fields.get("by") == "person":
            return Next("review", why=f"choose pictures for step {step.name}")
        if "best" in fields:
            offered = await self._by_rating(offered)
        number = int(fields.get("best") or fields.get("first") or 1)
        return _remember(run, step, {"images": offered[:number]})

    async def _by_rating(self, offered: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
        ids = [str(one["id"]) for one in offered]
        ratings = await self._store.database.read(partial(runs.ratings, images_of=ids))
        return sorted(offered, key=lambda one: -ratings.get(str(one["id"]), 0))

    async def _hand_on(self, run: Run, step: Step, fields: Mapping[str, Any]) -> None:
        if self._messenger is None:
            raise InvalidParams(
                f"Step {step.name} hands pictures on, which only a gateway does.",
                advice="Start it with `fluxroom serve`, and send the pipeline there.",
            )
        images = _pictures(run, step, fields.get("images", []))
        await self._messenger.hand_on(run, step.name, str(fields.get("url")), images)


_VARIATIONS = ("", ", soft morning light", ", close-up", ", wide shot", ", from above", ", dramatic light", ", minimal")


def new_run(
    found: Pipeline,
    inputs: Mapping[str, JSON],
    *,
    owner: str = "local",
    name: str = "",
    priority: int = 5,
    cap: int | None = None,
    key: str = "",
) -> Run:
    """A run of a pipeline, not written down yet; pictures among the inputs are named by hash or address.

    The same idempotency `key` leads to the same run.

    Raises:
        InvalidParams: an input is missing, unknown or not of its kind.
    """
    now = time.time()
    spec: dict[str, JSON] = {
        "pipeline": dict(found.raw),
        "inputs": checked_inputs(found, inputs),
        "results": {},
        "approved": [],
        "cap": cap,
    }
    return Run(
        id=new_id(),
        owner=owner,
        kind="pipeline",
        name=name or found.name,
        digest=hash_of(["pipeline", key]) if key else "",
        spec=spec,
        priority=priority,
        created_at=now,
        changed_at=now,
    )


async def begin(run: Run, conductor: Conductor) -> Run:
    """Write a pipeline's run down and start it. Its first items come from its first step."""
    return await conductor.begin(run, [])


def checked_inputs(found: Pipeline, given: Mapping[str, JSON]) -> dict[str, JSON]:
    """The inputs with their defaults.

    Raises:
        InvalidParams: one is missing, unknown or not of its kind.
    """
    declared: Mapping[str, Any] = found.raw.get("inputs", {})
    if strange := sorted(given.keys() - declared.keys()):
        raise InvalidParams(f"The pipeline has no input {strange[0]!r}; it has {', '.join(declared) or 'none'}.")
    values: dict[str, JSON] = {}
    for name, about in declared.items():
        value = given.get(name, about.get("default"))
        if value is None:
            raise InvalidParams(f"The input {name} is missing.", field=f"inputs.{name}")
        if about["kind"] == "pictures" and not isinstance(value, list):
            value = [value]
        if not _fits(about, value):
            raise InvalidParams(f"The input {name} must be a {about['kind']}.", field=f"inputs.{name}")
        values[name] = value
    return values


def scope_of(run: Run) -> dict[str, JSON]:
    """What the fields of a step can refer to."""
    steps = {
        name: {
            "images": [one["sha256"] for one in made.get("images", [])],
            "image": next((one["sha256"] for one in made.get("images", [])), None),
            "texts": made.get("texts", []),
            "text": next(iter(made.get("texts", [])), None),
        }
        for name, made in run.spec["results"].items()
    }
    return {"inputs": run.spec["inputs"], "steps": steps}


def requests_of(step: Step, scope: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    """The requests of a step: for every member of `each`, one per prompt."""
    rest = {name: value for name, value in step.fields.items() if name not in _STEPS_OWN}
    found: list[dict[str, JSON]] = []
    members = fill(step.fields["each"], scope) if "each" in step.fields else [None]
    for member in members if isinstance(members, list) else [members]:
        filled: Any = fill(rest, {**scope, "item": member})
        prompts = filled.get("prompt")
        for prompt in prompts if isinstance(prompts, list) else [prompts]:
            one = {**filled, "prompt": prompt}
            if isinstance(one.get("references"), str):
                one["references"] = [one["references"]]
            found.append({name: value for name, value in one.items() if value is not None})
    return found


def _item(run: Run, step: Step, position: int, asked: Mapping[str, JSON]) -> Item:
    return Item(
        run=run.id,
        position=position,
        step=step.name,
        key=f"{step.name} {position + 1}",
        asked=asked,
        changed_at=run.changed_at,
    )


def _remember(run: Run, step: Step, made: Mapping[str, JSON]) -> Next:
    return Next("running", spec={**run.spec, "results": {**run.spec["results"], step.name: made}})


def _pictures(run: Run, step: Step, hashes: Any) -> list[dict[str, JSON]]:
    """The pictures of earlier steps with these hashes, in this order."""
    known = {one["sha256"]: one for made in run.spec["results"].values() for one in made.get("images", [])}
    wanted = hashes if isinstance(hashes, list) else [hashes]
    if strange := [one for one in wanted if one not in known]:
        raise InvalidParams(f"Step {step.name} refers to {strange[0]!r}, which is no picture of an earlier step.")
    return [known[one] for one in wanted]


def _fits(about: Mapping[str, Any], value: JSON) -> bool:
    kind = about["kind"]
    if kind == "pictures":
        return bool(value) and all(isinstance(one, str) for one in value)
    if kind == "choice":
        return value in about.get("choices", [])
    if kind == "switch":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)
