"""The command `fluxroom` itself: its commands by name, and what happens when one fails."""

from __future__ import annotations

from typing import Any

import click

from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared
from fluxroom.errors import FluxroomError

COMMANDS = {
    "generate": "Make a picture from words.",
    "edit": "Edit a picture, with more pictures as references.",
    "chat": "Talk with a model: the last picture is what the next message is about.",
    "assistants": "What conversations can begin with; look, check a file, switch on and off.",
    "bulk": "Make many pictures: a table, or every source with every prompt.",
    "compare": "One request over models, providers and values, side by side.",
    "pipeline": "Run steps that make pictures from inputs; people look in between.",
    "prompt": "Make more prompts out of one.",
    "runs": "List bulk runs, comparisons and pipelines; pause them, go on, save their pictures.",
    "quote": "Say what a picture would cost; nothing is sent.",
    "models": "List the models; show one with all its parameters; check a route.",
    "jobs": "List jobs; go on with unfinished ones; decide about those in doubt.",
    "usage": "Say what was spent, by day, model, provider, owner or run.",
    "budget": "Set how much may be spent; see what is left.",
    "catalog": "Read new models and prices from what the providers publish.",
    "keys": "Say who may use the gateway, for what, and how much.",
    "provider": "See how the providers' accounts stand; pause and resume them.",
    "inspect": "Show what made a picture, from the file itself.",
    "doctor": "See what is set up, what works and what to do next.",
    "backup": "Copy everything into a folder, while it runs.",
    "restore": "Make an installation of a backup, in an empty place.",
    "prune": "Delete what the trash and the retention settings say.",
    "serve": "Start the gateway and the studio.",
    "mcp": "Serve an AI agent over standard input and output.",
    "worker": "Carry jobs of a PostgreSQL database, beside any number of others.",
    "sandbox": "Both providers on this machine: free, for trying and testing.",
    "completion": "Print the completion script for bash, zsh or fish.",
}


class _Root(LazyGroup):
    """Turns every error into one line and the right exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors end here."""
        try:
            return super().invoke(ctx)
        except FluxroomError as error:
            from fluxroom.cli.problems import show

            show(ctx, error)
            raise click.exceptions.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own way to end
        except Exception as error:  # noqa: BLE001  a person gets one line; the traceback comes on demand
            from fluxroom.cli.problems import show_fault

            show_fault(ctx, error)
            raise click.exceptions.Exit(1) from None


@click.group(
    cls=_Root,
    package="fluxroom.cli.commands",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Begin with: fluxroom generate 'a red fox in fresh snow'   (without a key it works in the free sandbox)",
)
@shared
@click.version_option(package_name="fluxroom", message="fluxroom %(version)s")
def root() -> None:
    """One door to every FLUX image model, at Black Forest Labs and fal.ai."""
