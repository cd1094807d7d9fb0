"""What a request costs: the pixels that are paid for, handed to the price formula of the row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fluxroom.catalog.pricing import Work
from fluxroom.catalog.rows import Route, SizeRule
from fluxroom.catalog.sizes import PRESETS
from fluxroom.catalog.wire import Endpoint
from fluxroom.types import JSON, Mode, Quote, Reference, Size


def quote(
    route: Route, mode: Mode, jobs: Sequence[Mapping[str, JSON]], references: Sequence[Reference], size: Size | None
) -> Quote:
    """The price of these jobs at a route, as a range with the sum spelled out."""
    endpoint = route.endpoint(mode, len(references))
    fields = endpoint.named("num_images")
    images = sum(int(job.get(fields[0].wire, 1)) if fields else 1 for job in jobs)
    work = Work(
        output=_output(mode, jobs[0], references, size),
        inputs=tuple(picture.megapixels for picture in references),
        images=images,
        jobs=len(jobs),
        seconds=route.seconds,
        values=jobs[0],
        loras=len(jobs[0].get("loras") or ()),
    )
    price = route.price(mode)
    found = price.quote(work)
    guessed = size is None and bool(references) and price.kind in {"per_megapixel", "first_further"}
    return replace(found, approximate=True) if guessed else found


def _output(mode: Mode, job: Mapping[str, JSON], references: Sequence[Reference], size: Size | None) -> float | None:
    """Megapixels of one picture; taken from the first reference where the provider follows it."""
    if size is not None:
        return size.megapixels
    if not references or not references[0].width:
        return None
    factor = float(job.get("upscale_factor", 2)) if mode == "upscale" else 1.0
    return references[0].megapixels * factor**2


def expanded(endpoint: Endpoint, job: Mapping[str, JSON], references: Sequence[Reference]) -> Size | None:
    """The size after expanding by pixels per side; None when the endpoint does not, or the reference is a URL."""
    sides = {side: endpoint.named(f"expand_{side}") for side in ("left", "right", "top", "bottom")}
    if not all(sides.values()) or not references or not references[0].width:
        return None
    added = {side: int(job.get(fields[0].wire) or 0) for side, fields in sides.items()}
    first = references[0]
    return Size(first.width + added["left"] + added["right"], first.height + added["top"] + added["bottom"])


def unasked(endpoint: Endpoint, references: Sequence[Reference], rule: SizeRule) -> Size | None:
    """The size that comes back when none is sent, where the provider says which; None where only it knows.

    BFL's FLUX.2 gives an edit the size of the first reference, at most 4 MP, sides floored to 16, and 1024x1024
    without one (BFL docs, read 2026-11-20); elsewhere the schema's own default counts.
    """
    fields = endpoint.named("image_size")
    if not fields:
        return None
    defaults = {
        field.part: int(field.schema["default"]) for field in fields if field.part and "default" in field.schema
    }
    if len(defaults) == len(fields):
        return Size(defaults["width"], defaults["height"])
    if not fields[0].part:
        return PRESETS.get(str(fields[0].schema.get("default")))
    if not references:
        return Size(1024, 1024)
    return _like(references[0], rule) if references[0].width else None


def _like(picture: Reference, rule: SizeRule) -> Size:
    most = rule.max_pixels or picture.width * picture.height
    shrink = min(1.0, math.sqrt(most / (picture.width * picture.height)))
    step = rule.step
    sides = (max(step, int(side * shrink) // step * step) for side in (picture.width, picture.height))
    return Size(*sides)
