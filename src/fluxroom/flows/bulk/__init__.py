"""Bulk: a sheet of requests, checked and priced before anything is sent, then carried as a run.

A row that is wrong does not stop the others. A row that exists is not paid again: the same sheet under the same name
goes on with its run; another sheet gets those pictures from the cache that have a fixed seed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from fluxroom.engine.intake import take_in_at
from fluxroom.engine.orders import cache_key
from fluxroom.errors import FluxroomError, InvalidParams, RequestError
from fluxroom.flows import picture_places
from fluxroom.flows.bulk.file_names import ALWAYS, FileNames
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.runs.conductor import PlanWith
from fluxroom.identifiers import new_id
from fluxroom.store import reuse, runs
from fluxroom.store.runs import GOES_ON, OPEN, Item, Run
from fluxroom.types import JSON, Plan, Reference, dollars

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import Conductor

TakeIn = Callable[[str], Awaitable[Reference]]
"""Makes a reference of a picture that a row names, for the one who asks."""

_TOGETHER = 500
"""Cache keys looked up at once."""

_SAME_SHEET = "the same sheet under the same name"

_CARRIED: Mapping[str, str] = {
    "done": "made by this run",
    "submitted": "under way in this run",
    "unknown": "in doubt in this run: a person decides",
    "failed": "failed in this run; sent again only by `fluxroom runs retry`",
    "cancelled": "cancelled in this run; sent again only by `fluxroom runs retry`",
}
"""Why nothing is to pay for a row of a run that goes on, by its item's state."""

_REFUSED = frozenset({"run", "idempotency_key", "priority", "wait"})
"""What a run decides for its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What would become of a row."""

    number: int  # from 1, as people count
    state: Literal["ok", "exists", "invalid"]
    asked: Mapping[str, JSON]
    plan: Plan | None = None
    why: str = ""
    error: Mapping[str, JSON] | None = None

    def as_dict(self) -> dict[str, JSON]:
        """The row as JSON."""
        plan = self.plan
        return {
            "row": self.number,
            "state": self.state,
            "why": self.why,
            "error": dict(self.error) if self.error else None,
            "route": plan.route if plan else None,
            "mode": plan.mode if plan else None,
            "price": plan.quote.text if plan and self.state == "ok" else None,
            "images": plan.quote.images if plan else 0,
            "not_sent": [note.as_dict() for note in plan.not_sent] if plan else [],
            "asked": dict(self.asked),
        }


_AT_A_TIME = 20
"""Rows that are checked before others get their turn: about ten milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a sheet would become and cost; nothing was sent."""

    sheet: Sheet
    rows: Sequence[Checked]
    goes_on: Run | None = None  # the run of the same sheet and name
    open_rows: int = 0  # of that run
    renamed: Mapping[str, str] = field(default_factory=dict)

    def count(self, state: str) -> int:
        """How many rows are in a state."""
        return sum(row.state == state for row in self.rows)

    @property
    def low(self) -> Decimal:
        """At least so many dollars are to pay."""
        return sum((row.plan.quote.low for row in self.rows if row.plan and row.state == "ok"), Decimal(0))

    @property
    def high(self) -> Decimal | None:
        """At most so many; None when some price is not fully known."""
        highs = [row.plan.quote.high for row in self.rows if row.plan and row.state == "ok"]
        return None if None in highs else sum((high for high in highs if high is not None), Decimal(0))

    @property
    def rule(self) -> str:
        """How it was decided which rows exist."""
        if self.goes_on:
            same = "the same comparison, not finished" if self.goes_on.kind == "comparison" else _SAME_SHEET
            return f"{same}: run {self.goes_on.id} goes on"
        return "rows with a fixed seed whose pictures are in the store exist"

    @property
    def text(self) -> str:
        """For people: `12 exist, 28 to pay ($1.26), 2 invalid: row 7 …`."""
        price = dollars(self.low) if self.high == self.low else f"at least {dollars(self.low)}"
        if self.high is not None and self.high != self.low:
            price = f"{dollars(self.low)} to {dollars(self.high)}"
        again = sum(row.why in {_CARRIED["failed"], _CARRIED["cancelled"]} for row in self.rows)
        parts = [f"{self.count('exists') - again} exist, {self.count('ok')} to pay ({price})"]
        if again:
            parts.append(f"{again} failed before and are not sent again by themselves")
        if wrong := [row for row in self.rows if row.state == "invalid"]:
            shown = "; ".join(f"row {row.number} {row.why}" for row in wrong[:3])
            parts.append(f"{len(wrong)} invalid: {shown}" + ("; …" if len(wrong) > 3 else ""))
        return ", ".join(parts)


