"""Assistants and chat models: what conversations can begin with, and the switches of both."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.errors import NotFound
from fluxroom.flows.assistants.shelf import Shelf
from fluxroom.flows.assistants.telling import a_chat_model, an_assistant, everything
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Gateway, Running

router = APIRouter(prefix="/v1/assistants", tags=["conversations"])

Id = Annotated[
    str, Path(max_length=64, description="The id of an assistant or chat model", examples=["flux-photo-editor"])
]
Language = Annotated[Literal["en", "de"], Query(description="Of names, descriptions, greetings and starters.")]


class Starter(BaseModel):
    """Something to begin with."""

    title: str
    message: str


class AssistantAnswer(BaseModel):
    """An assistant."""

    id: str
    name: str
    description: str
    greeting: str
    starters: list[Starter] = Field(description="Five.")
    guidance: str = Field(description="How prompts are written for it: plain text, for whatever expands prompts.")
    models: list[str] = Field(description="Models, routes and chat models that it works with.")
    defaults: dict[str, Any] = Field(description="Model and parameters of its messages.")
    limits: dict[str, Any] = Field(description="num_images, references and dollars of one message.")
    enabled: bool


class ChatModelAnswer(BaseModel):
    """A model with the settings that conversations use it with."""

    id: str
    model: str = Field(description="The route.")
    name: str
    description: str
    grounding: bool = Field(description="Whether it searches the web.")
    references: int | None = Field(description="The most pictures that a message takes along.")
    defaults: dict[str, Any]
    enabled: bool


class AssistantsAnswer(BaseModel):
    """Everything that there is, switched on or not."""

    assistants: list[AssistantAnswer]
    models: list[ChatModelAnswer]
    faults: list[str] = Field(description="What is wrong with files that cannot be used; only an admin is told.")


class SwitchBody(BaseModel):
    """On or off."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Switch")

    enabled: bool


def shelf(gateway: Gateway) -> Shelf:
    """The files of this gateway."""
    return Shelf.of(gateway.settings)


@router.get("", summary="List assistants and chat models")
async def listing(gateway: Running, caller: Asking, language: Language = "en") -> AssistantsAnswer:
    """Those that are shipped and the gateway's own. A conversation can begin with those that are switched on."""
    told = everything(await asyncio.to_thread(shelf(gateway).kept), language)
    return AssistantsAnswer(**{**told, "faults": told["faults"] if caller.is_admin else []})


@router.get("/{assistant_id}", summary="Look at an assistant")
async def get(gateway: Running, assistant_id: Id, language: Language = "en") -> AssistantAnswer:
    """One of them, in one language."""
    found = (await asyncio.to_thread(shelf(gateway).kept)).assistants.get(assistant_id)
    if found is None:
        raise NotFound(f"There is no assistant {assistant_id!r}.", advice="List them with GET /v1/assistants.")
    return AssistantAnswer(**an_assistant(found, language))


@router.put("/{assistant_id}", summary="Switch an assistant or a chat model on or off")
async def switch(
    gateway: Running, assistant_id: Id, body: SwitchBody, language: Language = "en"
) -> AssistantAnswer | ChatModelAnswer:
    """Its file is put into the gateway's folder, if it is not there, and says so from now on.

    Where an assistant and a chat model have the same id, a file of the folder wins, so there is only one of them.
    """
    kept = await asyncio.to_thread(partial(shelf(gateway).switch, assistant_id, on=body.enabled))
    if assistant_id in kept.models:
        return ChatModelAnswer(**a_chat_model(kept.models[assistant_id], language))
    return AssistantAnswer(**an_assistant(kept.assistants[assistant_id], language))
