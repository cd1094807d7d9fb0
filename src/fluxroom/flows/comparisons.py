"""Comparisons: one request over two axes, each a list of models, providers, modes or values of any parameter.

Cells are jobs of a run. What a cell's model does not take is left out and told, so that unequal models can be compared.
Without a seed all cells get the same one, for otherwise chance would be compared.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fluxroom.catalog import words
from fluxroom.engine.orders import hash_of
from fluxroom.errors import InvalidParams, NotFound
from fluxroom.flows import plain_text
from fluxroom.flows.bulk import DryRun, TakeIn, check
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.runs import results
from fluxroom.flows.runs.conductor import EVER, PRIORITY, PlanWith
from fluxroom.identifiers import new_id
from fluxroom.imaging.contact_sheet import Cell, contact_sheet
from fluxroom.imaging.containers import NotAnImage
from fluxroom.imaging.thumbnails import thumbnail
from fluxroom.store.runs import UNFINISHED, Item, Run
from fluxroom.types import JSON, PROVIDERS, dollars

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import Conductor
    from fluxroom.store import Store

MOST_CELLS = 400

_LOST = "its bytes are no longer there"
"""What is said of a picture that is in the library and not among the files."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction: a name and its values.

    `model`, `provider`, `mode` and every parameter are names; dots lead inside: `loras.0.scale`.
    """

    name: str
    values: Sequence[JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is compared."""

    name: str
    request: Mapping[str, JSON]  # prompt, model and parameters that all cells share
    x: Axis
    y: Axis = field(default_factory=lambda: Axis("", (None,)))
    drawn: bool = False  # nobody chose the seed

    def __post_init__(self) -> None:
        cells = len(self.x.values) * len(self.y.values)
        if not 1 <= cells <= MOST_CELLS:
            raise InvalidParams(f"A comparison has 1 to {MOST_CELLS} cells, not {cells}.", field="axes")
        if self.x.name == self.y.name:
            raise InvalidParams(f"Both axes are {self.x.name}.", field="axes")

    @property
    def digest(self) -> str:
        """The same for the same comparison: one that is not finished goes on instead of beginning again."""
        asked = {name: value for name, value in self.request.items() if not (self.drawn and name == "seed")}
        axes = [[axis.name, list(axis.values)] for axis in (self.x, self.y)]
        return plain_text.digest(["comparison", self.name, asked, axes], "comparison")

    def cells(self) -> list[dict[str, JSON]]:
        """What each cell asks for, row by row."""
        return [self._cell(x, y) for y in self.y.values for x in self.x.values]

    def _cell(self, x: JSON, y: JSON) -> dict[str, JSON]:
        asked: dict[str, JSON] = {"on_unsupported": "report", **deepcopy(dict(self.request))}
        # A provider says where the model is made, so it comes after the model, whichever axis that is on.
        for name, value in sorted([(self.x.name, x), (self.y.name, y)], key=lambda one: one[0] == "provider"):
            if name == "provider":
                asked["model"] = _at(str(value), str(asked.get("model") or ""))
            elif name:
                _put(asked, name, value)
        return asked


def comparison(name: str, request: Mapping[str, JSON], axes: Sequence[tuple[str, Sequence[JSON]]]) -> Comparison:
    """A comparison of one or two axes, with a seed that all cells share.

    Raises:
        InvalidParams: there are no axes, more than two, or too many cells.
    """
    if not 1 <= len(axes) <= 2:
        raise InvalidParams(f"A comparison has one or two axes, not {len(axes)}.", field="axes")
    shared = dict(request)
    given = {words.meaning(name) for name, value in shared.items() if value is not None}
    drawn = "seed" not in given | {words.meaning(axis) for axis, _ in axes}
    if drawn:
        shared["seed"] = secrets.randbelow(2**31)
    x, *rest = [Axis(axis, list(values)) for axis, values in axes]
    return Comparison(name=name, request=shared, x=x, drawn=drawn, **({"y": rest[0]} if rest else {}))


async def price(
    found: Comparison, engine: Engine, plan_with: PlanWith, take_in: TakeIn, *, owner: str = "local"
) -> DryRun:
    """Check and price every cell; nothing is sent. Cells whose pictures are in the store cost nothing."""
    sheet = Sheet(name=found.name, rows=found.cells())
    return await check(sheet, engine, plan_with, take_in, owner=owner, digest=found.digest, same=UNFINISHED)


