"""`fluxroom compare`: one request over models, providers and values, side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from fluxroom.cli import voice
from fluxroom.cli.asking import options_without
from fluxroom.cli.sections import Command
from fluxroom.cli.shared import shared, wants_json


@click.command(cls=Command, name="compare")
@click.argument("prompt", required=False)
@click.option("-m", "--model", "models", multiple=True, help="A model or route; several are an axis.")
@click.option("--vary", multiple=True, metavar="NAME=A,B,C", help="A parameter, provider or mode and its values.")
@click.option("-o", "--output", metavar="FILE", help="The contact sheet, a PNG.")
@click.option("--name", help="What the comparison is called.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before it costs something.")
@options_without("model")
@shared
@click.pass_context
def command(ctx: click.Context, /, models: tuple[str, ...], vary: tuple[str, ...], **given: Any) -> None:
    """Make the same request with different models, providers or values, and lay the pictures side by side.

    One or two axes. What a model does not take is left out and told, so that unequal models can be compared; without
    --seed all cells get the same one. A comparison that is not finished goes on when the same command is given again.

    \b
    fluxroom compare "a fox" -m flux-2-pro -m flux-2-flex -o sheet.png
    fluxroom compare "dusk" -r a.jpg -m flux-general -m flux-2-lora --vary guidance_scale=2,4 -o s.png
    fluxroom compare "a fox" -m flux-2-pro --vary provider=bfl,fal
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from fluxroom.cli.asking import read_request
    from fluxroom.cli.commands.bulk import tell
    from fluxroom.cli.delivering import check_target
    from fluxroom.cli.following import asked, carried
    from fluxroom.cli.runtime import opened, run
    from fluxroom.client import DEFAULT_MODEL
    from fluxroom.flows.comparisons import comparison

    output, name, yes = given.pop("output"), given.pop("name"), given.pop("yes")
    prompt, options = read_request(given)
    axes = [*([("model", list(models))] if len(models) > 1 else []), *(_axis(text) for text in vary)]
    if len(models) == 1:
        options["model"] = models[0]
    request = {
        "prompt": prompt,
        "model": DEFAULT_MODEL,
        **{key: value for key, value in options.items() if value not in (None, [])},
    }
    found = comparison(name or str(prompt or "comparison")[:60], request, axes)
    if output:
        check_target(output)

    async def work() -> int:
        async with opened(ctx) as client:
            priced = await client.runs.check_comparison(found)
            if not wants_json(ctx):
                tell(priced, each="cell", ends=False)
            if not (priced["ok"] or priced["exists"] or priced["goes_on"]):
                return 2
            if priced["ok"] and not priced["goes_on"]:
                asked(f"Make {priced['ok']} pictures for ${priced['low']}?", yes)
            begun = await client.runs.begin_comparison(found)
            code = await carried(ctx, client, begun, None)
            if output:
                drawn = await client.runs.contact_sheet(begun["id"])
                await asyncio.to_thread(Path(output).write_bytes, drawn)
                voice.note(f"The contact sheet is {output}")
            return code

    ctx.exit(run(work))


def _axis(text: str) -> tuple[str, list[Any]]:
    from fluxroom.cli.asking import typed

    name, equals, values = text.partition("=")
    if not equals or not values:
        raise click.UsageError(f"--vary takes NAME=A,B,C, not {text!r}.")
    return name.strip(), [typed(one.strip()) for one in values.split(",")]
