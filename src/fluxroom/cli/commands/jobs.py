"""`fluxroom jobs`: what became of every request."""

from __future__ import annotations

import click

from fluxroom.cli.lazy import LazyGroup

COMMANDS = {
    "list": "List jobs, or show one: `fluxroom jobs ID`. (The default.)",
    "resume": "Go on with everything unfinished, and wait until nothing is left.",
    "save": "Write the pictures of a job to files.",
    "cancel": "Cancel a request, as far as its provider can.",
    "resolve": "Decide about a job in doubt: send it again, or give it up.",
}


@click.group(cls=LazyGroup, package="fluxroom.cli.commands.job", table=COMMANDS, default="list", name="jobs")
def command() -> None:
    """List jobs, newest first; show one; go on with unfinished ones.

    \b
    fluxroom jobs                     the newest 20
    fluxroom jobs --state unknown     those that need a decision
    fluxroom jobs 7kt7e34             one of them: the end of its id is enough
    """  # noqa: D301  \b is click's mark for lines that stay as they are
