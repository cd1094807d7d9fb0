"""What 100,000 waiting jobs cost a gateway: time to open, memory, and the first picture beside them.

`python -m bench.waiting [--jobs 100000]`. The jobs wait because their account is paused; nothing is sent for them.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from fluxroom.client import AsyncClient
from fluxroom.engine.orders import Terms
from fluxroom.settings import load


def memory() -> float:
    """Resident memory now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def fill(folder: Path, number: int) -> None:
    """Write so many queued jobs down, a thousand to a generation."""
    async with AsyncClient(data=folder, sandbox=True, sandbox_speed=100) as client:
        account = client.engine.accounts["bfl"].id
        await client.engine.throttle.pause(account, paused=True)
        request, plan = await client.plan("waits", model="bfl/flux-2-pro", num_images=100)
        for _ in range(number // 100):
            await client.engine._reception.take(request, plan, client.engine.accounts["bfl"], Terms(priority=0))  # noqa: SLF001


async def main() -> None:
    """Fill, open anew as a gateway, make one picture, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=100_000)
    number = parser.parse_args().jobs
    with tempfile.TemporaryDirectory(prefix="fluxroom-bench-") as name:
        folder = Path(name)
        await fill(folder, number)
        settings: Any = load(data=folder, sandbox=True, sandbox_speed=100)
        before, start = memory(), time.perf_counter()
        async with AsyncClient(settings=settings, everyones=True) as client:
            opened = time.perf_counter() - start
            await client.generate("beside them", model="fal/flux-2-klein-4b", cache="off")
            made = time.perf_counter() - start - opened
            await asyncio.sleep(2)
            print("| waiting jobs | open s | first picture s | MiB before | MiB with them |")
            print("| --- | --- | --- | --- | --- |")
            print(f"| {number:,} | {opened:.2f} | {made:.2f} | {before:.0f} | {memory():.0f} |")


if __name__ == "__main__":
    asyncio.run(main())
