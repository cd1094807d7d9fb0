"""Generations: make, wait, list, look, cancel, ask again."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field

from fluxroom.catalog import words
from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.engine.orders import request_of
from fluxroom.errors import RequestError, WaitEnded
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.generations import answers, bodies
from fluxroom.server.generations.answers import GenerationAnswer
from fluxroom.server.generations.bodies import Body
from fluxroom.server.generations.filters import Filters
from fluxroom.server.generations.references import client_options
from fluxroom.store import search

router = APIRouter(prefix="/v1/generations", tags=["generations"])

LONGEST_WAIT = 120
"""Seconds that a caller may wait in one request; proxies between us and them give up at about this time."""

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})", re.IGNORECASE)
_FINISHED: dict[int | str, dict[str, Any]] = {
    200: {"model": GenerationAnswer, "description": "Finished within the time of `Prefer: wait=N`"}
}

Id = Annotated[str, Path(description="The id of a generation", examples=["01kaz3x9f0m2n4p6q8r0st"])]
Prefer = Annotated[str, Header(description="wait=N: answer when it is finished, at most 120 s", examples=["wait=60"])]
IdempotencyKey = Annotated[
    str, Header(max_length=255, description="The same key and body: the same pictures. Another body: 409.")
]
_WITHOUT_PICTURE = SETTLED - {State.SUCCEEDED, State.UNKNOWN}


class GenerationPage(BaseModel):
    """Generations, the newest first."""

    generations: list[GenerationAnswer]
    next: str | None = Field(description="The address of the page after this one.")


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


@router.post(
    "",
    status_code=202,
    summary="Make pictures",
    responses=_FINISHED,
    openapi_extra=bodies.openapi(),
)
async def create(
    gateway: Running,
    caller: Asking,
    body: Body,
    response: Response,
    prefer: Prefer = "",
    idempotency_key: IdempotencyKey = "",
) -> GenerationAnswer:
    """Check, write down and start a request. It goes on whether anybody waits for it or not.

    The body is JSON or a form. A form has files for pictures (`references` in order, `mask`, …) and the rest as fields
    of their own, or as JSON in the field `request`. Parameters are fields like any other; which ones a model takes says
    `GET /v1/models/{id}`. Old names of parameters are taken and reported in `renamed`.
    """
    options = await client_options(gateway, caller, body)
    if idempotency_key:
        options["idempotency_key"] = idempotency_key
    identity = await callers.order(gateway, caller, body.prompt, options.pop("model"), options)
    return await _answered(gateway, identity, response, prefer)


@router.get("", summary="List generations, the newest first")
async def listing(
    gateway: Running,
    caller: Asking,
    wanted: Filters,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> GenerationPage:
    """One page of what fits every filter; `next` leads to the one after it."""
    if before:
        checked_id(before, "generation")
    asked = replace(wanted, owner=caller.only)
    found = await gateway.engine.store.database.read(partial(search.page, wanted=asked, limit=limit, before=before))
    following = request.url.include_query_params(before=found[-1].generation.id) if len(found) == limit else None
    return GenerationPage(
        generations=[answers.generation(Snapshot(one.generation, one.jobs, one.images)) for one in found],
        next=f"{following.path}?{following.query}" if following else None,
    )


@router.get("/{generation_id}", summary="Look at a generation")
async def get(gateway: Running, caller: Asking, generation_id: Id) -> GenerationAnswer:
    """The generation as it is now."""
    return answers.generation(await callers.snapshot(gateway, caller, generation_id))


@router.delete("/{generation_id}", summary="Cancel a generation")
async def cancel(gateway: Running, caller: Asking, generation_id: Id) -> CancelAnswer:
    """Cancel what can be cancelled, and say the truth about the rest: what goes on, and what it is charged."""
    await callers.snapshot(gateway, caller, generation_id)
    told = await gateway.engine.cancel(generation_id)
    fresh = await gateway.client.snapshot(generation_id)
    states = {job.id: job.state for job in fresh.jobs}
    return CancelAnswer(
        jobs=[
            CancelledJob(job=job.id, route=job.route, state=states.get(job.id, job.state), said=said)
            for job, said in told
        ],
        generation=answers.generation(fresh),
    )


@router.post(
    "/{generation_id}/retry",
    status_code=202,
    summary="Ask again for the pictures that did not come",
    responses=_FINISHED,
)
async def retry(
    gateway: Running, caller: Asking, generation_id: Id, response: Response, prefer: Prefer = ""
) -> GenerationAnswer:
    """A new generation with the same request, for as many pictures as are missing; seeds go on from the first of them.

    A job in doubt is not touched: it may have been paid, so somebody decides with `POST /v1/jobs/{id}/resolve`.
    """
    found = await callers.snapshot(gateway, caller, generation_id)
    options = _missing(found)
    identity = await callers.order(gateway, caller, options.pop("prompt"), options.pop("model"), options)
    return await _answered(gateway, identity, response, prefer)


def _missing(found: Snapshot) -> dict[str, Any]:
    """The request for what did not come, as the client takes it.

    Raises:
        RequestError: there is nothing to ask for again.
    """
    failed = [job for job in found.jobs if job.state in _WITHOUT_PICTURE and not job.went_elsewhere]
    if not failed:
        raise RequestError(
            "No picture of this generation is missing for good.",
            advice="Wait while it runs; decide about a job in doubt with POST /v1/jobs/{id}/resolve.",
        )
    asked = request_of(found.generation.asked)
    params = {name: value for name, value in asked.params.items() if words.meaning(name) not in {"num_images", "seed"}}
    if len(params) < len(asked.params) and failed[0].seed is not None:
        params["seed"] = failed[0].seed
    return {
        **params,
        "num_images": len(failed),
        "prompt": asked.prompt,
        "model": asked.model,
        "references": list(asked.references),
        "mode": asked.mode,
        "extra": asked.extra or None,
        "on_unsupported": asked.on_unsupported,
        "max_references": asked.max_references,
        "region": asked.region,
        "routing": asked.routing,
        "run": found.generation.run,
        "priority": failed[0].priority,
    }


def wished_wait(prefer: str) -> int:
    """Seconds that a Prefer header asks to wait, at most 120 (RFC 7240).

    >>> wished_wait("respond-async, wait=30"), wished_wait("wait=999"), wished_wait("")
    (30, 120, 0)
    """
    found = _WAIT.search(prefer)
    return min(int(found[1]), LONGEST_WAIT) if found else 0


async def _answered(gateway: Gateway, identity: str, response: Response, prefer: str) -> GenerationAnswer:
    """A new generation, waited for as long as its caller likes to wait."""
    response.headers["location"] = f"/v1/generations/{identity}"
    seconds = wished_wait(prefer)
    if seconds:
        response.headers["preference-applied"] = f"wait={seconds}"
        with suppress(WaitEnded):  # the answer says that it goes on: 202 with the state
            await gateway.unless_closing(gateway.engine.wait(identity, seconds))
    answer = answers.generation(await gateway.client.snapshot(identity))
    response.status_code = 200 if answer.settled else 202
    return answer
