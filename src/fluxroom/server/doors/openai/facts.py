"""What Fluxroom tells beside OpenAI's own fields: `fluxroom` in every answer, which OpenAI's clients hand through."""

from __future__ import annotations

from typing import Any

from fluxroom.client import error_of
from fluxroom.engine import Snapshot
from fluxroom.errors import FluxroomError
from fluxroom.server.doors.links import Links
from fluxroom.server.generations import answers
from fluxroom.store.images import StoredImage

USAGE: dict[str, Any] = {
    "total_tokens": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "input_tokens_details": {"text_tokens": 0, "image_tokens": 0},
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 0},
}
"""FLUX is not paid by the token: what it cost is in `fluxroom.receipt`."""

FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}


def facts_of(found: Snapshot, reported: list[dict[str, str]], reach: Links) -> dict[str, Any]:
    """What was made, where it is, what it cost, and what was asked for and not sent."""
    told = answers.generation(found)
    return {
        "generation": told.id,
        "route": told.route,
        "mode": told.mode,
        "sandbox": told.sandbox,
        "receipt": told.receipt.model_dump(),
        "not_sent": [*reported, *told.not_sent],
        "images": [picture(image, reach) for image in found.images],
        "failed": [job.error for job in told.jobs if job.error],
    }


def picture(image: StoredImage, reach: Links) -> dict[str, Any]:
    """A picture's own facts."""
    return {
        "id": image.id,
        "sha256": image.sha256,
        "seed": image.seed,
        "width": image.width,
        "height": image.height,
        "url": reach.of(image),
    }


def failure(found: Snapshot) -> FluxroomError | None:
    """Why there is no picture at all; None when there is one."""
    if found.images:
        return None
    return next((error_of(job) for job in found.jobs if job.state != "succeeded"), None)
