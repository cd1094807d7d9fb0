"""`/models`: what can be ordered, for the pickers of OpenAI's clients."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from fluxroom import catalog
from fluxroom.catalog import Model
from fluxroom.server.doors.openai.names import aliases, created, model_named, offered
from fluxroom.server.gateway import Gateway, Running

router = APIRouter()


@router.get("/models")
async def listing(gateway: Running) -> dict[str, Any]:
    """Every model that can be ordered now, then the aliases."""
    rows = [_row(model.id, model) for model in offered(gateway)]
    known = [_row(alias, _model(gateway, alias)) for alias in aliases(gateway.settings.openai_aliases)]
    return {"object": "list", "data": rows + known}


@router.get("/models/{model_id:path}")
async def get(gateway: Running, model_id: str) -> dict[str, Any]:
    """One model: by its id, as a route (`bfl/flux-2-pro`) or by an alias."""
    return _row(model_id, _model(gateway, model_id))


def _model(gateway: Gateway, name: str) -> Model:
    return catalog.find(model_named(gateway, name))[0]


def _row(name: str, model: Model) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": created(model),
        "owned_by": "black-forest-labs",
        "name": model.title,  # shown by pickers that know it
        "description": " ".join(model.description.split()),
        "fluxroom": {
            "model": model.id,
            "status": model.status,
            "modes": list(model.modes),
            "routes": [route.name for route in model.routes.values()],
            "max_references": {
                route.name: max((route.max_references(mode) for mode in route.modes if mode != "generate"), default=0)
                for route in model.routes.values()
            },
        },
    }
