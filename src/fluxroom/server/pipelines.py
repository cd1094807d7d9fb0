"""Pipelines over HTTP: checked, started with inputs, reviewed step by step."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.flows.pipeline_files import SCHEMA, Pipeline, pipeline, read
from fluxroom.server.generations import IdempotencyKey
from fluxroom.server.runs import AtDesk, RunAnswer, RunId
from fluxroom.server.schemas import plain_json

router = APIRouter(prefix="/v1/pipelines", tags=["runs"])

StepName = Annotated[str, Path(max_length=64, description="The name of a step", examples=["shots"])]


class PipelineBody(BaseModel):
    """A pipeline, as JSON or as the text of a YAML file, and its inputs."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="PipelineRequest",
        json_schema_extra={
            "examples": [
                {
                    "pipeline": {
                        "version": 1,
                        "name": "two cups",
                        "inputs": {"colour": {"kind": "text"}},
                        "steps": [
                            {
                                "name": "cups",
                                "do": "generate",
                                "model": "flux-2-pro",
                                "prompt": "a {{inputs.colour}} cup",
                            }
                        ],
                    },
                    "inputs": {"colour": "red"},
                }
            ]
        },
    )

    pipeline: dict[str, Any] | str = Field(description="As `GET /v1/pipelines/schema` says; a text is read as YAML.")
    inputs: dict[str, Any] = Field(default_factory=dict)
    name: str = Field("", max_length=200, description="What the run is called; else as the pipeline.")

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)

    def found(self) -> Pipeline:
        """The pipeline.

        Raises:
            InvalidParams: it is none; the message names the place.
        """
        return read(self.pipeline) if isinstance(self.pipeline, str) else pipeline(self.pipeline)


class ChooseBody(BaseModel):
    """Pictures that go on."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Choice")

    images: list[str] = Field(min_length=1, max_length=1000, description="Ids, in the order in which they go on.")


class RedoBody(BaseModel):
    """What is changed about a step that is made again."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Redo")

    fields: dict[str, Any] = Field(default_factory=dict, description="Fields of the step; null takes one out.")


@router.get("/schema", summary="What a pipeline looks like")
async def schema() -> dict[str, Any]:
    """The JSON Schema of pipeline files."""
    return dict(SCHEMA)


@router.post("", status_code=201, summary="Run a pipeline")
async def begin(
    desk: AtDesk, body: PipelineBody, response: Response, idempotency_key: IdempotencyKey = ""
) -> RunAnswer:
    """A run that goes from step to step; it waits in state `review` where a person has to look."""
    run = await desk.begin_pipeline(
        await asyncio.to_thread(body.found), body.inputs, name=body.name, key=idempotency_key
    )
    response.headers["location"] = f"/v1/runs/{run['id']}"
    return RunAnswer(**run)


@router.post("/{run_id}/steps/{step}/approve", summary="Approve a step")
async def approve(desk: AtDesk, run_id: RunId, step: StepName) -> RunAnswer:
    """What it has made is good: the run goes on."""
    return RunAnswer(**await desk.approve(run_id, step))


@router.post("/{run_id}/steps/{step}/choose", summary="Choose pictures")
async def choose(desk: AtDesk, run_id: RunId, step: StepName, body: ChooseBody) -> RunAnswer:
    """These pictures go on from a select step."""
    return RunAnswer(**await desk.choose(run_id, step, body.images))


@router.post("/{run_id}/steps/{step}/redo", summary="Make a step again")
async def redo(desk: AtDesk, run_id: RunId, step: StepName, body: RedoBody) -> RunAnswer:
    """The step is made again, changed where fields are given, and what depends on it; earlier results stay, free."""
    return RunAnswer(**await desk.redo(run_id, step, body.fields))
