"""More prompts out of one, for a prompt box: by the language model of the settings, or by a template that says so."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.flows.expansion import MOST_CHARACTERS, MOST_TEXTS
from fluxroom.server.flows.runs import AtDesk
from fluxroom.server.schemas import plain_json

router = APIRouter(prefix="/v1/prompts", tags=["runs"])


class ExpansionBody(BaseModel):
    """A prompt, and how many are wanted."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="ExpansionRequest",
        json_schema_extra={"examples": [{"prompt": "a red fox in snow", "model": "flux-2-pro", "count": 3}]},
    )

    prompt: str = Field(min_length=1, max_length=MOST_CHARACTERS, pattern=r"\S")
    model: Annotated[str, Field(max_length=200)] | None = Field(None, description="The image model they are for.")
    count: int = Field(3, ge=1, le=MOST_TEXTS)
    guidance: str = Field("", max_length=2000, description="In which way they are to differ: other places, bolder, …")

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)


class ExpansionAnswer(BaseModel):
    """Exactly as many prompts as were asked for."""

    prompts: list[str]
    by: str = Field(description="The language model that wrote them, or `template`.")
    note: str = Field(description="Why a template had to do; empty when it had not.")


@router.post("/expansions", summary="Make more prompts out of one")
async def expand(desk: AtDesk, body: ExpansionBody) -> ExpansionAnswer:
    """No picture is made. Without a language model, or when it fails, the prompt is varied by a few words."""
    return ExpansionAnswer(
        **await desk.expand(body.prompt, body.count, instruction=body.guidance, model=body.model or "")
    )
