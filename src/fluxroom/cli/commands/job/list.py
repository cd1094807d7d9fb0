"""`fluxroom jobs [ID]`: the newest jobs, or one with its whole story."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.runtime import run
from fluxroom.cli.shared import shared, wants_json

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


@click.command(name="jobs")
@click.argument("job_id", metavar="[ID]", required=False)
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only jobs in this state; may be repeated.")
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@shared
@click.pass_context
def command(ctx: click.Context, /, job_id: str | None, states: tuple[str, ...], limit: int) -> None:
    """List the newest jobs, or show the one whose id ends with ID."""
    if job_id is not None:
        from fluxroom.cli.commands.job.story import tell

        tell(ctx, job_id)
        return
    _known(states)
    found = _listed(ctx, states, limit)
    if wants_json(ctx):
        voice.document([as_object(job) for job in found])
    elif found:
        for job in found:
            voice.say(line(job))
        _doubts(found)
    else:
        voice.note("No such jobs." if states else "No jobs yet: fluxroom generate 'a red fox in fresh snow'")


def _known(states: Sequence[str]) -> None:
    from fluxroom.engine.lifecycle import State

    for state in states:
        if state not in set(State):
            raise click.BadParameter(f"{state!r} is not one of {', '.join(State)}.", param_hint="--state")


def _listed(ctx: click.Context, states: Sequence[str], limit: int) -> list[Job]:
    from fluxroom.cli.records import is_new, opened_store

    if is_new(ctx):
        return []

    async def work() -> list[Job]:
        from fluxroom.store import jobs

        async with opened_store(ctx) as store:
            return await store.database.read(
                lambda connection: jobs.recent(connection, limit=limit, states=list(states))
            )

    return run(work)


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


def _doubts(found: Sequence[Job]) -> None:
    doubts = [job for job in found if job.state == "unknown"]
    if doubts:
        voice.note(
            f"{len(doubts)} in doubt: the provider may have taken it. See `fluxroom jobs {doubts[0].id[-8:]}`, then "
            f"`fluxroom jobs resolve {doubts[0].id[-8:]} --retry` or `--abandon`."
        )


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
        "wire": dict(job.wire),
    }
