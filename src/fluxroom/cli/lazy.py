"""Groups of commands that know their names and one line of help, and import a command only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own.

    Args:
        package: where the modules are; each holds its command as `command`.
        table: command name -> one line of help, in the order in which they are shown.
        default: the command that is meant when the first word is none of the names.
    """

    def __init__(self, *args: Any, package: str, table: Mapping[str, str], default: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self._package = package
        self._table = table
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import a command."""
        if cmd_name not in self._table:
            return None
        found: click.Command = import_module(f"{self._package}.{cmd_name}").command
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before words that do not begin with a command."""
        known = {*self._table, "--help", "-h"}
        # While a word is being completed, nothing typed yet means that a command's name may still come.
        if self._default and (args[0] not in known if args else not ctx.resilient_parsing):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name where a word is no command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], list(self._table), n=1)
            hint = f"did you mean '{near[0]}'?" if near else "see 'fluxroom --help'."
            raise click.UsageError(f"No such command '{args[0]}'; {hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """The table; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that fit, from the table; then the group's own options."""
        names = [CompletionItem(name, help=text) for name, text in self._table.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]
