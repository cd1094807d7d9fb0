"""BFL's protocol: `POST /bfl/v1/{endpoint}`, `GET /bfl/v1/get_result?id=…`, `GET /bfl/v1/credits`.

What is ordered here is an ordinary generation: stored, cached, budgeted, and carried on after a restart.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from fluxroom.engine import Snapshot
from fluxroom.engine.availability import check_key
from fluxroom.engine.lifecycle import State
from fluxroom.errors import NotFound
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Asking
from fluxroom.server.doors import call_backs, links
from fluxroom.server.doors.bfl import tasks
from fluxroom.server.doors.ordering import headers, object_in, ordered
from fluxroom.server.doors.wire_body import endpoint_of
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.money.usage import accounting
from fluxroom.types import Running as Working

router = APIRouter(prefix="/bfl/v1", include_in_schema=False)


@router.get("/get_result")
async def get_result(
    gateway: Running, caller: Asking, request: Request, task_id: Annotated[str, Query(alias="id", max_length=200)]
) -> JSONResponse:
    """The task as it is now; 404 with a task body when there is none."""
    try:
        found = await callers.snapshot(gateway, caller, task_id)
    except NotFound:
        return JSONResponse(tasks.unknown(task_id), 404)
    if found.settled and found.jobs[0].state == State.SUCCEEDED and not found.images:
        return JSONResponse(tasks.unknown(task_id), 404)  # its picture was deleted, as BFL's are after a while
    return JSONResponse(await task(gateway, request, found))


@router.get("/credits")
async def credits_left(gateway: Running, caller: Asking) -> dict[str, float]:
    """What the caller may still spend: the least that is left of a budget, or else of the account at BFL."""
    sandbox = "bfl" in gateway.engine.accounts and gateway.engine.accounts["bfl"].sandbox
    drawn_on = {"all", f"owner:{caller.owner}"}
    budgets = [one for one in await accounting(gateway).budgets(sandbox=sandbox) if one.budget.scope in drawn_on]
    if budgets:
        return {"credits": tasks.credits_of(min(one.left for one in budgets)) or 0.0}
    return {"credits": (await check_key(gateway.engine.courier, "bfl")).credits or 0.0}


@router.post("/{endpoint:path}")
async def submit(
    gateway: Running,
    caller: Asking,
    request: Request,
    endpoint: str,
    idempotency_key: Annotated[str, Header(max_length=255)] = "",
) -> JSONResponse:
    """Order what the body asks for; it goes on whether anybody polls or not."""
    wire = endpoint_of("bfl", endpoint)
    body = await object_in(request)
    url = str(body.get("webhook_url") or "")
    if url:
        call_backs.checked(gateway, url, "webhook_url")
    base = links.base_of(gateway, request)
    async with ordered(gateway, caller, wire, body, idempotency_key=idempotency_key) as debt:
        if url:
            secret = str(body.get("webhook_secret") or "")
            await call_backs.remember(gateway, debt.generation, door="bfl", url=url, base=base, secret=secret)
        found = await callers.snapshot(gateway, caller, debt.generation)
        if not await request.is_disconnected():
            await debt.paid(gateway)
    told = tasks.accepted(found, f"{base}/bfl/v1/get_result?id={debt.generation}", url)
    return JSONResponse(told, headers=headers(found))


async def task(gateway: Gateway, request: Request, found: Snapshot) -> tasks.Task:
    """A generation as a task, with the address of its picture as the caller reaches it."""
    made = found.images_of(found.jobs[0])
    sample = (await links.links(gateway, request)).of(made[0]) if made else ""
    return tasks.task(found, sample, None if found.settled else _progress(gateway, found))


def _progress(gateway: Gateway, found: Snapshot) -> float:
    """How far it is: the provider's own word, else the share of the usual time, which never reaches the end."""
    now = gateway.engine.progress(found.jobs[0])
    if not isinstance(now, Working):
        return 0.0
    if now.progress is not None:
        return now.progress
    return round(min(0.95, now.elapsed / now.expected), 2) if now.expected else 0.0
