"""Bulk over HTTP: a sheet is checked and priced, then carried as a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.engine.accounting import checked_budget
from fluxroom.engine.intake import take_in
from fluxroom.flows import bulk
from fluxroom.flows.bulk import DryRun
from fluxroom.flows.sheets import Sheet, every_combination, normal, table
from fluxroom.server.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.references import usable
from fluxroom.server.runs import RunAnswer, answer
from fluxroom.server.schemas import plain_json
from fluxroom.server.usage import accounting
from fluxroom.types import JSON, Reference

router = APIRouter(prefix="/v1/bulk", tags=["runs"])

_MOST_SHOWN = 1000
"""Rows that a dry run tells one by one; the others are counted."""


class SheetBody(BaseModel):
    """A sheet: rows, or a table as text, or every source with every prompt."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="SheetRequest",
        json_schema_extra={
            "examples": [
                {
                    "name": "spring",
                    "defaults": {"model": "flux-2-pro", "image_size": "square_hd"},
                    "rows": [{"prompt": "a red cup", "seed": 1}, {"prompt": "a blue cup", "seed": 2}],
                }
            ]
        },
    )

    name: str = Field(min_length=1, max_length=200, description="The same sheet under the same name goes on.")
    rows: list[dict[str, Any]] = Field(default_factory=list, max_length=100_000)
    csv: str = Field("", description="A table instead of rows: a header line, then commas, semicolons or tabs.")
    jsonl: str = Field("", description="JSON Lines instead of rows: one object a line.")
    columns: dict[str, str] = Field(default_factory=dict, description="What a column means; empty: nothing.")
    sources: list[str] = Field(default_factory=list, max_length=10_000, description="Pictures, each with every prompt.")
    prompts: list[str] = Field(default_factory=list, max_length=10_000)
    defaults: dict[str, Any] = Field(default_factory=dict, description="Model and parameters where a row says nothing.")
    seeds: Literal["as_given", "random", "counted"] = "as_given"
    file_name: str = Field("{row}-{prompt}", max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)

    def sheet(self) -> Sheet:
        """What it asks for.

        Raises:
            InvalidParams: the table cannot be read, or there are no rows.
        """
        rows = [normal(row) for row in self.rows] or every_combination(self.sources, self.prompts)
        if self.csv or not (rows or self.jsonl):
            rows = table(self.csv, "csv", columns=self.columns)
        elif self.jsonl:
            rows = table(self.jsonl, "jsonl", columns=self.columns)
        defaults = {"model": DEFAULT_MODEL, **self.defaults}
        return Sheet(name=self.name, rows=rows, defaults=defaults, seeds=self.seeds, file_name=self.file_name)


class BulkBody(SheetBody):
    """A sheet that is to be carried."""

    model_config = ConfigDict(strict=True, extra="forbid", title="BulkRequest")

    priority: int = Field(0, ge=0, le=100, description="Higher goes first; 10 is what single requests have.")
    budget: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="The run pauses before it has spent more than so many US dollars."
    )


class RowAnswer(BaseModel):
    """What would become of a row."""

    row: int = Field(description="From 1.")
    state: Literal["ok", "exists", "invalid"]
    why: str
    error: dict[str, Any] | None
    route: str | None
    mode: str | None
    price: str | None
    images: int
    not_sent: list[dict[str, str]]
    asked: dict[str, Any]


class DryRunAnswer(BaseModel):
    """What a sheet would become and cost; nothing was sent."""

    text: str = Field(description="For people: 12 exist, 28 to pay ($1.26), 2 invalid: row 7 …")
    ok: int
    exists: int
    invalid: int
    low: str = Field(description="At least so many US dollars are to pay.")
    high: str | None = Field(description="At most so many; null when a price is not fully known.")
    rule: str = Field(description="How it was decided which rows exist.")
    goes_on: str | None = Field(description="The run of the same sheet and name, which goes on.")
    open_rows: int = Field(description="Of that run.")
    renamed: dict[str, str]
    rows: list[RowAnswer] = Field(description="The first thousand, and all that are invalid.")


@router.post("/check", summary="Check and price a sheet")
async def check(gateway: Running, caller: Asking, body: SheetBody) -> DryRunAnswer:
    """Every row is checked against its model and priced, and looked for in the store. Nothing is sent."""
    return told(await _checked(gateway, caller, body.sheet()))


@router.post(
    "",
    status_code=201,
    summary="Carry a sheet",
    responses={200: {"model": RunAnswer, "description": "Its run, which goes on"}},
)
async def begin(gateway: Running, caller: Asking, body: BulkBody, response: Response) -> RunAnswer:
    """A run of all rows that are not invalid. The same sheet under the same name: its run, which goes on (200)."""
    found = await _checked(gateway, caller, body.sheet())
    if found.goes_on:
        response.status_code = 200
    run = bulk.new_run(found, owner=caller.owner, priority=body.priority, cap=caller.cap)
    if body.budget is not None and not found.goes_on:
        await accounting(gateway).set_budget(checked_budget(f"run:{run.id}", "total", body.budget))
    run = await bulk.begin(found, gateway.client.conductor, run)
    response.headers["location"] = f"/v1/runs/{run.id}"
    return await answer(gateway, run)


def told(found: DryRun) -> DryRunAnswer:
    """A dry run as it is told."""
    rows = [row for row in found.rows if row.number <= _MOST_SHOWN or row.state == "invalid"]
    return DryRunAnswer(
        text=found.text,
        ok=found.count("ok"),
        exists=found.count("exists"),
        invalid=found.count("invalid"),
        low=f"{found.low.normalize():f}",
        high=None if found.high is None else f"{found.high.normalize():f}",
        rule=found.rule,
        goes_on=found.goes_on.id if found.goes_on else None,
        open_rows=found.open_rows,
        renamed=dict(found.renamed),
        rows=[RowAnswer(**row.as_dict()) for row in rows],
    )


def taker(gateway: Gateway, caller: Caller) -> Callable[[JSON], Awaitable[Reference]]:
    """Takes pictures in that the caller names: addresses, and what is the caller's own."""

    async def taken(source: JSON) -> Reference:
        return await take_in(await usable(gateway, caller, source), gateway.engine.store.blobs)

    return taken


async def _checked(gateway: Gateway, caller: Caller, sheet: Sheet) -> DryRun:
    client = gateway.client
    return await bulk.check(sheet, client.engine, client.plan_with, taker(gateway, caller), owner=caller.owner)
