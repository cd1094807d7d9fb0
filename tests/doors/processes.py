"""The gateway as its own process: `fluxroom serve` with TLS and a port for fal's clients, on the sandbox of a test."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.worlds import environment_for

from fluxroom.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Served:
    """A running gateway, as its greeting tells."""

    greeting: str
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return _said(r"page\s+(\S+)", self.greeting)

    @property
    def fal_client_environment(self) -> dict[str, str]:
        """What the greeting says that fal's Python client needs."""
        return dict(re.findall(r"(FAL_RUN_HOST|FAL_QUEUE_RUN_HOST|SSL_CERT_FILE)=(\S+)", self.greeting))


@asynccontextmanager
async def served(box: Sandbox, data: Path, *options: str, **environment: str) -> AsyncIterator[Served]:
    """`fluxroom serve` on free ports, until the end of the block; then it is asked to stop."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fluxroom", "serve", "--port", "0", *options),
        env={**os.environ, **environment_for(box, data), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = ""
    try:
        while "Stop with Ctrl-C" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, (await process.stderr.read()).decode()[-3000:]
            said += line
        yield Served(said, process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


def _said(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
