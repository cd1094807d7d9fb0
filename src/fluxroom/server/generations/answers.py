"""What the gateway says: generations, jobs, images and receipts as JSON. Money as decimal strings, times in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from fluxroom import catalog
from fluxroom.catalog import words
from fluxroom.client import error_of
from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.errors import Abandoned
from fluxroom.server import problems
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.types import Receipt

_WITHOUT_ERROR = frozenset({State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING, State.SUCCEEDED})


class ReceiptAnswer(BaseModel):
    """Money in US dollars; `charged` is null while it is not known."""

    estimated: str
    reserved: str
    charged: str | None
    state: str = Field(description="charged, not_charged or unknown")
    source: str = Field(description="provider when the figure is the provider's own, cache when nothing was sent")
    doubtful: str = Field(description="what attempts before the last one may have cost besides")


class ImageAnswer(BaseModel):
    """A finished picture."""

    id: str
    job: str
    sha256: str
    mime: str
    width: int
    height: int
    size_bytes: int
    seed: int | None
    url: str = Field(description="The file as the provider made it.")
    thumbnail: str = Field(description="A small WebP.")
    download: str = Field(description="The file with prompt, model, parameters and seed written into it.")


class JobAnswer(BaseModel):
    """One call to one endpoint of a provider."""

    id: str
    generation: str
    run: str
    state: str
    route: str
    mode: str
    endpoint: str
    region: str
    attempt: int = Field(description="How often it was sent, or tried to be.")
    created_at: str
    changed_at: str
    request_id: str
    seed: int | None
    sandbox: bool
    seconds: float = Field(description="How long such a job usually takes.")
    submitted_at: str | None
    ready_at: str | None
    wire: dict[str, Any] = Field(description="The parameters as sent; pictures by hash.")
    receipt: ReceiptAnswer
    error: dict[str, Any] | None = Field(description="A problem, when there is no picture.")
    cached_from: str | None = Field(None, description="The job whose pictures this one gives again, free of charge")
    images: list[str]
    withheld: int = Field(0, description="How many more pictures were made and kept back by the provider's moderation")


class GenerationAnswer(BaseModel):
    """One request with its jobs and pictures."""

    id: str
    state: str = Field(description="queued, running, or how it ended; partial when only some pictures came.")
    settled: bool = Field(description="Nothing more happens without a person.")
    created_at: str
    model: str
    provider: str
    route: str
    mode: str
    prompt: str
    params: dict[str, Any]
    references: list[dict[str, Any]]
    not_sent: list[dict[str, Any]] = Field(description="What was asked for and left out, and why.")
    renamed: dict[str, str] = Field(description="Old parameter names, with what they are called now.")
    run: str = Field(description="The run that it belongs to.")
    sandbox: bool
    seconds: float
    quote: dict[str, Any]
    chosen: str = Field(description="Why this provider, where there was something to choose.")
    receipt: ReceiptAnswer
    error: dict[str, Any] | None
    jobs: list[JobAnswer]
    images: list[ImageAnswer]
    links: dict[str, str]


def generation(found: Snapshot) -> GenerationAnswer:
    """A generation as it is now."""
    about = found.generation
    provider, _, model = about.route.partition("/")
    failed = [job for job in found.jobs if job.state not in _WITHOUT_ERROR and not job.went_elsewhere]
    return GenerationAnswer(
        id=about.id,
        state=state_of(found.jobs),
        settled=found.settled,
        created_at=moment(about.created_at) or "",
        model=model,
        provider=provider,
        route=about.route,
        mode=about.mode,
        prompt=about.prompt,
        params=dict(about.params),
        references=[dict(one) for one in about.references],
        not_sent=[dict(one) for one in about.not_sent],
        renamed=_renamed(about),
        run=about.run,
        sandbox=any(job.sandbox for job in found.jobs),
        seconds=max((job.seconds for job in found.jobs), default=0.0),
        quote=dict(about.quote),
        chosen=str(about.quote.get("chosen") or ""),
        receipt=_receipt(_sum(found.jobs)),
        error=_problem_of(failed[0]) if failed else None,
        jobs=[_job(found, job) for job in found.jobs],
        images=[image(one) for job in found.jobs for one in found.images_of(job)],
        links=_links(about),
    )


def image(stored: StoredImage) -> ImageAnswer:
    """A picture with its addresses."""
    return ImageAnswer(
        id=stored.id,
        job=stored.job,
        sha256=stored.sha256,
        mime=stored.mime,
        width=stored.width,
        height=stored.height,
        size_bytes=stored.size_bytes,
        seed=stored.seed,
        url=f"/v1/images/{stored.id}/file",
        thumbnail=f"/v1/images/{stored.id}/thumbnail",
        download=f"/v1/images/{stored.id}/file?metadata=1",
    )


def state_of(jobs: Sequence[Job]) -> str:
    """The state of a generation, from the states of its jobs."""
    jobs = [job for job in jobs if not job.went_elsewhere]
    states = {str(job.state) for job in jobs}
    if not states <= SETTLED:
        return "queued" if states <= {State.QUEUED} else "running"
    if len(states) == 1:
        return states.pop()
    if State.UNKNOWN in states:
        return "unknown"  # a person has to decide, whatever became of the others
    return "partial" if State.SUCCEEDED in states else next(str(job.state) for job in jobs)


def job(found: Job, images: Sequence[StoredImage] = ()) -> JobAnswer:
    """A job with its receipt."""
    return JobAnswer(
        id=found.id,
        generation=found.generation,
        run=found.run,
        state=found.state,
        route=found.route,
        mode=found.mode,
        endpoint=found.endpoint,
        region=found.region,
        attempt=found.attempt,
        created_at=moment(found.created_at) or "",
        changed_at=moment(found.changed_at) or "",
        request_id=found.request_id,
        seed=found.seed,
        sandbox=found.sandbox,
        seconds=found.seconds,
        submitted_at=moment(found.submitted_at),
        ready_at=moment(found.ready_at),
        wire=dict(found.wire),
        receipt=_receipt(found.receipt),
        error=None if found.state in _WITHOUT_ERROR else _problem_of(found),
        images=[one.id for one in images],
        cached_from=found.cached_from or None,
        withheld=found.withheld,
    )


def _problem_of(job: Job) -> dict[str, Any]:
    error = error_of(job)
    if job.state == State.ABANDONED:
        # The row keeps why it was in doubt; what a caller must know is that somebody gave it up.
        error = Abandoned(job=job.id, route=job.route, why=error.detail)
    return problems.of(error)


def _job(found: Snapshot, one: Job) -> JobAnswer:
    return job(one, found.images_of(one))


def _renamed(about: Generation) -> dict[str, str]:
    """The request's old names, at the endpoint that it went to; nothing when the catalog has lost that since."""
    provider, _, model = about.route.partition("/")
    row = catalog.models().get(model)
    route = next((one for name, one in row.routes.items() if name == provider), None) if row else None
    if route is None or about.mode not in route.modes:
        return {}
    return words.old_names(about.asked.get("params") or (), route.endpoint(about.mode))


def _links(about: Generation) -> dict[str, str]:
    at = f"/v1/generations/{about.id}"
    return {"self": at, "events": f"{at}/events"}


def _receipt(found: Receipt) -> ReceiptAnswer:
    return ReceiptAnswer(**found.as_dict())


def _sum(jobs: Sequence[Job]) -> Receipt:
    known = [job.charged for job in jobs if job.charged is not None]
    states = {job.charge_state for job in jobs}
    return Receipt(
        estimated=sum((job.estimated for job in jobs), Decimal(0)),
        reserved=sum((job.reserved for job in jobs), Decimal(0)),
        charged=sum(known, Decimal(0)) if known else None,
        # One job in doubt leaves the sum in doubt; one that was charged makes it a sum that was charged.
        state="unknown" if "unknown" in states else "charged" if "charged" in states else "not_charged",
        source=jobs[0].charge_source if len({job.charge_source for job in jobs}) == 1 else "estimate",
        doubtful=sum((job.doubted for job in jobs), Decimal(0)),
    )


def moment(seconds: float) -> str | None:
    """Seconds since 1970 as people and JSON write a moment; None for 0, which means never."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
