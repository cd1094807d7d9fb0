"""The same command line against a gateway: FLUXROOM_URL is all that changes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_contract import JOB, QUOTE, STORY, fields
from tests.cli.told import Process, Run
from tests.remote.gateways import Gate

from fluxroom.imaging.metadata import read

KLEIN = ("-m", "bfl/flux-2-klein-4b")
SCHNELL = ("-m", "fal/flux-schnell")


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gateway with a data folder of its own; this command line's data folder must stay untouched."""
    running = Gate(tmp_path / "gateway").start()
    monkeypatch.setenv("FLUXROOM_URL", running.url)
    monkeypatch.setenv("FLUXROOM_DATA", str(tmp_path / "untouched"))
    yield running
    running.stop()
    assert not (tmp_path / "untouched").exists()


def test_a_picture_in_a_file(gate: Gate, run: Run, tmp_path: Path) -> None:
    told = run("generate", "a red fox", *SCHNELL, "--seed", 7, "-o", tmp_path / "fox.png", "--text")
    assert told.code == 0, told.err
    assert "fal/flux-schnell" in told.out
    assert "sandbox" in told.out
    facts = read((tmp_path / "fox.png").read_bytes())
    assert (facts["prompt"], facts["seed"]) == ("a red fox", 7)


def test_lines_for_programs(gate: Gate, run: Run) -> None:
    told = run("generate", "a red fox", *KLEIN, "-n", 2)
    assert told.code == 0, told.err
    submitted, result = told.lines[0], told.last
    fields(submitted["quote"], QUOTE)
    assert submitted["sandbox"] is True
    assert [line["state"] for line in told.lines if line["event"] == "done"] == ["succeeded"] * 2
    assert [Path(image["file"]).exists() for image in result["images"]] == [True, True]


def test_an_edit_of_a_file(gate: Gate, run: Run, photo: Path) -> None:
    told = run("edit", photo, "make it dusk", *KLEIN)
    assert told.code == 0, told.err
    assert told.last["mode"] == "edit"


def test_a_quote(gate: Gate, run: Run) -> None:
    (line,) = run("quote", "a fox", *KLEIN, "--seed", 1).lines
    assert line["wire"][0]["prompt"] == "a fox"
    assert line["sandbox"] is True
    assert run("jobs", "--json").document == []


def test_jobs_from_the_list_to_the_file(gate: Gate, run: Run, tmp_path: Path) -> None:
    made = run("generate", "a fox", *SCHNELL, "--seed", 7).last
    (listed,) = run("jobs", "--json").document
    fields(listed, JOB)
    whole = listed["id"]
    for part in (whole, whole[-8:], made["generation"]):
        story = run("jobs", part, "--json").document
        fields(story, STORY)
        assert story["id"] == whole
        assert [event["to_state"] for event in story["events"]][-1] == "succeeded"
        assert story["images"][0]["path"].startswith(gate.url)
    text = run("jobs", whole[-8:]).out
    assert "a fox" in text
    assert gate.url in text
    saved = run("jobs", "save", whole[-8:], "-o", tmp_path / "saved.png", "--json")
    assert saved.document == [str(tmp_path / "saved.png")]
    assert (tmp_path / "saved.png").exists()


def test_what_is_not_there(gate: Gate, run: Run) -> None:
    told = run("jobs", "zzzzzzzz")
    assert (told.code, told.out) == (2, "")
    assert "No job ends with 'zzzzzzzz'" in told.err
    assert run("jobs", "--state", "failed").err.startswith("No such jobs")


def test_a_refused_request_is_told_as_at_home(gate: Gate, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*words: object) -> tuple[Any, Any]:
        there = run(*words)
        with monkeypatch.context() as home:
            home.delenv("FLUXROOM_URL")
            home.setenv("FLUXROOM_DATA", str(Path.cwd() / "home"))
            here = run(*words)
        return there, here

    for words in (
        ("generate", "x", "-m", "nothing"),
        ("generate", "x", *KLEIN, "--negative-prompt", "rain"),
        ("generate", "x", *KLEIN, "-r", "missing.png"),
        ("generate", "x [[fault:moderated-input]]", *KLEIN),
        ("budget", "drop", "all", "month"),
        ("budget", "set", "everything", "month", "5"),
    ):
        there, here = both(*words)
        assert there.code == here.code, words
        assert there.err == here.err, words


def test_a_doubtful_job_is_decided(gate: Gate, run: Run) -> None:
    assert run("generate", "x [[fault:submit-drop-after]]", *KLEIN).code == 9
    whole = run("jobs", "--state", "unknown", "--json").document[0]["id"]
    told = run("jobs", "resolve", whole[-8:], "--abandon")
    assert told.code == 0, told.err
    assert "is given up" in told.out
    assert run("jobs", "resolve", whole[-8:], "--retry").code == 2


def test_no_wait_then_resume(gate: Gate, run: Run, tmp_path: Path) -> None:
    told = run("generate", "a fox [[duration:1]]", *KLEIN, "--no-wait", "--text")
    assert told.code == 0, told.err
    assert len(told.out.split()) == 1
    resumed = run("jobs", "resume", "-o", tmp_path, "--text")
    assert resumed.code == 0, resumed.err
    assert "1 ended, 1 with a picture." in resumed.out
    assert len(list(tmp_path.glob("flux-2-klein-4b-*.png"))) == 1


