"""What the engine costs, beside a bare loop that does the same HTTP work, in one run: `python -m bench.engine`.

The providers are the sandbox's stub in a process of its own; every measurement is a process of its own too. The bare
loop repeats the very polls that the engine made (same number, same moments) and does nothing else: no ledger, no check
of the picture, no file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

from bench.instruments import machine, table
from bench.jobs import Spec
from bench.provider import Running, running

HEAD = (
    *("provider", "job s", "in flight", "gate", "jobs/s (of ideal)", "bare jobs/s"),
    *("CPU ms/job", "bare", "ratio", "KiB/job in flight"),
    *("delay p50 / p99 ms", "bare", "after found p50 / p99 ms", "polls/job", "stub busy"),
)


def run(spec: Spec, stub: Running, *, core: int | None, database: str = "") -> dict[str, Any]:
    """One measurement in a process of its own."""
    before = stub.cpu()
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    done = subprocess.run(
        [*pinned, sys.executable, "-m", "bench.jobs"],
        input=json.dumps(asdict(spec)),
        env=os.environ | stub.environment | ({"FLUXROOM_DATABASE_URL": database} if database else {}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=900,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"stub": (stub.cpu() - before) / found["wall"]}


def ceiling(found: Sequence[dict[str, Any]]) -> str:
    """How many requests a second the stub could answer, from its CPU time per request."""
    calls = sum(sum(one["calls"].values()) for one in found)
    cpu = sum(one["stub"] * one["wall"] for one in found)
    return f"{calls / cpu:,.0f} requests/s ({cpu / calls * 1000:.2f} ms CPU each)"


def check(size: int) -> float:
    """CPU milliseconds for looking at one picture, which the bare loop does not do."""
    from fluxroom.imaging.probe import verify
    from fluxroom.sandbox.pictures import plain_png

    picture = plain_png(size)
    verify(picture)
    start = time.process_time()
    for _ in range(40):
        verify(picture)
    return (time.process_time() - start) / 40 * 1000


def row(ours: dict[str, Any], bare: dict[str, Any]) -> list[str]:
    """One line of the table."""
    spec = ours["spec"]
    ideal = spec["flight"] / spec["seconds"]
    polls = ours["calls"].get("poll", 0) + ours["calls"].get("stream", 0)
    return [
        *(spec["provider"], f"{spec['seconds']:g}", f"{spec['flight']:,}", str(spec["gate"])),
        f"{ours['rate']:,.0f} ({ours['rate'] / ideal:.0%})",
        f"{bare['rate']:,.0f}",
        f"{ours['cpu']:.2f}",
        f"{bare['cpu']:.2f}",
        f"{ours['cpu'] / bare['cpu']:.1f}",
        f"{ours['memory']:,.0f}",
        " / ".join(f"{value:,.0f}" for value in ours["delay"]),
        " / ".join(f"{value:,.0f}" for value in bare["delay"]),
        " / ".join(f"{value:,.0f}" for value in ours["ours"]),
        f"{polls / ours['jobs']:.1f}",
        f"{ours['stub']:.0%}",
    ]


def threads(ours: dict[str, Any]) -> list[str]:
    """Where the engine's CPU time went, by thread."""
    spec, used = ours["spec"], ours["threads"]
    named = {"MainThread": "event loop", "fluxroom-writer": "writer", "fluxroom-reader": "reader"}
    others = sum(value for name, value in used.items() if name not in named)
    return [
        *(spec["provider"], f"{spec['seconds']:g}", f"{spec['flight']:,}"),
        *(f"{used.get(name, 0.0):.2f}" for name in named),
        f"{others:.2f}",
        f"{ours['busy']:.0%}",
        f"{ours['idle']:.0f}",
    ]


def main() -> None:
    options = arguments()
    engine_core, stub_core = (0, 1) if options.pin else (None, None)
    kept_in = "PostgreSQL" if options.database else "SQLite"
    print(f"{machine()} · {kept_in} · {options.loop} · pictures of {options.size:,} bytes\n", flush=True)
    lines, shares, floors = [], [], []
    with ExitStack() as stack:
        new_database = databases(stack, options.database)
        for seconds in options.seconds:
            stub = stack.enter_context(running("stub", seconds=seconds, size=options.size, core=stub_core))
            for spec in specs(options, seconds):
                ours = run(spec, stub, core=engine_core, database=new_database())
                bare = run(replace(spec, client="floor"), stub, core=engine_core)
                Path(spec.schedule).unlink()
                lines.append(row(ours, bare))
                shares.append(threads(ours))
                floors.append(bare)
                print("  ".join(lines[-1]), file=sys.stderr, flush=True)
    print(f"The stub's ceiling: {ceiling(floors)}. The check of a picture alone: {check(options.size):.2f} ms CPU.\n")
    print(table(HEAD, lines))
    head = ("provider", "job s", "in flight", "event loop", "writer", "reader", "others", "cores busy", "idle MiB")
    print(f"\nCPU ms per job by thread:\n\n{table(head, shares)}")


def specs(options: argparse.Namespace, seconds: float) -> Iterator[Spec]:
    """What is measured with jobs of this duration."""
    for provider in options.providers:
        for flight, gate in product(options.flight, options.gate):
            yield Spec(
                client="engine",
                provider=provider,
                flight=flight,
                each=max(2, min(options.most // flight, 12)) if seconds < 2 else 2,
                seconds=seconds,
                gate=gate,
                loop=options.loop,
                schedule=tempfile.mkstemp(prefix="fluxroom-bench-", suffix=".json")[1],
            )


def databases(stack: ExitStack, database: str) -> Callable[[], str]:
    """What gives each measurement its database: the data folder's own, the one that was named, or a new one."""
    if database != "temporary":
        return lambda: database
    from bench.database import temporary

    return stack.enter_context(temporary()).fresh


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half a minute: 24 and 200 in flight, 0.4 s, BFL")
    parser.add_argument("--providers", nargs="+", default=["bfl", "fal"], choices=["bfl", "fal"])
    parser.add_argument("--flight", nargs="+", type=int, default=[1, 24, 200, 1000], help="jobs in flight")
    parser.add_argument("--seconds", nargs="+", type=float, default=[0.4, 5.0], help="how long a job takes")
    parser.add_argument(
        "--gate", nargs="+", type=int, default=[8], help="FLUXROOM_SUBMIT_GATE (default: 8, the engine's own)"
    )
    parser.add_argument("--size", type=int, default=100_000, help="bytes of a picture")
    parser.add_argument("--most", type=int, default=4000, help="jobs of one measurement, at most")
    parser.add_argument("--loop", default="uvloop", choices=["uvloop", "asyncio"], help="the gateway runs on uvloop")
    parser.add_argument("--pin", action="store_true", help="engine on core 0, stub on core 1")
    parser.add_argument("--database", default="", help="PostgreSQL: a URL, or `temporary`")
    options = parser.parse_args()
    if options.quick:
        options.providers, options.flight, options.seconds, options.most = ["bfl"], [24, 200], [0.4], 600
    return options


if __name__ == "__main__":
    main()
