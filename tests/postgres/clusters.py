"""A PostgreSQL of our own: Debian's binaries, a folder that goes away again, a free port on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from fluxroom.store import SCHEMA
from fluxroom.store.postgres import open_postgres

_PLACES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin"), Path("/usr/bin")]
_START = 20.0  # seconds

MISSING = "PostgreSQL's server is not installed: apt-get install postgresql-15"


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    return next((place for place in _PLACES if (place / "postgres").exists() and (place / "initdb").exists()), None)


class Cluster:
    """A running server. `url` names its database; `stop` and `start` restart it on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._template = ""
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = binaries() or Path()
        # PostgreSQL refuses to run as root.
        self._who: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._who:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        # English sorting, as on most servers: it puts "~" before "a", which plain bytes do not.
        options = ["--no-sync", "--auth=trust", "--username=fluxroom", "--encoding=UTF8", "--locale=C"]
        options += ["--locale-provider=icu", "--icu-locale=en-US"]
        self._run("initdb", *options, "--pgdata", str(folder / "data"))
        self.start()

    @property
    def url(self) -> str:
        return self.named("postgres")

    def named(self, database: str) -> str:
        return f"postgresql://fluxroom:planted-secret@127.0.0.1:{self.port}/{database}"

    @property
    def process_id(self) -> int:
        """The server's first process; the others are its children."""
        return self._process.pid if self._process else 0

    def empty(self) -> str:
        """The URL of a new database without any table."""
        return self._created("")

    def fresh(self) -> str:
        """The URL of a new database with this version's schema."""
        if not self._template:
            self._template = "prepared"
            self._created("", self._template)
            open_postgres(self.named(self._template), SCHEMA).stop()
        return self._created(f"TEMPLATE {self._template}")

    def _created(self, how: str, name: str = "") -> str:
        name = name or f"test_{next(self._numbers)}"
        self._run("psql", "-q", "-d", self.url, "-c", f"CREATE DATABASE {name} {how}")
        return self.named(name)

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 200,
            "shared_buffers": "32MB",
            "log_min_messages": "fatal",
        }
        told = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
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
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast, connections are closed. SIGQUIT: at once, as in a crash."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def asked(self, question: str) -> str:
        """The server's answer to a question, in a transaction of its own."""
        return self._run("psql", "-qAt", "-d", self.url, "-c", question).strip()

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self.folder,
            capture_output=True,
            check=False,
            **({} if program == "psql" else self._who),
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode()[-2000:])
        return str(done.stdout, "utf-8")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server in a folder of its own, gone afterwards."""
    # Not below pytest's folders: those are closed to other users, and the server is one.
    folder = Path(tempfile.mkdtemp(prefix="fluxroom-postgres-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        running = Cluster(folder)
        stack.callback(running.stop)
        yield running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
