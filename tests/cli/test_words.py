"""The small parts: money, ages, moving lines, JSON lines, inspect."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli.told import Run, picture_file

from fluxroom.cli import voice
from fluxroom.cli.commands.job.shape import age
from fluxroom.cli.progress import Line, _lines, as_line
from fluxroom.types import Done, Queued, Running, Size


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.03", "$0.03"), ("0.0145", "$0.0145"), ("2", "$2.00"), ("0.5", "$0.50"), ("1E+1", "$10.00"), ("0", "$0.00")],
)
def test_money(amount: str, text: str) -> None:
    assert voice.money(Decimal(amount)) == text


def test_money_that_is_not_known() -> None:
    assert voice.money(None) == "not known"


def test_json_of_everything_we_say() -> None:
    from datetime import UTC, datetime

    from fluxroom.types import NotSent

    said = {
        "d": Decimal("0.10"),
        "n": NotSent("a", "b"),
        "t": datetime(2026, 1, 2, tzinfo=UTC),
        "s": Size(3, 2),
        "ü": "ß",
    }
    assert json.loads(voice.dumps(said)) == {
        "d": "0.1",
        "n": {"name": "a", "why": "b"},
        "t": "2026-01-02T00:00:00+00:00",
        "s": "3x2",
        "ü": "ß",
    }
    assert "ß" in voice.dumps(said)


@pytest.mark.parametrize(("ago", "text"), [(5, "5 s"), (120, "2 min"), (7200, "2 h"), (3 * 86400, "3 d"), (-9, "0 s")])
def test_age(ago: float, text: str) -> None:
    assert age(time.time() - ago) == text


def job(number: int, *, sandbox: bool = False) -> Any:
    return SimpleNamespace(id=f"job-{number}", route="bfl/flux-2-pro", sandbox=sandbox)


class TestLine:
    def test_queued_with_position(self) -> None:
        line = Line(jobs=(job(1),))
        assert line.text().startswith("bfl/flux-2-pro · queued 0.")
        line.hear(Queued(job="job-1", position=3))
        assert "3 before it" in line.text()

    def test_queued_with_the_reason(self) -> None:
        line = Line(jobs=(job(1),))
        line.hear(Queued(job="job-1", why="the provider asks to wait"))
        assert line.text().endswith("s, the provider asks to wait")

    def test_running_with_expected_time_and_progress(self) -> None:
        line = Line(jobs=(job(1, sandbox=True),))
        line.hear(Running(job="job-1", elapsed=2.0, expected=5.0, progress=0.4, phase="Generating"))
        assert line.text() == "bfl/flux-2-pro · running 2.0 s of about 5 s, 40% · sandbox"

    def test_the_time_goes_on_between_events(self) -> None:
        line = Line(jobs=(job(1),))
        line.hear(Running(job="job-1", elapsed=2.0, expected=5.0))
        line.heard["job-1"] -= 1.5
        assert "running 3.5 s" in line.text()

    def test_fetching(self) -> None:
        line = Line(jobs=(job(1),))
        line.hear(Running(job="job-1", elapsed=2.0, expected=5.0, phase="fetching"))
        assert "fetching" in line.text()

    def test_several_jobs_are_counted(self) -> None:
        line = Line(jobs=(job(1), job(2), job(3)))
        line.hear(Done(job="job-1", state="succeeded"))
        line.hear(Running(job="job-2", elapsed=1.0, expected=5.0))
        assert "1 of 3 done, running 1.0 s" in line.text()
        for number in (2, 3):
            line.hear(Done(job=f"job-{number}", state="succeeded"))
        assert line.text() == "bfl/flux-2-pro · 3 of 3 done"


class TestLines:
    def test_events_have_their_fields(self) -> None:
        assert as_line(Queued(job="a", position=2)) == {
            "event": "queued", "job": "a", "position": 2, "why": "",
        }  # fmt: skip
        running = as_line(Running(job="a", elapsed=1.2345, expected=5.0, progress=0.5, phase="x"))
        assert running == {
            "event": "running", "job": "a", "elapsed": 1.23, "expected": 5.0, "progress": 0.5, "phase": "x",
            "why": "", "usual": "",
        }  # fmt: skip
        done = as_line(Done(job="a", state="failed", error={"code": "provider_error"}))
        assert done["error"]["code"] == "provider_error"
        assert done["images"] == []

    def test_what_says_nothing_new_is_left_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        tell = _lines()
        for elapsed in (1.0, 1.5, 2.0):
            tell(Running(job="a", elapsed=elapsed, expected=5.0))
        tell(Running(job="b", elapsed=1.0, expected=5.0))
        tell(Running(job="a", elapsed=2.5, expected=5.0, progress=0.5))
        tell(Done(job="a", state="succeeded"))
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["job"], line["event"]) for line in said] == [
            ("a", "running"), ("b", "running"), ("a", "running"), ("a", "done"),
        ]  # fmt: skip


class TestInspect:
    def test_a_file_that_says_nothing(self, run: Run, photo: Path) -> None:
        told = run("inspect", photo)
        assert told.code == 2
        assert "carries nothing" in told.err

    def test_not_there(self, run: Run) -> None:
        told = run("inspect", "nowhere.png")
        assert told.code == 2
        assert "No such file" in told.err

    def test_a_folder(self, run: Run, tmp_path: Path) -> None:
        assert run("inspect", tmp_path).code == 2

    def test_no_picture(self, run: Run, tmp_path: Path) -> None:
        file = tmp_path / "x.txt"
        file.write_text("words", "utf-8")
        assert run("inspect", file).code == 2

    def test_text_and_json(self, run: Run) -> None:
        run("generate", "ein Füchslein", "-m", "fal/flux-schnell", "--seed", 7, "-o", "fox.png")
        told = run("inspect", "fox.png")
        assert "prompt      ein Füchslein" in told.out
        assert "seed        7" in told.out
        assert "practice picture" in told.err
        facts = run("inspect", "fox.png", "--json").document
        assert facts["parameters"]["seed"] == 7
        assert facts["request_id"]


def test_picture_file_is_what_tests_think(tmp_path: Path) -> None:
    assert picture_file(tmp_path / "a.png", (1, 2, 3)).read_bytes().startswith(b"\x89PNG")
