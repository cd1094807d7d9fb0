from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.remote.gateways import Gate

from mcp import Client, StdioServerParameters


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    running = Gate(tmp_path / "gateway").start()
    yield running
    running.stop()


def over_stdio(data: Path, **environment: str) -> StdioServerParameters:
    """`fluxroom mcp` as an agent's program starts it."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    fast = {"FLUXROOM_SANDBOX_SPEED": "50", "FLUXROOM_POLL_FIRST": "0.05", "FLUXROOM_DATA": str(data)}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "fluxroom", "mcp"], env={**known, **fast, **environment}
    )


@pytest.fixture(params=["stdio", "http", "stdio-at-a-gateway"])
async def agent(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Client]:
    """The SDK's own client, over each way that agents come."""
    if request.param == "stdio":
        where: StdioServerParameters | str = over_stdio(tmp_path / "data")
    else:
        gate: Gate = request.getfixturevalue("gate")
        where = f"{gate.url}/mcp" if request.param == "http" else over_stdio(tmp_path / "no", FLUXROOM_URL=gate.url)
    async with Client(where) as client:
        yield client
