"""What an agent is shown: pictures small enough for a conversation, the original by a link, and the facts as JSON."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mcp_types import ImageContent, ResourceLink, TextContent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fluxroom.engine import Snapshot
    from fluxroom.mcp.desks import Desk
    from fluxroom.store.jobs import Job
    from fluxroom.store.library import Picture
    from fluxroom.types import Plan

Content = ImageContent | ResourceLink | TextContent

LONGEST = 1024
"""Pixels of the longer side that a model is shown; the original is behind the link."""

MOST_BYTES = 700_000
"""Bytes of a shown picture: more than this many times 4/3 characters is refused by common clients."""

_STEPS = (LONGEST, 768, 512, 256)


def address(picture_id: str) -> str:
    """The name under which an agent reads an original: `fluxroom://images/…`."""
    return f"fluxroom://images/{picture_id}"


async def shown(desk: Desk, picture: Picture, *, longest: int = LONGEST) -> list[Content]:
    """A picture for a conversation, with a link to its original."""
    data = await desk.file(picture)
    small, mime = await asyncio.to_thread(_small, data, picture.mime, max(picture.width, picture.height), longest)
    return [
        ImageContent(type="image", data=b64encode(small).decode(), mime_type=mime),
        await linked(desk, picture),
    ]


def _small(data: bytes, mime: str, longer: int, longest: int) -> tuple[bytes, str]:
    """The bytes as they are where they are small enough, else a WebP that is."""
    from fluxroom.imaging.thumbnails import thumbnail

    if longer <= longest and len(data) <= MOST_BYTES:
        return data, mime
    small = b""
    for side in (longest, *(step for step in _STEPS if step < longest)):
        small = thumbnail(data, side)
        if len(small) <= MOST_BYTES:
            break
    return small, "image/webp"


async def linked(desk: Desk, picture: Picture) -> ResourceLink:
    """A link to the original: readable as a resource, and in a browser where there is a place for it."""
    link = await desk.link(picture)
    return ResourceLink(
        type="resource_link",
        uri=address(picture.id),
        name=f"{picture.model}-{picture.id[-6:]}",
        description=f"Original, {picture.width}x{picture.height} pixels" + (f": {link}" if link else ""),
        mime_type=picture.mime,
        size=picture.size_bytes,
    )


def fact(picture: Picture, link: str = "") -> dict[str, Any]:
    """A picture as JSON."""
    return {
        "image_id": picture.id,
        "prompt": picture.prompt,
        "route": f"{picture.provider}/{picture.model}",
        "mode": picture.mode,
        "size": f"{picture.width}x{picture.height}",
        "seed": picture.seed,
        "cost_usd": _money(picture.charged),
        "sandbox": picture.sandbox,
        "link": link or None,
    }


def plan_fact(plan: Plan) -> dict[str, Any]:
    """A quote as JSON."""
    return {
        "route": plan.route,
        "mode": plan.mode,
        "price": plan.quote.text,
        "low_usd": _money(plan.quote.low),
        "high_usd": _money(plan.quote.high),
        "formula": plan.quote.formula,
        "images": plan.quote.images,
        "size": str(plan.size) if plan.size else None,
        "seconds": plan.seconds,
        "not_sent": [note.as_dict() for note in plan.not_sent],
        "sandbox": plan.sandbox,
    }


def state_fact(found: Snapshot) -> dict[str, Any]:
    """A generation as JSON."""
    return {
        "generation_id": found.generation.id,
        "settled": found.settled,
        "route": found.generation.route,
        "mode": found.generation.mode,
        "prompt": found.generation.prompt,
        "jobs": [_job(job) for job in found.jobs],
        "image_ids": [image.id for image in found.images],
        "charged_usd": _money(_sum(found.jobs)),
        "sandbox": any(job.sandbox for job in found.jobs),
        "not_sent": [dict(note) for note in found.generation.not_sent],
    }


def _job(job: Job) -> dict[str, Any]:
    told = dict(job.error or {})
    return {
        "job_id": job.id,
        "state": job.state,
        "charge": job.charge_state,
        "error": {name: told.get(name) for name in ("code", "message", "next")} if told else None,
    }


def _sum(jobs: Sequence[Job]) -> Decimal | None:
    known = [job.charged for job in jobs if job.charged is not None]
    return sum(known, Decimal(0)) if known else None


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
