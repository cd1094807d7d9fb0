"""How soon a finished picture is found, and with how many requests: `python -m bench.detection`.

Jobs of 2.55 to 3.95 s at the sandbox (a process of its own), for Fluxroom and for the fixed polling of other clients,
re-stated here as bare loops, all in the same run. 3.0 s would flatter every grid of 0.5, 1.0 and 1.5 s, so there are
eight durations. Delay = bytes in the caller's hands − ready at the provider; requests include submit and download.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean

import aiohttp
from bench.instruments import CountingTransport, machine, many_files, table
from bench.loops import Bare
from bench.provider import running

from fluxroom.client import AsyncClient
from fluxroom.settings import load

DURATIONS = tuple(round(2.55 + 0.2 * number, 2) for number in range(8))
CLOSE = 0.05
"""How far the durations of a steady route lie from each other."""

SIDE = 512
"""Pixels of a side: the sandbox paints small pictures sooner."""

STAGGER = 0.13
"""Seconds between the starts of two clients, so that they do not all want a picture at the same moment."""


@dataclass(frozen=True, slots=True)
class Found:
    """One picture: which task it was, when its bytes were there and what it took."""

    task: str
    at: float
    known: float
    requests: int


Client = Callable[[float], Awaitable[Found]]


def prompt(duration: float) -> str:
    """What tells the sandbox how long to take."""
    return f"a red fox in fresh snow [[duration:{duration:.3f}]]"


class Ours:
    """Fluxroom on a data folder of its own."""

    def __init__(self, client: AsyncClient, transport: CountingTransport, provider: str) -> None:
        self._client, self._transport = client, transport
        self._route = f"{provider}/flux-2-pro"

    async def generate(self, duration: float) -> Found:
        """One picture, as a caller of the library makes it."""
        self._transport.calls.clear()
        size = {"width": SIDE, "height": SIDE}
        image = await self._client.generate(prompt(duration), model=self._route, image_size=size)
        assert image.bytes
        task = image.request_id
        return Found(task, time.time(), self._transport.answered.get(task, 0.0), self._transport.calls.total())

    async def remember(self, durations: Sequence[float]) -> None:
        """Give the route a history."""
        await asyncio.gather(*(self.generate(duration) for duration in durations))


async def ours(stack: AsyncExitStack, provider: str, number: int) -> Ours:
    """A new data folder with an open client on it, everything loaded."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fluxroom-bench-")))
    transport = CountingTransport()
    key = f"bench-{provider}-{number}"  # a key of its own: the sandbox counts what is in flight by key
    settings = load(data=folder, bfl_api_key=key, fal_key=f"{key}:secret", log_level="error")
    client = await stack.enter_async_context(AsyncClient(settings=settings, transport=transport))
    await client.generate(prompt(0.05), model=f"{provider}/flux-2-klein-4b")
    return Ours(client, transport, provider)


async def bare(stack: AsyncExitStack, provider: str, **how: object) -> Client:
    """A bare loop: `grid` and `first`, or `stream`."""
    size = {"image_size": {"width": SIDE, "height": SIDE}} if provider == "fal" else {"width": SIDE, "height": SIDE}
    loop = await stack.enter_async_context(Bare(provider, **size))

    async def picture(duration: float) -> Found:
        loop.calls.clear()
        if how.get("stream"):
            task = await loop.streamed(prompt(duration))
        else:
            task = await loop.picture(prompt(duration), **how)  # type: ignore[arg-type]
        return Found(task, time.time(), loop.found.pop(task), loop.calls.total())

    return picture


def around(duration: float, count: int = 12) -> list[float]:
    """The durations of a steady route: `count` of them within 5 % of one."""
    return [duration * (1 - CLOSE + 2 * CLOSE * number / (count - 1)) for number in range(count)]


