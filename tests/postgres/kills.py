"""Kills workers at random moments while jobs run: `python -m tests.postgres.kills 200` prints what came of it."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL

from tests.postgres.clusters import cluster
from tests.postgres.fleet import Fleet, check_books, fleet

QUICK, MAX = "bfl/flux-2-klein-4b", "bfl/flux-kontext-max"
_OPEN = 50
"""Jobs that are kept open while workers die."""


async def kill_workers(folder: Path, url: str, kills: int, *, seed: int = 1) -> Counter[str]:
    """Two workers, of which one dies again and again; afterwards the books must agree. Returns what there was."""
    dice = random.Random(seed)
    figures: Counter[str] = Counter(kills=kills)
    async with fleet(folder, url, seconds=0.3, unknown_grace=3.0) as one:
        one.box.world.plan_fault("submit-slow", times=None, value="0.2")
        workers = await one.hire(2, FLUXROOM_UNKNOWN_GRACE="3")
        feeding = asyncio.ensure_future(_feed(one))
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.2, 1.0))
            victim = workers.pop(dice.randrange(2))
            figures.update(f"killed while {job.state}" for job in await one.open_jobs() if victim.holds(job))
            await victim.end(SIGKILL)
            workers += await one.hire(1, FLUXROOM_UNKNOWN_GRACE="3")
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding
        found = await one.settled(120)
        check_books(one.box, found)
        peaks = one.box.world.peaks()
        assert peaks["bfl"] <= 24, peaks
        assert peaks.get(MAX, 0) <= 6, peaks
        assert {job.state for job in found} <= {"succeeded", "unknown"}, Counter(job.state for job in found)
        figures.update(job.state for job in found)
        figures["most in flight"] = peaks["bfl"]
        figures["tasks at the provider"] = len(one.box.world.tasks())
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
    begun = time.monotonic()
    with cluster() as server, tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(kill_workers(Path(folder), server.fresh(), int(sys.argv[1])))
    for name, value in sorted(figures.items()):
        print(f"{name:30} {value}")
    print(f"{'seconds':30} {time.monotonic() - begun:.0f}")


if __name__ == "__main__":
    main()
