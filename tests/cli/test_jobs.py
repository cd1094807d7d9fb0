"""`fluxroom jobs`: looking, going on, deciding, cancelling, saving."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.told import Run

KLEIN = ("-m", "bfl/flux-2-klein-4b")
SCHNELL = ("-m", "fal/flux-schnell")


def in_doubt(run: Run) -> str:
    told = run("generate", "x [[fault:submit-drop-after]]", *KLEIN)
    assert told.code == 9
    return str(run("jobs", "--json").document[0]["id"])


def test_none_yet(run: Run) -> None:
    told = run("jobs")
    assert told.code == 0
    assert told.out == ""
    assert "No jobs yet" in told.err
    assert run("jobs", "--json").document == []


def test_looking_makes_no_data_folder(run: Run, tmp_path: Path) -> None:
    assert run("jobs", "--data", tmp_path / "none").code == 0
    assert not (tmp_path / "none").exists()


def test_newest_first_and_by_state(run: Run) -> None:
    run("generate", "first", *SCHNELL)
    run("generate", "second [[fault:moderated-input]]", *KLEIN)
    lines = run("jobs").out.splitlines()
    assert "second" in lines[0]
    assert "moderated_input" in lines[0]
    assert "first" in lines[1]
    assert "sandbox" in lines[1]
    assert len(run("jobs", "--state", "succeeded").out.splitlines()) == 1
    assert len(run("jobs", "-n", 1).out.splitlines()) == 1
    assert run("jobs", "--state", "failed").err.startswith("No such jobs")


def test_a_state_that_is_none(run: Run) -> None:
    told = run("jobs", "--state", "sleeping")
    assert told.code == 2
    assert "queued" in told.err


def test_one_by_the_end_of_its_id(run: Run) -> None:
    made = run("generate", "a fox", *SCHNELL, "--seed", 7).last
    whole = made["images"][0]["job"]
    for part in (whole, whole[-8:], made["generation"]):
        told = run("jobs", part)
        assert told.code == 0, told.err
        assert whole in told.out
        assert "a fox" in told.out
        assert "succeeded" in told.out
        assert "submitting" in told.out  # the story
        assert "nothing was really charged" in told.out
        assert "jobs save" in told.err
    found = run("jobs", whole, "--json").document
    assert found["events"][0]["to_state"] == "queued"
    assert found["images"][0]["seed"] == 7
    assert Path(found["images"][0]["path"]).exists()


def test_one_that_is_not_there(run: Run) -> None:
    told = run("jobs", "zzzzzz")
    assert told.code == 2
    assert "No job ends with 'zzzzzz'" in told.err


def test_a_generation_of_several_jobs_names_them(run: Run) -> None:
    made = run("generate", "a fox", *KLEIN, "-n", 2).last
    told = run("jobs", made["generation"])
    assert told.code == 2
    assert "2 jobs" in told.err
    for job in made["jobs"]:
        assert job["id"][-8:] in told.err


def test_save(run: Run) -> None:
    job = run("generate", "a fox", *SCHNELL, "-o", "first.png").last["images"][0]["job"]
    told = run("jobs", "save", job[-8:], "-o", "again.png")
    assert told.out == "again.png\n"
    assert Path("again.png").read_bytes() == Path("first.png").read_bytes()
    assert run("jobs", "save", job, "--json").document[0].startswith("flux-schnell-")


def test_save_of_one_without_a_picture(run: Run) -> None:
    run("generate", "x [[fault:error]]", *KLEIN)
    job = run("jobs", "--json").document[0]["id"]
    told = run("jobs", "save", job)
    assert told.code == 2
    assert "has no picture" in told.err


class TestDoubt:
    def test_it_is_shown_with_what_to_do(self, run: Run) -> None:
        job = in_doubt(run)
        assert "jobs resolve" in run("jobs").err
        told = run("jobs", job)
        assert "not known" in told.out
        assert "--abandon" in told.err

    def test_without_a_choice_it_explains_the_money(self, run: Run) -> None:
        told = run("jobs", "resolve", in_doubt(run))
        assert told.code == 2
        assert "$0.014 is paid twice" in told.err
        assert "a picture that nobody gets" in told.err
        assert run("jobs", "--json").document[0]["state"] == "unknown"

    def test_abandon(self, run: Run) -> None:
        told = run("jobs", "resolve", in_doubt(run), "--abandon")
        assert told.code == 0
        assert "given up" in told.out
        assert run("jobs", "--json").document[0]["state"] == "abandoned"

    def test_retry_is_carried_by_resume(self, run: Run) -> None:
        job = in_doubt(run)
        told = run("jobs", "resolve", job, "--retry")
        assert told.code == 0
        assert "waits to be sent again" in told.out
        assert run("jobs", "--json").document[0]["state"] == "queued"
        resumed = run("jobs", "resume", "--text")
        assert resumed.code == 0, resumed.err
        assert "1 ended, 1 with a picture" in resumed.out

    def test_a_job_that_is_not_in_doubt(self, run: Run) -> None:
        job = run("generate", "a fox", *SCHNELL).last["images"][0]["job"]
        told = run("jobs", "resolve", job, "--retry")
        assert told.code == 2
        assert "nothing to decide" in told.err

    def test_resume_leaves_it_alone_and_says_so(self, run: Run) -> None:
        job = in_doubt(run)
        told = run("jobs", "resume")
        assert told.code == 0
        assert told.last["in_doubt"] == [job]
        assert "in doubt need a decision" in run("jobs", "resume", "--text").err


class TestResume:
    def test_nothing_to_do(self, run: Run) -> None:
        assert run("jobs", "resume", "--text").out == "Nothing is unfinished.\n"
        assert run("jobs", "resume").last == {
            "event": "result",
            "ended": 0,
            "succeeded": 0,
            "unfinished": 0,
            "in_doubt": [],
        }

    def test_the_wait_ends(self, run: Run) -> None:
        run("generate", "slow [[duration:30]]", *KLEIN, "--no-wait")
        told = run("jobs", "resume", "--wait", "0.3")
        assert told.code == 8
        assert told.lines[0]["unfinished"] == 1
        assert told.last["error"]["code"] == "timeout"

    def test_jobs_of_another_account_are_left_alone(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        run("generate", "slow [[duration:30]]", *KLEIN, "--no-wait")
        monkeypatch.setenv("BFL_API_KEY", "x")
        monkeypatch.setenv("FLUXROOM_BFL_URL", "http://127.0.0.1:9")
        told = run("jobs", "resume", "--text")
        assert told.code == 0
        assert "left alone" in told.err
        assert "--sandbox" in told.err

    def test_the_folder_is_checked_first(self, run: Run) -> None:
        assert run("jobs", "resume", "-o", "nowhere/at/all").code == 11


class TestCancel:
    def test_bfl_cannot_and_says_so(self, run: Run) -> None:
        run("generate", "slow [[duration:1]]", *KLEIN, "--no-wait")
        job = run("jobs", "--json").document[0]["id"]
        told = run("jobs", "cancel", job)
        assert told.code == 0
        assert "cannot cancel" in told.out
        assert "is charged" in told.out

    def test_fal_can(self, run: Run) -> None:
        run("generate", "slow [[duration:30]]", *SCHNELL, "--no-wait")
        job = run("jobs", "--json").document[0]["id"]
        (told,) = run("jobs", "cancel", job, "--json").document
        assert told["job"] == job
        assert told["state"] == "cancelled"

    def test_one_that_has_ended(self, run: Run) -> None:
        job = run("generate", "a fox", *SCHNELL).last["images"][0]["job"]
        assert "already ended" in run("jobs", "cancel", job).out
