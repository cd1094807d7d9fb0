"""Runs a command's asynchronous part: an open client, and Ctrl-C that loses nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fluxroom.cli.shared import given, settings
from fluxroom.cli.stopping import when_told_to_stop

if TYPE_CHECKING:
    from fluxroom.client import AsyncClient

T = TypeVar("T")

_DRAIN = 8.0
"""Seconds that submits under way get to finish at the end: one that is cut off leaves its job in doubt."""

_SHOW_CURSOR = "\x1b[?25h"


@asynccontextmanager
async def opened(ctx: click.Context, *, everyones: bool = False) -> AsyncIterator[AsyncClient]:
    """A client on this command line's settings, closed whatever happens."""
    from fluxroom.cli.records import at_home
    from fluxroom.client import AsyncClient

    if given(ctx, "sandbox") is not None:
        at_home(ctx, "choosing between sandbox and providers")  # a wrong guess would cost money
    client = AsyncClient(settings=settings(ctx), everyones=everyones)
    try:
        await client.__aenter__()  # its own __aexit__ would wait longer than somebody who pressed Ctrl-C likes
        yield client
    finally:
        await client.close(_DRAIN)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end. The first Ctrl-C ends the waiting in good order (exit code 130), the second one at once."""
    return asyncio.run(_with_signals(work))


async def _with_signals(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    task: asyncio.Task[T] = asyncio.ensure_future(work())
    code = 0

    def stop(number: int) -> None:
        nonlocal code
        if code:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR.encode())
            os._exit(code)
        code = 128 + number
        task.cancel()

    when_told_to_stop(stop)
    try:
        return await task
    except asyncio.CancelledError:
        raise click.exceptions.Exit(code or 130) from None
