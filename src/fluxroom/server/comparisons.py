"""Comparisons over HTTP: priced cell by cell, carried as a run, judged, drawn as one picture."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import NotFound, RequestError
from fluxroom.flows import comparisons
from fluxroom.flows.comparisons import Comparison
from fluxroom.server.callers import Asking
from fluxroom.server.gateway import Running
from fluxroom.server.runs import Id, RunAnswer, answer, owned
from fluxroom.server.schemas import plain_json
from fluxroom.server.sheets import DryRunAnswer, taker, told
from fluxroom.store import runs

router = APIRouter(prefix="/v1/comparisons", tags=["runs"])


class AxisBody(BaseModel):
    """One direction of a comparison."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Axis")

    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="model, provider, mode or any parameter; dots lead inside: loras.0.scale."
    )
    values: list[Any] = Field(min_length=1, max_length=400)


class ComparisonBody(BaseModel):
    """One request over one or two axes."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="ComparisonRequest",
        json_schema_extra={
            "examples": [
                {
                    "name": "guidance",
                    "request": {"prompt": "a red fox in fresh snow", "seed": 7},
                    "axes": [
                        {"name": "guidance_scale", "values": [2, 4]},
                        {"name": "model", "values": ["bfl/flux-2-flex", "fal/flux-2-flex"]},
                    ],
                }
            ]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    request: dict[str, Any] = Field(description="What all cells share: prompt, model, references, parameters.")
    axes: list[AxisBody] = Field(min_length=1, max_length=2)

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)

    def comparison(self) -> Comparison:
        """What is compared.

        Raises:
            InvalidParams: the axes cannot be compared.
        """
        request = {"model": DEFAULT_MODEL, **self.request}
        return comparisons.comparison(self.name, request, [(axis.name, axis.values) for axis in self.axes])


class WinnerBody(BaseModel):
    """The best cell."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Winner")

    position: int | None = Field(ge=0, description="The cell's position; null for none.")


@router.post("/check", summary="Check and price a comparison")
async def check(gateway: Running, caller: Asking, body: ComparisonBody) -> DryRunAnswer:
    """Every cell is checked and priced. Nothing is sent."""
    client = gateway.client
    found = body.comparison()
    taken = taker(gateway, caller)
    return told(await comparisons.price(found, client.engine, client.plan_with, taken, owner=caller.owner))


@router.post("", status_code=201, summary="Compare")
async def begin(gateway: Running, caller: Asking, body: ComparisonBody, response: Response) -> RunAnswer:
    """A run whose items are the cells, row by row. What a cell's model does not take is left out and told there."""
    client = gateway.client
    found = body.comparison()
    taken = taker(gateway, caller)
    priced = await comparisons.price(found, client.engine, client.plan_with, taken, owner=caller.owner)
    run = await comparisons.begin(found, priced, client.conductor, owner=caller.owner, cap=caller.cap)
    response.headers["location"] = f"/v1/runs/{run.id}"
    return await answer(gateway, run)


@router.put("/{run_id}/winner", summary="Say which cell is best")
async def winner(gateway: Running, caller: Asking, run_id: Id, body: WinnerBody) -> RunAnswer:
    """It is marked on the contact sheet and kept with the run."""
    run = await _compared(gateway, caller, run_id)
    cells = len(run.spec["x"]["values"]) * len(run.spec["y"]["values"])
    if body.position is not None and body.position >= cells:
        raise RequestError(f"The comparison has {cells} cells, from 0 to {cells - 1}.", field="position")
    spec = {**run.spec, "winner": body.position}
    await gateway.engine.store.database.write(partial(runs.describe, run=run.id, shown={"spec": spec}))
    return await answer(gateway, await owned(gateway, caller, run_id))


@router.get(
    "/{run_id}/sheet",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The contact sheet"}},
    summary="A comparison as one picture",
)
async def sheet(gateway: Running, caller: Asking, run_id: Id) -> Response:
    """A PNG of the grid as it is now: pictures with seconds, cost and size, the winner marked."""
    run = await _compared(gateway, caller, run_id)
    drawn = await comparisons.drawn(gateway.engine.store, run)
    return Response(drawn, media_type="image/png", headers={"cache-control": "no-cache"})


async def _compared(gateway: Running, caller: Asking, run_id: str) -> runs.Run:
    run = await owned(gateway, caller, run_id)
    if run.kind != "comparison":
        raise NotFound(f"Run {run_id} is no comparison.", advice="List them with GET /v1/runs?kind=comparison.")
    return run
