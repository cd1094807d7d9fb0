"""Kills workers a thousand times: `python -m tests.crash.run --kills 1000 [--seed 7] [--workers 2]`.

Prints the table and writes it to `last_run.json`, from which `docs/reliability.md` is made. Ends with 1 when the audit
found a contradiction.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import random
import sys
import tempfile
from pathlib import Path

import orjson
from tests.crash.harness import Kills, Run
from tests.crash.report import summary, table

LAST_RUN = Path(__file__).with_name("last_run.json")


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=LAST_RUN)
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    print(f"seed {seed}, {asked.kills} kills, {asked.workers} processes on one data folder", flush=True)
    with tempfile.TemporaryDirectory(prefix="fluxroom-crash-", ignore_cleanup_errors=True) as folder:
        run = Run(Path(folder) / "data", seed, workers=asked.workers, tell=_tell)
        report = asyncio.run(run.kill(asked.kills))
    figures = summary(report, dt.datetime.now(dt.UTC).date().isoformat())
    print("\n".join(["", *table(figures), "", f"{report.seconds:.0f} s", *report.wrong]), flush=True)
    asked.out.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    return 1 if report.wrong else 0


def _tell(kills: Kills) -> None:
    if kills.number % 25 == 0:
        shares = ", ".join(f"{state} {number}" for state, number in kills.by_state.most_common())
        print(f"{kills.number} kills: {shares}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
