"""BFL's account routes: credits, finetunes and the published OpenAPI file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from aiohttp import web

from fluxroom.sandbox.bfl import require_key
from fluxroom.sandbox.bfl_specs import raw_openapi
from fluxroom.sandbox.exchange import answer, read_json, world_of
from fluxroom.sandbox.finetunes import FINETUNES, delete, finetunes_left

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DENIED: Final = "Finetune not found or access denied"


def _with_key(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def checked(request: web.Request) -> web.Response:
        require_key(request)
        return await handler(request)

    return checked


async def account_credits(request: web.Request) -> web.Response:
    """``GET /v1/credits``."""
    return answer({"credits": world_of(request).credits()})


async def my_finetunes(request: web.Request) -> web.Response:
    """``GET /v1/my_finetunes``."""
    return answer({"finetunes": finetunes_left(world_of(request))})


async def finetune_details(request: web.Request) -> web.Response:
    """``GET /v1/finetune_details?finetune_id=``."""
    name = request.query.get("finetune_id")
    if name is None:
        error = {"type": "missing", "loc": ["query", "finetune_id"], "msg": "Field required", "input": None}
        return answer({"detail": [error]}, 422)
    if name not in finetunes_left(world_of(request)):
        return answer({"detail": _DENIED}, 404)
    return answer({"finetune_details": FINETUNES[name]})


async def delete_finetune(request: web.Request) -> web.Response:
    """``POST /v1/delete_finetune``."""
    body = await read_json(request)
    name = body.get("finetune_id") if isinstance(body, dict) else None
    if name is None:
        return answer(
            {"detail": [{"type": "missing", "loc": ["body", "finetune_id"], "msg": "Field required", "input": body}]},
            422,
        )
    if name not in finetunes_left(world_of(request)):
        return answer({"detail": _DENIED}, 404)
    world = world_of(request)
    delete(world, name)
    stamp = dt.datetime.fromtimestamp(world.now(), dt.UTC).isoformat()
    return answer({"status": "success", "message": "Finetune deleted", "deleted_finetune_id": name, "timestamp": stamp})


async def published(_request: web.Request) -> web.Response:
    """``GET /openapi.json``: the file as BFL published it, so that looking a route up starts nothing."""
    return web.Response(body=raw_openapi(), content_type="application/json")


def routes(prefix: str) -> list[web.RouteDef]:
    """The account's routes under a prefix."""
    return [
        web.get(f"{prefix}/openapi.json", published),
        web.get(f"{prefix}/v1/credits", _with_key(account_credits)),
        web.get(f"{prefix}/v1/my_finetunes", _with_key(my_finetunes)),
        web.get(f"{prefix}/v1/finetune_details", _with_key(finetune_details)),
        web.post(f"{prefix}/v1/delete_finetune", _with_key(delete_finetune)),
    ]
