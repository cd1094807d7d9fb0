"""A PostgreSQL for one benchmark: the tests' temporary server, but one that really writes to disk."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.postgres.clusters import MISSING, Cluster, binaries

_START = 20.0
"""Seconds until it must answer."""


class Durable(Cluster):
    """A server with the settings of a fresh installation, fsync among them; the tests' own has it off."""

    def start(self) -> None:
        told = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}", "-c", "unix_socket_directories="]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *told],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._who,
            )
        deadline = time.monotonic() + _START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)


@contextmanager
def temporary() -> Iterator[Durable]:
    """A server in a folder of its own, gone afterwards."""
    if binaries() is None:
        raise SystemExit(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="fluxroom-bench-postgres-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = Durable(folder)
        stack.callback(server.stop)
        yield server
