"""Models: what there is, what each takes, and what it costs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from fluxroom import catalog
from fluxroom.catalog import Model, Route
from fluxroom.client import DEFAULT_MODEL
from fluxroom.server.gateway import Gateway, Running

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", summary="List the models")
async def listing(gateway: Running) -> dict[str, Any]:
    """All models in the order in which people are shown them: newest family first, retired ones last."""
    return {
        "default": DEFAULT_MODEL,
        "models": [_row(gateway, model) for model in catalog.models().values()],
    }


@router.get("/{model_id:path}", summary="Look at a model")
async def get(gateway: Running, model_id: str) -> dict[str, Any]:
    """One model with its parameters per provider and mode. A route (`bfl/flux-2-pro`) gives that route alone."""
    model, provider, _ = catalog.find(model_id)
    row = _row(gateway, model)
    routes = {name: route for name, route in model.routes.items() if provider in {None, name}}
    row["routes"] = {name: row["routes"][name] | {"modes": _modes(route)} for name, route in routes.items()}
    row["why_not"] = {name: dict(texts) for name, texts in model.why_not.items()}
    return row


def _row(gateway: Gateway, model: Model) -> dict[str, Any]:
    row = model.as_dict()
    for provider, route in row["routes"].items():
        route["available"] = provider in gateway.engine.accounts
        route["sandbox"] = route["available"] and gateway.engine.accounts[provider].sandbox
    return {
        **row,
        "titles": dict(model.titles),
        "descriptions": dict(model.descriptions),
        "available": any(route["available"] for route in row["routes"].values()),
    }


def _modes(route: Route) -> dict[str, Any]:
    return {
        mode: {
            "endpoint": route.endpoints[mode],
            "source": route.endpoint(mode).source,
            "max_references": route.max_references(mode),
            "price": {"text": route.price(mode).text, "source": route.price(mode).source},
            "seconds": route.seconds,
            "parameters": [one.as_dict() for one in catalog.parameters(route.model, route.provider, mode)],
        }
        for mode in route.modes
    }