async def check(
    sheet: Sheet,
    engine: Engine,
    plan_with: PlanWith,
    take_in: TakeIn,
    *,
    owner: str = "local",
    digest: str = "",
    same: Sequence[str] = GOES_ON,
) -> DryRun:
    """Check every row against its model, price it, and look for what is there already. Nothing is sent.

    Args:
        sheet: what is asked for.
        engine: for its ledger and accounts.
        plan_with: how a request is planned.
        take_in: how a picture that a row names is taken in; each is taken in once.
        owner: who asks.
        digest: what tells the run that goes on, if not the sheet itself.
        same: the states in which there is a run that goes on.

    Raises:
        InvalidParams: the sheet as a whole cannot be used.
    """
    _check_file_name(sheet)
    pantry = _Pantry(take_in)
    rows = []
    for number in range(len(sheet.rows)):
        rows.append(await _checked(sheet, number, plan_with, pantry))
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)  # a long sheet must not hold up everybody else
    there = await known(engine, [row for row in rows if row.plan], owner)
    rows = [replace(row, state="exists", why="in the store") if row.number in there else row for row in rows]
    find = partial(runs.same, owner=owner, digest=digest or sheet.digest, states=same)
    goes_on = await engine.store.database.read(find)
    left = 0
    if goes_on:
        carried = await engine.store.database.read(partial(runs.states, run=goes_on.id))
        left = sum(state in OPEN for state in carried.values())
        rows = [_as_carried(row, carried.get(row.number - 1, "")) for row in rows]
    renamed = {old: new for row in rows if row.plan for old, new in row.plan.renamed.items()}
    return DryRun(sheet=sheet, rows=rows, goes_on=goes_on, open_rows=left, renamed=renamed)


def _check_file_name(sheet: Sheet) -> None:
    """See that every field of the files' names is one that some row has: one that is misspelt would be empty."""
    fields = FileNames(sheet.file_name, rows=len(sheet.rows)).fields - ALWAYS
    if strange := sorted(fields - sheet.defaults.keys() - set[str]().union(*sheet.rows)):
        raise InvalidParams(
            f"The file name {sheet.file_name!r} has the field {strange[0]}, which is no column of the sheet.",
            advice=f"Fields are the columns, and {', '.join(sorted(ALWAYS))}.",
            field="file_name",
        )


def _as_carried(row: Checked, state: str) -> Checked:
    """A row of a run that goes on: what was sent is not sent again."""
    return replace(row, state="exists", why=_CARRIED[state]) if state in _CARRIED else row


def new_run(found: DryRun, *, owner: str = "local", priority: int = 0, cap: int | None = None) -> Run:
    """The run of a sheet, not written down yet; or the one that goes on."""
    if found.goes_on:
        return found.goes_on
    now = time.time()
    sheet = found.sheet
    return Run(
        id=new_id(),
        owner=owner,
        kind="bulk",
        name=sheet.name,
        digest=sheet.digest,
        spec={
            "defaults": dict(sheet.defaults),
            "seeds": sheet.seeds,
            "file_name": sheet.file_name,
            "renamed": dict(found.renamed),
            "cap": cap,
        },
        priority=priority,
        created_at=now,
        changed_at=now,
    )


