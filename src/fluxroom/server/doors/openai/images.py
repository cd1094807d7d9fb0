"""`/images/generations` and `/images/edits`, plain and streamed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from fluxroom.engine import Snapshot
from fluxroom.errors import FluxroomError, InvalidParams
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.doors import links
from fluxroom.server.doors.links import Links
from fluxroom.server.doors.openai import errors, writing
from fluxroom.server.doors.openai.bodies import Sent, read_form, read_json
from fluxroom.server.doors.openai.facts import FORMATS, USAGE, facts_of, failure, picture
from fluxroom.server.doors.openai.parameters import Wish, of_picture
from fluxroom.server.doors.openai.pictures import options_with
from fluxroom.server.doors.openai.waiting import GONE, ClientGone, Order, until_arrived
from fluxroom.server.doors.openai.writing import Base64
from fluxroom.server.gateway import Gateway, Running
from fluxroom.store.images import StoredImage
from fluxroom.types import Done

router = APIRouter()


@router.post("/images/generations")
async def generations(gateway: Running, caller: Asking, request: Request) -> Response:
    """Make pictures of a prompt."""
    return await _answer(gateway, caller, request, await read_json(request), event="image_generation")


@router.post("/images/edits")
async def edits(gateway: Running, caller: Asking, request: Request) -> Response:
    """Change pictures: one or several, with a mask where the model takes one."""
    sent = await read_form(request)
    if not sent.pictures:
        raise InvalidParams("There is no image to edit.", advice="Send one or more as image or image[].", field="image")
    return await _answer(gateway, caller, request, sent, event="image_edit")


async def _answer(gateway: Gateway, caller: Caller, request: Request, sent: Sent, *, event: str) -> Response:
    wish = of_picture(gateway, sent.fields)
    body = wish.body
    options = await options_with(gateway, caller, body, sent.pictures, sent.mask)
    model = options.pop("model")
    order = Order(gateway, request, caller)
    reach = await links.links(gateway, request)
    await order.start(sent.fingerprint, body.prompt, model, options)
    if wish.stream:
        told = _events(gateway, order, wish, reach, event=event)
        return StreamingResponse(told, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
    try:
        found = await order.settled()
        written = writing.json_with(gateway.engine.store.blobs, _body(found, wish, reach))
    except ClientGone:
        await order.ended()
        return Response(status_code=GONE)
    except BaseException as error:
        await order.ended(error)
        raise
    return StreamingResponse(until_arrived(written, order), media_type="application/json")


async def _events(gateway: Gateway, order: Order, wish: Wish, reach: Links, *, event: str) -> AsyncIterator[bytes]:
    """One event for every picture, as it comes; none on the way: no FLUX endpoint gives half-made pictures."""
    blobs = gateway.engine.store.blobs
    error: FluxroomError | None = None
    said = time.monotonic()
    try:
        yield writing.PATIENCE
        try:
            async for told in order.events():
                for image in told.images if isinstance(told, Done) else ():
                    data = _completed(image, wish, reach, name=event)
                    async for piece in writing.pieces(writing.event(blobs, data, data["type"])):
                        yield piece
                if time.monotonic() - said > writing.LONGEST_SILENCE:
                    said = time.monotonic()
                    yield writing.PATIENCE
            error = failure(await order.snapshot())
        except FluxroomError as reason:
            error = reason
        if error is not None:
            yield writing.small({"type": "error", **errors.of(error)}, "error")
            return
        await order.arrived()
    finally:
        await order.ended(error)


def _completed(image: StoredImage, wish: Wish, reach: Links, *, name: str) -> dict[str, Any]:
    return {
        "type": f"{name}.completed",
        "b64_json": Base64(image.sha256),
        "url": reach.of(image),
        "created_at": int(image.created_at),
        "size": f"{image.width}x{image.height}",
        "quality": "auto",
        "background": "opaque",
        "output_format": FORMATS.get(image.mime, "png"),
        "usage": USAGE,
        "fluxroom": {**picture(image, reach), "not_sent": wish.reported},
        **_who(wish),
    }


def _body(found: Snapshot, wish: Wish, reach: Links) -> dict[str, Any]:
    """The answer with all pictures that came.

    Raises:
        FluxroomError: none came; the error of the first job.
    """
    if error := failure(found):
        raise error
    first = found.images[0]
    return {
        "created": int(found.generation.created_at),
        "data": [_datum(image, wish, reach) for image in found.images],
        "background": "opaque",
        "output_format": FORMATS.get(first.mime, "png"),
        "size": f"{first.width}x{first.height}",
        "usage": USAGE,
        "fluxroom": facts_of(found, wish.reported, reach),
        **_who(wish),
    }


def _datum(image: StoredImage, wish: Wish, reach: Links) -> dict[str, Any]:
    return {"url": reach.of(image)} if wish.form == "url" else {"b64_json": Base64(image.sha256)}


def _who(wish: Wish) -> dict[str, str]:
    return {"safety_identifier": wish.user} if wish.user else {}
