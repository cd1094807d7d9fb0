"""A sheet of 10,000 rows: `python -m bench.runs [--rows 10000]`.

How long the dry run takes, what it and the run cost in memory, how fast the run is carried against the stub, and how
long a page of its results takes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.instruments import machine, many_files, percentile, rss
from bench.provider import running

from fluxroom.client import AsyncClient
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.interpreter import tune
from fluxroom.settings import load

ROUTES = ("bfl/flux-2-klein-4b", "fal/flux-2-klein-4b", "bfl/flux-2-pro", "fal/flux-2-flex")
PAGES = 30
"""Pages that are asked for at each place of the run."""


@dataclass
class Figures:
    """What came out: seconds, and MiB of this process above what it was before."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, what: str, figure: str) -> None:
        """Keep a figure, and say it."""
        self.lines.append((what, figure))
        print(f"| {what} | {figure} |", flush=True)


class Memory:
    """The largest memory of this process, looked at all the time."""

    def __init__(self) -> None:
        self.before = self.most = rss()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, rss())

    def stop(self) -> float:
        """MiB above the beginning, at the most."""
        self._end.set()
        self._thread.join()
        return (max(self.most, rss()) - self.before) / 2**20


def sheet(rows: int, name: str) -> Sheet:
    """As somebody would make it: a prompt of some length, a few parameters, every row its seed."""
    return Sheet(
        name=name,
        rows=[
            {
                "prompt": f"product {number}: a ceramic cup on a wooden table, morning light, shallow depth of field",
                "seed": number,
                "model": ROUTES[number % len(ROUTES)],
                "image_size": {"width": 1024, "height": 768},
                "file": f"cup-{number}",
            }
            for number in range(rows)
        ],
    )


@contextmanager
def watched(figures: Figures, what: str) -> Iterator[None]:
    """Time and memory of a block."""
    gc.collect()
    memory, begun, cpu = Memory(), time.perf_counter(), time.process_time()
    yield
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    figures.tell(what, f"{seconds:.2f} s ({used:.2f} s CPU), {memory.stop():.0f} MiB more at the most")


async def times(work: Callable[[], Awaitable[Any]]) -> list[float]:
    """Milliseconds of some calls."""
    found = []
    for _ in range(PAGES):
        begun = time.perf_counter()
        await work()
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def measure(rows: int, settings: Any) -> Figures:
    """All of it, once."""
    figures = Figures()
    async with AsyncClient(settings=settings) as client:
        await client.runs.check_sheet(sheet(100, "warm"))  # the catalog is read once
        with watched(figures, f"dry run of {rows // 10:,} rows"):
            await client.runs.check_sheet(sheet(rows // 10, "small"))
        whole = sheet(rows, "whole")
        with watched(figures, f"dry run of {rows:,} rows"):
            told = await client.runs.check_sheet(whole)
        assert told["ok"] == rows, told["text"]
        with watched(figures, "the same again, written down as a run"):
            begun = await client.runs.begin_sheet(whole)
        with watched(figures, "carried to its end, against the stub"):
            ended = await client.runs.rest(begun["id"])
        assert ended["counts"] == {"done": rows}, ended["counts"]
        for place in (-1, rows // 2, rows - 101):
            found = await times(lambda place=place: client.runs.items(begun["id"], after=place, limit=100))  # type: ignore[misc]
            figures.tell(
                f"page of 100 results behind row {place + 1:,}",
                f"{percentile(found, 0.5):.0f} ms (p50), {percentile(found, 0.99):.0f} ms (p99)",
            )
        found = await times(lambda: client.runs.get(begun["id"]))
        figures.tell("the run with its counts", f"{percentile(found, 0.5):.0f} ms (p50)")
        with watched(figures, "table of results (CSV)"):
            lines = sum([1 async for _ in await client.runs.table(begun["id"])])
        assert lines == rows + 1
        with watched(figures, "dry run of the same sheet, all of it made"):
            told = await client.runs.check_sheet(whole)
        assert (told["exists"], told["ok"]) == (rows, 0), told["text"]
    return figures


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    asked = parser.parse_args()
    many_files()
    tune()
    with running("stub", seconds=0.05, size=20_000) as provider, tempfile.TemporaryDirectory() as folder:
        os.environ |= provider.environment
        settings = load(data=Path(folder), log_level="error", bfl_cap=400, fal_cap=400)
        print(machine(), flush=True)
        asyncio.run(measure(asked.rows, settings))


if __name__ == "__main__":
    main()
