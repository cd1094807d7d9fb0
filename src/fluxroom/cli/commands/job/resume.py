"""`fluxroom jobs resume`: go on with whatever is unfinished in the data folder."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.commands.job.shape import as_object, line
from fluxroom.cli.delivering import check_target, deliver
from fluxroom.cli.problems import PIPED
from fluxroom.cli.runtime import opened, run
from fluxroom.cli.shared import settings, shared, wants_json

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient
    from fluxroom.store.jobs import Job

_OPEN = ("queued", "submitting", "running", "fetching")
_ALL = 1_000_000
"""As many jobs as there are."""

_LOOK = 0.2
"""Seconds between two looks at the ledger; the engine itself notices everything at once."""


@click.command(name="resume")
@click.option("-o", "--output", metavar="FOLDER", help="Write the pictures into this folder as well.")
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long; default: never.")
@shared
@click.pass_context
def command(ctx: click.Context, /, output: str | None, wait: float | None) -> None:
    """Go on with every unfinished job of the data folder, whoever began it, until nothing is left.

    Nothing is sent a second time: jobs that a provider has are waited for, jobs in doubt are left for
    `fluxroom jobs resolve`.
    """
    ctx.meta[PIPED] = True
    check_target(output)
    left = run(lambda: _interruptible(ctx, output, wait))
    if left:
        from fluxroom.errors import WaitEnded

        raise WaitEnded(f"{len(left)} jobs are not finished after {wait:g} s and go on", job=left[0].id)


async def _interruptible(ctx: click.Context, output: str | None, wait: float | None) -> list[Job]:
    try:
        return await _resumed(ctx, output, wait)
    except asyncio.CancelledError:
        voice.note("\nStopped waiting. Nothing is lost: fluxroom jobs resume")
        raise


async def _resumed(ctx: click.Context, output: str | None, wait: float | None) -> list[Job]:
    """Wait and tell; the jobs that are still open when the time is over."""
    as_json = wants_json(ctx, piped=True)
    async with opened(ctx, everyones=not settings(ctx).url) as client:
        began = await _jobs(client, _OPEN)
        mine, others = await _parted(client, began)
        _others(others)
        with _progress(began, as_json=as_json) as moving:
            ended = await _until_done(client, mine, wait, moving)
        for job in ended:
            await _told(client, job, output, as_json=as_json)
        left = (await _parted(client, await _jobs(client, _OPEN)))[0]
        doubts = await _jobs(client, ("unknown",))
    _summary(ended, left, doubts, as_json=as_json)
    if output is None and not as_json and any(job.state == "succeeded" for job in ended):
        voice.note("The pictures are in the data folder: `fluxroom jobs save ID -o FILE` writes one to a file.")
    return left


async def _jobs(client: AsyncClient, states: Sequence[str]) -> list[Job]:
    """All jobs in these states, oldest first."""
    return (await client.jobs(states=states, limit=_ALL))[::-1]


async def _parted(client: AsyncClient, found: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """The jobs that this process has the account for, and the others; a gateway has it for all of its own."""
    accounts = {account.account for account in await client.worker.books.providers()} | {""}
    return [job for job in found if job.account in accounts], [job for job in found if job.account not in accounts]


def _others(found: Sequence[Job]) -> None:
    if not found:
        return
    practice = sum(job.sandbox for job in found)
    real = len(found) - practice
    if practice:
        voice.note(f"{practice} unfinished in the sandbox are left alone: go on with --sandbox.")
    if real:
        voice.note(f"{real} unfinished belong to another key or address and are left alone: set that one to go on.")


async def _until_done(client: AsyncClient, mine: Sequence[Job], wait: float | None, moving: Any) -> list[Job]:
    """Watch until no open job is left or the time is over; the jobs that ended meanwhile, oldest first."""
    watched = {job.id: job for job in mine}
    loop = asyncio.get_running_loop()
    deadline = None if wait is None else loop.time() + wait
    while True:
        still = (await _parted(client, await _jobs(client, _OPEN)))[0]
        watched |= {job.id: job for job in still}
        moving(len(watched) - len(still), len(watched))
        if not still or (deadline is not None and loop.time() >= deadline):
            break
        await asyncio.sleep(_LOOK)
    unfinished = {job.id for job in still}
    return [await client.job(name) for name in watched if name not in unfinished]


async def _told(client: AsyncClient, job: Job, output: str | None, *, as_json: bool) -> None:
    files = []
    if output is not None and job.state == "succeeded":
        books = client.worker.books
        found = await books.record(job.id)
        pictures = found.pictures(await books.fetched(found.images))
        files = [str(file) for file in deliver(pictures, output, metadata=True)]
    if as_json:
        voice.line(event="done", **as_object(job), files=files)
        return
    voice.say(line(job))
    for file in files:
        voice.say(f"          {file}")


def _summary(ended: Sequence[Job], left: Sequence[Job], doubts: Sequence[Job], *, as_json: bool) -> None:
    made = sum(job.state == "succeeded" for job in ended)
    if as_json:
        voice.line(
            event="result", ended=len(ended), succeeded=made, unfinished=len(left), in_doubt=[job.id for job in doubts]
        )
        return
    if not ended and not left:
        voice.say("Nothing is unfinished.")
    elif ended:
        voice.say(f"{len(ended)} ended, {made} with a picture." + (f" {len(left)} go on." if left else ""))
    if doubts:
        voice.note(f"{len(doubts)} in doubt need a decision: `fluxroom jobs --state unknown`.")


def _progress(found: Sequence[Job], *, as_json: bool) -> Any:
    """A moving count for people, nothing for programs."""
    from contextlib import nullcontext

    if not found or as_json or not sys.stderr.isatty():
        return nullcontext(lambda _done, _all: None)
    from fluxroom.cli.progress import counting

    return counting("unfinished jobs")
