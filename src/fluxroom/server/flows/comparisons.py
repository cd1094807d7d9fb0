"""Comparisons over HTTP: priced cell by cell, carried as a run, judged, drawn as one picture."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.flows import comparisons
from fluxroom.flows.comparisons import Comparison
from fluxroom.server.access.callers import Asking
from fluxroom.server.flows.runs import AtDesk, Priority, RunAnswer, RunId, priority_of
from fluxroom.server.flows.sheets import DryRunAnswer
from fluxroom.server.generations.generations import IdempotencyKey
from fluxroom.server.schemas import plain_json

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
    priority: Priority = None

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
async def check(desk: AtDesk, body: ComparisonBody) -> DryRunAnswer:
    """Every cell is checked and priced. Nothing is sent."""
    return DryRunAnswer(**await desk.check_comparison(body.comparison()))


@router.post("", status_code=201, summary="Compare")
async def begin(
    desk: AtDesk, caller: Asking, body: ComparisonBody, response: Response, idempotency_key: IdempotencyKey = ""
) -> RunAnswer:
    """A run whose items are the cells, row by row. What a cell's model does not take is left out and told there."""
    priority = priority_of(caller, body.priority)
    run = await desk.begin_comparison(body.comparison(), priority=priority, key=idempotency_key)
    response.headers["location"] = f"/v1/runs/{run['id']}"
    return RunAnswer(**run)


@router.put("/{run_id}/winner", summary="Say which cell is best")
async def winner(desk: AtDesk, run_id: RunId, body: WinnerBody) -> RunAnswer:
    """It is marked on the contact sheet and kept with the run."""
    return RunAnswer(**await desk.say_winner(run_id, body.position))


@router.get(
    "/{run_id}/sheet",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The contact sheet"}},
    summary="A comparison as one picture",
)
async def sheet(desk: AtDesk, run_id: RunId) -> Response:
    """A PNG of the grid as it is now: pictures with seconds, cost and size, the winner marked."""
    drawn = await desk.contact_sheet(run_id)
    return Response(drawn, media_type="image/png", headers={"cache-control": "no-cache"})
