from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.remote.gateways import Gate
from tests.server.calls import settings_at

from fluxroom.client import AsyncClient


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gateway with a data folder of its own."""
    running = Gate(tmp_path / "gateway").start()
    yield running
    running.stop()


@pytest.fixture(params=["here", "gateway"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """An open client that works in this process, then one that works at a gateway: both promise the same."""
    if request.param == "here":
        async with AsyncClient(settings=settings_at(tmp_path / "here", wait=30.0)) as local:
            yield local
        return
    gate: Gate = request.getfixturevalue("gate")
    async with gate.client() as remote:
        yield remote
