"""Each kind of run is killed in the middle and goes on; the providers' books show every picture paid exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.runs import KINDS, site

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Its address; empty for the data folder's own."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres").fresh())


@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_the_middle_it_goes_on_and_nothing_is_paid_twice(tmp_path: Path, database: str, kind: str) -> None:
    with site(tmp_path / "data", database=database) as one:
        KINDS[kind](one)
        assert one.kills >= 1
