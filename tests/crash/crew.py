"""Real processes that can be killed, frozen, woken and asked to leave."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.crash.worker import Orders, main

_STUCK = 60.0
"""Seconds after which something that must happen counts as not happening."""

# A server that has everything imported forks the workers: a start costs a tenth of a fresh interpreter's, so that a
# thousand kills are a matter of minutes. What is killed is a process of its own all the same.
_CONTEXT = multiprocessing.get_context("forkserver")

_IMPORTED = (
    "tests.crash.worker",
    "aiohttp",
    "fluxroom.catalog",
    "fluxroom.engine",
    "fluxroom.engine.transport",
    "fluxroom.imaging.probe",
    "fluxroom.providers.bfl",
    "fluxroom.providers.fal",
    "fluxroom.store.migrations",
)
"""What the server has imported; the library itself imports some of it only when it is used."""


@cache
def _prepare() -> None:
    """Start the server, in the folder from which it can import the worker."""
    with contextlib.chdir(Path(__file__).parents[2]):
        _CONTEXT.set_forkserver_preload(list(_IMPORTED))
        forkserver.ensure_running()


async def until(true: Callable[[], object], seconds: float = _STUCK) -> None:
    """Look until something is true; TimeoutError when it does not come true."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def fork(target: Callable[..., None], *arguments: object) -> int:
    """Run a function in a process of its own, to its end; the exit code, or the signal's number below zero."""
    _prepare()
    process = _CONTEXT.Process(target=target, args=arguments, daemon=True)
    process.start()
    process.join(_STUCK)
    assert process.exitcode is not None, "a process does not end"
    return process.exitcode


class Worker:
    """One worker process."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self._process: ForkServerProcess = _CONTEXT.Process(target=main, args=(orders,), daemon=True)

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it has opened the data folder."""
        _prepare()
        await asyncio.to_thread(self._process.start)
        locks = self.orders.folder / "locks"
        await until(lambda: list(locks.glob(f"{self.pid}-*.lock")) or not self._process.is_alive())
        assert self._process.is_alive(), f"worker {self.pid} ended: see {self.orders.folder / 'worker.log'}"

    async def kill(self) -> float:
        """End it with SIGKILL; returns when that was."""
        assert self._process.is_alive(), f"worker {self.pid} ended by itself: see {self.orders.folder / 'worker.log'}"
        moment = time.time()
        os.kill(self.pid, signal.SIGKILL)
        await self.gone()
        return moment

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def ask_to_leave(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    async def gone(self) -> int:
        """Wait until it has ended; its exit code."""
        await asyncio.to_thread(self._process.join, _STUCK)
        assert self._process.exitcode is not None, f"worker {self.pid} does not end"
        return self._process.exitcode

    def clear_away(self) -> None:
        """End it for good, whatever state it is in."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join(_STUCK)


@contextmanager
def crew() -> Iterator[list[Worker]]:
    """A list for workers; whoever is in it is ended at the end."""
    workers: list[Worker] = []
    try:
        yield workers
    finally:
        for worker in workers:
            worker.clear_away()
