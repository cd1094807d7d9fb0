"""A job as people and programs read it on the command line: one line, or one object."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice

if TYPE_CHECKING:
    from fluxroom.store.jobs import Job

COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "lost": "red",
    "unknown": "yellow",
    "moderated_input": "red",
    "moderated_output": "red",
}

_BEFORE_PROMPT = 70
"""Columns that the rest of a line takes."""


def line(job: Job) -> str:
    """A job in one line: short id, state, age, route, money, prompt."""
    state = click.style(f"{job.state:<16}", fg=COLOURS.get(job.state))
    money = "sandbox" if job.sandbox else voice.money(job.charged) if job.charge_state == "charged" else ""
    prompt = " ".join(str(job.wire.get("prompt", "")).split())
    room = max(12, voice.width() - _BEFORE_PROMPT)
    short = f"{prompt[: room - 1]}…" if len(prompt) > room else prompt
    return f"{job.id[-8:]}  {state} {age(job.created_at):>7} {job.route:<22} {money:>8}  {voice.dim(short)}"


def age(then: float) -> str:
    """How long ago, roughly: `12 s`, `5 min`, `3 h`, `2 d`."""
    seconds = max(0.0, time.time() - then)
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


def as_object(job: Job) -> dict[str, Any]:
    """A job as JSON."""
    return {
        "id": job.id,
        "generation": job.generation,
        "state": job.state,
        "route": job.route,
        "mode": job.mode,
        "endpoint": job.endpoint,
        "sandbox": job.sandbox,
        "created_at": job.created_at,
        "changed_at": job.changed_at,
        "seed": job.seed,
        "request_id": job.request_id or None,
        "attempt": job.attempt,
        "receipt": job.receipt.as_dict(),
        "error": job.error or None,
        "cached_from": job.cached_from or None,
        "wire": dict(job.wire),
    }
