"""How the gateway is set up, for its admin: which keys are set and never what they are, and the limits that hold."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.access.security import MOST_BODY
from fluxroom.server.gateway import Running, running_version
from fluxroom.settings import listed
from fluxroom.types import PROVIDERS, Provider

router = APIRouter(prefix="/v1/settings", tags=["health"])


class ProviderSetting(BaseModel):
    """How a provider is set up."""

    provider: Provider
    key_set: bool = Field(description="Whether its key is set in the environment. It is never shown.")
    sandbox: bool = Field(description="Whether the sandbox stands in for it.")
    region: str
    cap: int = Field(description="Most jobs in flight.")


class SettingsAnswer(BaseModel):
    """What can be said of the settings without giving anything away."""

    version: str
    sandbox: bool
    keyed: bool = Field(description="Whether callers need a key of the gateway.")
    public_url: str
    hosts: list[str]
    cors: list[str]
    database: Literal["sqlite", "postgresql"]
    blobs: Literal["folder", "s3"]
    log_level: str
    log_prompts: bool
    per_minute: int = Field(description="Requests of a key that does not say otherwise.")
    most_open: int = Field(description="Requests of a key under way at once.")
    most_body_bytes: int
    wait_seconds: float
    trash_days: float = Field(description="How long pictures stay in the trash; 0: for ever.")
    keep_pictures_days: float = Field(description="How long pictures stay that nobody marked; 0: for ever.")
    keep_records_days: float = Field(description="How long words and parameters stay; 0: for ever.")
    providers: list[ProviderSetting]


@router.get("", summary="How the gateway is set up")
async def read(gateway: Running) -> SettingsAnswer:
    """What is set. Change it in the environment or in `.env` and start the gateway again."""
    settings = gateway.settings
    accounts = gateway.engine.accounts
    return SettingsAnswer(
        version=running_version(),
        sandbox=gateway.sandbox,
        keyed=perimeter(settings).keyed,
        public_url=settings.public_url,
        hosts=listed(settings.hosts),
        cors=listed(settings.cors),
        database="postgresql" if settings.database else "sqlite",
        blobs="s3" if settings.blobs else "folder",
        log_level=settings.log_level,
        log_prompts=settings.log_prompts,
        per_minute=settings.per_minute,
        most_open=settings.most_open,
        most_body_bytes=MOST_BODY,
        wait_seconds=settings.wait,
        trash_days=settings.trash_days,
        keep_pictures_days=settings.keep_pictures_days,
        keep_records_days=settings.keep_records_days,
        providers=[
            ProviderSetting(
                provider=name,
                key_set=bool(settings.key(name)),
                sandbox=name in accounts and accounts[name].sandbox,
                region=settings.bfl_region if name == "bfl" else "",
                cap=settings.bfl_cap if name == "bfl" else settings.fal_cap,
            )
            for name in PROVIDERS
        ],
    )
