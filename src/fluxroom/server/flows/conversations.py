"""Conversations over HTTP: say something, follow its answer, stop it; and the last picture goes on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import InvalidParams, WaitEnded, by_code
from fluxroom.flows.conversations import Conversations
from fluxroom.flows.expansion import writer_of
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.doors.openai import writing
from fluxroom.server.flows.assistants import shelf
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.generations.generations import IdempotencyKey, Prefer, wished_wait
from fluxroom.server.generations.references import taker
from fluxroom.server.schemas import GenerationBody, plain_json

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

Id = Annotated[str, Path(description="The id of a conversation", examples=["01kaz3x9f0m2n4p6q8r0st"])]
MessageId = Annotated[
    str, Path(description="The id of a message; last: the last answer", examples=["01kaz3x9f0m2n4p6q8r0sv"])
]


class Settings(BaseModel):
    """Model and parameters of the messages to come; parameters are fields of their own, `size` and `quality` too."""

    model_config = ConfigDict(strict=True, extra="allow", title="ConversationSettings")

    model: str | None = Field(
        None, max_length=200, description=f"Else the assistant's; without an assistant {DEFAULT_MODEL}."
    )

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)


class ConversationBody(BaseModel):
    """A new conversation."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ConversationRequest")

    title: str = Field("", max_length=200, description="Else the first message is.")
    assistant: str = Field("", max_length=64, description="One that is switched on: see /v1/assistants.")
    settings: Settings = Field(default_factory=lambda: Settings(model=None))


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
    options: dict[str, Any] = Field(
        default_factory=dict, description="Parameters of this message alone; size and quality are for every model."
    )

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
    finishReason: str | None = Field(  # noqa: N815
        description="stop, content_filter, cancelled or error; null while it is made."
    )
    error: dict[str, Any] | None = Field(
        description="code, message, next, charge, and the HTTP status that is its own."
    )
    generation: str | None = Field(description="Follow it with /v1/generations/{id}/events.")
    usage: dict[str, int] | None = None
    money: dict[str, Any] | None = Field(None, description="charged in US dollars, charge, sandbox.")
    note: dict[str, Any] = Field(description="left_out, not_sent, quality, prompt: what became of a wish, and why.")
    asked: dict[str, Any] = Field(description="Of an answer: the request that it became.")
    created_at: float = Field(description="Seconds since 1970, UTC.")


class Talk(ConversationAnswer):
    """A conversation with its messages."""

    messages: list[MessageAnswer]


