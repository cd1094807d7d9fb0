"""What fal's models answer, from the pictures of a generation."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fluxroom import catalog
from fluxroom.engine import Snapshot
from fluxroom.server.doors.links import Links
from fluxroom.store.blobs import BlobStore
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Job
from fluxroom.types import JSON

_SINGLE = frozenset({"fal-ai/flux-vision-upscaler", "fal-ai/lucidflux"})
"""Endpoints whose output has one `image` instead of a list."""

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


async def output(found: Snapshot, links: Links, blobs: BlobStore) -> dict[str, Any]:
    """The output of a generation that made pictures: fal's fullest shape, which every endpoint's is a part of.

    With `sync_mode` the pictures are in it as data URIs, as the caller asked. Where a model makes one picture at a
    time, several that were asked for are several jobs and one output.
    """
    job, made = found.jobs[0], found.images
    files = [await _file(image, links, blobs, inline=job.wire.get("sync_mode") is True) for image in made]
    seed = next((image.seed for image in made if image.seed is not None), job.seed)
    told: dict[str, Any] = {
        "images": files,
        "timings": {"inference": seconds(job)},
        "has_nsfw_concepts": [False] * len(files),
        "prompt": found.generation.prompt,
    }
    if seed is not None:
        told["seed"] = seed
    return {"image": files[0], **told} if job.endpoint in _SINGLE and files else told


def headers(found: Snapshot) -> dict[str, str]:
    """What fal says beside an output: which request it was, and how much of it is billed where that is known."""
    told = {"x-fal-request-id": found.generation.id}
    units = [_units(job) for job in found.jobs]
    known = [unit for unit in units if unit is not None]
    return (
        {**told, "x-fal-billable-units": f"{sum(known, Decimal(0)).normalize():f}"}
        if len(known) == len(units)
        else told
    )


def _units(job: Job) -> Decimal | None:
    """How many of its endpoint's units a job was charged; what the cache gives again costs nothing."""
    if job.charged is None or not job.charged:
        return job.charged
    try:
        price = catalog.endpoint("fal", job.endpoint).unit_price
    except KeyError:  # an endpoint of another provider, or of a later version
        return None
    return job.charged / price if price else None


def seconds(job: Job) -> float:
    """How long the model took."""
    return round(max(0.0, job.ready_at - job.submitted_at), 3)


async def _file(image: StoredImage, links: Links, blobs: BlobStore, *, inline: bool) -> Mapping[str, JSON]:
    url = await asyncio.to_thread(_data_uri, image, blobs) if inline else links.of(image)
    return {
        "url": url,
        "content_type": image.mime,
        "file_name": f"{image.id}.{_SUFFIXES.get(image.mime, 'bin')}",
        "file_size": image.size_bytes,
        "width": image.width,
        "height": image.height,
    }


def _data_uri(image: StoredImage, blobs: BlobStore) -> str:
    return f"data:{image.mime};base64,{b64encode(blobs.get(image.sha256)).decode()}"
