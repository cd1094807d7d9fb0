"""How long it takes to start, as a multiple of an empty Python: `python -m bench.start`.

Each command is run in turn, several rounds, so that a busy moment of the machine meets them all; the least and the
median of the rounds are shown. Bytecode is written once before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.instruments import machine, table

FLUXROOM = str(Path(sys.executable).with_name("fluxroom"))
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "import fluxroom": ([sys.executable, "-c", "import fluxroom"], 100),
    "fluxroom --version": ([FLUXROOM, "--version"], None),
    "fluxroom --help": ([FLUXROOM, "--help"], 150),
    "fluxroom models": ([FLUXROOM, "models"], None),
    "open a client on a data folder": (
        [sys.executable, "-c", "from fluxroom import Client\nwith Client(sandbox=True): pass"],
        None,
    ),
}
"""What is run, and the goal in milliseconds where the design has one."""


def run(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds of one run."""
    start = time.perf_counter()
    subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120
    )
    return (time.perf_counter() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{machine()} · {rounds} rounds\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="fluxroom-bench-") as folder:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", "FLUXROOM_DATA": f"{folder}/data"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for command, _ in COMMANDS.values():
            run(command, environment)
        times = [{name: run(command, environment) for name, (command, _) in COMMANDS.items()} for _ in range(rounds)]
    empty = statistics.median(one["python -c pass"] for one in times)
    rows = []
    for name, (_, goal) in COMMANDS.items():
        taken = [one[name] for one in times]
        middle = statistics.median(taken)
        rows.append(
            [name, f"{min(taken):.0f}", f"{middle:.0f}", f"{middle / empty:.1f}", f"≤ {goal:g}" if goal else ""]
        )
    print(table(("command", "least ms", "median ms", "× empty Python", "goal ms"), rows))


if __name__ == "__main__":
    main()
