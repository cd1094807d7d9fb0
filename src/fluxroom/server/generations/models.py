"""Models: what there is, what each takes, what it costs, and whether its provider offers it now."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from fluxroom import catalog
from fluxroom.catalog.forms import Language
from fluxroom.client import DEFAULT_MODEL
from fluxroom.engine.accounting import Accounting
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.generations import model_answers
from fluxroom.server.generations.model_answers import Circumstances, ModelAnswer, ModelList
from fluxroom.store import measured

router = APIRouter(prefix="/v1/models", tags=["models"])

_SINCE = 30 * 86400.0
"""Seconds back to which prices are averaged."""

Lang = Annotated[Language, Query(description="The language of `title`, `description` and the schemas")]
Name = Annotated[
    str,
    Path(
        max_length=200,
        description="A model (flux-2-pro), a route (bfl/flux-2-pro) or a provider's own endpoint",
        examples=["flux-2-pro"],
    ),
]


class CheckedRoute(BaseModel):
    """What a provider said about a route."""

    route: str
    offered: bool | None = Field(description="Null: it cannot be told at the moment.")
    sandbox: bool = Field(description="The sandbox was asked in the provider's place.")
    detail: str


class CheckAnswer(BaseModel):
    """Whether a model can be had now. Nothing was made and nothing is charged."""

    model: str
    routes: list[CheckedRoute]


@router.get("", summary="List the models")
async def listing(gateway: Running, caller: Asking, lang: Lang = "en") -> ModelList:
    """All models in the order in which people are shown them: newest family first, retired ones last."""
    now = await circumstances(gateway, caller)
    rows = await asyncio.to_thread(lambda: [model_answers.row(model, now, lang) for model in catalog.models().values()])
    return ModelList(default=DEFAULT_MODEL, models=rows)


@router.post("/{model_id:path}/check", summary="Does the provider offer it now?")
async def check(gateway: Running, model_id: Name) -> CheckAnswer:
    """The providers' own lists are read: BFL's published specification, fal's list of models. Costs nothing."""
    model, provider, _ = catalog.find(model_id)
    routes = [route for name, route in model.routes.items() if provider in {None, name}]
    return CheckAnswer(model=model.id, routes=[await _checked(gateway, route) for route in routes])


@router.get("/{model_id:path}", summary="Look at a model")
async def get(gateway: Running, caller: Asking, model_id: Name, lang: Lang = "en") -> ModelAnswer:
    """One model with its parameters per provider and mode. A route (`bfl/flux-2-pro`) gives that route alone."""
    model, provider, _ = catalog.find(model_id)
    routes = {name: route for name, route in model.routes.items() if provider in {None, name}}
    return model_answers.whole(model, routes, await circumstances(gateway, caller), lang)


async def circumstances(gateway: Gateway, caller: Caller) -> Circumstances:
    """How the providers' accounts stand, and what was measured, as far as this caller may know."""
    await gateway.client.worker.refresh()  # another process may have read what the providers publish
    engine = gateway.engine
    since = time.time() - _SINCE

    def work(connection: Connection) -> Any:
        return measured.by_route(connection, since=since, sandbox=gateway.sandbox, owner=caller.only)

    seen = await engine.store.database.read(work)
    states = await Accounting(engine.store, engine.accounts).providers()
    return Circumstances({state.provider: state for state in states}, seen)


async def _checked(gateway: Gateway, route: catalog.Route) -> CheckedRoute:
    if route.provider not in gateway.engine.accounts:
        why = f"No key is set for {route.provider}."
        return CheckedRoute(route=route.name, offered=None, sandbox=False, detail=why)
    offered = await gateway.client.check_available(route.name)
    words = {
        True: "The provider offers every endpoint of it.",
        False: "The provider does not offer it at the moment.",
        None: "The provider could not be asked.",
    }
    asked = gateway.engine.accounts[route.provider]
    return CheckedRoute(route=route.name, offered=offered, sandbox=asked.sandbox, detail=words[offered])
