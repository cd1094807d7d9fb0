"""Generations: make, wait, list, look, cancel; and what they would cost."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from fluxroom.errors import WaitEnded
from fluxroom.server import answers, history
from fluxroom.server.answers import GenerationAnswer
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.references import client_options
from fluxroom.server.schemas import GenerationBody

router = APIRouter(prefix="/v1", tags=["generations"])

LONGEST_WAIT = 120
"""Seconds that a caller may wait in one request; proxies between us and them give up at about this time."""

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})", re.IGNORECASE)


class GenerationPage(BaseModel):
    """Generations, the newest first."""

    generations: list[GenerationAnswer]
    next: str | None  # the address of the page after this one


class QuoteAnswer(BaseModel):
    """What a request would become and cost; nothing was sent."""

    route: str
    model: str
    provider: str
    mode: str
    endpoint: str
    size: dict[str, int] | None
    seconds: float
    jobs: int
    params: dict[str, Any]
    not_sent: list[dict[str, str]]
    renamed: dict[str, str]
    quote: dict[str, Any]
    sandbox: bool


class CancelledJob(BaseModel):
    """What became of one job, and of its money."""

    job: str
    route: str
    state: str
    said: str


class CancelAnswer(BaseModel):
    """What cancelling did, job by job."""

    jobs: list[CancelledJob]
    generation: GenerationAnswer


@router.post("/quotes", summary="Check a request and say what it costs")
async def quote(gateway: Running, body: GenerationBody) -> QuoteAnswer:
    """The request is checked against the model's own schema and priced. Nothing is sent to a provider."""
    options = await client_options(gateway, body)
    _, plan = await gateway.client.plan(body.prompt, **options)
    return QuoteAnswer(
        route=plan.route,
        model=plan.model,
        provider=plan.provider,
        mode=plan.mode,
        endpoint=plan.endpoint,
        size={"width": plan.size.width, "height": plan.size.height} if plan.size else None,
        seconds=plan.seconds,
        jobs=len(plan.wire),
        params={name: _shown(value) for name, value in plan.params.items()},
        not_sent=[note.as_dict() for note in plan.not_sent],
        renamed=dict(plan.renamed),
        quote=plan.quote.as_dict(),
        sandbox=gateway.engine.accounts[plan.provider].sandbox,
    )


@router.post(
    "/generations",
    status_code=202,
    summary="Make pictures",
    responses={200: {"model": GenerationAnswer, "description": "Finished within the time of `Prefer: wait=N`"}},
)
async def create(
    gateway: Running,
    body: GenerationBody,
    response: Response,
    prefer: Annotated[str, Header(description="wait=N: answer when it is finished, at most 120 s")] = "",
    idempotency_key: Annotated[
        str, Header(max_length=255, description="The same key and body: the same pictures")
    ] = "",
) -> GenerationAnswer:
    """Check, write down and start a request. It goes on whether anybody waits for it or not."""
    options = await client_options(gateway, body)
    if idempotency_key:
        options["idempotency_key"] = idempotency_key
    identity = await gateway.client.submit(body.prompt, **options)
    response.headers["location"] = f"/v1/generations/{identity}"
    seconds = wished_wait(prefer)
    if seconds:
        response.headers["preference-applied"] = f"wait={seconds}"
        await _wait(gateway, identity, seconds)
    answer = answers.generation(await gateway.client.snapshot(identity))
    response.status_code = 200 if answer.settled else 202
    return answer


@router.get("/generations", summary="List generations, the newest first")
async def listing(
    gateway: Running,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> GenerationPage:
    """One page of generations; `next` leads to the one after it."""
    if before:
        checked_id(before, "generation")
    found = await gateway.engine.store.database.read(partial(history.page, limit=limit, before=before))
    more = f"/v1/generations?limit={limit}&before={found[-1].generation.id}" if len(found) == limit else None
    return GenerationPage(generations=[answers.generation(one) for one in found], next=more)


@router.get("/generations/{generation_id}", summary="Look at a generation")
async def get(gateway: Running, generation_id: str) -> GenerationAnswer:
    """The generation as it is now."""
    return answers.generation(await gateway.client.snapshot(checked_id(generation_id, "generation")))


@router.delete("/generations/{generation_id}", summary="Cancel a generation")
async def cancel(gateway: Running, generation_id: str) -> CancelAnswer:
    """Cancel what can be cancelled, and say the truth about the rest: what goes on, and what it is charged."""
    told = await gateway.engine.cancel(checked_id(generation_id, "generation"))
    fresh = await gateway.client.snapshot(generation_id)
    states = {job.id: job.state for job in fresh.jobs}
    return CancelAnswer(
        jobs=[
            CancelledJob(job=job.id, route=job.route, state=states.get(job.id, job.state), said=said)
            for job, said in told
        ],
        generation=answers.generation(fresh),
    )


def wished_wait(prefer: str) -> int:
    """Seconds that a Prefer header asks to wait, at most 120 (RFC 7240).

    >>> wished_wait("respond-async, wait=30"), wished_wait("wait=999"), wished_wait("")
    (30, 120, 0)
    """
    found = _WAIT.search(prefer)
    return min(int(found[1]), LONGEST_WAIT) if found else 0


async def _wait(gateway: Gateway, identity: str, seconds: float) -> None:
    try:
        await gateway.unless_closing(gateway.engine.wait(identity, seconds))
    except WaitEnded:
        return  # the answer says that it goes on: 202 with the state


def _shown(value: Any) -> Any:
    return value.as_dict() if hasattr(value, "as_dict") else value
