"""The interpreter's settings: the gateway's and a worker's own, never a library user's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SEEN = "import gc, sys; seen = (gc.get_threshold(), sys.getswitchinterval());"
SAME = "assert (gc.get_threshold(), sys.getswitchinterval()) == seen"


def run(code: str, data: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SEEN + code, str(data)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_library_leaves_the_process_as_it_is(tmp_path: Path) -> None:
    used = "from fluxroom import Client\nwith Client(sandbox=True, data=sys.argv[1]) as client: client.quote('a fox')\n"
    run(f"\n{used}{SAME}", tmp_path)


def test_tuning_looks_for_garbage_far_less_often_and_lets_threads_take_turns(tmp_path: Path) -> None:
    tuned = "\nfrom fluxroom.interpreter import tune\ntune()\n"
    fewer = "assert gc.get_threshold()[0] > 10 * seen[0][0] and gc.isenabled()\n"
    run(f"{tuned}{fewer}assert sys.getswitchinterval() < seen[1] / 5", tmp_path)
