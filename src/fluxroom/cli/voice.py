"""How a command speaks: results on standard output, everything else on standard error; or JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click

_UNSEEN = re.compile(
    r"\x1b(?!\[[0-9;]*m)"  # escape, unless it begins a colour
    r"|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
"""What moves the cursor, renames the window, or turns text round: other people's prompts are shown here."""


def _plain(value: Any) -> Any:
    """What JSON has no word for, as text or as a plain value."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON text."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)


def line(**fields: Any) -> None:
    """One JSON line on standard output."""
    click.echo(dumps(fields))


def document(value: Any) -> None:
    """A whole answer as JSON on standard output."""
    click.echo(dumps(value, indent=2))


def say(text: str = "") -> None:
    """A line of the answer, for people."""
    click.echo(visible(text))


def note(text: str) -> None:
    """A line that is not part of the answer."""
    click.echo(visible(text), err=True)


def visible(text: str) -> str:
    """The text with a sign in place of everything that a terminal would obey instead of showing it.

    >>> visible("a fox" + chr(27) + "[2J")
    'a fox\N{REPLACEMENT CHARACTER}[2J'
    """
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def width() -> int:
    """Columns of the terminal; a pipe has none, and gets a fixed number so that its columns stay in their places."""
    import shutil
    import sys

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 120


def dim(text: str) -> str:
    """Less important text; the terminal decides what that looks like."""
    return click.style(text, dim=True)


def money(amount: Decimal | None) -> str:
    """Dollars for people; never more digits than needed, never fewer than cents.

    >>> money(Decimal("0.03")), money(Decimal("0.0145")), money(Decimal(2))
    ('$0.03', '$0.0145', '$2.00')
    """
    if amount is None:
        return "not known"
    text = f"{amount.normalize():f}"
    whole, _, cents = text.partition(".")
    return f"${whole}.{cents:0<2}"
