"""fal's queue: submit, status, status stream, result and cancel.

Reading works below `/fal/queue` and below `/fal`, because some clients build these addresses from the host of direct
calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from fluxroom.engine import Snapshot
from fluxroom.identifiers import new_id
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Asking
from fluxroom.server.doors import call_backs, links
from fluxroom.server.doors.fal import addresses, refusals, results, statuses
from fluxroom.server.doors.ordering import headers, object_in, ordered
from fluxroom.server.doors.wire_body import endpoint_of
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.money.usage import accounting

router = APIRouter(include_in_schema=False)

_NOT_YET = {"detail": "Request is still in progress"}
"""Word for word: other clients wait until exactly this goes away."""

Logs = Annotated[bool, Query(description="With the log")]


async def _found(gateway: Running, caller: Asking, request_id: str) -> Snapshot:
    return await callers.snapshot(gateway, caller, request_id)


Found = Annotated[Snapshot, Depends(_found)]


@router.post("/fal/queue/{app:path}")
async def submit(
    gateway: Running,
    caller: Asking,
    request: Request,
    app: str,
    *,
    fal_webhook: Annotated[str, Query(max_length=2083)] = "",
    fal_max_queue_length: Annotated[int | None, Query(ge=0)] = None,
    x_fal_queue_priority: Annotated[str, Header(max_length=20)] = "normal",
    idempotency_key: Annotated[str, Header(max_length=255)] = "",
) -> JSONResponse:
    """Order what the body asks for; it goes on whether anybody asks for it or not."""
    wire = endpoint_of("fal", app)
    body = await object_in(request)
    if fal_webhook:
        call_backs.checked(gateway, fal_webhook, "fal_webhook")
    if fal_max_queue_length is not None and await _waiting(gateway) > fal_max_queue_length:
        detail = f"More than {fal_max_queue_length} requests are waiting."
        return JSONResponse({"detail": detail}, 429, headers={"x-fal-request-id": new_id(), "x-fal-needs-retry": "1"})
    priority = addresses.priority(x_fal_queue_priority)
    async with ordered(gateway, caller, wire, body, idempotency_key=idempotency_key, priority=priority) as debt:
        if fal_webhook:
            base = links.base_of(gateway, request)
            await call_backs.remember(gateway, debt.generation, door="fal", url=fal_webhook, base=base)
        found = await callers.snapshot(gateway, caller, debt.generation)
        if not await request.is_disconnected():
            await debt.paid(gateway)
    told = statuses.accepted(found, addresses.place(gateway, request))
    return JSONResponse(told, headers={"x-fal-request-id": debt.generation, **headers(found)})


async def status(gateway: Running, request: Request, found: Found, *, logs: Logs = False) -> JSONResponse:
    """The request as it is now: 202 until it is finished."""
    told = await statuses.status(gateway, found, addresses.place(gateway, request), logs=logs)
    code = 200 if told["status"] == "COMPLETED" else 202
    return JSONResponse(told, code, headers={"x-fal-request-id": found.generation.id})


async def stream(gateway: Running, request: Request, found: Found, *, logs: Logs = False) -> StreamingResponse:
    """Every change of the status as a server-sent event, until it is finished."""
    place = addresses.place(gateway, request)
    named = {"x-fal-request-id": found.generation.id, "cache-control": "no-cache"}
    return StreamingResponse(_told(gateway, found, place, logs=logs), media_type="text/event-stream", headers=named)


async def _told(gateway: Gateway, found: Snapshot, place: statuses.Place, *, logs: bool) -> AsyncIterator[bytes]:
    last: dict[str, Any] = {}
    async for _ in gateway.engine.events(found.generation.id):
        fresh = await gateway.client.snapshot(found.generation.id)
        told = await statuses.status(gateway, fresh, place, logs=logs)
        if told != last:
            last = told
            yield b"data: " + orjson.dumps(told) + b"\n\n"
        if fresh.settled or gateway.closing.is_set():
            return


async def result(gateway: Running, request: Request, found: Found) -> Response:
    """The model's own answer: its output, or why there is none."""
    if not found.settled:
        return JSONResponse(_NOT_YET, 400, headers={"x-fal-request-id": found.generation.id})
    return await answer(gateway, request, found)


async def cancel(gateway: Running, found: Found) -> JSONResponse:
    """Cancel what can be cancelled. What the provider does not give back goes on, and is charged."""
    named = {"x-fal-request-id": found.generation.id}
    if found.settled:
        return JSONResponse({"status": "ALREADY_COMPLETED"}, 400, headers=named)
    await gateway.engine.cancel(found.generation.id)
    return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202, headers=named)


async def answer(gateway: Gateway, request: Request, found: Snapshot) -> JSONResponse:
    """What a settled request answers as its result."""
    if not found.images:
        code, body, told = refusals.failure(found.jobs[0])
        return JSONResponse(body, code, headers=told)
    made = await results.output(found, await links.links(gateway, request), gateway.engine.store.blobs)
    return JSONResponse(made, headers={**results.headers(found), **headers(found)})


async def _waiting(gateway: Gateway) -> int:
    return sum(state.queued for state in await accounting(gateway).providers() if state.provider == "fal")


_READ = {"": result, "/response": result, "/status": status, "/status/stream": stream}
for _root in ("/fal/queue", "/fal"):
    _request = f"{_root}/{{app:path}}/requests/{{request_id}}"
    for _way, _endpoint in _READ.items():
        router.add_api_route(f"{_request}{_way}", _endpoint, methods=["GET"])
    router.add_api_route(f"{_request}/cancel", cancel, methods=["PUT"])
