"""Pipelines over HTTP: checked, started with inputs, reviewed step by step."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.flows.pipelines.files import SCHEMA, Pipeline, pipeline, read
from fluxroom.flows.pipelines.shipped import template, templates
from fluxroom.server.access.callers import Asking
from fluxroom.server.flows.runs import AtDesk, Priority, RunAnswer, RunId, priority_of
from fluxroom.server.generations.generations import IdempotencyKey
from fluxroom.server.schemas import plain_json

router = APIRouter(prefix="/v1/pipelines", tags=["runs"])

StepName = Annotated[str, Path(max_length=64, description="The name of a step", examples=["shots"])]
InLanguage = Annotated[Literal["en", "de"], Query(description="Of titles, help and descriptions")]


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
    budget: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="The run pauses before it has spent more than so many US dollars."
    )
    priority: Priority = None

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


class CheckBody(PipelineBody):
    """A pipeline that is to be priced; inputs may be missing."""

    model_config = ConfigDict(strict=True, extra="forbid", title="PipelineCheck")


class StepCheck(BaseModel):
    """What a step will do and cost."""

    name: str
    do: str
    state: Literal["made", "ok", "invalid", "unknown"] = Field(description="made: by this run, and not made again.")
    text: str = Field(description="For people: 3 requests, $0.14")
    why: str
    error: dict[str, Any] | None
    requests: int = Field(description="At least so many.")
    most: int | None = Field(description="At most so many; null when nobody knows.")
    exists: int = Field(description="Requests whose pictures are in the store: they are free.")
    images: int = Field(description="Pictures, or texts of a prompt step, at least.")
    low: str = Field(description="At least so many US dollars.")
    high: str | None = Field(description="At most so many; null when that is not known.")
    routes: list[str]
    not_sent: list[dict[str, Any]]


class PipelineCheckAnswer(BaseModel):
    """What a pipeline will do and cost; nothing was sent."""

    text: str = Field(description="For people: 12 requests for at least $1.26, 3 made already")
    low: str = Field(description="At least so many US dollars are to pay.")
    high: str | None = Field(description="At most so many; null when a price or a number is not known.")
    missing: list[str] = Field(description="Inputs that were not given: something stands in for them.")
    renamed: dict[str, str] = Field(description="Old parameter names, with what they are called now.")
    steps: list[StepCheck]
    pipeline: dict[str, Any] = Field(description="The pipeline as JSON, also when it was given as YAML.")


class ChooseBody(BaseModel):
    """Pictures that go on."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Choice")

    images: list[str] = Field(min_length=1, max_length=1000, description="Ids, in the order in which they go on.")


class RedoBody(BaseModel):
    """What is changed about a step that is made again."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Redo")

    fields: dict[str, Any] = Field(default_factory=dict, description="Fields of the step; null takes one out.")

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)


class TemplateInput(BaseModel):
    """What a person gives."""

    name: str
    kind: Literal["text", "number", "switch", "choice", "picture", "pictures"]
    title: str
    help: str
    required: bool
    default: Any
    choices: list[Any] | None


class TemplateStep(BaseModel):
    """What the pipeline does with it."""

    name: str
    do: str
    title: str
    model: str | None
    reviewed: bool = Field(description="A person looks at what it has made before the run goes on.")


class TemplateAnswer(BaseModel):
    """A pipeline that comes with Fluxroom, its words in one language."""

    name: str
    title: str
    description: str
    mode: str
    inputs: list[TemplateInput]
    steps: list[TemplateStep]
    text: str = Field(description="The YAML file, to be changed; its words in every language.")
    pipeline: dict[str, Any] = Field(description="As `POST /v1/pipelines` takes it.")


class TemplateList(BaseModel):
    """The pipelines that come with Fluxroom."""

    templates: list[TemplateAnswer]


@router.get("/schema", summary="What a pipeline looks like")
async def schema() -> dict[str, Any]:
    """The JSON Schema of pipeline files."""
    return dict(SCHEMA)


@router.get("/templates", summary="List the pipelines that come with Fluxroom")
async def listing(language: InLanguage = "en") -> TemplateList:
    """Each with its inputs for a form, and as the pipeline that `POST /v1/pipelines` takes."""
    return TemplateList(templates=[TemplateAnswer(**one.told(language)) for one in templates()])


@router.get("/templates/{name}", summary="Look at a pipeline that comes with Fluxroom")
async def one_template(
    name: Annotated[str, Path(max_length=64, description="The name of a template", examples=["product-shots"])],
    language: InLanguage = "en",
) -> TemplateAnswer:
    """Its inputs for a form, and the pipeline."""
    return TemplateAnswer(**template(name).told(language))


@router.post("", status_code=201, summary="Run a pipeline")
async def begin(
    desk: AtDesk, caller: Asking, body: PipelineBody, response: Response, idempotency_key: IdempotencyKey = ""
) -> RunAnswer:
    """A run that goes from step to step; it waits in state `review` where a person has to look."""
    run = await desk.begin_pipeline(
        await asyncio.to_thread(body.found),
        body.inputs,
        name=body.name,
        priority=priority_of(caller, body.priority),
        budget=body.budget,
        key=idempotency_key,
    )
    response.headers["location"] = f"/v1/runs/{run['id']}"
    return RunAnswer(**run)


@router.post("/check", summary="Check and price a pipeline")
async def check(desk: AtDesk, body: CheckBody) -> PipelineCheckAnswer:
    """Every step is checked against its model and priced, and looked for in the store. Nothing is sent."""
    return PipelineCheckAnswer(**await desk.check_pipeline(await asyncio.to_thread(body.found), body.inputs))


@router.post("/{run_id}/steps/{step}/approve", summary="Approve a step")
async def approve(desk: AtDesk, run_id: RunId, step: StepName) -> RunAnswer:
    """What it has made is good: the run goes on."""
    return RunAnswer(**await desk.approve(run_id, step))


@router.post("/{run_id}/steps/{step}/choose", summary="Choose pictures")
async def choose(desk: AtDesk, run_id: RunId, step: StepName, body: ChooseBody) -> RunAnswer:
    """These pictures go on from a select step."""
    return RunAnswer(**await desk.choose(run_id, step, body.images))


@router.post("/{run_id}/steps/{step}/check", summary="Price making a step again")
async def check_redo(desk: AtDesk, run_id: RunId, step: StepName, body: RedoBody) -> PipelineCheckAnswer:
    """What would be made again, and what it costs; nothing is sent, and the run stays as it is."""
    return PipelineCheckAnswer(**await desk.check_redo(run_id, step, body.fields))


@router.post("/{run_id}/steps/{step}/redo", summary="Make a step again")
async def redo(
    desk: AtDesk, run_id: RunId, step: StepName, body: RedoBody, idempotency_key: IdempotencyKey = ""
) -> RunAnswer:
    """The step is made again, changed where fields are given, and what depends on it; earlier results stay, free."""
    return RunAnswer(**await desk.redo(run_id, step, body.fields, key=idempotency_key))
