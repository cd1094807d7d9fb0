"""kill -9 at random moments: afterwards our books and the providers' agree, to the last task."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.crash.harness import Run
from tests.crash.report import summary, table

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]


async def test_fifty_kills(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    report = await Run(tmp_path / "data", seed).kill(50)
    print("\n".join(table(summary(report, "now"))))
    assert report.wrong == []
    assert report.kills.number >= 50
    assert report.kills.delicate >= 0.6
    # The run has shown nothing if these did not happen.
    assert "refused" in (tmp_path / "data/worker.log").read_text()
    assert report.audit.figures["unknown and taken"] > 0
    assert report.audit.figures["succeeded"] > 50
    assert report.peaks["bfl/flux-kontext-max"] >= 4
    assert report.peaks["bfl"] >= 12


@pytest.mark.parametrize("mutant", ["no-intent", "sends-again"])
async def test_the_audit_finds_a_worker_that_breaks_the_law(tmp_path: Path, mutant: str) -> None:
    run = Run(tmp_path / "data", 1, workers=1, changes=("short-pauses", mutant), aimed=1.0)
    report = await run.kill(6)
    assert report.audit.figures["paid twice"] > 0
    assert any("tasks for it" in line for line in report.wrong)
    assert any("are explained" in line for line in report.wrong)
