"""Pipelines over HTTP: checked, started with inputs, reviewed step by step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.flows import pipelines
from fluxroom.flows.pipeline_files import SCHEMA, Pipeline, pipeline, read
from fluxroom.flows.reviews import Reviews
from fluxroom.server.callers import Asking
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.runs import Id, RunAnswer, answer, owned
from fluxroom.server.schemas import plain_json
from fluxroom.server.sheets import taker

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
async def begin(gateway: Running, caller: Asking, body: PipelineBody, response: Response) -> RunAnswer:
    """A run that goes from step to step; it waits in state `review` where a person has to look."""
    found = body.found()
    inputs = await _taken(gateway, caller, found, body.inputs)
    run = pipelines.new_run(found, inputs, owner=caller.owner, name=body.name, cap=caller.cap)
    run = await pipelines.begin(run, gateway.client.conductor)
    response.headers["location"] = f"/v1/runs/{run.id}"
    return await answer(gateway, run)


@router.post("/{run_id}/steps/{step}/approve", summary="Approve a step")
async def approve(gateway: Running, caller: Asking, run_id: Id, step: StepName) -> RunAnswer:
    """What it has made is good: the run goes on."""
    await owned(gateway, caller, run_id)
    return await answer(gateway, await _reviews(gateway).approve(run_id, step))


@router.post("/{run_id}/steps/{step}/choose", summary="Choose pictures")
async def choose(gateway: Running, caller: Asking, run_id: Id, step: StepName, body: ChooseBody) -> RunAnswer:
    """These pictures go on from a select step."""
    await owned(gateway, caller, run_id)
    return await answer(gateway, await _reviews(gateway).choose(run_id, step, body.images))


@router.post("/{run_id}/steps/{step}/redo", summary="Make a step again")
async def redo(gateway: Running, caller: Asking, run_id: Id, step: StepName, body: RedoBody) -> RunAnswer:
    """The step is made again, changed where fields are given, and what depends on it; earlier results stay, free."""
    await owned(gateway, caller, run_id)
    return await answer(gateway, await _reviews(gateway).redo(run_id, step, body.fields))


async def _taken(gateway: Running, caller: Asking, found: Pipeline, given: dict[str, Any]) -> dict[str, Any]:
    """The inputs with their pictures taken in, named by hash or address."""
    taken = taker(gateway, caller)
    inputs = dict(given)
    declared: dict[str, Any] = found.raw.get("inputs", {})
    for name, about in declared.items():
        if about["kind"] in {"picture", "pictures"} and name in inputs:
            value = inputs[name]
            many = [await taken(one) for one in (value if isinstance(value, list) else [value])]
            named = [one.sha256 or one.url for one in many]
            inputs[name] = named if about["kind"] == "pictures" else named[0]
    return inputs


def _reviews(gateway: Gateway) -> Reviews:
    return Reviews(gateway.engine, gateway.client.conductor)