def test_cancel(gate: Gate, run: Run) -> None:
    assert run("provider", "pause", "fal").code == 0
    waiting = gate_job(run, "generate", "x", *SCHNELL, "--wait", 0.1)
    (told,) = run("jobs", "cancel", waiting, "--json").document
    assert told["state"] == "cancelled"
    assert run("provider", "resume", "fal").code == 0
    assert [state["paused"] for state in run("provider", "--json").document] == [False, False]


def gate_job(run: Run, *words: object) -> str:
    assert run(*words).code == 8
    return str(run("jobs", "--json").document[0]["id"])[-8:]


def test_money(gate: Gate, run: Run) -> None:
    run("generate", "a fox", *KLEIN)
    told = run("usage", "--by", "model", "--sandbox", "--json").document
    assert [(line["key"], line["jobs"]) for line in told["lines"]] == [("flux-2-klein-4b", 1)]
    assert "flux-2-klein-4b" in run("usage", "--by", "model", "--sandbox", "--csv").out
    assert "fluxroom usage --sandbox" in run("usage").err
    assert run("budget", "set", "all", "month", "0.001", "--sandbox").code == 0
    refused = run("generate", "b", *KLEIN)
    assert refused.code == 6
    assert "The month budget of the installation" in refused.err
    assert run("budget", "drop", "all", "month").code == 0


def test_models_and_availability(gate: Gate, run: Run) -> None:
    assert "flux-2-pro" in run("models").out
    told = run("models", "check", "bfl/flux-2-klein-4b", "--json").document
    assert told == {"route": "bfl/flux-2-klein-4b", "offered": True, "sandbox": True}


def test_doctor_looks_at_the_gateway(gate: Gate, run: Run) -> None:
    told = run("doctor", "--json").document
    found = {one["what"]: one for one in told["findings"]}
    assert gate.url in found["gateway"]["detail"]
    assert found["gateway"]["level"] == "good"
    assert "data folder" not in found


@pytest.mark.parametrize(
    "words",
    [
        ("doctor", "--live", "-y"),
        ("worker",),
        ("generate", "x", "--sandbox"),
        ("keys",),
        ("edit", "a.png", "x", "--no-sandbox"),
    ],
)
def test_what_only_works_at_home_says_so_in_one_line(gate: Gate, run: Run, words: tuple[str, ...]) -> None:
    told = run(*words, *(("--text",) if words[0] in {"generate", "edit"} else ()))
    assert told.code == 2, told.err
    assert "cannot be done through a gateway" in told.err
    assert len(told.err.strip().splitlines()) == 1


def test_no_gateway_at_all(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXROOM_URL", "http://127.0.0.1:9")
    for words in (("generate", "x", "--text"), ("jobs",), ("usage",)):
        told = run(*words)
        assert told.code == 5
        assert "No answer from http://127.0.0.1:9" in told.err
        assert len(told.err.strip().splitlines()) == 1
    told = run("doctor")
    assert told.code == 5
    assert "No answer" in told.out


def test_an_address_that_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("127.0.0.1:7860", "https://user:secret@example.org", "https://example.org/?a=b"):
        monkeypatch.setenv("FLUXROOM_URL", wrong)
        told = run("jobs")
        assert told.code == 2
        assert "FLUXROOM_URL" in told.err
        assert "secret" not in told.err


def test_the_gateway_restarts_while_somebody_waits(gate: Gate, spawn: Callable[..., Process], tmp_path: Path) -> None:
    process = spawn("generate", "a fox [[duration:3]]", *KLEIN, "-o", tmp_path / "fox.png")
    process.wait_for('"running"')
    gate.stop()
    process.wait_for("asking again")
    gate.start()
    told = process.end()
    assert told.code == 0, told.err
    assert (tmp_path / "fox.png").exists()


def test_the_same_for_people_is_one_clear_line(gate: Gate, spawn: Callable[..., Process], tmp_path: Path) -> None:
    process = spawn("generate", "a fox [[duration:4]]", *KLEIN, "-o", tmp_path / "fox.png", "--text")
    assert process.popen.stderr is not None
    gate_jobs_running(gate)
    gate.stop()
    line = process.popen.stderr.readline()
    assert line.startswith(f"No answer from {gate.url}"), (line, process.end())
    assert "the job goes on there, asking again" in line
    gate.start()
    told = process.end()
    assert told.code == 0, told.err
    assert told.err == ""


def gate_jobs_running(gate: Gate) -> None:
    import json
    import time
    import urllib.request

    for _ in range(200):
        with urllib.request.urlopen(f"{gate.url}/v1/jobs") as answer:
            if any(job["state"] == "running" for job in json.loads(answer.read())["jobs"]):
                time.sleep(0.5)  # until the command line has heard of it
                return
        time.sleep(0.05)
    raise AssertionError("no job ever ran")


def test_ctrl_c_leaves_the_job_with_the_gateway(gate: Gate, spawn: Callable[..., Process], run: Run) -> None:
    process = spawn("generate", "a fox [[duration:2]]", *KLEIN)
    process.wait_for('"running"')
    process.popen.send_signal(signal.SIGINT)
    told = process.end()
    assert told.code == 130
    assert "fluxroom jobs resume" in told.err
    assert run("jobs", "resume").code == 0
    assert [job["state"] for job in run("jobs", "--json").document] == ["succeeded"]
