"""Which processes on this data folder are alive: each holds a lock on a file of its own.

The lock goes with the process, whatever ends it, so a dead owner needs no time-out to be known, and a frozen one is
never taken for dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from fluxroom.store.blobs import storage_error


class Presence:
    """This engine's sign of life in a data folder.

    Args:
        folder: where the lock files lie.
    """

    sweep = 2.0
    """Seconds between two looks for owners that have died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._file: IO[str] | None = None

    def enter(self) -> None:
        """Take the lock."""
        path = self._path(self.id)
        while self._file is None:
            try:
                file = path.open("w")
            except OSError as error:
                raise storage_error(error) from error
            fcntl.flock(file, fcntl.LOCK_EX)
            # Somebody who cleans up may have taken the file for a dead one's before it was locked.
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                self._file = file
            else:
                file.close()
        for path in self.folder.glob("*.lock"):
            self.alive(path.stem)  # removes the files of processes that died with nothing in hand

    def leave(self) -> None:
        """Give the lock back and remove the file."""
        if self._file:
            self._path(self.id).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def alive(self, owner: str) -> bool:
        """Whether the process with this id still runs."""
        if not owner:
            return False
        if owner == self.id:
            return self._file is not None
        try:
            with self._path(owner).open("r") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        # The lock was free: its owner is dead, and its file may go.
        with contextlib.suppress(OSError):
            self._path(owner).unlink(missing_ok=True)
        return False

    async def dead(self, owners: Sequence[str]) -> list[str]:
        """Those of these processes that no longer run."""
        return [owner for owner in owners if not self.alive(owner)]

    def _path(self, owner: str) -> Path:
        return self.folder / f"{Path(owner).name}.lock"