async def clients(stack: AsyncExitStack, durations: Sequence[float]) -> dict[str, dict[float, Client]]:
    """Every client by its name, for each duration."""
    fresh = {name: [await ours(stack, name, number) for number in range(len(durations))] for name in ("bfl", "fal")}
    close = [await ours(stack, "bfl", 100 + number) for number in range(len(durations))]
    wide = await ours(stack, "bfl", 200)
    await asyncio.gather(
        *(one.remember(around(duration)) for one, duration in zip(close, durations, strict=True)),
        wide.remember([*durations, *durations]),
    )
    half, whole = await bare(stack, "bfl", grid=0.5, first=True), await bare(stack, "bfl", grid=1.0)
    found: dict[str, dict[float, Client]] = {
        "bfl: Fluxroom, the route's first job": dict(
            zip(durations, (one.generate for one in fresh["bfl"]), strict=True)
        ),
        "bfl: Fluxroom, after 12 jobs within ± 5 %": dict(zip(durations, (one.generate for one in close), strict=True)),
        "bfl: Fluxroom, after 16 jobs of 2.55 – 3.95 s": dict.fromkeys(durations, wide.generate),
        "bfl: every 0.5 s, first at once": dict.fromkeys(durations, half),
        "bfl: every 1.0 s, first after a pause": dict.fromkeys(durations, whole),
        "fal: Fluxroom": dict(zip(durations, (one.generate for one in fresh["fal"]), strict=True)),
    }
    for name, how in (
        ("fal: status stream, bare", {"stream": True}),
        ("fal: every 0.1 s", {"grid": 0.1, "first": True}),
        ("fal: every 0.5 s, first at once", {"grid": 0.5, "first": True}),
    ):
        found[name] = dict.fromkeys(durations, await bare(stack, "fal", **how))
    return found


async def later(seconds: float, work: Callable[[], Awaitable[Found]]) -> Found:
    await asyncio.sleep(seconds)
    return await work()


async def ready_times(origin: str) -> dict[str, float]:
    """When each task was ready, by the sandbox's books."""
    async with aiohttp.ClientSession() as session, session.get(f"{origin}/admin/tasks") as reply:
        return {task["id"]: task["ready"] for task in await reply.json()}


async def sweep(durations: Sequence[float], origin: str) -> dict[str, list[tuple[float, float, int]]]:
    """Delay, the part of it after the provider's word, and requests: for each client and duration."""
    found: dict[str, list[Found]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        listed = await clients(stack, durations)
        for duration in durations:
            work = [partial(by_duration[duration], duration) for by_duration in listed.values()]
            answers = await asyncio.gather(*(later(number * STAGGER, one) for number, one in enumerate(work)))
            for name, one in zip(listed, answers, strict=True):
                found[name].append(one)
        ready = await ready_times(origin)
    return {
        name: [(one.at - ready[one.task], one.at - one.known, one.requests) for one in several]
        for name, several in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is done")
    parser.add_argument("--durations", nargs="+", type=float, default=DURATIONS, help="seconds that jobs take")
    options = parser.parse_args()
    many_files()
    print(f"{machine()} · {options.rounds} rounds of {len(options.durations)} durations\n", flush=True)
    found: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    with running("sandbox") as box:
        os.environ.update(box.environment)
        origin = box.environment["FLUXROOM_BFL_URL"].removesuffix("/bfl")
        for _ in range(options.rounds):
            for name, several in asyncio.run(sweep(options.durations, origin)).items():
                found[name] += several
    rows = []
    for name, several in found.items():
        delays, after, requests = zip(*several, strict=True)
        rows.append(
            [
                name,
                f"{mean(delays):.3f}",
                f"{max(delays):.3f}",
                f"{mean(delays) - mean(after):.3f}",
                f"{mean(requests):.1f}",
                max(requests),
            ]
        )
    print(table(("client", "mean delay s", "max", "of it until known", "mean requests", "max"), rows))


if __name__ == "__main__":
    main()
