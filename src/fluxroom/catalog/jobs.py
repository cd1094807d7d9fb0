"""From one request to its jobs: several pictures, seeds that are counted on, and fields that only the caller knows."""

from __future__ import annotations

from fluxroom.catalog import values
from fluxroom.catalog.draft import Draft, unsupported, whole
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON


def split(draft: Draft) -> tuple[list[dict[str, JSON]], int]:
    """One body per job: several pictures become several jobs where the endpoint makes fewer, seeds counted on."""
    asked = draft.asked.values.get("num_images")
    images = 1 if asked is None else whole("num_images", asked)
    if asked is not None:
        draft.params["num_images"] = images
    fields = draft.endpoint.named("num_images")
    most = int(fields[0].schema.get("maximum", 4)) if fields else 1
    count = -(-images // most)
    shares = [images // count + (index < images % count) for index in range(count)]
    seed = _seed(draft)
    if seed is not None and seed[1] > values.LARGEST - images:
        raise InvalidParams(f"seed {seed[1]} leaves no room to count on for {images} pictures", field="seed")
    jobs: list[dict[str, JSON]] = []
    made = 0
    for share in shares:
        job = dict(draft.wire)
        if fields and asked is not None:
            job[fields[0].wire] = share
        if seed is not None:
            job[seed[0]] = seed[1] + made
        jobs.append(job)
        made += share
    return jobs, max(shares)


def _seed(draft: Draft) -> tuple[str, int] | None:
    """The wire name of the seed and its first value."""
    value = draft.asked.values.get("seed")
    if value is None:
        return None
    fields = draft.endpoint.named("seed")
    if not fields:
        unsupported(draft, "seed")
        return None
    sent = values.on_wire(fields[0], value, draft.where)
    draft.params["seed"] = value
    return fields[0].wire, sent


def add_extra(draft: Draft, jobs: list[dict[str, JSON]]) -> None:
    """Fields that the schema does not know, sent as they are; those that it knows have a name of their own."""
    extra = draft.request.extra.get(draft.route.provider, {})
    for name in extra:
        if name in draft.endpoint.known:
            field = draft.endpoint.fields.get(name)
            use = f"use {field.canonical}" if field is not None else "Fluxroom sets webhooks itself"
            raise InvalidParams(f"extra: {draft.where} knows {name}; {use}", **draft.facts(name))
    for job in jobs:
        job.update(extra)
