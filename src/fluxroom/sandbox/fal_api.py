"""fal's catalogue: the models API, prices and one endpoint's OpenAPI file (api.fal.ai, 2026)."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from fluxroom.sandbox import prices
from fluxroom.sandbox.exchange import answer, new_id
from fluxroom.sandbox.fal_catalog import endpoints
from fluxroom.sandbox.fal_openapi import openapi_of
from fluxroom.sandbox.fal_tasks import authorised

_MOST_IDS: Final = 50
_CATEGORIES: Final = {"text-to-image": "text-to-image", "training": "training"}
"""fal's own categories; whatever takes a picture and gives one is `image-to-image`."""


def _asked(request: web.Request) -> list[str]:
    return [name for value in request.query.getall("endpoint_id", []) for name in value.split(",") if name]


def _error(kind: str, message: str, status: int) -> web.Response:
    body = {"type": kind, "message": message, "docs_url": "https://docs.fal.ai", "request_id": new_id()}
    return answer({"error": body}, status)


async def models(request: web.Request) -> web.Response:
    """``GET /v1/models``: a page of the catalogue, or the endpoints that are asked for."""
    ids = _asked(request)
    if len(ids) > _MOST_IDS:
        return _error("validation_error", f"at most {_MOST_IDS} endpoint_id", 400)
    unknown = [name for name in ids if name not in endpoints()]
    if unknown:
        return _error("not_found", f"Endpoint not found: {unknown[0]}", 404)
    words = request.query.get("q", "").lower()
    chosen = ids or [name for name in endpoints() if words in name]
    limit, start = int(request.query.get("limit", "50")), int(request.query.get("cursor", "0"))
    wide = "openapi-3.0" in request.query.getall("expand", [])
    page = [_model(name, wide=wide) for name in chosen[start : start + limit]]
    more = start + limit < len(chosen)
    return answer({"models": page, "next_cursor": str(start + limit) if more else None, "has_more": more})


def _model(name: str, *, wide: bool) -> dict[str, Any]:
    row = endpoints()[name]
    found: dict[str, Any] = {
        "endpoint_id": name,
        "metadata": {
            "display_name": name.partition("/")[2],
            "category": _CATEGORIES.get(row["task"], "image-to-image"),
            "description": "",
            "status": "deprecated" if row.get("retired_in_newest_types") else "active",
            "tags": [],
            "updated_at": "2026-08-22T00:00:00Z",
            "model_url": f"https://fal.run/{name}",
            "kind": "training" if row["task"] == "training" else "inference",
        },
    }
    if wide:
        found["openapi"] = openapi_of(name)
    return found


async def pricing(request: web.Request) -> web.Response:
    """``GET /v1/models/pricing?endpoint_id=``: unit prices; needs a key."""
    if authorised(request) is None:
        return _error("authorization_error", "Authentication is required", 401)
    ids = _asked(request)
    if not 1 <= len(ids) <= _MOST_IDS:
        return _error("validation_error", f"1 to {_MOST_IDS} endpoint_id are needed", 400)
    unknown = [name for name in ids if name not in endpoints()]
    if unknown:
        return _error("not_found", f"Endpoint not found: {unknown[0]}", 404)
    rows = []
    for name in ids:
        amount, unit = prices.fal_price(endpoints()[name])
        rows.append({"endpoint_id": name, "unit_price": amount, "unit": unit, "currency": "USD"})
    return answer({"prices": rows, "next_cursor": None, "has_more": False})


async def platform_meta(_request: web.Request) -> web.Response:
    """``GET /v1/meta``: the addresses that webhooks come from, which here is this machine."""
    return answer({"webhook_ip_ranges": ["127.0.0.1/32", "::1/128"]})


async def endpoint_openapi(request: web.Request) -> web.Response:
    """``GET /openapi/queue/openapi.json?endpoint_id=``."""
    name = request.query.get("endpoint_id", "")
    if name not in endpoints():
        return answer({"detail": f"Endpoint {name} not found"}, 404)
    return answer(openapi_of(name))


def routes(prefix: str) -> list[web.RouteDef]:
    """The catalogue's routes under a prefix."""
    return [
        web.get(f"{prefix}/v1/meta", platform_meta),
        web.get(f"{prefix}/v1/models", models),
        web.get(f"{prefix}/v1/models/pricing", pricing),
        web.get(f"{prefix}/openapi/queue/openapi.json", endpoint_openapi),
    ]
