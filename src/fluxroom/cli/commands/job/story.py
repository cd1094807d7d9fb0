"""One job with its whole story: what was asked, sent, answered, paid and made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.commands.job.shape import COLOURS, as_object
from fluxroom.cli.records import opened_books
from fluxroom.cli.runtime import run
from fluxroom.cli.shared import wants_json

if TYPE_CHECKING:
    from fluxroom.records import Record


def tell(ctx: click.Context, part: str) -> None:
    """Show a job."""

    async def work() -> Record:
        async with opened_books(ctx) as books:
            return await books.record(part)

    found = run(work)
    if wants_json(ctx):
        voice.document(_document(found))
        return
    for name, value in _facts(found):
        voice.say(f"{voice.dim(f'{name:<11}')} {value}")
    for event in found.events:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(event["at"]))
        voice.say(f"{voice.dim(f'{at} UTC')}  {event['to_state']:<16} {voice.dim(event['why'])}")
    for stored, path in zip(found.images, found.places, strict=True):
        voice.say(f"{voice.dim('picture    ')} {stored.width}x{stored.height} {stored.mime}  {path}")
    _next(found)


def _document(found: Record) -> dict[str, Any]:
    return {
        **as_object(found.job),
        "prompt": found.generation.prompt,
        "asked": dict(found.generation.asked),
        "not_sent": [dict(note) for note in found.generation.not_sent],
        "quote": dict(found.generation.quote),
        "events": [{name: value for name, value in event.items() if name != "generation"} for event in found.events],
        "images": [
            {
                "id": stored.id,
                "path": path,
                "sha256": stored.sha256,
                "mime": stored.mime,
                "width": stored.width,
                "height": stored.height,
                "seed": stored.seed,
            }
            for stored, path in zip(found.images, found.places, strict=True)
        ],
    }


def _facts(found: Record) -> list[tuple[str, str]]:
    job, error = found.job, found.job.error or {}
    sent = {name: value for name, value in job.wire.items() if name != "prompt"}
    rows = [
        ("job", job.id),
        ("generation", job.generation),
        ("state", click.style(job.state, fg=COLOURS.get(job.state), bold=True)),
        ("route", f"{job.route} ({job.mode})" + (f" {click.style('sandbox', fg='yellow')}" if job.sandbox else "")),
        ("prompt", found.generation.prompt),
        ("sent", voice.dumps(sent)),
        *((f"not sent: {note['name']}", note["why"]) for note in found.generation.not_sent),
        ("money", _money(found)),
        ("request id", job.request_id),
        ("error", str(error.get("message", ""))),
    ]
    return [(name, value) for name, value in rows if value]


def _money(found: Record) -> str:
    receipt = found.job.receipt
    if receipt.state == "not_charged":
        return "not charged"
    if receipt.state == "unknown":
        return f"whether it was charged is not known (estimated {voice.money(receipt.estimated)})"
    figure = "the provider's figure" if receipt.source == "provider" else "from the price list"
    practice = ", in the sandbox: nothing was really charged" if found.job.sandbox else ""
    return f"{voice.money(receipt.charged)} charged ({figure}{practice})"


def _next(found: Record) -> None:
    short = found.job.id[-8:]
    if found.job.state == "unknown":
        voice.note(f"Decide: `fluxroom jobs resolve {short} --retry` or `--abandon`.")
    elif found.job.state in {"queued", "submitting", "running", "fetching"}:
        voice.note("Go on with it: `fluxroom jobs resume`.")
    elif found.images:
        voice.note(f"Write it to a file: `fluxroom jobs save {short} -o FILE`.")
