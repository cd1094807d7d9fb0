"""What every command takes: where the data are, sandbox or real, how much is logged, and text or JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli.sections import Option

if TYPE_CHECKING:
    from fluxroom.settings import Settings

_GIVEN = "fluxroom.given"
_SETTINGS = "fluxroom.settings"
_LEVELS = ("", "info", "debug")


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Remember a value for the whole command line: it may stand before or after the command's name."""
    if value not in {None, 0}:
        ctx.meta.setdefault(_GIVEN, {})[parameter.name] = value


def _keep_flag(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """The same for a switch, whose "no" is an answer too."""
    if value is not None:
        ctx.meta.setdefault(_GIVEN, {})[parameter.name] = value


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--json/--text", "as_json"),
        {"default": None, "callback": _keep_flag, "help": "JSON or text; default: text on a terminal."},
    ),
    (
        ("--data",),
        {"metavar": "FOLDER", "callback": _keep, "help": "The data folder, instead of FLUXROOM_DATA."},
    ),
    (
        ("--sandbox/--no-sandbox",),
        {"default": None, "callback": _keep_flag, "help": "The built-in sandbox (free), or the real providers."},
    ),
    (
        ("-v", "--verbose"),
        {"count": True, "callback": _keep, "help": "Log to standard error what happens; twice: payloads too."},
    ),
)


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that stand everywhere."""
    for words, options in reversed(_OPTIONS):
        function = click.option(*words, cls=Option, section="Everywhere", expose_value=False, **options)(function)
    return function


def given(ctx: click.Context, name: str) -> Any:
    """What was given for one of these options; None when it was not."""
    return ctx.meta.get(_GIVEN, {}).get(name)


def settings(ctx: click.Context) -> Settings:
    """The settings of this command line; the log is set up with them.

    Raises:
        BadSettings: an environment variable has a value that cannot be used.
    """
    found: Settings | None = ctx.meta.get(_SETTINGS)
    if found is None:
        from fluxroom import logs
        from fluxroom.settings import load

        overrides = {name: given(ctx, name) for name in ("data", "sandbox") if given(ctx, name) is not None}
        if given(ctx, "verbose"):
            overrides["log_level"] = _LEVELS[min(given(ctx, "verbose"), 2)]
        found = load(**overrides)
        # What a warning says, the command says itself; only those who ask for a log get both.
        asked = "log_level" in found.model_fields_set
        logs.configure(found if asked else found.model_copy(update={"log_level": "error"}))
        ctx.meta[_SETTINGS] = found
    return found


def wants_json(ctx: click.Context, *, piped: bool = False) -> bool:
    """Whether to answer in JSON: `--json` was said, or with `piped` the answer goes to another program."""
    said = given(ctx, "as_json")
    if said is not None:
        return bool(said)
    return piped and not sys.stdout.isatty()
