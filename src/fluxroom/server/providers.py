"""Providers: how the accounts stand, and a person's word to stop sending to one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from fluxroom.engine.accounting import known_provider
from fluxroom.engine.availability import check_key
from fluxroom.server.gateway import Running
from fluxroom.server.money.usage import accounting
from fluxroom.types import Provider

router = APIRouter(prefix="/v1/providers", tags=["providers"])

Name = Annotated[str, Path(max_length=40, description="bfl or fal", examples=["fal"])]


class ProviderAnswer(BaseModel):
    """How the account of a provider stands at the moment. Keys are never shown."""

    provider: Provider
    account: str = Field(description="Our own name for the account; empty when none is set up.")
    set_up: bool
    sandbox: bool
    cap: int = Field(description="Most jobs in flight, as set.")
    cap_now: int = Field(description="The same, as the provider's refusals have narrowed it.")
    in_flight: int
    queued: int
    paused: bool = Field(description="By a person.")
    held_until: str | None = Field(description="Nothing is sent before: the provider asked to wait.")
    why: str = Field(description="Why less than the cap is sent, or nothing.")


class ProviderList(BaseModel):
    """Both providers."""

    providers: list[ProviderAnswer]


class KeyCheckAnswer(BaseModel):
    """What a provider said to its key."""

    provider: Provider
    good: bool | None = Field(description="null: the provider could not be asked.")
    credits: float | None = Field(description="What is left in the account, where the provider tells (BFL).")
    detail: str
    sandbox: bool = Field(description="The sandbox answered in its place.")


@router.get("", summary="How the providers' accounts stand")
async def listing(gateway: Running) -> ProviderList:
    """Each provider with its jobs in flight and waiting, its caps as set and as learned, holds and pauses."""
    found = await accounting(gateway).providers()
    return ProviderList(providers=[ProviderAnswer(**state.as_dict()) for state in found])


@router.post("/{name}/pause", summary="Send nothing more to a provider")
async def pause(gateway: Running, name: Name) -> ProviderAnswer:
    """Jobs for it wait. What it has already taken goes on, and is charged."""
    return ProviderAnswer(**(await accounting(gateway).pause(name, paused=True)).as_dict())


@router.post("/{name}/resume", summary="Send to a provider again")
async def resume(gateway: Running, name: Name) -> ProviderAnswer:
    """Jobs that wait for it start by themselves."""
    return ProviderAnswer(**(await accounting(gateway).pause(name, paused=False)).as_dict())


@router.post("/{name}/check", summary="Does a provider know its key?")
async def check(gateway: Running, name: Name) -> KeyCheckAnswer:
    """The provider is asked in a way that costs nothing: BFL for the balance, fal for its price list."""
    provider = known_provider(name)
    found = await check_key(gateway.engine.courier, provider)
    asked = gateway.engine.accounts[provider]
    return KeyCheckAnswer(
        provider=provider, good=found.good, credits=found.credits, detail=found.detail, sandbox=asked.sandbox
    )
