"""`/chat/completions`: a conversation in which a FLUX model answers with pictures, plain and streamed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from fluxroom import catalog
from fluxroom.errors import FluxroomError, InvalidParams
from fluxroom.flows import measures
from fluxroom.flows.conversations import scenes
from fluxroom.identifiers import new_id
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.doors import links
from fluxroom.server.doors.links import Links
from fluxroom.server.doors.openai import errors, speech, writing
from fluxroom.server.doors.openai.bodies import Sent, read_json
from fluxroom.server.doors.openai.chat_parameters import ChatWish, of_chat
from fluxroom.server.doors.openai.conversation import Scene, scene_of
from fluxroom.server.doors.openai.facts import facts_of, failure
from fluxroom.server.doors.openai.pictures import options_with
from fluxroom.server.doors.openai.speech import Message, Speaker
from fluxroom.server.doors.openai.waiting import GONE, ClientGone, Order, until_arrived
from fluxroom.server.gateway import Gateway, Running
from fluxroom.types import Reference

router = APIRouter()

_SSE = {"x-accel-buffering": "no"}


@router.post("/chat/completions")
async def completions(gateway: Running, caller: Asking, request: Request) -> Response:
    """Answer a conversation with pictures."""
    sent = await read_json(request)
    wish = of_chat(gateway, sent.fields)
    reach = await links.links(gateway, request)
    scene = scene_of(sent.fields.get("messages"), reach, whole=wish.whole)
    wish.picture.reported += scene.notes
    speaker = Speaker(wish, new_id())
    order = Order(gateway, request, caller)
    words = Message(speech.CHORE) if scene.is_chore else await _started(gateway, caller, order, sent, wish, scene)
    if words is not None:
        return _spoken(speaker, words)
    if wish.picture.stream:
        told = _events(gateway, order, speaker, reach)
        return StreamingResponse(told, media_type="text/event-stream", headers=_SSE)
    try:
        written = await _written(gateway, order, speaker, reach)
    except ClientGone:
        await order.ended()
        return Response(status_code=GONE)
    except BaseException as error:
        await order.ended(error)
        raise
    return StreamingResponse(until_arrived(written, order), media_type="application/json")


async def _started(
    gateway: Gateway, caller: Caller, order: Order, sent: Sent, wish: ChatWish, scene: Scene
) -> Message | None:
    """Starts the generation; or says what is wanting for one."""
    wish.picture.given["prompt"] = _prompt(wish, scene)
    body = wish.picture.body
    pictures = [*scene.attached, *_fitting(gateway, wish, scene, most=body.max_references)]
    try:
        options = await options_with(gateway, caller, body, pictures)
        model = options.pop("model")
        if wish.choice:
            options = await _measured(gateway, wish, model, options)
        await order.start(sent.fingerprint, body.prompt, model, options)
    except InvalidParams as error:
        words = speech.wanting(error, prompt=scene.prompt, with_pictures=bool(pictures or body.references))
        if words is None:
            raise
        return words
    return None


async def _measured(gateway: Gateway, wish: ChatWish, model: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the chosen size and quality in the model's own words."""
    prompt = wish.picture.body.prompt
    references = [one for one in options["references"] if isinstance(one, Reference)]
    way, _ = await measures.first(
        {**options, **wish.choice}, references, lambda asked: gateway.client.plan_with(prompt, model, asked)
    )
    if way.note:
        wish.picture.reported.append({"name": "quality", "why": way.note})
    return dict(way.asked)


def _prompt(wish: ChatWish, scene: Scene) -> str | None:
    """The prompt, unless it is for a tool that reads none: a chat message always has some text."""
    if scene.prompt and not catalog.find(wish.picture.model)[0].takes("prompt"):
        wish.picture.reported.append({"name": "prompt", "why": "this model reads none; it works on the picture"})
        return None
    return scene.prompt or None


def _fitting(gateway: Gateway, wish: ChatWish, scene: Scene, *, most: int | None) -> list[str]:
    """The pictures of the conversation that the model has room for, after those that came with the message."""
    room = scenes.room(wish.picture.model, gateway.engine.accounts, mode=wish.picture.body.mode)
    room = room if most is None else min(room, most)
    fits = scenes.fitting(scene.before, attached=len(scene.attached), most=room)
    if fits.why:
        wish.picture.reported.append({"name": "messages.images", "why": fits.why})
    return list(fits.pictures)


async def _written(gateway: Gateway, order: Order, speaker: Speaker, reach: Links) -> Iterator[bytes]:
    """The whole answer, once the generation is settled.

    Raises:
        FluxroomError: there is no picture, for another reason than moderation.
    """
    found = await order.settled()
    error = failure(found)
    message = speech.refused(error) if error else speech.pictures(found, reach, form=speaker.wish.images)
    if message is None and error is not None:
        raise error
    facts = facts_of(found, speaker.wish.picture.reported, reach)
    answer = speaker.completion(message or Message(""), facts)
    return writing.json_with(gateway.engine.store.blobs, answer)


def _spoken(speaker: Speaker, message: Message) -> Response:
    """An answer in words alone; nothing was made."""
    facts = {"generation": None, "images": [], "not_sent": speaker.wish.picture.reported}
    if not speaker.wish.picture.stream:
        return JSONResponse(speaker.completion(message, facts))
    said = b"".join(writing.small(one) for one in _last(speaker, message, facts)) + writing.DONE
    return Response(said, media_type="text/event-stream", headers=_SSE)


def _last(speaker: Speaker, message: Message, facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pieces that end a streamed answer."""
    yield speaker.chunk({"role": "assistant", **message.fields})
    yield speaker.chunk({}, finish=message.finish, fluxroom=facts)
    if speaker.wish.with_usage:
        yield speaker.usage()


async def _events(gateway: Gateway, order: Order, speaker: Speaker, reach: Links) -> AsyncIterator[bytes]:
    """What happens as reasoning, which chat programs show aside and do not send back; then the pictures."""
    error: FluxroomError | None = None
    try:
        yield writing.small(speaker.chunk({"role": "assistant", "content": ""}))
        try:
            async for told in _status(order, speaker):
                yield told
            found = await order.snapshot()
            error = failure(found)
        except FluxroomError as reason:
            error = reason
        message = speech.refused(error) if error else speech.pictures(found, reach, form=speaker.wish.images)
        if message is None and error is not None:
            yield writing.small(errors.of(error))
        else:
            facts = facts_of(found, speaker.wish.picture.reported, reach)
            for one in _last(speaker, message or Message(""), facts):
                async for piece in writing.pieces(writing.event(gateway.engine.store.blobs, one)):
                    yield piece
        yield writing.DONE
        if error is None:
            await order.arrived()
    finally:
        await order.ended(error)


async def _status(order: Order, speaker: Speaker) -> AsyncIterator[bytes]:
    """Every change once; and a sign of life where nothing changes for long."""
    yield writing.small(speaker.chunk({"reasoning_content": speech.beginning(await order.snapshot())}))
    last, said = "", time.monotonic()
    async for event in order.events():
        words = speech.progress(event)
        if words and words != last:
            yield writing.small(speaker.chunk({"reasoning_content": words}))
        elif time.monotonic() - said > writing.LONGEST_SILENCE:
            yield writing.PATIENCE
        else:
            continue
        last, said = words or last, time.monotonic()
