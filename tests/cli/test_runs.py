"""`fluxroom runs`: look, pause, go on, send again, cancel, save."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.told import Process, Provider, Run

FAST = "bfl/flux-2-klein-4b"


def carry(run: Run, *prompts: str, name: str = "sheet") -> str:
    """A run that is made; its id."""
    Path(f"{name}.csv").write_text("\n".join(["prompt,seed", *(f"{one},{n}" for n, one in enumerate(prompts))]))
    told = run("bulk", "run", f"{name}.csv", "-m", FAST, "--yes", "--json")
    return str(told.document["id"])


def test_runs_are_listed_and_shown_by_the_end_of_their_id(run: Run, provider: Provider) -> None:
    first, second = carry(run, "a fox", name="one"), carry(run, "an owl", "a hare", name="two")
    lines = run("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == [second[-8:], first[-8:]]
    assert "2 of 2 done" in lines[0]
    shown = run("runs", "show", second[-8:])
    assert "row 1" in shown.out
    assert "done" in shown.out
    document = run("runs", "show", second[-8:], "--json").document
    assert [item["asked"]["prompt"] for item in document["items"]] == ["an owl", "a hare"]
    for item in document["items"]:
        # Each cell or row says exactly what was sent, to whom, for how much and how long.
        assert item["route"] == FAST
        assert item["sent"][0]["prompt"] == item["asked"]["prompt"]
        assert (item["not_sent"], item["images"][0]["rating"]) == ([], None)
        assert item["seconds"] is not None
        assert float(item["charged"]) > 0
    assert run("runs", "list", "--kind", "pipeline").out == ""
    assert run("runs", "show", "nothing-ends-so").code == 2


def test_a_run_that_is_hidden_is_in_no_list_but_that_of_the_hidden(run: Run, provider: Provider) -> None:
    first, second = carry(run, "a fox", name="one"), carry(run, "an owl", name="two")
    assert run("runs", "change", first, "--hide").code == 0
    assert [line.split()[0] for line in run("runs").out.splitlines()] == [second[-8:]]
    assert [one["id"] for one in run("runs", "list", "--hidden", "--json").document] == [first]
    assert run("runs", "show", first[-8:]).code == 0  # whoever knows its name sees it
    assert run("runs", "change", first[-8:], "--show").code == 0
    assert len(run("runs").out.splitlines()) == 2


def test_pictures_are_saved_once_and_files_that_are_there_stay(run: Run, provider: Provider) -> None:
    whole = carry(run, "a fox", "an owl")
    assert run("runs", "save", whole, "-o", "out").code == 0
    mine = Path("out/1-a-fox.png")
    mine.write_bytes(b"mine")
    assert run("runs", "save", whole, "-o", "out").code == 0
    assert mine.read_bytes() == b"mine"
    assert (Path("out/2-an-owl.png").stat().st_size) > 100


def test_what_ended_cannot_be_paused_or_cancelled(run: Run, provider: Provider) -> None:
    whole = carry(run, "a fox")
    for word in ("pause", "resume", "cancel"):
        told = run("runs", word, whole)
        assert (told.code, "is finished, not" in told.err) == (2, True), told.err
    told = run("runs", "retry", whole)
    assert (told.code, "has no item that is failed or cancelled" in told.err) == (2, True)


def test_what_failed_is_sent_again(run: Run, provider: Provider) -> None:
    provider.box.world.plan_fault("moderated-output", times=1)
    whole = carry(run, "a fox", "an owl")
    assert "1 failed" in run("runs").out
    told = run("runs", "retry", whole)
    assert (told.code, "2 of 2 done" in told.out) == (0, True), told.err


@pytest.mark.slow
def test_ctrl_c_pauses_and_resume_goes_on(
    run: Run, provider: Provider, spawn: Callable[..., Process], tmp_path: Path
) -> None:
    provider.box.world.set_duration(0.4)
    Path("long.csv").write_text("\n".join(["prompt,seed", *(f"p{n},{n}" for n in range(12))]))
    process = spawn("bulk", "run", "long.csv", "-m", FAST, "--yes", FLUXROOM_BFL_CAP="2")
    end = time.monotonic() + 30
    while len(provider.box.world.tasks()) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    process.popen.send_signal(signal.SIGINT)
    told = process.end()
    assert "Paused. Go on with the same command" in told.err
    with closing(sqlite3.connect(tmp_path / "data/fluxroom.db")) as database:
        [(whole, state)] = database.execute("select id, state from runs").fetchall()
        asked = [json.loads(row[0]) for row in database.execute("select asked from run_items order by position")]
    assert state == "paused"
    assert [one["seed"] for one in asked] == list(range(12))
    made = len(provider.box.world.tasks())
    assert made < 12
    resumed = run("runs", "resume", whole)
    assert (resumed.code, "12 of 12 done" in resumed.out) == (0, True), resumed.err
    assert len(provider.box.world.tasks()) == 12
