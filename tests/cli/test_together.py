"""Several command lines on one data folder: all finish, nothing is sent twice, caps hold, nobody disturbs another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.told import Process, Provider, Run

Spawn = Callable[..., Process]


def test_five_at_once_all_finish_within_the_cap(spawn: Spawn, run: Run, provider: Provider) -> None:
    processes = [
        spawn("generate", f"fox {number}", "-m", "bfl/flux-2-klein-4b", "-o", f"{number}.png", FLUXROOM_BFL_CAP="2")
        for number in range(5)
    ]
    told = [process.end(seconds=60) for process in processes]
    assert [one.code for one in told] == [0] * 5, [one.err for one in told]
    assert all(Path(f"{number}.png").exists() for number in range(5))
    assert len(provider.box.world.tasks()) == 5
    assert provider.box.world.peaks()["bfl"] <= 2
    assert {job["state"] for job in run("jobs", "--json").document} == {"succeeded"}


def test_looking_and_resuming_beside_a_running_command(spawn: Spawn, run: Run, provider: Provider) -> None:
    process = spawn("generate", "a fox [[duration:1.5]]", "-m", "bfl/flux-2-klein-4b", "-o", "fox.png")
    process.wait_for('"running"')
    assert run("jobs", "--json").document[0]["state"] == "running"
    assert "1 unfinished" in run("doctor").out
    resumed = run("jobs", "resume")  # waits for the other one's job, and does not take it away
    assert resumed.last["succeeded"] == 1
    assert process.end().code == 0
    assert Path("fox.png").exists()
    assert len(provider.submits()) == 1


@pytest.mark.parametrize("words", [("doctor",), ("models", "check", "bfl/flux-2-pro"), ("quote", "a fox"), ("jobs",)])
def test_looking_never_submits_what_waits(run: Run, provider: Provider, words: tuple[str, ...]) -> None:
    """A queued job that its maker left behind is nobody's until somebody says `jobs resume`."""
    provider.box.world.plan_fault("submit-drop-after", provider="bfl")
    run("generate", "a fox", "-m", "bfl/flux-2-klein-4b")
    job = run("jobs", "--json").document[0]["id"]
    assert run("jobs", "resolve", job, "--retry").code == 0
    before = len(provider.submits())
    assert run(*words).code == 0
    assert len(provider.submits()) == before
    assert run("jobs", job, "--json").document["state"] == "queued"
