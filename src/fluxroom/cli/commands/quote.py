"""`fluxroom quote`: what a request would cost and what exactly would be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli.asking import request_options
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared

if TYPE_CHECKING:
    from fluxroom.types import Plan


@click.command(cls=Command, name="quote")
@click.argument("prompt", required=False)
@request_options
@shared
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Say what a request would cost, where it would go and what would come back. Nothing is sent.

    Takes the options of `generate`; pictures come with -r, as in: fluxroom quote "make it dusk" -r photo.jpg
    """
    from fluxroom.cli.asking import read_request
    from fluxroom.cli.problems import PIPED
    from fluxroom.cli.runtime import opened, run
    from fluxroom.cli.shared import wants_json

    ctx.meta[PIPED] = True
    prompt, options = read_request(given)

    async def work() -> Plan:
        async with opened(ctx) as client:
            return (await client.plan(prompt, **options))[1]

    plan = run(work)
    if wants_json(ctx, piped=True):
        _as_json(plan)
    else:
        _as_text(plan)


def _as_json(plan: Plan) -> None:
    from fluxroom.cli import voice

    voice.line(
        event="quote",
        route=plan.route,
        mode=plan.mode,
        endpoint=plan.endpoint,
        **plan.quote.as_dict(),
        size=str(plan.size) if plan.size else None,
        seconds=plan.seconds,
        wire=list(plan.wire),
        not_sent=[note.as_dict() for note in plan.not_sent],
        sandbox=plan.sandbox,
        chosen=plan.chosen,
    )


def _as_text(plan: Plan) -> None:
    from fluxroom.cli import voice

    quote = plan.quote
    pictures = "1 picture" if quote.images == 1 else f"{quote.images} pictures"
    voice.say(f"{click.style(quote.text, bold=True)}  {pictures} by {plan.route} ({plan.mode})")
    if plan.chosen:
        voice.say(voice.dim(f"  chosen: {plan.chosen}"))
    voice.say(voice.dim(f"  {quote.formula}"))
    voice.say(voice.dim(f"  price: {quote.source}"))
    size = str(plan.size) if plan.size else "the provider decides"
    voice.say(voice.dim(f"  size: {size} · about {plan.seconds:.0f} s"))
    if plan.sandbox:
        voice.say(f"  {click.style('sandbox', fg='yellow', bold=True)}: here it costs nothing")
    for note in plan.not_sent:
        voice.note(f"{click.style('Not sent', fg='yellow')}: {note.name} — {note.why}")