class ConversationPage(BaseModel):
    """Conversations, the newest first."""

    conversations: list[ConversationAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class StoppedJob(BaseModel):
    """What became of one job, and of its money."""

    job: str
    route: str
    state: str
    said: str


class StopAnswer(BaseModel):
    """What became of what was under way, and whether it is charged; nothing where nothing was."""

    said: list[str]
    jobs: list[StoppedJob]
    message: MessageAnswer | None = Field(description="The answer, as it is now.")


def _talks(gateway: Running, caller: Asking) -> Conversations:
    client = gateway.client
    return Conversations(
        engine=client.engine,
        plan_with=client.plan_with,
        take_in=taker(gateway, caller),
        shelf=shelf(gateway),
        writer=writer_of(gateway.settings),
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
    q: Annotated[str, Query(max_length=200, description="Words in the title or in what a person said")] = "",
) -> ConversationPage:
    """One page, without the messages."""
    if before:
        checked_id(before, "conversation")
    found = await talks.page(limit=limit, before=before, words=q)
    following = urlencode({"limit": limit, "before": found[-1]["id"], "q": q}) if len(found) == limit else ""
    return ConversationPage(
        conversations=[ConversationAnswer(**one) for one in found],
        next=f"/v1/conversations?{following}" if following else None,
    )


@router.post("", status_code=201, summary="Begin a conversation")
async def begin(
    gateway: Running, caller: Asking, talks: Talks, body: ConversationBody, response: Response
) -> ConversationAnswer:
    """An empty one, with the model and parameters of its messages, or with an assistant's."""
    settings = body.settings.model_dump(exclude_none=True)
    if not body.assistant:
        settings.setdefault("model", DEFAULT_MODEL)
    await _check_terms(gateway, caller, settings)
    made = await talks.begin(settings, title=body.title, assistant=body.assistant)
    response.headers["location"] = f"/v1/conversations/{made['id']}"
    return ConversationAnswer(**made)


@router.get("/{conversation_id}", summary="Read a conversation")
async def get(
    talks: Talks,
    conversation_id: ConversationId,
    after: Annotated[str, Query(max_length=22, description="Only the messages after this one")] = "",
) -> Talk:
    """Its messages in their order, at most 200, with pictures; they are still there after any restart."""
    return Talk(**await talks.get(conversation_id, after=after))


@router.patch("/{conversation_id}", summary="Rename a conversation, change its settings")
async def change(
    gateway: Running, caller: Asking, talks: Talks, conversation_id: ConversationId, body: ConversationChange
) -> ConversationAnswer:
    """For the messages to come."""
    settings = body.settings.model_dump(exclude_none=True) if body.settings else None
    if settings is not None:
        now = await talks.get(conversation_id, after="~")
        if not now["assistant"]:
            settings.setdefault("model", now["settings"]["model"])
        await _check_terms(gateway, caller, settings)
    return ConversationAnswer(**await talks.change(conversation_id, title=body.title, settings=settings))


@router.delete("/{conversation_id}", status_code=204, summary="Forget a conversation")
async def drop(talks: Talks, conversation_id: ConversationId) -> None:
    """Its pictures stay in the library."""
    await talks.drop(conversation_id)


@router.post(
    "/{conversation_id}/messages",
    status_code=202,
    summary="Say something",
    responses={200: {"model": MessageAnswer, "description": "Answered within the time of `Prefer: wait=N`"}},
)
async def say(
    gateway: Running,
    caller: Asking,
    talks: Talks,
    conversation_id: ConversationId,
    body: MessageBody,
    response: Response,
    prefer: Prefer = "",
    idempotency_key: IdempotencyKey = "",
) -> MessageAnswer:
    """The answer, whose pictures come later: follow it with `/events`, or wait for it with `Prefer: wait=N`.

    A failure has its own HTTP status; what came too late for that stands in the answer's `error`.
    """
    await _check_terms(gateway, caller, body.options)
    answer = await talks.say(
        conversation_id, body.text, pictures=body.pictures, options=body.options, key=idempotency_key
    )
    response.headers["location"] = f"/v1/conversations/{conversation_id}/messages/{answer['id']}"
    if seconds := wished_wait(prefer):
        response.headers["preference-applied"] = f"wait={seconds}"
        with suppress(WaitEnded):
            await gateway.unless_closing(gateway.engine.wait(answer["generation"], seconds))
        answer = await talks.message(conversation_id, answer["id"])
        _raise_failure(answer)
    response.status_code = 200 if answer["complete"] else 202
    return MessageAnswer(**answer)


@router.get("/{conversation_id}/messages/{message_id}", summary="Look at a message", response_model=MessageAnswer)
async def message(
    gateway: Running,
    talks: Talks,
    conversation_id: ConversationId,
    message_id: MessageId,
    images: Annotated[
        Literal["url", "data"], Query(description="data: each picture's bytes in `data` too, as base64")
    ] = "url",
) -> Any:
    """A message as it is now; an answer with its pictures, as addresses or with their bytes."""
    found = await talks.message(conversation_id, "" if message_id == "last" else checked_id(message_id, "message"))
    if images == "url":
        return found
    found["images"] = [{**one, "data": writing.Base64(one["sha256"])} for one in found["images"]]
    whole = writing.json_with(gateway.engine.store.blobs, found)
    return StreamingResponse(writing.pieces(whole), media_type="application/json")


@router.post("/{conversation_id}/stop", summary="Stop the answer under way")
async def stop(talks: Talks, conversation_id: ConversationId) -> StopAnswer:
    """Cancels what can be cancelled, and says whether it is charged."""
    return StopAnswer(**await talks.stop(conversation_id))


async def _check_terms(gateway: Gateway, caller: Caller, asked: Mapping[str, Any]) -> None:
    """See that parameters have the form that they have in every request, and the terms are the caller's to ask for.

    Raises:
        InvalidParams: one has another form.
        ScopeMissing: it would go before others' requests, and the caller is no admin.
        NotFound: it names a run of somebody else's.
    """
    try:
        body = GenerationBody.model_validate({name: value for name, value in asked.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else None
        raise InvalidParams(f"{name}: {first['msg'].removeprefix('Value error, ')}.", field=name) from None
    dict(body.parameters)  # refuses the names that no parameter can have
    callers.check_priority(caller, asked.get("priority"))
    await callers.check_run(gateway, caller, body.run)


def _raise_failure(answer: Mapping[str, Any]) -> None:
    """The error of an answer that has none else, as it would have been raised where it happened.

    Raises:
        FluxroomError: the answer failed.
    """
    facts = dict(answer["error"] or {})
    if not answer["complete"] or not facts:
        return
    kind, said, advice = by_code(facts.pop("code")), facts.pop("message"), facts.pop("next", "")
    for name in ("status", "retryable"):
        facts.pop(name, None)
    raise kind(said, advice=advice, **{**facts, "answer": answer["id"]})
