"""One measurement in a process of its own: so many jobs in flight, through the engine or through a bare loop.

A specification comes in as JSON on standard input, the figures go out as JSON on standard output. `bench.engine` runs
this; by itself it is of use under a profiler.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.instruments import CountingTransport, Meter, many_files, percentile, ready_at

from fluxroom.interpreter import tune

QUICK, USUAL = "flux-2-klein-4b", "flux-2-pro"
"""Models that the catalog expects to take about 1 s and 5 s: what is measured is not how badly a guess can miss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What is measured."""

    client: str  # "engine" or "floor"
    provider: str
    flight: int
    each: int  # jobs per caller, one after another
    seconds: float
    gate: int
    schedule: str = ""  # file with the times of the engine's polls, for the floor to repeat
    loop: str = "uvloop"


async def engine(spec: Spec) -> dict[str, Any]:
    """Callers of the library, each with one picture at a time."""
    from fluxroom.client import AsyncClient
    from fluxroom.settings import load

    with tempfile.TemporaryDirectory(prefix="fluxroom-bench-") as folder:
        caps = {"bfl_cap": spec.flight, "fal_cap": spec.flight}
        settings = load(data=Path(folder), submit_gate=spec.gate, log_level="error", **caps)
        transport = CountingTransport()
        async with AsyncClient(settings=settings, transport=transport) as client:
            in_hand: dict[str, float] = {}
            route = f"{spec.provider}/{QUICK if spec.seconds < 2 else USUAL}"

            async def caller(number: int, count: int) -> None:
                for one in range(count):
                    prompt = f"a red fox in fresh snow, number {number} of {one}"
                    image = await client.generate(prompt, model=route, seed=number, cache="off")
                    assert image.bytes
                    in_hand[image.request_id] = time.time()

            await asyncio.gather(*(caller(number, 1) for number in range(8)))
            in_hand.clear()
            transport.calls.clear()
            meter = await measured(spec, caller)
            await asyncio.sleep(0.1)
    if spec.schedule:
        polls = [[at - transport.accepted[task] for at in transport.polled[task]] for task in in_hand]
        await asyncio.to_thread(Path(spec.schedule).write_text, json.dumps(polls))
    found = {task: transport.answered[task] for task in in_hand if task in transport.answered}
    return figures(spec, meter, in_hand, found) | {"calls": dict(transport.calls)}


async def floor(spec: Spec) -> dict[str, Any]:
    """The same requests at the same moments from bare coroutines: nothing is checked, written or promised."""
    from bench.loops import Bare

    schedule = json.loads(await asyncio.to_thread(Path(spec.schedule).read_text))
    in_hand: dict[str, float] = {}
    found: dict[str, float] = {}
    async with Bare(spec.provider) as bare:

        async def caller(number: int, count: int) -> None:
            for one in range(count):
                task = await bare.picture(f"a red fox, number {number}", polls=schedule[number + one * spec.flight])
                found[task], in_hand[task] = bare.found.pop(task), time.time()

        await asyncio.gather(*(caller(number, 1) for number in range(min(8, spec.flight))))
        in_hand.clear()
        found.clear()
        bare.calls.clear()
        meter = await measured(spec, caller)
        return figures(spec, meter, in_hand, found) | {"calls": dict(bare.calls)}


async def measured(spec: Spec, caller: Any) -> Meter:
    """Run all callers under the meter."""
    gc.collect()
    await asyncio.sleep(0.5)
    meter = Meter()
    meter.start()
    await asyncio.gather(*(caller(number, spec.each) for number in range(spec.flight)))
    meter.stop()
    return meter


def figures(spec: Spec, meter: Meter, in_hand: dict[str, float], found: dict[str, float]) -> dict[str, Any]:
    """What came out, in jobs per second, milliseconds and KiB."""
    jobs = len(in_hand)
    assert jobs == spec.flight * spec.each
    delays = [(at - ready_at(task)) * 1000 for task, at in in_hand.items()]
    ours = [(in_hand[task] - at) * 1000 for task, at in found.items()]
    return {
        "jobs": jobs,
        "wall": meter.wall,
        "rate": jobs / meter.wall,
        "cpu": meter.cpu / jobs * 1000,
        "busy": meter.cpu / meter.wall,
        "threads": {name: round(seconds / jobs * 1000, 3) for name, seconds in meter.threads.items()},
        "memory": (meter.peak - meter.idle) / spec.flight / 1024,
        "idle": meter.idle / 2**20,
        "delay": [percentile(delays, 0.5), percentile(delays, 0.99)],
        "ours": [percentile(ours, 0.5), percentile(ours, 0.99)],
        "spec": asdict(spec),
    }


def main() -> None:
    spec = Spec(**json.load(sys.stdin))
    many_files()
    tune()
    work = engine(spec) if spec.client == "engine" else floor(spec)
    if spec.loop == "uvloop":
        import uvloop

        found = uvloop.run(work)
    else:
        found = asyncio.run(work)
    print(json.dumps(found), flush=True)
    # Not a second for tidying up: the next measurement waits.
    os._exit(0)


if __name__ == "__main__":
    main()
