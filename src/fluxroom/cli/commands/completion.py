"""`fluxroom completion`: the script that makes the tab key work."""

from __future__ import annotations

import click


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, /, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash:  echo 'eval "$(fluxroom completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(fluxroom completion zsh)"' >> ~/.zshrc
    fish:  fluxroom completion fish > ~/.config/fish/completions/fluxroom.fish
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(ctx.find_root().command, {}, "fluxroom", "_FLUXROOM_COMPLETE").source())
