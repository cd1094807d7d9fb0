"""What the gateway carries: pictures a second, CPU and memory, and whether it still answers: `python -m bench.gateway`.

The provider is the sandbox's stub in a process of its own (jobs of 0.4 s, pictures of 1 MB), the gateway is
`fluxroom serve` as anybody starts it, with a cap of 200. Clients ask through the OpenAI door, once for base64 and once
for addresses, while somebody else asks for /healthz ten times a second. LiteLLM's proxy runs beside it when `--litellm`
names its command.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop
from bench.instruments import machine, many_files, percentile, table
from bench.provider import running

HEAD = (
    *("server", "clients", "answer", "images/s", "CPU ms/image", "p50 ms", "p99 ms", "peak MB"),
    *("/healthz p99 ms", "failed"),
)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Round:
    """What one load has shown."""

    server: str
    clients: int
    form: str
    delays: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    def row(self) -> list[str]:
        made = len(self.delays)
        return [
            *(self.server, str(self.clients), self.form, f"{made / self.seconds:.1f}"),
            f"{self.cpu / max(1, made) * 1000:.1f}",
            *(f"{percentile(self.delays, share) * 1000:.0f}" for share in (0.5, 0.99)),
            f"{self.peak / 1e6:.0f}",
            *(f"{percentile(self.health, 0.99) * 1000:.0f}", str(self.failed)),
        ]


@contextmanager
def served(environment: dict[str, str], data: str) -> Iterator[tuple[str, int, float]]:
    """A gateway: its address, its process, and the seconds until it answered."""
    own = os.environ | environment | {"FLUXROOM_DATA": data, "FLUXROOM_BFL_CAP": "200", "FLUXROOM_FAL_CAP": "200"}
    command = [sys.executable, "-m", "fluxroom", "serve", "--port", "0"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=own | {"FLUXROOM_SUBMIT_GATE": "24"}, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        address = next(line.split()[1] for line in process.stdout if line.strip().startswith("page"))
        yield address, process.pid, time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def memory_of(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def load(found: Round, address: str, pid: int, *, path: str, model: str, images: int) -> None:
    """Ask for so many pictures with so many clients at once."""
    left = iter(range(images))
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        probe = asyncio.create_task(_probe(found, session, address, pid))
        before, begun = cpu_of(pid), time.perf_counter()

        async def client() -> None:
            for number in left:
                body = {"model": model, "prompt": f"picture {number}", "response_format": found.form, "n": 1}
                asked = time.perf_counter()
                async with session.post(f"{address}{path}", json=body) as answer:
                    data = await answer.read()
                if answer.status == 200 and (found.form == "url" or len(data) > 1_000_000):
                    found.delays.append(time.perf_counter() - asked)
                else:
                    found.failed += 1

        await asyncio.gather(*(client() for _ in range(found.clients)))
        found.seconds, found.cpu = time.perf_counter() - begun, cpu_of(pid) - before
        probe.cancel()
        with suppress(asyncio.CancelledError):
            await probe


async def _probe(found: Round, session: aiohttp.ClientSession, address: str, pid: int) -> None:
    while True:
        asked = time.perf_counter()
        async with session.get(f"{address}/healthz") as answer:
            await answer.read()
        found.health.append(time.perf_counter() - asked)
        found.peak = max(found.peak, memory_of(pid))
        await asyncio.sleep(0.1)


def ours(environment: dict[str, str], images: int) -> tuple[list[Round], float]:
    """The gateway at 1, 50 and 500 clients, and how long it took to start."""
    rounds = []
    with tempfile.TemporaryDirectory() as data, served(environment, data) as (address, pid, start):
        for clients in (1, 50, 500):
            for form in ("b64_json", "url"):
                found = Round("fluxroom", clients, form)
                many = max(10, images // 10) if clients == 1 else images
                path = "/openai/v1/images/generations"
                uvloop.run(load(found, address, pid, path=path, model="bfl/flux-2-pro", images=many))
                rounds.append(found)
    return rounds, start


def theirs(command: str, environment: dict[str, str], images: int) -> list[Round]:
    """LiteLLM's proxy on the same stub, as its documentation sets it up for BFL."""
    config = {
        "model_list": [
            {
                "model_name": "flux",
                "litellm_params": {
                    "model": "black_forest_labs/flux-pro-1.1",
                    "api_base": environment["FLUXROOM_BFL_URL"],
                    "api_key": environment["BFL_API_KEY"],
                },
            }
        ]
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(json.dumps(config))
        process = subprocess.Popen([command, "--config", str(file), "--port", "4599"], stdout=subprocess.DEVNULL)
        try:
            found = Round("litellm", 50, "b64_json")
            uvloop.run(_when_up("http://127.0.0.1:4599/health/liveliness"))
            uvloop.run(
                load(
                    found, "http://127.0.0.1:4599", process.pid, path="/images/generations", model="flux", images=images
                )
            )
            return [found]
        finally:
            process.terminate()
            process.wait(30)


async def _when_up(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(240):
            with suppress(aiohttp.ClientError):
                async with session.get(address) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.5)
    raise TimeoutError(f"nobody answers at {address}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes of a picture")
    parser.add_argument("--litellm", default="", help="the command that starts LiteLLM's proxy")
    asked = parser.parse_args()
    many_files()
    print(machine(), "\n")
    with running("stub", seconds=0.4, size=asked.size) as stub:
        rounds, start = ours(stub.environment, asked.images)
        print(table(HEAD, [one.row() for one in rounds]))
        print(f"\nStart until it answers: {start:.2f} s.\n")
        if asked.litellm:
            print(table(HEAD, [one.row() for one in theirs(asked.litellm, stub.environment, asked.images)]))


if __name__ == "__main__":
    main()
