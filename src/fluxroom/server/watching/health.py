"""Whether the gateway works, and what it is set up with."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import Connection, text

from fluxroom.logs import get_logger
from fluxroom.server.gateway import Gateway, Running, running_version
from fluxroom.types import PROVIDERS, Provider

_log = get_logger("fluxroom.server")

router = APIRouter(tags=["health"])

_PING = text("SELECT 1")
_PATIENCE = 5.0  # seconds


class ProviderHealth(BaseModel):
    """Whether pictures can be asked for at a provider. Keys themselves are never shown."""

    provider: Provider
    set_up: bool
    sandbox: bool
    variable: str  # where its key goes


class Health(BaseModel):
    """What is running."""

    status: Literal["ok", "failing", "closing"]
    version: str
    sandbox: bool
    providers: list[ProviderHealth]
    database: Literal["ok", "failing"]
    busy: bool


@router.get("/healthz", summary="Is it working?", responses={503: {"model": Health, "description": "Not working"}})
async def health(gateway: Running, response: Response) -> Health:
    """200 while the gateway works; 503 when its database does not answer or it is about to stop."""
    database = await _database_answers(gateway)
    status: Literal["ok", "failing", "closing"] = "ok" if database else "failing"
    if gateway.closing.is_set():
        status = "closing"
    response.status_code = 200 if status == "ok" else 503
    accounts = gateway.engine.accounts
    return Health(
        status=status,
        version=running_version(),
        sandbox=gateway.sandbox,
        providers=[
            ProviderHealth(
                provider=name,
                set_up=name in accounts,
                sandbox=name in accounts and accounts[name].sandbox,
                variable={"bfl": "BFL_API_KEY", "fal": "FAL_KEY"}[name],
            )
            for name in PROVIDERS
        ],
        database="ok" if database else "failing",
        busy=gateway.engine.busy,
    )


class Ready(BaseModel):
    """Whether requests should be sent here."""

    ready: bool


@router.get("/readyz", summary="Can it take requests?", responses={503: {"model": Ready, "description": "Not now"}})
async def ready(gateway: Running, response: Response) -> Ready:
    """For a balancer: 503 from the moment the gateway is told to stop, and while its database does not answer."""
    able = not gateway.closing.is_set() and await _database_answers(gateway)
    response.status_code = 200 if able else 503
    return Ready(ready=able)


async def _database_answers(gateway: Gateway) -> bool:
    def ping(connection: Connection) -> bool:
        return bool(connection.execute(_PING).scalar_one())

    try:
        return await asyncio.wait_for(gateway.engine.store.database.read(ping), _PATIENCE)
    except Exception as error:  # noqa: BLE001  whatever is wrong with it, the answer is that it does not work
        _log.warning("the database does not answer", reason=str(error))
        return False
