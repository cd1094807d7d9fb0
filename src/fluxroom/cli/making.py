"""From a typed request to a file: check, price, send, tell what happens, write."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.asking import read_request
from fluxroom.cli.delivering import check_target, deliver
from fluxroom.cli.problems import ASKED, PIPED
from fluxroom.cli.runtime import opened, run
from fluxroom.cli.shared import settings, wants_json

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient
    from fluxroom.engine import Snapshot
    from fluxroom.types import Plan

ASK_ABOVE = Decimal(1)
"""US dollars above which a person at a terminal is asked first."""

_SENT_LIMIT = 30.0
"""Seconds that `--no-wait` gives the provider to take the jobs; after that they wait in the data folder."""


def make(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Carry out `generate` or `edit`."""
    ctx.meta[PIPED] = True
    prompt, options = read_request(given)
    ctx.meta[ASKED] = options.get("model")
    check_target(given["output"])
    failed = run(lambda: _made(ctx, prompt, options, given))
    if failed is not None:
        raise failed


def make_again(
    ctx: click.Context,
    facts: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    references: Sequence[str],
    cache: str | None,
) -> None:
    """Carry out `inspect --again`: what the facts of a file say, with other references where some are given."""
    from fluxroom.again import request_of

    ctx.meta[PIPED] = True
    prompt, options = request_of(facts)
    if references:
        options["references"] = list(references)
    if cache:
        options["cache"] = cache
    ctx.meta[ASKED] = options["model"]
    check_target(given["output"])
    failed = run(lambda: _made(ctx, prompt, options, given, found_by_hash=True))
    if failed is not None:
        raise failed


async def _made(
    ctx: click.Context,
    prompt: Any,
    options: dict[str, Any],
    given: Mapping[str, Any],
    *,
    found_by_hash: bool = False,
) -> Exception | None:
    async with opened(ctx) as client:
        if found_by_hash:
            from fluxroom.again import still_there

            await still_there(client, options)
        request, plan = await client.plan(prompt, **options)
        _affordable(plan, given["max_price"])
        if not given["yes"] and not plan.sandbox:
            _confirmed(plan)
        identity = await client.send(request, plan, options)
        try:
            return await _followed(ctx, client, identity, plan, given)
        except asyncio.CancelledError:
            _interrupted(await client.snapshot(identity))
            raise


async def _followed(
    ctx: click.Context, client: AsyncClient, identity: str, plan: Plan, given: Mapping[str, Any]
) -> Exception | None:
    """Tell what becomes of a generation that was sent, and write its pictures."""
    as_json = wants_json(ctx, piped=True)
    started = await client.snapshot(identity)
    if as_json:
        voice.line(**_submitted(started, plan))
    if given["no_wait"]:
        await _handed_over(client, identity, as_json=as_json)
        return None
    found = await _watched(ctx, client, started, given["wait"])
    return await _finished(ctx, client, found, given)


def _affordable(plan: Plan, most: Decimal | None) -> None:
    """Refuse a request that may cost more than the caller allows."""
    from fluxroom.errors import BudgetExceeded

    if most is None or (plan.quote.high is not None and plan.quote.high <= most):
        return
    raise BudgetExceeded(
        f"{plan.route} costs {plan.quote.text} for this, and --max-price is {voice.money(most)}",
        advice="Raise --max-price, or choose a cheaper model: `fluxroom models`.",
        model=plan.model,
        provider=plan.provider,
    )


def _confirmed(plan: Plan) -> None:
    """Ask a person at a terminal before an expensive request; a script says --max-price."""
    most = plan.quote.high if plan.quote.high is not None else plan.quote.low
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if most > ASK_ABOVE and terminal:
        pictures = "1 picture" if plan.quote.images == 1 else f"{plan.quote.images} pictures"
        click.confirm(f"{pictures} by {plan.route} for {plan.quote.text}: go on?", abort=True, err=True)


def _submitted(found: Snapshot, plan: Plan) -> dict[str, Any]:
    return {
        "event": "submitted",
        "generation": found.generation.id,
        "jobs": [job.id for job in found.jobs],
        "route": plan.route,
        "mode": plan.mode,
        "quote": plan.quote.as_dict(),
        "not_sent": [note.as_dict() for note in plan.not_sent],
        "sandbox": found.jobs[0].sandbox,
    }


async def _handed_over(client: AsyncClient, identity: str, *, as_json: bool) -> None:
    """Wait until the provider has the jobs, so that they really are on their way when the command ends."""
    deadline = asyncio.get_running_loop().time() + _SENT_LIMIT
    found = await client.snapshot(identity)
    while {job.state for job in found.jobs} & {"queued", "submitting"}:
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.05)
        found = await client.snapshot(identity)
    for job in found.jobs:
        if as_json:
            voice.line(event=job.state, job=job.id, generation=identity, request_id=job.request_id or None)
        else:
            voice.say(job.id)
    if not as_json:
        voice.note("On its way. Get the picture with `fluxroom jobs resume`, look at it with `fluxroom jobs`.")


async def _watched(ctx: click.Context, client: AsyncClient, started: Snapshot, wait: float | None) -> Snapshot:
    """Tell what happens until everything is settled, the time is over, or Ctrl-C.

    Raises:
        WaitEnded: the time is over; the jobs go on.
    """
    from fluxroom.cli.progress import teller
    from fluxroom.errors import WaitEnded

    seconds = settings(ctx).wait if wait is None else wait
    identity = started.generation.id
    try:
        async with asyncio.timeout(seconds):
            with teller(ctx, started) as tell:
                async for event in client.worker.events(identity):
                    tell(event)
    except TimeoutError:
        found = await client.snapshot(identity)
        if not found.settled:
            job = next(job for job in found.jobs if job.state != "succeeded")
            raise WaitEnded(
                f"Not finished after {seconds:g} s; the job is {job.state} and goes on",
                job=job.id,
                generation=identity,
                route=job.route,
                request_id=job.request_id or None,
            ) from None
    return await client.snapshot(identity)


def _interrupted(found: Snapshot) -> None:
    """Ctrl-C: nothing is lost, and this is how to go on."""
    going = [job for job in found.jobs if job.state != "succeeded"] or list(found.jobs)
    ids = ", ".join(job.id[-8:] for job in going[:3]) + ("" if len(going) <= 3 else ", …")
    voice.note(f"\nStopped waiting; nothing is lost. Go on ({ids}): fluxroom jobs resume -o .")
    voice.note(f"Or give it up: fluxroom jobs cancel {going[0].id[-8:]}   (Ctrl-C again ends at once)")


async def _finished(
    ctx: click.Context, client: AsyncClient, found: Snapshot, given: Mapping[str, Any]
) -> Exception | None:
    """Write the pictures and tell about them; the error to end with where some were not made."""
    from fluxroom.cli.results import show_result
    from fluxroom.client import error_of

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pictures that are missing are told below, each with its reason
        pictures = await client.images(found)
    files = deliver(pictures, given["output"], metadata=given["metadata"])
    show_result(found, pictures, files, as_json=wants_json(ctx, piped=True))
    failed = [job for job in found.jobs if job.state != "succeeded"]
    return error_of(failed[0]) if failed else None
