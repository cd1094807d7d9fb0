"""The providers of the benchmarks: the sandbox in a process of its own, with its CPU time for whoever asks.

`python -m bench.provider stub 0.4 100000` (seconds, bytes of a picture) or `python -m bench.provider sandbox`; it says
where it listens, answers every line on its standard input with its CPU seconds so far, and ends when the input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import uvloop
from bench.instruments import many_files

from fluxroom.sandbox import Sandbox, Stub


async def serve(box: Sandbox) -> None:
    """Run until standard input ends."""
    loop = asyncio.get_running_loop()
    async with box:
        print(json.dumps(box.fluxroom_environment), flush=True)
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(time.process_time(), flush=True)


@dataclass(frozen=True, slots=True)
class Running:
    """A provider in another process."""

    environment: dict[str, str]
    _stdin: IO[str]
    _stdout: IO[str]

    def cpu(self) -> float:
        """The CPU seconds that it has used so far."""
        self._stdin.write("\n")
        self._stdin.flush()
        return float(self._stdout.readline())


@contextmanager
def running(kind: str, *, seconds: float = 0.0, size: int = 0, core: int | None = None) -> Iterator[Running]:
    """Start a provider: `stub` or `sandbox`; `core` pins it to that core."""
    command = [sys.executable, "-m", "bench.provider", kind, str(seconds), str(size)]
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    process = subprocess.Popen([*pinned, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield Running(json.loads(process.stdout.readline()), process.stdin, process.stdout)
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def main() -> None:
    kind, seconds, size = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    many_files()
    uvloop.run(serve(Sandbox(stub=Stub(size=size, seconds=seconds)) if kind == "stub" else Sandbox()))


if __name__ == "__main__":
    main()
