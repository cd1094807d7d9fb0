"""Quotes: what a request would become and cost, before anything is sent."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Running
from fluxroom.server.generations import bodies
from fluxroom.server.generations.bodies import Body
from fluxroom.server.generations.references import client_options

router = APIRouter(prefix="/v1/quotes", tags=["generations"])


class QuoteAnswer(BaseModel):
    """What a request would become and cost; nothing was sent."""

    route: str
    model: str
    provider: str
    mode: str
    endpoint: str
    size: dict[str, int] | None = Field(description="Null: only the provider knows it before.")
    seconds: float = Field(description="How long such a job usually takes.")
    jobs: int
    wire: list[dict[str, Any]] = Field(description="What each job would send; pictures by hash.")
    params: dict[str, Any]
    not_sent: list[dict[str, str]] = Field(description="What was asked for and would be left out, and why.")
    renamed: dict[str, str] = Field(description="Old parameter names, with what they are called now.")
    quote: dict[str, Any]
    chosen: str = Field(description="Why this provider, where there was something to choose.")
    sandbox: bool


@router.post("", summary="Check a request and say what it costs", openapi_extra=bodies.openapi())
async def quote(gateway: Running, caller: Asking, body: Body) -> QuoteAnswer:
    """The request is checked against the model's own schema and priced. Nothing is sent to a provider."""
    options = await client_options(gateway, caller, body)
    _, plan = await gateway.client.plan_with(body.prompt, options.pop("model"), options)
    return QuoteAnswer(
        route=plan.route,
        model=plan.model,
        provider=plan.provider,
        mode=plan.mode,
        endpoint=plan.endpoint,
        size={"width": plan.size.width, "height": plan.size.height} if plan.size else None,
        seconds=plan.seconds,
        jobs=len(plan.wire),
        wire=[dict(one) for one in plan.wire],
        params={name: _shown(value) for name, value in plan.params.items()},
        not_sent=[note.as_dict() for note in plan.not_sent],
        renamed=dict(plan.renamed),
        quote=plan.quote.as_dict(),
        chosen=plan.chosen,
        sandbox=gateway.engine.accounts[plan.provider].sandbox,
    )


def _shown(value: Any) -> Any:
    return value.as_dict() if hasattr(value, "as_dict") else value
