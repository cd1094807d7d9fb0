from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.doors.openai.worlds import World, world


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "data") as running:
        yield running
