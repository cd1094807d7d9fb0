"""What a person sees: a real terminal on all three streams."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import sys
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from tests.cli.told import Provider, Run

# The child of a fork in a process with threads does nothing but start another program.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

SLOW = ("generate", "slow [[duration:60]]", "-m", "bfl/flux-2-klein-4b")

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(words: list[str], *, until: bytes = b"", send: bytes = b"", columns: int = 120) -> tuple[int, str]:
    """Run with a terminal on all three streams; type `send` once `until` has appeared."""
    child, parent = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        for name in ("COLUMNS", "LINES", "CI", "NO_COLOR"):
            os.environ.pop(name, None)
        ioctl(0, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execv(sys.executable, [sys.executable, "-m", "fluxroom", *words])
    seen, sent = b"", False
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        if not select.select([parent], [], [], 0.1)[0]:
            continue
        try:
            read = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        seen += read
        if until and until in seen and not sent:
            time.sleep(0.3)  # whoever types has seen the words first, and the program waits by then
            os.write(parent, send)
            sent = True
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(parent)
    return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")


def plain(seen: str) -> str:
    """The text without colours and movements."""
    return _CODES.sub("", seen).replace("\r", "")


def test_a_moving_line_then_the_result() -> None:
    code, seen = on_a_terminal(["generate", "a fox [[duration:1]]", "-m", "bfl/flux-2-klein-4b", "-o", "fox.png"])
    assert code == 0
    assert "bfl/flux-2-klein-4b · running" in seen
    assert "usually" in seen
    assert "sandbox" in seen
    assert plain(seen).splitlines()[-2].startswith("fox.png  bfl/flux-2-klein-4b · 1024x768 · seed")
    assert '"event"' not in seen


def test_ctrl_c_gives_the_terminal_back() -> None:
    code, seen = on_a_terminal(list(SLOW), until=b"running", send=b"\x03")
    assert code == 130
    assert "fluxroom jobs resume" in seen
    assert "Traceback" not in seen
    assert "\x1b[?25h" in seen  # the cursor is back


def test_json_on_a_terminal_has_no_moving_line() -> None:
    code, seen = on_a_terminal(["generate", "a fox", "-m", "fal/flux-schnell", "--json"])
    assert code == 0
    assert '"event": "result"' in seen
    assert "· running" not in seen


def test_colours_on_a_terminal_and_none_in_a_pipe(run: Run) -> None:
    code, seen = on_a_terminal(["models"])
    assert code == 0
    assert "\x1b[" in seen
    assert "\x1b[" not in run("models").out


@pytest.mark.parametrize("columns", [90, 120])
def test_lists_fit_the_terminal(run: Run, columns: int) -> None:
    run("generate", "a very long prompt " * 20, "-m", "fal/flux-schnell")
    for words in (["models"], ["jobs"]):
        _, seen = on_a_terminal(words, columns=columns)
        for line in plain(seen).splitlines():
            assert len(line.rstrip()) <= columns, line


def test_parameters_fit_the_terminal() -> None:
    _, seen = on_a_terminal(["models", "show", "flux-2-flex"], columns=90)
    table = plain(seen).split("what it does")[1].split("fal/flux-2-flex")[0]
    assert max(map(len, table.splitlines())) <= 90


def test_an_error_is_red_and_says_it_in_one_line() -> None:
    code, seen = on_a_terminal(["generate", "x", "-m", "flux-9"])
    assert code == 2
    assert "\x1b[31m" in seen
    assert plain(seen).strip().count("\n") == 0


def test_several_pictures_are_counted() -> None:
    words = ["generate", "x [[duration:0.6]]", "-m", "bfl/flux-2-klein-4b", "-n", "2", "-o", "x.png"]
    code, seen = on_a_terminal(words)
    assert code == 0
    assert "of 2 done" in seen
    assert "x-1.png" in seen
    assert Path("x-2.png").exists()


def test_resume_counts_too(run: Run) -> None:
    run("generate", "x [[duration:1]]", "-m", "bfl/flux-2-klein-4b", "--no-wait")
    code, seen = on_a_terminal(["jobs", "resume"])
    assert code == 0
    assert "unfinished jobs" in seen
    assert "1 ended, 1 with a picture." in plain(seen)
    assert "jobs save" in plain(seen)


class TestLiveAsks:
    def test_no_sends_nothing(self, provider: Provider) -> None:
        code, seen = on_a_terminal(["doctor", "--live"], until=b"Go on?", send=b"n\n")
        assert code == 1
        assert "one picture of 512x512" in seen
        assert provider.submits() == []

    def test_yes_makes_one_each(self, provider: Provider) -> None:
        code, seen = on_a_terminal(["doctor", "--live"], until=b"Go on?", send=b"y\n")
        assert code == 0
        assert plain(seen).count("as the sandbox says") == 2
        assert len(provider.box.world.tasks()) == 2

    def test_ctrl_c_at_the_question_sends_nothing(self, provider: Provider) -> None:
        code, _ = on_a_terminal(["doctor", "--live"], until=b"Go on?", send=b"\x03")
        assert code in {1, 130}
        assert provider.submits() == []
