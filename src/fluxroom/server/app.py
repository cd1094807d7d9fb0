"""The application: every resource, behind the doorkeeper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from fluxroom import mcp
from fluxroom.client import AsyncClient
from fluxroom.logs import hide
from fluxroom.server import agents, contract, page, problems, providers
from fluxroom.server.access import keys, login
from fluxroom.server.access.keycheck import Keycheck
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.access.scopes import Rights
from fluxroom.server.access.security import Doorkeeper
from fluxroom.server.doors import bfl, fal, links, openai
from fluxroom.server.duties import on_duty
from fluxroom.server.envelope import Envelope
from fluxroom.server.flows import (
    assistants,
    comparisons,
    conversation_events,
    conversations,
    pipelines,
    prompts,
    runs,
    sheets,
)
from fluxroom.server.gateway import Gateway, running_version
from fluxroom.server.generations import catalog, events, generations, hooks, jobs, models, quotes
from fluxroom.server.library import assets, boards, image_files, images
from fluxroom.server.money import budgets, usage
from fluxroom.server.settings import router as settings_router
from fluxroom.server.watching import health, metrics, tracing
from fluxroom.server.webhooks import webhooks
from fluxroom.settings import Settings

_RESOURCES = (
    *(
        health,
        metrics,
        models,
        catalog,
        quotes,
        generations,
        events,
        jobs,
        images,
        image_files,
        assets,
        boards,
        webhooks,
    ),
    *(runs, sheets, comparisons, pipelines, prompts, conversations, conversation_events, assistants),
    *(usage, budgets, providers, keys, login, hooks, page),
)

DRAIN = 6.0
"""Seconds for submits under way when the gateway stops: with everything else it ends within ten."""

_DESCRIPTION = """One door to every FLUX image model, on this machine. Errors are RFC 9457 problems with stable codes;
money is in US dollars as decimal strings; times are in UTC."""


def create_app(settings: Settings, *, client: AsyncClient | None = None) -> FastAPI:
    """The gateway as an ASGI application.

    Args:
        settings: as everywhere.
        client: an open client to work with, which stays open afterwards; without one, the application opens its own
            when it starts and closes it when it ends.
    """
    hide(settings.secrets())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if client is not None:
            yield  # whoever opened it also calls back
            return
        await own.__aenter__()
        try:
            async with on_duty(gateway):
                yield
        finally:
            gateway.closing.set()
            await own.close(DRAIN)

    own = client or AsyncClient(settings=settings, everyones=True)
    gateway = Gateway(settings, own)
    app = FastAPI(
        title="Fluxroom",
        description=_DESCRIPTION,
        version=running_version() or "0",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # both viewers load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=contract.operation_id,
        responses={
            "4XX": {"model": problems.Problem, "description": "A problem that the caller can mend"},
            "5XX": {"model": problems.Problem, "description": "A problem of a provider or of the gateway"},
        },
    )
    app.state.gateway = gateway
    _add_routes(app, gateway)
    rights = Rights()
    problems.install(app, rights.methods)
    contract.install(app)
    app.add_middleware(Keycheck, gateway=gateway, rights=rights)
    app.add_middleware(problems.Incidents)
    # Added late: outside, so that its headers are on every answer.
    app.add_middleware(Doorkeeper, perimeter=perimeter(settings))
    app.add_middleware(fal.Mapped)  # outside every guard: they see where a request really goes
    app.add_middleware(Envelope)
    _watch(app, gateway)
    return app


def _watch(app: FastAPI, gateway: Gateway) -> None:
    """Figures of everything, and traces where somebody asks for them; outermost, so that they see every request."""
    figures = app.state.metrics = metrics.Metrics()
    gateway.watchers.append(figures)
    app.add_middleware(metrics.Measured, metrics=figures)
    if tracing.wanted():
        traces = tracing.Tracing(tracing.exporting())
        gateway.watchers.append(traces)
        app.add_middleware(tracing.Traced, tracing=traces)


def _add_routes(app: FastAPI, gateway: Gateway) -> None:
    """Everything that has an address."""
    for resource in _RESOURCES:
        app.include_router(resource.router)
    app.include_router(settings_router)
    for door in (links, openai, bfl, fal):
        app.include_router(door.router)
    if gateway.settings.mcp and mcp.installed():
        app.router.routes.append(Route(agents.PATH, agents.Agents(gateway), include_in_schema=False))
