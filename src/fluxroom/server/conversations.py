"""Conversations over HTTP: say something, and the last picture goes on. Progress comes by the generation's events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.flows.conversations import Conversations
from fluxroom.server.callers import Asking
from fluxroom.server.gateway import Running, checked_id
from fluxroom.server.references import taker
from fluxroom.server.schemas import plain_json

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

Id = Annotated[str, Path(description="The id of a conversation", examples=["01kaz3x9f0m2n4p6q8r0st"])]


class Settings(BaseModel):
    """Model and parameters of the messages to come; parameters are fields of their own."""

    model_config = ConfigDict(strict=True, extra="allow", title="ConversationSettings")

    model: str = Field(DEFAULT_MODEL, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)


class ConversationBody(BaseModel):
    """A new conversation."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ConversationRequest")

    title: str = Field("", max_length=200, description="Else the first message is.")
    settings: Settings = Field(default_factory=lambda: Settings(model=DEFAULT_MODEL))


class ConversationChange(BaseModel):
    """What is not given stays."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ConversationChange")

    title: Annotated[str, Field(max_length=200)] | None = None
    settings: Settings | None = None


class MessageBody(BaseModel):
    """Something that is said."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        title="MessageRequest",
        json_schema_extra={"examples": [{"text": "a red fox in fresh snow"}, {"text": "make it night"}]},
    )

    text: str = Field(min_length=1, max_length=50_000)
    pictures: list[str] = Field(
        default_factory=list,
        max_length=64,
        description="What it is about, the most important first: https URL, data URI, image id, sha256. "
        "None: the last picture of the conversation.",
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Parameters of this message alone.")

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)


class ConversationAnswer(BaseModel):
    """A conversation."""

    id: str
    title: str
    assistant: str | None
    settings: dict[str, Any]
    created_at: float = Field(description="Seconds since 1970, UTC.")
    changed_at: float


class MessageAnswer(BaseModel):
    """A message; an answer with its pictures as they are now."""

    id: str
    role: str = Field(description="user or assistant")
    content: list[str]
    pictures: list[str] = Field(description="What a person's message is about, by hash or address.")
    images: list[dict[str, Any]] = Field(description="mimeType, url, metadata.model, metadata.dimensions and more.")
    complete: bool
    finishReason: str | None = Field(description="stop, content_filter or error; null while it is made.")  # noqa: N815
    error: dict[str, Any] | None
    generation: str | None = Field(description="Follow it with /v1/generations/{id}/events.")
    usage: dict[str, int] | None = None
    note: dict[str, Any] = Field(description="left_out, not_sent: what was not taken along, and why.")
    asked: dict[str, Any] = Field(description="Of an answer: the request that it became.")


class Talk(ConversationAnswer):
    """A conversation with its messages."""

    messages: list[MessageAnswer]


class ConversationPage(BaseModel):
    """Conversations, the newest first."""

    conversations: list[ConversationAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class StopAnswer(BaseModel):
    """What became of what was under way, and whether it is charged."""

    said: list[str]


def _talks(gateway: Running, caller: Asking) -> Conversations:
    client = gateway.client
    return Conversations(
        engine=client.engine,
        plan_with=client.plan_with,
        take_in=taker(gateway, caller),
        owner=caller.owner,
        only=caller.only,
        cap=caller.cap,
    )


Talks = Annotated[Conversations, Depends(_talks)]


def _an_id(conversation_id: Id) -> str:
    return checked_id(conversation_id, "conversation")


ConversationId = Annotated[str, Depends(_an_id)]


@router.get("", summary="List conversations, the newest first")
async def listing(
    talks: Talks,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> ConversationPage:
    """One page, without the messages."""
    if before:
        checked_id(before, "conversation")
    found = await talks.page(limit=limit, before=before)
    more = f"/v1/conversations?limit={limit}&before={found[-1]['id']}" if len(found) == limit else None
    return ConversationPage(conversations=[ConversationAnswer(**one) for one in found], next=more)


@router.post("", status_code=201, summary="Begin a conversation")
async def begin(talks: Talks, body: ConversationBody, response: Response) -> ConversationAnswer:
    """An empty one, with the model and parameters of its messages."""
    settings = body.settings.model_dump(exclude_none=True)
    made = await talks.begin(settings, title=body.title)
    response.headers["location"] = f"/v1/conversations/{made['id']}"
    return ConversationAnswer(**made)


@router.get("/{conversation_id}", summary="Read a conversation")
async def get(
    talks: Talks,
    conversation_id: ConversationId,
    after: Annotated[str, Query(max_length=22, description="Only the messages after this one")] = "",
) -> Talk:
    """Its messages in their order, with pictures; they are still there after any restart."""
    return Talk(**await talks.get(conversation_id, after=after))


@router.patch("/{conversation_id}", summary="Rename a conversation, change its settings")
async def change(talks: Talks, conversation_id: ConversationId, body: ConversationChange) -> ConversationAnswer:
    """For the messages to come."""
    settings = body.settings.model_dump(exclude_none=True) if body.settings else None
    return ConversationAnswer(**await talks.change(conversation_id, title=body.title, settings=settings))


@router.delete("/{conversation_id}", status_code=204, summary="Forget a conversation")
async def drop(talks: Talks, conversation_id: ConversationId) -> None:
    """Its pictures stay in the library."""
    await talks.drop(conversation_id)


@router.post("/{conversation_id}/messages", status_code=202, summary="Say something")
async def say(talks: Talks, conversation_id: ConversationId, body: MessageBody) -> MessageAnswer:
    """The answer, whose pictures come later: follow its generation, or read the conversation again."""
    return MessageAnswer(**await talks.say(conversation_id, body.text, pictures=body.pictures, options=body.options))


@router.post("/{conversation_id}/stop", summary="Stop the answer under way")
async def stop(talks: Talks, conversation_id: ConversationId) -> StopAnswer:
    """Cancels what can be cancelled, and says whether it is charged."""
    return StopAnswer(said=await talks.stop(conversation_id))
