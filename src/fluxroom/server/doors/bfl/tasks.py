"""A generation as one of BFL's tasks: what a submit answers, what a poll answers, what a webhook carries.

BFL counts money in credits of one US cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fluxroom.client import error_of
from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.store.jobs import Job
from fluxroom.types import JSON, MEGAPIXEL

Task = dict[str, Any]

_STATUS: Mapping[str, str] = {
    State.SUCCEEDED: "Ready",
    State.MODERATED_INPUT: "Request Moderated",
    State.MODERATED_OUTPUT: "Content Moderated",
}
"""States with a word of their own; every other one that is settled is an `Error`, and before that it is `Pending`.

`Reasoning` and `Generating`, which BFL says of FLUX 3, are not said here: strict clients break on them.
"""


def accepted(found: Snapshot, polling_url: str, webhook_url: str = "") -> Task:
    """What a submit answers."""
    job = found.jobs[0]
    told: Task = {"id": found.generation.id, "polling_url": polling_url, **_figures(found, job)}
    return {**told, "status": _status(job), "webhook_url": webhook_url} if webhook_url else told


def task(found: Snapshot, sample: str, progress: float | None) -> Task:
    """What a poll answers.

    Args:
        found: the generation.
        sample: the address of its picture; empty while there is none.
        progress: how far it is, 0 to 1, where somebody knows.
    """
    job = found.jobs[0]
    # Jobs and pictures are read one after the other: a picture may be there that the job does not know of yet.
    ready = sample and job.state == State.SUCCEEDED
    told: Task = {
        "id": found.generation.id,
        "status": _status(job),
        "result": _result(found, job, sample) if ready else None,
        "progress": progress,
        "details": _details(job),
        "preview": None,
    }
    return {**told, "cost": credits_of(job.charged)} if job.state == State.SUCCEEDED else told


def unknown(task_id: str) -> Task:
    """What a poll answers when there is no such task."""
    fields = ("result", "progress", "details", "preview")
    return {"id": task_id, "status": "Task not found", **dict.fromkeys(fields)}


def credits_of(amount: Decimal | None) -> float | None:
    """US dollars as credits.

    >>> credits_of(Decimal("0.045"))
    4.5
    """
    return None if amount is None else float(amount * 100)


def _status(job: Job) -> str:
    return _STATUS.get(job.state, "Error") if job.state in SETTLED else "Pending"


def _result(found: Snapshot, job: Job, sample: str) -> dict[str, JSON]:
    image = found.images_of(job)[0]
    return {
        "sample": sample,
        "prompt": found.generation.prompt,
        "seed": image.seed if image.seed is not None else job.seed,
        "start_time": job.submitted_at,
        "end_time": job.ready_at,
        "duration": round(max(0.0, job.ready_at - job.submitted_at), 3),
    }


def _details(job: Job) -> dict[str, JSON] | None:
    if job.state not in SETTLED or job.state == State.SUCCEEDED:
        return None
    error = error_of(job)
    if job.state in _STATUS:
        return {"Moderation Reasons": list(error.context.get("reasons") or [])}
    return {"error": error.detail, "next": error.next_step, "code": error.code}


def _figures(found: Snapshot, job: Job) -> dict[str, JSON]:
    given = sum(_pixels(one) for one in found.generation.references)
    made = _pixels(job.wire)
    cached = job.cached_from != ""
    return {
        "cost": 0.0 if cached else credits_of(job.estimated),
        "input_mp": round(given / MEGAPIXEL, 2),
        "output_mp": round(made / MEGAPIXEL, 2) if made else None,
    }


def _pixels(of: Mapping[str, JSON]) -> int:
    width, height = of.get("width"), of.get("height")
    return width * height if isinstance(width, int) and isinstance(height, int) else 0
