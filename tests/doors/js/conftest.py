from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.doors.js.kits import Kit, digest
from tests.doors.openai.worlds import World, world


@pytest.fixture(scope="session", params=["node20", "node22"])
def kit(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Kit:
    assert pytestconfig.cache is not None
    name = str(request.param)
    found = Kit(name, pytestconfig.cache.mkdir(f"doors-{name}-{digest(name)}"))
    with (found.folder / "lock").open("w") as lock:  # several workers of one run share the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        found.install()
    return found


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "data") as running:
        yield running
