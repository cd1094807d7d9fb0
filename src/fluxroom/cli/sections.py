"""Commands whose help lists many options under headings."""

from __future__ import annotations

from typing import Any

import click


class Option(click.Option):
    """An option that stands under a heading of the help page."""

    def __init__(self, *args: Any, section: str = "Options", **options: Any) -> None:
        super().__init__(*args, **options)
        self.section = section


class Command(click.Command):
    """A command whose help page has headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each heading with its options, in the order in which they were declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if not isinstance(parameter, click.Option):
                continue  # arguments are in the usage line and in the text
            line = parameter.get_help_record(ctx)
            if line is not None:
                sections.setdefault(getattr(parameter, "section", "Everywhere"), []).append(line)
        # What every command takes comes last.
        for name in sorted(sections, key=lambda name: name == "Everywhere"):
            with formatter.section(name):
                formatter.write_dl(sections[name])
