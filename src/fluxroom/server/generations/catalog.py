"""The catalog's overlay: what the providers have published since this version, and reading it again."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.catalog import overlay
from fluxroom.server.gateway import Running

router = APIRouter(prefix="/v1/catalog", tags=["models"])


class SyncBody(BaseModel):
    """What to do with what the providers publish."""

    model_config = ConfigDict(strict=True, extra="forbid", title="CatalogSync")

    write: bool = Field(True, description="Use it from now on; false: only say how it differs.")  # noqa: FBT003


class ChangeAnswer(BaseModel):
    """One difference between what a provider publishes and the catalog as it was shipped."""

    kind: str = Field(description="added, changed, removed or unreadable")
    provider: str
    endpoint: str
    model: str = Field(description="The model that a new endpoint can be asked for as.")
    details: list[str]


class DifferenceAnswer(BaseModel):
    """How what the providers publish differs from the catalog as it was shipped."""

    read: str
    asked: list[str] = Field(description="The providers that answered.")
    silent: dict[str, str] = Field(description="Those that did not, and why; what was known of them stays.")
    sandbox: bool = Field(description="The sandbox was asked, not the providers.")
    changes: list[ChangeAnswer]


class OverlayAnswer(BaseModel):
    """Schemas and models on top of the catalog's own."""

    version: int
    read: str = Field(description="The day on which the providers were asked; empty: never.")
    endpoints: dict[str, Any] = Field(description="Wire schemas by provider and endpoint.")
    rows: dict[str, Any] = Field(description="Models that came since.")
    removed: list[str] = Field(description="Endpoints that are no longer published.")


@router.post("/sync", summary="Read what the providers publish")
async def sync(gateway: Running, body: SyncBody) -> DifferenceAnswer:
    """Ask the providers for their published schemas and prices; new endpoints can then be asked for. Costs nothing."""
    found = await gateway.client.sync_catalog(write=body.write)
    return DifferenceAnswer(**found.as_dict())


@router.get(
    "/overlay",
    summary="What the catalog has learned since it was shipped",
    response_model=OverlayAnswer,
    responses={304: {"description": "As `If-None-Match` has it"}},
)
async def get_overlay(gateway: Running, if_none_match: Annotated[str, Header()] = "") -> Response:
    """Schemas and models that `fluxroom catalog sync` found; clients of this gateway take them over."""
    overlay.use(gateway.settings.data_folder)
    body = orjson.dumps(overlay.current().as_dict())
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
