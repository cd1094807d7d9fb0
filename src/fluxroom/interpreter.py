"""How the interpreter is set in a process that is ours alone: the gateway, a worker. A library leaves it as it is."""

from __future__ import annotations

import asyncio
import gc
import sys

_SWITCH = 0.0005
"""Seconds after which one thread lets the next one run: the writer must not starve beside a busy event loop."""

_GARBAGE = (50_000, 50, 100)
"""Python's collector looks through everything that is alive after 700 new objects, 10 times that and 100 times that.
With a thousand jobs in flight that was a fifth of all CPU time; hardly any of our garbage is in cycles."""


def tune() -> None:
    """Set up this process for many jobs at once."""
    sys.setswitchinterval(_SWITCH)
    gc.set_threshold(*_GARBAGE)


def event_loop() -> asyncio.AbstractEventLoop:
    """A new event loop: uvloop's where there is one, which takes half the time for a request."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
