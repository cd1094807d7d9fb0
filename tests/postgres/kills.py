"""Kills workers at random moments while jobs run: `python -m tests.postgres.kills 200 [--seed 7]`.

Prints what came of it and writes it to `last_run.json`, from which `docs/reliability.md` is made.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import math
import random
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL

import orjson
from tests.postgres.clusters import cluster
from tests.postgres.fleet import Fleet, check_books, fleet

QUICK, MAX = "bfl/flux-2-klein-4b", "bfl/flux-kontext-max"
LAST_RUN = Path(__file__).with_name("last_run.json")
_OPEN = 50
"""Jobs that are kept open while workers die."""


async def kill_workers(folder: Path, url: str, kills: int, *, seed: int = 1, until: float = math.inf) -> Counter[str]:
    """Two workers, of which one dies again and again; afterwards the books must agree. Returns what there was.

    Args:
        folder: for the workers' data folders.
        url: the database.
        kills: how many, at the most.
        seed: the same seed, the same moments.
        until: on the clock that never jumps, when it is enough.
    """
    dice = random.Random(seed)
    figures: Counter[str] = Counter()
    async with fleet(folder, url, seconds=0.3, unknown_grace=3.0) as one:
        one.box.world.plan_fault("submit-slow", times=None, value="0.2")
        workers = await one.hire(2, FLUXROOM_UNKNOWN_GRACE="3")
        feeding = asyncio.ensure_future(_feed(one))
        while figures["kills"] < kills and time.monotonic() < until:
            await asyncio.sleep(dice.uniform(0.2, 1.0))
            victim = workers.pop(dice.randrange(2))
            figures.update(f"killed while {job.state}" for job in await one.open_jobs() if victim.holds(job))
            await victim.end(SIGKILL)
            figures["kills"] += 1
            workers += await one.hire(1, FLUXROOM_UNKNOWN_GRACE="3")
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding
        found = await one.settled(300)
        check_books(one.box, found)
        peaks = one.box.world.peaks()
        assert peaks["bfl"] <= 24, peaks
        assert peaks.get(MAX, 0) <= 6, peaks
        assert {job.state for job in found} <= {"succeeded", "unknown"}, Counter(job.state for job in found)
        figures.update(job.state for job in found)
        figures["most in flight"] = peaks["bfl"]
        figures["tasks at the provider"] = len(one.box.world.tasks())
        taken = Counter(task["input"]["prompt"] for task in one.box.world.tasks())
        figures["paid twice"] = sum(number - 1 for number in taken.values())
        figures["taken, and in doubt here"] = len(one.box.world.tasks()) - sum(job.request_id != "" for job in found)
    return figures


async def _feed(one: Fleet) -> None:
    number = 0
    while True:
        for _ in range(_OPEN - len(await one.open_jobs())):
            number += 1
            await one.ask(MAX if number % 6 == 0 else QUICK, f"x{number}")
        await asyncio.sleep(0.2)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=math.inf, help="enough after so long")
    parser.add_argument("--out", type=Path, default=LAST_RUN)
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    begun = time.monotonic()
    with cluster() as server, tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(
            kill_workers(Path(folder), server.fresh(), asked.kills, seed=seed, until=begun + 60 * asked.minutes)
        )
    day, seconds = dt.datetime.now(dt.UTC).date().isoformat(), round(time.monotonic() - begun)
    run = {"day": day, "seed": seed, "seconds": seconds, "figures": dict(sorted(figures.items()))}
    print("\n".join(f"{name:30} {value}" for name, value in [*figures.items(), *list(run.items())[:3]]))
    asked.out.write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
