"""What a request costs: the pixels that are paid for, handed to the price formula of the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fluxroom.catalog.pricing import Work
from fluxroom.catalog.rows import Route, SizeRule
from fluxroom.types import JSON, MEGAPIXEL, Mode, Quote, Reference, Size


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
    found = route.price(mode).quote(work)
    return found if size is not None or not references else replace(found, approximate=True)


def _output(
    mode: Mode, job: Mapping[str, JSON], references: Sequence[Reference], size: Size | None
) -> float | None:
    """Megapixels of one picture; taken from the first reference where the provider follows it."""
    if size is not None:
        return size.megapixels
    if not references or not references[0].width:
        return None
    sides = {name.removeprefix("expand_"): value for name, value in job.items() if isinstance(value, int)}
    width = references[0].width + sides.get("left", 0) + sides.get("right", 0)
    height = references[0].height + sides.get("top", 0) + sides.get("bottom", 0)
    factor = float(job.get("upscale_factor", 2)) if mode == "upscale" else 1.0
    return width * height * factor**2 / MEGAPIXEL


def like_first(references: Sequence[Reference], rule: SizeRule) -> Size | None:
    """The size that BFL's FLUX.2 gives an edit: that of the first reference, at most 4 MP, sides floored to 16.

    Source: BFL docs, image editing, read 2026-11-20.
    """
    if not references or not references[0].width:
        return None
    width, height = references[0].width, references[0].height
    most = rule.max_pixels or width * height
    shrink = min(1.0, (most / (width * height)) ** 0.5)
    step = rule.step
    return Size(max(step, int(width * shrink) // step * step), max(step, int(height * shrink) // step * step))
