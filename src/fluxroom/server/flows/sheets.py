"""Bulk over HTTP: a sheet is checked and priced, then carried as a run."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.sheets import Sheet, every_combination, normal, table
from fluxroom.server.access.callers import Asking, check_priority
from fluxroom.server.flows.runs import AtDesk, RunAnswer
from fluxroom.server.schemas import plain_json

router = APIRouter(prefix="/v1/bulk", tags=["runs"])


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
            InvalidParams: the table cannot be read, there are no rows, or they are given in more than one way.
        """
        ways = {"rows": self.rows, "csv": self.csv, "jsonl": self.jsonl, "prompts": self.prompts}
        given = [name for name, value in ways.items() if value]
        if len(given) != 1:
            said = " and ".join(given) if given else "none of them"
            raise InvalidParams(
                f"A sheet is given as {', '.join(ways)}, and just one of them: not {said}.", field="rows"
            )
        if self.sources and not self.prompts:
            raise InvalidParams(f"sources go with prompts, and not with {given[0]}.", field="sources")
        if self.columns and not (self.csv or self.jsonl):
            raise InvalidParams(f"columns are those of csv or jsonl, and not of {given[0]}.", field="columns")
        if self.csv or self.jsonl:
            rows = table(self.csv or self.jsonl, "csv" if self.csv else "jsonl", columns=self.columns)
        else:
            rows = [normal(row) for row in self.rows] or every_combination(self.sources, self.prompts)
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
async def check(desk: AtDesk, body: SheetBody) -> DryRunAnswer:
    """Every row is checked against its model and priced, and looked for in the store. Nothing is sent."""
    return DryRunAnswer(**await desk.check_sheet(await asyncio.to_thread(body.sheet)))


@router.post(
    "",
    status_code=201,
    summary="Carry a sheet",
    responses={200: {"model": RunAnswer, "description": "The run of the same sheet, which goes on"}},
)
async def begin(desk: AtDesk, caller: Asking, body: BulkBody, response: Response) -> RunAnswer:
    """A run of all rows that are not invalid. The same sheet under the same name: its run, which goes on (200)."""
    check_priority(caller, body.priority)
    run = await desk.begin_sheet(await asyncio.to_thread(body.sheet), priority=body.priority, budget=body.budget)
    if run.pop("goes_on"):
        response.status_code = 200
    response.headers["location"] = f"/v1/runs/{run['id']}"
    return RunAnswer(**run)
