"""`fluxroom worker`: one of any number of processes, on any machine, that carry the jobs of a PostgreSQL database."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from fluxroom.cli.records import at_home
from fluxroom.cli.shared import settings, shared, wants_json
from fluxroom.cli.stopping import when_told_to_stop

if TYPE_CHECKING:
    from fluxroom.settings import Settings

_DRAIN = 5.0
"""Seconds that submits under way get to finish; with what the database needs, the end comes within ten."""


@click.command(name="worker")
@shared
@click.pass_context
def command(ctx: click.Context) -> None:
    """Carry jobs of the PostgreSQL database that FLUXROOM_DATABASE_URL names, until Ctrl-C or SIGTERM.

    Start as many as you like, on as many machines as you like. Each needs the same database, the same provider keys
    and the same store of pictures: a shared data folder, or FLUXROOM_BLOBS. A worker that is told to stop hands its
    running jobs to the others within ten seconds; one that dies is noticed by its heartbeat.
    """
    at_home(ctx, "the work of a worker")
    found = settings(ctx)
    if not found.database:
        from fluxroom.settings import BadSettings

        raise BadSettings(
            "FLUXROOM_DATABASE_URL is not set: a worker shares a PostgreSQL database with others.",
            advice="Set it to postgresql://user:password@host/name; on one machine `fluxroom serve` does all the work.",
            field="FLUXROOM_DATABASE_URL",
        )
    from fluxroom.interpreter import event_loop, tune

    tune()
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(_work(found, as_json=wants_json(ctx)))


async def _work(found: Settings, *, as_json: bool) -> None:
    from fluxroom.cli.voice import line, say
    from fluxroom.client import AsyncClient

    told = _told_to_stop()
    client = AsyncClient(settings=found, everyones=True)
    await client.__aenter__()
    try:
        fleet, accounts = client.engine.store.fleet, sorted(one.id for one in client.engine.accounts.values())
        address = fleet.address if fleet else ""
        if as_json:
            line(database=address, accounts=accounts)
        else:
            say(f"Carries jobs of {address} for {', '.join(accounts) or 'no provider: no key is set'}.")
            say("Stop with Ctrl-C: the others go on with what is under way.")
        await told.wait()
    finally:
        await client.close(_DRAIN)


def _told_to_stop() -> asyncio.Event:
    """Set by the first signal; the second one ends the process at once."""
    told = asyncio.Event()

    def stop(number: int) -> None:
        if told.is_set():
            os._exit(128 + number)
        told.set()

    when_told_to_stop(stop)
    return told