async def begin(found: DryRun, conductor: Conductor, run: Run | None = None) -> Run:
    """Start the run of a sheet, or go on with the run of the same one."""
    run = run or new_run(found)
    if found.goes_on:
        return await conductor.go_on(run)
    return await conductor.begin(run, [_item(run, row, found.sheet) for row in found.rows])


def _item(run: Run, row: Checked, sheet: Sheet) -> Item:
    named = sheet.rows[row.number - 1].get("file")
    return Item(
        run=run.id,
        position=row.number - 1,
        key=f"row {row.number}",
        asked=row.asked,
        state="invalid" if row.state == "invalid" else "waiting",
        error=row.error,
        note={"file": str(named)} if named else {},
        changed_at=run.created_at,
    )


class _Pantry:
    """Pictures that rows name, each taken in once."""

    def __init__(self, take_in: TakeIn) -> None:
        self._take_in = take_in
        self._known: dict[str, Reference | FluxroomError] = {}

    async def get(self, source: Any) -> Reference:
        if not isinstance(source, str):
            raise InvalidParams("A picture is named by a file, an address or an id.", field="references")
        if source not in self._known:
            try:
                self._known[source] = await self._take_in(source)
            except RequestError as error:
                self._known[source] = error
        found = self._known[source]
        if isinstance(found, FluxroomError):
            raise found
        return found

    async def named(self, source: Any) -> str:
        """The hash or address of a picture."""
        return _named(await self.get(source))


async def _checked(sheet: Sheet, number: int, plan_with: PlanWith, pantry: _Pantry) -> Checked:
    asked: dict[str, JSON] = {}
    try:
        asked = sheet.asked(number)
        if decided := sorted(_REFUSED & asked.keys()):
            raise InvalidParams(f"{decided[0]} is decided by the run, not by a row.", field=decided[0])
        model = str(asked.get("model") or "")
        if not model:
            raise InvalidParams("The row names no model.", field="model")
        asked, options = await _with_pictures(asked, pantry)
        options = {name: value for name, value in options.items() if name not in {"prompt", "model"}}
        _, plan = await plan_with(asked.get("prompt"), model, options)
    except RequestError as error:
        return Checked(number=number + 1, state="invalid", asked=asked, why=error.detail, error=error.as_dict())
    return Checked(number=number + 1, state="ok", asked=asked, plan=plan)


async def _with_pictures(asked: Mapping[str, JSON], pantry: _Pantry) -> tuple[dict[str, JSON], dict[str, Any]]:
    """What is asked for, once with pictures as they are written down (by hash or address), once as they are planned.

    However deep a picture stands in a parameter: the plan takes in whatever is left, and may read files for it.
    """
    given = asked.get("references")
    asked = asked if given is None or isinstance(given, list) else {**asked, "references": [given]}
    where = picture_places.places(asked)
    if not where:
        return dict(asked), dict(asked)
    return await take_in_at(asked, where, pantry.named), await take_in_at(asked, where, pantry.get)


def _named(reference: Reference) -> str:
    return reference.sha256 or reference.url or ""


async def known(engine: Engine, rows: Sequence[Checked], owner: str) -> set[int]:
    """The rows all of whose pictures are in the store: the cache will give them again, free of charge."""
    keys: dict[int, list[str]] = {}
    for row in rows:
        if row.plan and row.asked.get("cache") != "off" and row.plan.provider in engine.accounts:
            account = engine.accounts[row.plan.provider]
            keys[row.number] = [cache_key(row.plan, wire, account) for wire in row.plan.wire]
    wanted = sorted({key for some in keys.values() for key in some if key})
    there: set[str] = set()
    for first in range(0, len(wanted), _TOGETHER):
        some = wanted[first : first + _TOGETHER]
        there |= await engine.store.database.read(partial(reuse.some_cached, owner=owner, cache_keys=some))
    return {number for number, some in keys.items() if there.issuperset(some)}