async def begin(
    found: Comparison,
    priced: DryRun,
    conductor: Conductor,
    *,
    owner: str = "local",
    priority: int = PRIORITY,
    cap: int | None = None,
    key: str = "",
) -> Run:
    """Start the run of a comparison that was priced, or go on with the same one that is not finished.

    The same idempotency `key` leads to the same run, whatever became of it.

    Raises:
        IdempotencyConflict: the key was used for another comparison.
    """
    if priced.goes_on and not key:
        return await conductor.go_on(priced.goes_on)
    now = time.time()
    run = Run(
        id=new_id(),
        owner=owner,
        kind="comparison",
        name=found.name,
        digest=hash_of(["comparison", key]) if key else found.digest,
        spec={
            "request": dict(found.request),
            "x": {"name": found.x.name, "values": list(found.x.values)},
            "y": {"name": found.y.name, "values": list(found.y.values)},
            "winner": None,
            "asked": found.digest,
            "renamed": dict(priced.renamed),
            "cap": cap,
        },
        priority=priority,
        created_at=now,
        changed_at=now,
    )
    return await conductor.begin(run, _items(found, priced, run), same=EVER if key else UNFINISHED)


def _items(found: Comparison, priced: DryRun, run: Run) -> list[Item]:
    """A comparison's cells as they are written down, row by row."""
    width = len(found.x.values)
    return [
        Item(
            run=run.id,
            position=row.number - 1,
            key=_named(found, (row.number - 1) % width, (row.number - 1) // width),
            asked=row.asked,
            state="invalid" if row.state == "invalid" else "waiting",
            error=row.error,
            note={"x": (row.number - 1) % width, "y": (row.number - 1) // width},
            changed_at=run.created_at,
        )
        for row in priced.rows
    ]


async def drawn(store: Store, run: Run) -> bytes:
    """The comparison as one picture (PNG): every cell with its seconds, cost and size, the winner marked."""
    columns, rows = ([_label(run.spec[axis], value) for value in run.spec[axis]["values"]] for axis in ("x", "y"))
    made = {one.item.position: one async for one in results.everything(store, run.id)}
    cells = []
    for position in range(len(columns) * len(rows)):
        one = made.get(position)
        picture = one.images[0] if one and one.images else None
        data = await asyncio.to_thread(_small, store, picture.sha256) if picture else None
        below = _LOST if picture and data is None else _below(one)
        cells.append(Cell(data, below, best=run.spec.get("winner") == position))
    prompt = str(run.spec["request"].get("prompt") or "")
    # A comparison without a name of its own is called by its prompt.
    title = prompt if prompt.startswith(run.name) else f"{run.name}: {prompt}"
    return await asyncio.to_thread(contact_sheet, title, columns, rows, cells)


def _small(store: Store, sha256: str) -> bytes | None:
    """A picture small enough for a cell, so that hundreds fit into memory; None where its bytes are gone or broken."""
    try:
        return thumbnail(store.blobs.get(sha256))
    except (NotFound, NotAnImage):
        return None


def _label(axis: Mapping[str, JSON], value: JSON) -> str:
    return f"{axis['name']} {value}" if axis["name"] else ""


def _below(one: results.Result | None) -> str:
    if one is None or not one.images:
        error = one.item.error if one else None
        words = results.DELETED if one and one.gone else str((error or {}).get("message", ""))
        return words or (one.item.state if one else "missing")
    seconds = f"{one.seconds:.1f} s · " if one.seconds else ""
    return f"{seconds}{dollars(one.charged)} · {one.images[0].width} × {one.images[0].height}"


def _named(found: Comparison, x: int, y: int) -> str:
    parts = [(found.x, x), *([(found.y, y)] if found.y.name else [])]
    return ", ".join(f"{axis.name} {axis.values[number]}" for axis, number in parts)


def _at(provider: str, model: str) -> str:
    if provider not in PROVIDERS:
        raise InvalidParams(f"There is no provider {provider!r}; there are {' and '.join(PROVIDERS)}.", field="axes")
    bare = model.split("/", 1)[1] if model.split("/", 1)[0] in PROVIDERS else model
    return f"{provider}/{bare}"


def _put(asked: dict[str, JSON], name: str, value: JSON) -> None:
    """Set a value, inside lists and objects where the name leads there."""
    *way, last = name.split(".")
    inner: Any = asked
    try:
        for step in way:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        if isinstance(inner, list):
            inner[int(last)] = value
        else:
            inner[last] = value
    except (KeyError, IndexError, ValueError, TypeError):
        raise InvalidParams(f"The request has nothing at {name!r} to vary.", field="axes") from None
