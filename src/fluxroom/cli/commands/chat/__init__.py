"""`fluxroom chat`: a conversation that is answered with pictures."""

from __future__ import annotations

import sys
from typing import Any

import click

from fluxroom.cli.asking import options_without
from fluxroom.cli.problems import ASKED, PIPED
from fluxroom.cli.sections import Command, Option
from fluxroom.cli.shared import shared

_CHAT = "Conversation"


@click.command(cls=Command, name="chat")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "-c", "--conversation", cls=Option, section=_CHAT, metavar="ID", help="Go on with this one; last: the newest."
)
@click.option("--assistant", cls=Option, section=_CHAT, metavar="ID", help="Begin with it: see fluxroom assistants.")
@click.option(
    "-a", "--attach", cls=Option, section=_CHAT, multiple=True, metavar="FILE", help="What the first message is about."
)
@click.option("--quality", cls=Option, section=_CHAT, help="low, medium or high: 1K, 2K, 4K or what the model does.")
@click.option("--write-prompt", cls=Option, section=_CHAT, is_flag=True, help="Let a language model write the prompt.")
@click.option("--title", cls=Option, section=_CHAT, default="", help="What it is called; else its first message.")
@click.option("-o", "--output", cls=Option, section="Result", metavar="FOLDER", help="Where the pictures go.")
@options_without("references", "prompt_file", "run", "idempotency_key", "on_unsupported")
@shared
@click.pass_context
def command(ctx: click.Context, /, texts: tuple[str, ...], **given: Any) -> None:
    """Say what to paint, then what to change: the last picture is what the next message is about.

    With TEXT each one is a message, and the command ends after the last; without, it asks on a terminal, and reads one
    message from a pipe. Ctrl-C stops the picture that is under way and says what it costs. Everything is kept: after
    whatever end go on with -c last.

    \b
    fluxroom chat
    fluxroom chat "a red fox in fresh snow" "make it night" -o foxes
    fluxroom chat -c last "closer" -a hat.png --quality high
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from fluxroom.cli.commands.chat.session import talk

    ctx.meta[PIPED] = True
    ctx.meta[ASKED] = given.get("model")
    said = [text.strip() for text in texts]
    if not all(said):
        raise click.UsageError("A message is empty: say what to paint.")
    asks = not said and sys.stdin.isatty()
    if not said and not asks:
        said = [sys.stdin.read().strip()]
        if not said[0]:
            raise click.UsageError("Nothing was said: give TEXT, or a message on standard input.")
    ctx.exit(talk(ctx, said, given, asks=asks))
