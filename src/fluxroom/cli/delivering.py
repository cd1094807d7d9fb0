"""Where finished pictures go, how long to wait for them and what they may cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli.sections import Option
from fluxroom.errors import StorageUnwritable

if TYPE_CHECKING:
    from fluxroom.result import Image

_SECTION = "Result"


class Dollars(click.ParamType[Decimal]):
    """An amount of money, exact."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """`0.10` or `$0.10`."""
        try:
            amount = Decimal(str(value).removeprefix("$"))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is not an amount in US dollars.", param, ctx)
        return amount


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-o", "--output"), {"metavar": "FILE", "help": "File or folder; several pictures become FILE-1, FILE-2, …"}),
    (("--metadata/--no-metadata",), {"default": True, "help": "Whether the file says what made it."}),
    (
        ("--wait",),
        {
            "type": click.FloatRange(min=0),
            "default": None,
            "metavar": "SECONDS",
            "help": "How long to wait; the job itself goes on.",
        },
    ),
    (("--no-wait",), {"is_flag": True, "help": "Send it, print its ids and end; see `fluxroom jobs`."}),
    (("--max-price",), {"type": Dollars(), "metavar": "USD", "help": "Send nothing if it may cost more."}),
    (("-y", "--yes"), {"is_flag": True, "help": "Do not ask before an expensive request."}),
)


def delivery_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about its result."""
    for words, options in reversed(_OPTIONS):
        function = click.option(*words, cls=Option, section=_SECTION, **options)(function)
    return function


def check_target(output: str | None) -> None:
    """See before anything is paid whether the result can be written.

    Raises:
        StorageUnwritable: the folder is missing or may not be written.
    """
    import os

    target = Path(output or ".").expanduser()
    folder = target if target.is_dir() else target.parent
    if not folder.is_dir():
        raise StorageUnwritable(
            f"There is no folder {folder}",
            advice="Make it, or give another -o; nothing was sent.",
            charge="not_charged",
        )
    blocked = target.is_file() and not os.access(target, os.W_OK)
    if blocked or not os.access(folder, os.W_OK):
        raise StorageUnwritable(
            f"{target if blocked else folder} cannot be written",
            advice="Give another file or folder with -o; nothing was sent.",
            charge="not_charged",
        )


def deliver(pictures: Sequence[Image], output: str | None, *, metadata: bool) -> list[Path]:
    """Write the pictures to their files.

    Raises:
        StorageFull, StorageUnwritable: a file cannot be written; the pictures are safe in the data folder.
    """
    from fluxroom.errors import LocalError

    targets = names(output, len(pictures))
    try:
        return [picture.save(target, metadata=metadata) for picture, target in zip(pictures, targets, strict=True)]
    except LocalError as error:
        job = pictures[0].job
        raise type(error)(
            f"{error.detail} (the pictures are safe in the data folder)",
            advice=f"Write them elsewhere with `fluxroom jobs save {job[-8:]} -o FILE`.",
            job=job,
        ) from error


def names(output: str | None, count: int) -> list[Path]:
    """The files of so many pictures: `fox.png` becomes `fox-1.png`, `fox-2.png`, …; a folder gives names of its own.

    >>> [path.name for path in names("fox.png", 2)]
    ['fox-1.png', 'fox-2.png']
    """
    target = Path(output or ".").expanduser()
    if target.is_dir() or count == 1:
        return [target] * count
    return [target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(1, count + 1)]
