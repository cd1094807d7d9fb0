"""Jobs: what became of each call to a provider, and a person's decision about those in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from fluxroom import records
from fluxroom.engine.lifecycle import State
from fluxroom.records import Record
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Running, checked_id
from fluxroom.server.generations import answers
from fluxroom.server.generations.answers import ImageAnswer, JobAnswer
from fluxroom.server.schemas import ResolveBody
from fluxroom.store import listing

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class JobPage(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class StoryEvent(BaseModel):
    """One change of a job's state."""

    at: str
    from_state: str
    to_state: str
    why: str


class RequestAnswer(BaseModel):
    """The request that a job belongs to."""

    id: str
    run: str
    created_at: str
    route: str
    mode: str
    prompt: str
    asked: dict[str, Any] = Field(description="The request as its caller wrote it.")
    params: dict[str, Any]
    references: list[dict[str, Any]]
    not_sent: list[dict[str, Any]]
    quote: dict[str, Any]


class StoryAnswer(BaseModel):
    """A job with everything that is known of it."""

    job: JobAnswer
    generation: RequestAnswer
    images: list[ImageAnswer]
    events: list[StoryEvent]


@router.get("", summary="List jobs, the newest first")
async def list_jobs(
    gateway: Running,
    caller: Asking,
    state: Annotated[list[State] | None, Query(description="Only jobs in this state; may be repeated")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> JobPage:
    """One page of the caller's jobs; `next` leads to the one after it."""
    if before:
        checked_id(before, "job")
    states = [str(one) for one in state or ()]
    work = partial(listing.page, limit=limit, states=states, before=before, owner=caller.only)
    found = await gateway.engine.store.database.read(work)
    more = None
    if len(found) == limit:
        more = f"/v1/jobs?limit={limit}&before={found[-1].id}" + "".join(f"&state={one}" for one in states)
    return JobPage(jobs=[answers.job(one) for one in found], next=more)


@router.get("/{job_id}", summary="A job with its story")
async def get_job(
    gateway: Running,
    caller: Asking,
    job_id: Annotated[str, Path(max_length=40, description="Its id, or the end of it")],
) -> StoryAnswer:
    """The job, the request that it belongs to, its pictures and every change of its state."""
    return _story(await records.record(gateway.engine.store, job_id, owner=caller.only))


@router.post("/{job_id}/resolve", summary="Decide about a job in doubt")
async def resolve(gateway: Running, caller: Asking, job_id: str, body: ResolveBody) -> JobAnswer:
    """Send a job in doubt again (which pays again if the provider had taken it), or give it up."""
    found = await records.record(gateway.engine.store, checked_id(job_id, "job"), owner=caller.only)
    return answers.job(await gateway.client.resolve(found.job.id, body.choice))


def _story(found: Record) -> StoryAnswer:
    about = found.generation
    return StoryAnswer(
        job=answers.job(found.job, found.images),
        generation=RequestAnswer(
            id=about.id,
            run=about.run,
            created_at=answers.moment(about.created_at) or "",
            route=about.route,
            mode=about.mode,
            prompt=about.prompt,
            asked=dict(about.asked),
            params=dict(about.params),
            references=[dict(one) for one in about.references],
            not_sent=[dict(one) for one in about.not_sent],
            quote=dict(about.quote),
        ),
        images=[answers.image(one) for one in found.images],
        events=[_event(one) for one in found.events],
    )


def _event(row: Mapping[str, Any]) -> StoryEvent:
    at = answers.moment(row["at"]) or ""
    return StoryEvent(at=at, from_state=row["from_state"], to_state=row["to_state"], why=row["why"])
