"""SIGINT and SIGTERM: what a command does when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable


def when_told_to_stop(stop: Callable[[int], None]) -> None:
    """Call `stop` with the signal's number in the running event loop, each time that this process is told to stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Only the main thread of a process may listen to signals; elsewhere they are somebody else's business.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop, number)
