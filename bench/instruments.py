"""What the benchmarks measure with: a transport that counts, clocks for CPU by thread, memory, percentiles, tables."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import platform
import re
import resource
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path

from fluxroom.engine.transport import AiohttpTransport
from fluxroom.providers import Call, Reply

TASK = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class CountingTransport(AiohttpTransport):
    """The engine's own transport, with a count of the calls by kind and their times by task."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.accepted: dict[str, float] = {}  # task -> when its submit was answered
        self.polled: dict[str, list[float]] = defaultdict(list)  # task -> when each poll was sent
        self.answered: dict[str, float] = {}  # task -> when its last poll was answered

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the engine's
        kind = kind_of(call)
        self.calls[kind] += 1
        if kind == "poll":
            self.polled[task_in(call.url)].append(time.time())
        reply = await super().request(call, headers, timeout=timeout)
        if kind == "submit":
            self.accepted[task_in(reply.body)] = time.time()
        elif kind == "poll":
            self.answered[task_in(call.url)] = time.time()
        return reply

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        self.calls["stream"] += 1
        async for data in super().stream(call, headers):
            self.answered[task_in(call.url)] = time.time()
            yield data

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the engine's
        self.calls["download"] += 1
        return await super().download(url, limit=limit, timeout=timeout)


def kind_of(call: Call) -> str:
    """What a call is for."""
    if call.method == "POST":
        return "submit"
    path, _, query = call.url.partition("?")
    return "poll" if path.endswith(("/status", "/get_result")) or "id=" in query else "result"


def task_in(text: str | bytes) -> str:
    """The id of the task that an address or an answer names first."""
    found = TASK.search(text.encode() if isinstance(text, str) else text)
    return found[0].decode() if found else ""


def ready_at(task: str) -> float:
    """When a task of the stub is ready: its id says so, in milliseconds since 1970."""
    return int(task[:8] + task[9:13], 16) / 1000


class Meter:
    """CPU time of this process, also by thread, and its largest memory, between `start` and `stop`."""

    def __init__(self) -> None:
        self.idle = 0
        self.peak = 0
        self.wall = self.cpu = 0.0
        self.threads: dict[str, float] = {}
        self._watcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.idle = self.peak = rss()
        self._threads = cpu_by_thread()
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self.peak = max(self.peak, rss())

    def stop(self) -> None:
        self.cpu, self.wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        self.peak = max(self.peak, rss())
        self.threads = {
            name: seconds - self._threads.get(name, 0.0) for name, seconds in sorted(cpu_by_thread().items())
        }
        if self._watcher:
            self._watcher.cancel()


def rss() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def cpu_by_thread() -> dict[str, float]:
    """CPU seconds by thread, those of a pool together. Linux counts in hundredths."""
    used: dict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        stat = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rsplit(") ", 1)[1].split()
        name = re.sub(r"[-_]?\d+(_\d+)?$", "", thread.name)
        used[name] += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return used


def many_files() -> None:
    """Allow as many sockets as the machine does."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0 of none."""
    listed = sorted(values)
    return listed[min(len(listed) - 1, int(share * len(listed)))] if listed else 0.0


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in ([*head], ["---"] * len(head), *rows)]
    return "\n".join(lines)


def machine() -> str:
    """When, where and beside what other load this runs."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores ({platform.machine()}), shared · "
        f"load average {os.getloadavg()[0]:.1f} before · Python {platform.python_version()} · "
        f"commit {commit.stdout.strip() or 'unknown'}"
    )
