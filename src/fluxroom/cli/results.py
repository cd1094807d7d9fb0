"""A finished request, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice

if TYPE_CHECKING:
    from fluxroom.engine import Snapshot
    from fluxroom.result import Image

_SUFFIXES = {"image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"), "image/webp": (".webp",)}


def show_result(found: Snapshot, pictures: Sequence[Image], files: Sequence[Path], *, as_json: bool) -> None:
    """Tell what was made, where it is and what it cost."""
    if as_json:
        voice.line(**as_object(found, pictures, files))
    else:
        for picture, file in zip(pictures, files, strict=True):
            voice.say(_line(picture, file))
        _cost(found)
        if why := found.generation.quote.get("chosen"):
            voice.note(voice.dim(f"  chosen: {why}"))
    for note in found.generation.not_sent:
        voice.note(f"{click.style('Not sent', fg='yellow')}: {note['name']} — {note['why']}")
    for picture, file in zip(pictures, files, strict=True):
        if file.suffix and file.suffix.lower() not in _SUFFIXES.get(picture.mime, (file.suffix.lower(),)):
            kind = picture.mime.removeprefix("image/").upper()
            voice.note(f"{file} holds a {kind}; --output-format asks for another kind, where the model has it.")


def _line(picture: Image, file: Path) -> str:
    facts = [picture.route, f"{picture.size}"]
    if picture.seed is not None:
        facts.append(f"seed {picture.seed}")
    return f"{click.style(str(file), bold=True)}  " + voice.dim(" · ".join(facts))


def _cost(found: Snapshot) -> None:
    made = [job for job in found.jobs if job.state == "succeeded"]
    known = [job.charged for job in made if job.charged is not None]
    total = sum(known[1:], known[0]) if known else None
    source = {
        "provider": "as the provider says",
        "estimate": "estimated from the price list",
        "cache": "the same picture was made before",
    }.get(made[0].charge_source, made[0].charge_source)
    if made[0].cached_from:
        voice.say(
            voice.dim(
                "the same request and seed were answered before: free, from the store (--cache off makes it anew)"
            )
        )
    elif made[0].sandbox:
        word = click.style("sandbox", fg="yellow", bold=True)
        voice.say(f"{word}: a practice picture; nothing was charged (it would have cost {voice.money(total)})")
    else:
        voice.say(voice.dim(f"cost {voice.money(total)}, {source}"))


def as_object(found: Snapshot, pictures: Sequence[Image], files: Sequence[Path]) -> dict[str, Any]:
    """The result as JSON."""
    first = found.jobs[0]
    return {
        "event": "result",
        "generation": found.generation.id,
        "route": found.generation.route,
        "mode": found.generation.mode,
        "sandbox": first.sandbox,
        "images": [
            {
                "id": picture.id,
                "file": str(file),
                "sha256": picture.sha256,
                "mime": picture.mime,
                "width": picture.size.width,
                "height": picture.size.height,
                "seed": picture.seed,
                "cost": picture.cost,
                "receipt": picture.receipt.as_dict(),
                "provider": picture.provider,
                "model": picture.model,
                "request_id": picture.request_id,
                "job": picture.job,
                "sandbox": picture.sandbox,
            }
            for picture, file in zip(pictures, files, strict=True)
        ],
        "jobs": [{"id": job.id, "state": job.state, "error": job.error or None} for job in found.jobs],
        "not_sent": [dict(note) for note in found.generation.not_sent],
        "chosen": found.generation.quote.get("chosen") or "",
    }
