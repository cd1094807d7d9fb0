from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from fluxroom.engine.owners import Presence

HOLD = """
import sys, time
from pathlib import Path
from fluxroom.engine.owners import Presence
one = Presence(Path(sys.argv[1]))
one.enter()
print(one.id, flush=True)
time.sleep(60)
"""


def hold(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_a_killed_process_is_dead_at_once_and_its_file_goes(tmp_path: Path) -> None:
    process, owner = hold(tmp_path)
    watcher = Presence(tmp_path)
    assert watcher.alive(owner)
    process.kill()
    process.communicate()
    assert not watcher.alive(owner)
    assert list(tmp_path.iterdir()) == []


def test_a_frozen_process_is_alive(tmp_path: Path) -> None:
    process, owner = hold(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    assert Presence(tmp_path).alive(owner)
    process.kill()
    process.communicate()


def test_two_engines_in_one_process_know_of_each_other(tmp_path: Path) -> None:
    one, two = Presence(tmp_path), Presence(tmp_path)
    assert one.id != two.id
    assert not one.alive(one.id)
    one.enter()
    two.enter()
    assert one.alive(two.id)
    assert two.alive(one.id)
    one.leave()
    assert not two.alive(one.id)
    two.leave()
    assert list(tmp_path.iterdir()) == []


def test_nobody_and_strangers_are_dead(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    assert not presence.alive("")
    assert not presence.alive("999-nobody")
    assert not presence.alive("../../etc/passwd")


def test_files_of_the_dead_are_removed_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    process, owner = hold(tmp_path)
    (tmp_path / "1-dead.lock").touch()
    one = Presence(tmp_path)
    one.enter()
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted([owner, one.id])
    one.leave()
    process.kill()
    process.communicate()
