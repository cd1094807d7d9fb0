"""`fluxroom prompt`: more prompts out of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.completing import complete_models
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from collections.abc import Coroutine

COMMANDS = {"expand": "Write more prompts out of one; no picture is made."}


class _Prompt(LazyGroup):
    """Its command is small and stands in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"expand": _expand}.get(cmd_name)


@click.group(cls=_Prompt, package=__name__, table=COMMANDS, name="prompt")
def command() -> None:
    """Work on prompts.

    \b
    fluxroom prompt expand "a red fox" -n 5
    fluxroom prompt expand "a red fox" --guidance "other seasons" > prompts.txt
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="expand")
@click.argument("text")
@click.option("-n", "--count", type=click.IntRange(1, 20), default=3, help="How many.")
@click.option("--guidance", default="", help="In which way they are to differ: other places, bolder, other light.")
@click.option("-m", "--model", default="", shell_complete=complete_models, help="The image model they are for.")
@shared
@click.pass_context
def _expand(ctx: click.Context, /, text: str, count: int, guidance: str, model: str) -> None:
    """Write COUNT prompts out of TEXT, one a line: by the language model of FLUXROOM_WRITER_URL, or a template."""
    from fluxroom.cli.runtime import opened, run

    async def work() -> dict[str, Any]:
        async with opened(ctx) as client:
            asked: Coroutine[Any, Any, dict[str, Any]] = client.runs.expand(
                text, count, instruction=guidance, model=model
            )
            return await asked

    found = run(work)
    if wants_json(ctx):
        voice.document(found)
        return
    for prompt in found["prompts"]:
        voice.say(prompt)
    voice.note(voice.dim(f"by {found['by']}{': ' + found['note'] if found['note'] else ''}"))
