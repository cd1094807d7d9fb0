"""Ctrl-C, pipes and exit codes, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.told import Process, Run

Spawn = Callable[..., Process]

SLOW = ("generate", "slow [[duration:60]]", "-m", "bfl/flux-2-klein-4b")


def test_ctrl_c_leaves_the_job_and_says_how_to_go_on(spawn: Spawn, run: Run) -> None:
    process = spawn(*SLOW)
    process.wait_for('"running"')
    began = time.monotonic()
    process.popen.send_signal(signal.SIGINT)
    told = process.end()
    assert told.code == 130
    assert time.monotonic() - began < 5
    assert "fluxroom jobs resume" in told.err
    assert "Traceback" not in told.err
    (job,) = run("jobs", "--json").document
    assert job["state"] == "running"
    assert job["id"][-8:] in told.err


def test_sigterm_does_the_same(spawn: Spawn, run: Run) -> None:
    process = spawn(*SLOW)
    process.wait_for('"running"')
    process.popen.send_signal(signal.SIGTERM)
    told = process.end()
    assert told.code == 143
    assert run("jobs", "--json").document[0]["state"] == "running"


def test_a_second_ctrl_c_ends_at_once(spawn: Spawn) -> None:
    # The first one waits for the submit under way, which takes its time.
    process = spawn("generate", "x [[fault:submit-slow=6]]", "-m", "bfl/flux-2-klein-4b")
    process.wait_for('"queued"')
    time.sleep(0.3)
    process.popen.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.popen.poll() is None
    began = time.monotonic()
    process.popen.send_signal(signal.SIGINT)
    told = process.end()
    assert told.code == 130
    assert time.monotonic() - began < 1


def test_resume_brings_the_picture_after_a_kill(spawn: Spawn, run: Run) -> None:
    process = spawn("generate", "a fox [[duration:1]]", "-m", "bfl/flux-2-klein-4b", "-o", "fox.png")
    process.wait_for('"running"')
    process.popen.kill()
    process.end()
    assert not Path("fox.png").exists()
    told = run("jobs", "resume", "-o", ".")
    assert told.code == 0, told.err
    assert told.last["event"] == "result"
    assert told.last["succeeded"] == 1
    (file,) = told.lines[0]["files"]
    assert Path(file).exists()


def test_resume_can_be_interrupted(spawn: Spawn) -> None:
    first = spawn(*SLOW, "--no-wait")
    assert first.end().code == 0
    process = spawn("jobs", "resume", "--wait", "50", "--verbose")
    assert process.popen.stderr is not None
    process.popen.stderr.readline()
    process.popen.send_signal(signal.SIGINT)
    told = process.end()
    assert told.code == 130
    assert "fluxroom jobs resume" in told.err


def test_exit_codes_reach_the_shell(spawn: Spawn) -> None:
    for words, code in (
        (("generate", "x", "-m", "nothing"), 2),
        (("generate", "x", "--no-sandbox"), 3),
        (("generate", "x [[fault:moderated-input]]", "-m", "bfl/flux-2-klein-4b"), 7),
        (("generate", "x [[fault:submit-drop-after]]", "-m", "bfl/flux-2-klein-4b"), 9),
        (("jobs", "nothing"), 2),
    ):
        assert spawn(*words).end().code == code


def test_a_closed_pipe_is_no_fault() -> None:
    done = subprocess.run(
        f"{sys.executable} -m fluxroom models --json | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("[")
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
