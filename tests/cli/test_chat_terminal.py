"""`fluxroom chat` as a person has it: a terminal, typed lines, Ctrl-C, and the power that goes off."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The child of a fork in a process with threads does nothing but start another program.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

KLEIN = ("-m", "bfl/flux-2-klein-4b")
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Person:
    """Somebody at a terminal in front of a command."""

    def __init__(self, *words: str) -> None:
        self.child, self._terminal = pty.fork()
        if self.child == 0:
            os.environ["TERM"] = "xterm"
            for name in ("COLUMNS", "LINES", "CI", "NO_COLOR"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, "-m", "fluxroom", *words])
        self.seen = ""
        self._read_to = 0

    def reads(self, words: str, *, seconds: float = 60.0) -> str:
        """Wait until these words have appeared after what was read before."""
        deadline = time.monotonic() + seconds
        while words not in self.seen[self._read_to :]:
            assert time.monotonic() < deadline, f"{words!r} never came; seen: {self.seen[self._read_to :]!r}"
            assert self._look(), f"it ended without {words!r}: {self.seen[self._read_to :]!r}"
        begin = self._read_to
        self._read_to = self.seen.index(words, begin) + len(words)
        return self.seen[begin : self._read_to]

    def presses(self, key: str) -> None:
        """Press a key, whatever is going on."""
        os.write(self._terminal, key.encode())

    def says(self, line: str) -> None:
        """Type a line once the prompt is there."""
        self.reads("> ")
        self.presses(f"{line}\n")

    def ends(self) -> int:
        """Press Ctrl-D at the prompt; returns the exit code."""
        self.reads("> ")
        self.presses("\x04")
        return self.leaves()

    def leaves(self) -> int:
        """Wait for the end; returns the exit code."""
        while self._look():
            continue
        return self.code()

    def code(self) -> int:
        _, status = os.waitpid(self.child, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)

    def _look(self) -> bool:
        if not select.select([self._terminal], [], [], 20.0)[0]:
            return False
        try:
            read = os.read(self._terminal, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += _CODES.sub("", read.decode(errors="replace")).replace("\r", "")
        return bool(read)


Sit = Callable[..., Person]


@pytest.fixture
def sit() -> Iterator[Sit]:
    people: list[Person] = []

    def down(*words: str) -> Person:
        people.append(Person("chat", *words))
        return people[-1]

    yield down
    for one in people:
        try:
            os.kill(one.child, signal.SIGKILL)
            os.waitpid(one.child, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def test_a_conversation_with_picked_and_attached_pictures(sit: Sit, photo: Path) -> None:
    person = sit(*KLEIN)
    person.reads("Say what to paint")
    person.says("a fox")
    person.reads("picture 1")
    first = re.search(r"flux-2-klein-4b-\w+\.png", person.reads("practice picture"))
    assert first
    assert Path(first[0]).is_file()
    person.says("make it night")
    person.reads("picture 2")
    person.says("/pick 1")
    person.reads("[1 attached] ")
    person.says(f'/attach "{photo}"')
    person.reads("[2 attached] ")
    person.says("both")
    person.reads("picture 3")
    person.says("/pictures")
    person.reads("  3  flux-2-klein-4b")
    Path(first[0]).unlink()
    person.says("/save 1")
    person.reads(first[0])
    person.reads("> ")
    assert Path(first[0]).is_file()
    person.presses("/title Foxes\n")
    person.says("/quit")
    assert person.leaves() == 0


def test_settings_hold_until_they_are_taken_back(sit: Sit) -> None:
    person = sit(*KLEIN)
    for line, told in (
        ("/size wide", "size=wide"),
        ("/quality medium", "size=wide, quality=medium"),
        ("/set seed=7", "size=wide, quality=medium, seed=7"),
        ("/quality", "size=wide, seed=7"),
        ("/set seed=null", "The messages to come: size=wide."),
        ("/size", "The messages to come: as the conversation was begun."),
        ("/model fal/flux-schnell", "model=fal/flux-schnell"),
    ):
        person.says(line)
        person.reads(told)
    person.says("a fox")
    person.reads("fal/flux-schnell")
    person.reads("practice picture")
    assert person.ends() == 0


def test_an_assistant_greets_and_proposes(sit: Sit, monkeypatch: pytest.MonkeyPatch) -> None:
    switched = subprocess.run(
        [sys.executable, "-m", "fluxroom", "assistants", "on", "flux-image-generator"], check=False
    )
    assert switched.returncode == 0
    for variable, greeting in (("de_DE.UTF-8", "FLUX-Bildgenerator: Was soll"), ("C.UTF-8", "generator: What shall")):
        monkeypatch.setenv("LC_ALL", variable)
        person = sit("--assistant", "flux-image-generator")
        person.reads(greeting)
        person.reads("/start 5")
        person.says("/start 9")
        person.reads("/start takes a number up to 5.")
        person.says("/start 1")
        person.reads("picture 1")
        person.reads("flux-2-pro")
        person.reads("practice picture")
        assert person.ends() == 0
    plain = sit(*KLEIN)
    plain.says("/start 1")
    plain.reads("Nobody proposes anything.")
    assert plain.ends() == 0


def test_mistakes_are_told_and_nothing_ends(sit: Sit) -> None:
    person = sit(*KLEIN)
    for line, told in (
        ("/nothing", "There is no command /nothing; /help lists them."),
        ("/attach", "/attach takes files or addresses."),
        ("/attach nowhere.png", "There is no file nowhere.png."),
        ('/attach "half', "A quotation mark is not closed."),
        ("/pick 4", "There is no picture 4; there are 0."),
        ("/pick one", "/pick takes numbers"),
        ("/save", "/save takes numbers"),
        ("/save 9", "There is no picture 9; there are 0."),
        ("/set seed", "/set takes NAME=VALUE"),
        ("/title", "/title takes words."),
        ("/pictures", "There is none yet."),
        ("/help", "/attach FILE …"),
        ("/set seed=words", "seed=words"),
        ("a fox", "Error"),
    ):
        person.says(line)
        person.reads(told)
    person.reads("> ")
    person.presses("\x03")
    person.reads("Nothing is under way. Ctrl-D ends.")
    assert person.ends() == 2, "the last message could not be carried out"
    assert "Traceback" not in person.seen


def test_ctrl_c_stops_the_picture_says_what_it_costs_and_asks_again(sit: Sit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXROOM_SANDBOX_SPEED", "1")
    person = sit("-m", "fal/flux-schnell")
    person.says("slow [[duration:60]]")
    person.reads("running")
    person.presses("\x03")
    person.reads("Stopped: fal was asked to cancel")
    person.reads("It has cost $0 (sandbox: nothing is really charged).")
    person.says("a fox [[duration:0.3]]")
    person.reads("picture 1")
    person.reads("practice picture")
    assert person.ends() == 0
    assert "Traceback" not in person.seen


def test_after_a_kill_the_picture_comes_and_the_next_message_is_about_it(
    sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLUXROOM_SANDBOX_SPEED", "1")
    person = sit(*KLEIN)
    person.says("slow [[duration:3]]")
    person.reads("running")
    os.kill(person.child, signal.SIGKILL)
    person.code()
    again = sit("-c", "last")
    again.reads("1 message, 0 pictures")
    again.reads("The last message is still being answered.")
    again.reads("picture 1")
    again.says("closer [[duration:0.3]]")
    again.reads("picture 2")
    again.says("/title Foxes at night")
    assert again.ends() == 0
    last = sit("-c", "last")
    last.reads("“Foxes at night”: 2 messages, 2 pictures")
    assert last.ends() == 0
