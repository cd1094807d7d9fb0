"""kill -9 while a data folder is made: at every single step, the folder can be used afterwards."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.crash.crew import fork

from fluxroom.store import open_store

pytestmark = pytest.mark.timeout(300)

_MOST_STEPS = 500


def open_and_die(folder: Path, step: int) -> None:
    """Open a data folder; this process is killed before the given statement or commit is carried out."""
    steps = itertools.count(1)

    def count(*_: Any) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    open_store(folder).close()


def test_a_folder_can_be_used_whenever_its_making_was_broken_off(tmp_path: Path) -> None:
    broken: list[str] = []
    for step in range(1, _MOST_STEPS):
        folder = tmp_path / str(step)
        killed = fork(open_and_die, folder, step) == -signal.SIGKILL
        try:
            open_store(folder).close()
        except Exception as error:  # noqa: BLE001  whatever it is, the folder cannot be used
            broken.append(f"step {step}: {error!r:.100}")
        if not killed:
            break
    assert step > 10
    assert broken == []
