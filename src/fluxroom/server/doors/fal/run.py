"""fal's direct calls: one request that is answered with the output, or with one server-sent event that holds it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from fluxroom.engine import Snapshot
from fluxroom.errors import WaitEnded
from fluxroom.server.access.callers import Asking
from fluxroom.server.doors.fal.queue import answer
from fluxroom.server.doors.ordering import object_in, ordered
from fluxroom.server.doors.wire_body import endpoint_of
from fluxroom.server.gateway import Gateway, Running

router = APIRouter(include_in_schema=False)

_LOOK = 1.0
"""Seconds between two looks whether the caller is still there."""

_STREAM = "/stream"


@router.post("/fal/{app:path}")
async def run(
    gateway: Running,
    caller: Asking,
    request: Request,
    app: str,
    idempotency_key: Annotated[str, Header(max_length=255)] = "",
) -> Response:
    """Make it and wait for it. When the caller goes away before, it goes on all the same."""
    wire = endpoint_of("fal", app.removesuffix(_STREAM))
    body = await object_in(request)
    async with ordered(gateway, caller, wire, body, idempotency_key=idempotency_key) as debt:
        found = await _finished(gateway, request, debt.generation)
        if found is None or await request.is_disconnected():
            return _goes_on(debt.generation)
        made = await answer(gateway, request, found)
        await debt.paid(gateway)
    return _as_event(made) if app.endswith(_STREAM) and made.status_code == 200 else made


async def _finished(gateway: Gateway, request: Request, generation: str) -> Snapshot | None:
    """The generation once it is settled; None when the wait is over, we stop, or nobody listens any more."""
    work = asyncio.ensure_future(gateway.unless_closing(gateway.engine.wait(generation, gateway.settings.wait)))
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_LOOK)
            if not work.done() and await request.is_disconnected():
                return None
        return work.result()
    except WaitEnded:
        return None
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError, WaitEnded):
            await work


def _goes_on(generation: str) -> Response:
    """504, marked as the caller's own time-out, which fal's client does not answer with another request."""
    detail = f"Not finished in time; it goes on. Its result will be at /fal/queue/…/requests/{generation}."
    headers = {
        "x-fal-request-id": generation,
        "x-fal-request-timeout-type": "user",
        "x-fal-error-type": "request_timeout",
    }
    return JSONResponse({"detail": detail, "error_type": "request_timeout"}, 504, headers=headers)


def _as_event(made: JSONResponse) -> Response:
    headers = {name: made.headers[name] for name in made.headers if name.startswith("x-fal-")}
    return Response(b"data: " + bytes(made.body) + b"\n\n", media_type="text/event-stream", headers=headers)
