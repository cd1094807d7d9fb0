"""What happens in a conversation, as server-sent events: the answer under way, how far it is, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fluxroom.errors import FluxroomError
from fluxroom.flows.conversations import Conversations
from fluxroom.server import problems
from fluxroom.server.flows.conversations import ConversationId, Talks
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.generations.events import progress

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

_TICK = 0.5
"""Seconds between two progress events, and the longest time until a stream notices that the gateway stops."""

_RETRY = 2000
"""Milliseconds after which a browser tries again."""


async def _last(talks: Talks, conversation_id: ConversationId) -> dict[str, Any]:
    """The last answer: after the first event it is too late for a 404."""
    return await talks.message(conversation_id)


@router.get(
    "/{conversation_id}/events",
    response_class=EventSourceResponse,
    summary="Follow the answer under way",
)
async def events(
    gateway: Running, talks: Talks, conversation_id: ConversationId, answer: Annotated[dict[str, Any], Depends(_last)]
) -> AsyncIterator[ServerSentEvent]:
    """`message` with the last answer as it is, `progress` while it is made, `end` with the answer when it is complete.

    Whoever comes back after a broken connection is told all that again from where it stands; there is nothing to miss.
    `closing` ends the stream when the gateway stops: the answer goes on, connect again. `problem` ends it when the
    gateway cannot go on watching.
    """
    yield ServerSentEvent(comment="fluxroom", retry=_RETRY)
    yield ServerSentEvent(event="message", data=answer)
    try:
        answer = await _sent(gateway, talks, conversation_id, answer)
        if answer["generation"] and not answer["complete"]:
            async for event in gateway.engine.events(answer["generation"], tick=_TICK):
                if gateway.closing.is_set():
                    break
                if told := progress(event):
                    yield ServerSentEvent(event="progress", data=told)
            answer = await talks.message(conversation_id, answer["id"])
    except FluxroomError as error:
        yield ServerSentEvent(event="problem", data=problems.of(error))
        return
    if answer["complete"]:
        yield ServerSentEvent(event="end", data=answer)
    else:
        yield ServerSentEvent(event="closing", data={"next": "The answer goes on. Connect again later."})


async def _sent(gateway: Gateway, talks: Conversations, conversation_id: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer once it has been sent, or it is known that it was not."""
    while not (answer["generation"] or answer["complete"] or gateway.closing.is_set()):
        with suppress(TimeoutError):
            async with asyncio.timeout(_TICK):
                await gateway.closing.wait()
        answer = await talks.message(conversation_id, answer["id"])
    return answer
