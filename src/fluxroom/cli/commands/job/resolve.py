"""`fluxroom jobs resolve`: a person's word about a job in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from fluxroom.cli import voice
from fluxroom.cli.records import opened_books
from fluxroom.cli.runtime import opened, run
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.store.jobs import Job

_PLACES = {"bfl": "https://dashboard.bfl.ai", "fal": "https://fal.ai/dashboard/requests"}
"""Where an account's requests can be looked at."""


@click.command(name="resolve")
@click.argument("job_id", metavar="ID")
@click.option("--retry", "choice", flag_value="retry", type=str, help="Send it again; pays again if it had been taken.")
@click.option("--abandon", "choice", flag_value="abandon", type=str, help="Give it up; it may have been charged.")
@shared
@click.pass_context
def command(ctx: click.Context, /, job_id: str, choice: Literal["retry", "abandon"] | None) -> None:
    """Decide about a job in doubt: the provider may have taken it, and never said so.

    It is not sent again by itself, because that could pay twice. Look at the account at the provider first.
    """

    async def work() -> Job:
        async with opened_books(ctx) as books:
            found = (await books.record(job_id)).job
        if choice is None:
            return found
        async with opened(ctx) as client:
            return await client.resolve(found.id, choice)

    job = run(work)
    if choice is None:
        _explain(job)
        raise click.UsageError("Say --retry or --abandon.")
    if wants_json(ctx):
        voice.document({"job": job.id, "state": job.state, "receipt": job.receipt.as_dict()})
    else:
        _told(job, choice)


def _explain(job: Job) -> None:
    price = voice.money(job.estimated)
    voice.note(f"Job {job.id[-8:]} ({job.route}) is {job.state}; it is worth about {price}.")
    voice.note(f"  Was it taken? Look at {_PLACES.get(str(job.provider), 'the account at the provider')}.")
    voice.note(f"  --retry    sends it again. If it had been taken, {price} is paid twice.")
    voice.note(f"  --abandon  gives it up. If it had been taken, {price} was paid for a picture that nobody gets.")


def _told(job: Job, choice: str) -> None:
    price = voice.money(job.estimated)
    if choice == "retry":
        voice.say(f"Job {job.id[-8:]} waits to be sent again (about {price}; twice that if it had been taken before).")
        voice.note("Send it with `fluxroom jobs resume`; a running gateway does so by itself.")
    else:
        voice.say(f"Job {job.id[-8:]} is given up. If the provider had taken it, about {price} was charged.")
