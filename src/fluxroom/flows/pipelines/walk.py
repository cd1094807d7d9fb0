"""Pipelines: how a run of steps goes on, from what its file says and what its earlier steps have made.

What the run remembers lies in its `spec`: the pipeline, the inputs, the results of finished steps, and what people have
approved. Everything else can be worked out again, so a restart needs nothing more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fluxroom.engine.orders import hash_of
from fluxroom.errors import FluxroomError, InvalidParams
from fluxroom.flows import expansion, picture_places, plain_text
from fluxroom.flows.bulk.sheets import normal
from fluxroom.flows.expansion import Writer, Written
from fluxroom.flows.pipelines.files import MOST_CHOSEN, MOST_EXPANDED, Pipeline, Step, kept
from fluxroom.flows.pipelines.inputs import checked_inputs
from fluxroom.flows.pipelines.posting import Messenger
from fluxroom.flows.pipelines.templates import MOST_CHARACTERS, MOST_TEXTS, alternatives, fill
from fluxroom.flows.runs import results
from fluxroom.flows.runs.conductor import EVER, PRIORITY, Next, check_asked
from fluxroom.identifiers import new_id
from fluxroom.store import runs
from fluxroom.store.runs import OPEN, Item, Run
from fluxroom.types import JSON

if TYPE_CHECKING:
    from fluxroom.flows.runs.conductor import Conductor
    from fluxroom.store import Store

_STEPS_OWN = frozenset({"each"})
_DIGITS = re.compile(r"\s*[0-9]{1,4}\s*")

MOST_REQUESTS = 10_000
"""Requests of one step: more is a mistake, and would be paid."""


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
        found = kept(run.spec["pipeline"])
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
            written = await texts_of(fields, self._writer)
            return _remember(run, step, {"texts": list(written.texts), "by": written.by, "note": written.note})
        if step.do == "select":
            return await self._select(run, step, fields)
        return await self._hand_on(run, step, fields)

    # steps that make pictures ----------------------------------------------------------------------------------------

    async def _make(self, run: Run, step: Step) -> Next:
        ours = await self._items(run, step)
        if not ours:
            last = await self._store.database.read(partial(runs.last_position, run=run.id))
            asked = requests_of(step, scope_of(run))
            for one in asked:
                picture_places.check(run, step, one)
            if not asked:
                return Next("paused", why=f"Step {step.name} has nothing to work on.")
            return Next("running", items=[_item(run, step, last + 1 + n, one) for n, one in enumerate(asked)])
        told: Sequence[str] = run.spec.get("told", ())
        doubtful = sum(one.item.state == "unknown" for one in ours)
        if doubtful and step.name not in told:  # a picture that may be paid is not left behind in silence
            why = (
                f"Step {step.name}: {doubtful} of its requests {'is' if doubtful == 1 else 'are'} in doubt. "
                "Decide about their jobs (fluxroom jobs --state unknown), then resume; or resume without them."
            )
            return Next("paused", why=why, spec={**run.spec, "told": [*told, step.name]})
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

    async def _select(self, run: Run, step: Step, fields: Mapping[str, Any]) -> Next:
        offered = _pictures(run, step, fields.get("from", []))
        if fields.get("by") == "person":
            return Next("review", why=f"choose pictures for step {step.name}")
        if "best" in fields:
            offered = await self._by_rating(offered)
        return _remember(run, step, {"images": offered[: how_many(fields)]})

    async def _by_rating(self, offered: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
        ids = [str(one["id"]) for one in offered]
        ratings = await self._store.database.read(partial(runs.ratings, images_of=ids))
        return sorted(offered, key=lambda one: -ratings.get(str(one["id"]), 0))

    async def _hand_on(self, run: Run, step: Step, fields: Mapping[str, Any]) -> Next:
        """Write the message down and wait until it was taken; whoever sends it, here or elsewhere, tries for days."""
        if self._messenger is None:
            raise InvalidParams(f"Step {step.name} hands pictures on, and nobody here does that.")
        images = _pictures(run, step, fields.get("images", []))
        handed = await self._messenger.hand_on(run, step.name, str(fields.get("url")), images)
        told: Sequence[str] = run.spec.get("told", ())
        if handed.state == "delivered":
            return _remember(run, step, {"images": images, "message": handed.id, "webhook": handed.endpoint})
        if not handed.stuck:
            return Next("running")
        if step.name in told:  # a person knows, and has let the run go on: so it is sent at once
            await self._messenger.send_again(handed)
            return Next("running", spec={**run.spec, "told": [one for one in told if one != step.name]})
        return Next("paused", why=f"Step {step.name}: {handed.stuck}", spec={**run.spec, "told": [*told, step.name]})


def waits_for(run: Run) -> tuple[Step, list[dict[str, JSON]]] | None:
    """The step of a run in review that a person has to say something about, with the pictures to look at."""
    if run.kind != "pipeline" or run.state != "review":
        return None
    found = kept(run.spec["pipeline"])
    for step in found.steps:
        made = run.spec["results"].get(step.name)
        if made is None:
            fields: Any = fill(dict(step.fields), scope_of(run))
            return step, _pictures(run, step, fields.get("from", []))
        if found.reviewed(step) and step.name not in run.spec["approved"]:
            return step, list(made.get("images", []))
    return None


async def texts_of(fields: Mapping[str, Any], writer: Writer | None) -> Written:
    """The texts of a prompt step whose fields are filled.

    Raises:
        InvalidParams: they are too many, or one is empty.
    """
    given = fields.get("texts") or fields.get("template") or []
    texts = [one for text in (given if isinstance(given, list) else [given]) for one in alternatives(str(text))]
    wanted = fields.get("expand") or 1
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_EXPANDED:
        raise InvalidParams(f"expand is a number from 1 to {MOST_EXPANDED}, not {wanted!r}.", field="expand")
    if len(texts) * wanted > MOST_TEXTS:
        raise InvalidParams(f"The step makes {len(texts) * wanted} texts; at most {MOST_TEXTS}.")
    if sum(map(len, texts)) * wanted > MOST_CHARACTERS:
        raise InvalidParams(f"The step makes more than {MOST_CHARACTERS} characters of text.")
    if not all(text.strip() for text in texts):
        raise InvalidParams("The step makes an empty text.")
    if wanted == 1:
        return Written(texts, expansion.TEMPLATE)
    return await expansion.expanded(texts, wanted, instruction=str(fields.get("instruction") or ""), writer=writer)


def how_many(fields: Mapping[str, Any]) -> int:
    """How many pictures go on from a select step whose fields are filled; one where nothing is said.

    Raises:
        InvalidParams: what stands there now is no such number.
    """
    name = "best" if "best" in fields else "first"
    wanted = fields.get(name, 1)
    number = int(wanted) if isinstance(wanted, str) and _DIGITS.fullmatch(wanted) else wanted
    if isinstance(number, bool) or number not in range(1, MOST_CHOSEN + 1):
        raise InvalidParams(f"{name} is a number from 1 to {MOST_CHOSEN}, not {str(wanted)[:40]!r}.", field=name)
    return int(number)


def new_run(
    found: Pipeline,
    inputs: Mapping[str, JSON],
    *,
    owner: str = "local",
    name: str = "",
    priority: int = PRIORITY,
    cap: int | None = None,
    key: str = "",
    pictures: Sequence[str] = (),
) -> Run:
    """A run of a pipeline, not written down yet; pictures among the inputs are named by hash or address.

    The same idempotency `key` leads to the same run; without one, the same pipeline with the same name and inputs leads
    to its run while that is not finished. `pictures` are those that stand in its steps.

    Raises:
        InvalidParams: an input is missing, unknown or not of its kind.
    """
    now = time.time()
    spec: dict[str, JSON] = {
        "pipeline": dict(found.raw),
        "inputs": checked_inputs(found, inputs),
        "results": {},
        "approved": [],
        "pictures": list(pictures),
        "asked": plain_text.digest([dict(found.raw), dict(inputs)], "pipeline"),
        "cap": cap,
    }
    return Run(
        id=new_id(),
        owner=owner,
        kind="pipeline",
        name=name or found.name,
        digest=hash_of(["pipeline", key] if key else ["pipeline", name, spec["asked"]]),
        spec=spec,
        priority=priority,
        created_at=now,
        changed_at=now,
    )


async def begin(run: Run, conductor: Conductor, *, keyed: bool = False) -> Run:
    """Write a pipeline's run down and start it. Its first items come from its first step.

    The one that `same` finds is given instead.
    """
    return await conductor.begin(run, [], same=EVER if keyed else runs.UNFINISHED)


async def same(run: Run, store: Store, *, keyed: bool = False) -> Run | None:
    """The run that was begun under the same idempotency key, whatever became of it; or the same one, not finished.

    Raises:
        IdempotencyConflict: the key was used for something else.
    """
    states = EVER if keyed else runs.UNFINISHED
    found = await store.database.read(partial(runs.same, owner=run.owner, digest=run.digest, states=states))
    if found:
        check_asked(found, run)
    return found


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
    """The requests of a step: for every member of `each`, one per prompt.

    Raises:
        InvalidParams: they are too many.
    """
    rest = {name: value for name, value in step.fields.items() if name not in _STEPS_OWN}
    found: list[dict[str, JSON]] = []
    members = fill(step.fields["each"], scope) if "each" in step.fields else [None]
    for member in members if isinstance(members, list) else [members]:
        filled: Any = fill(rest, {**scope, "item": member})
        prompts = filled.get("prompt")
        for prompt in prompts if isinstance(prompts, list) else [prompts]:
            one = normal({**filled, "prompt": prompt})
            found.append({name: value for name, value in one.items() if value is not None})
            if len(found) > MOST_REQUESTS:
                raise InvalidParams(f"Step {step.name} makes more than {MOST_REQUESTS} requests.")
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
