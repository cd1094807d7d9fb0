"""The application: every resource, behind the doorkeeper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from fluxroom.client import AsyncClient
from fluxroom.logs import hide
from fluxroom.server import (
    assets,
    budgets,
    events,
    generations,
    health,
    hooks,
    images,
    jobs,
    login,
    models,
    page,
    problems,
    providers,
    usage,
)
from fluxroom.server.gateway import Gateway, running_version
from fluxroom.server.keycheck import Keycheck
from fluxroom.server.perimeter import perimeter
from fluxroom.server.scopes import Rights
from fluxroom.server.security import Doorkeeper
from fluxroom.settings import Settings

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
            yield
            return
        await own.__aenter__()
        try:
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
        responses={
            "4XX": {"model": problems.Problem, "description": "A problem that the caller can mend"},
            "5XX": {"model": problems.Problem, "description": "A problem of a provider or of the gateway"},
        },
    )
    app.state.gateway = gateway
    money = (usage, budgets, providers)
    for resource in (health, models, generations, events, jobs, images, assets, *money, login, hooks, page):
        app.include_router(resource.router)
    problems.install(app)
    app.add_middleware(Keycheck, gateway=gateway, rights=Rights())
    app.add_middleware(problems.Incidents)
    # Added last: outermost, so that its headers are on every answer.
    app.add_middleware(Doorkeeper, perimeter=perimeter(settings))
    return app
