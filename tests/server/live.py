"""A gateway on every address of this machine, in a process of its own, and an attacker's way to talk to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "pictures.example.com"

_PROGRAM = """
import sys
from fluxroom.server import serve
from fluxroom.server.connections import Connection
from fluxroom.server.access.security import Doorkeeper
from fluxroom.settings import load
Connection.head_patience, Connection.reader_patience = 1.0, 2.0
Doorkeeper.__init__.__kwdefaults__["patience"] = 1.0
options = {"host": "0.0.0.0", "port": 0, "data": sys.argv[1], "hosts": sys.argv[2], "log_level": "debug"}
serve(load(sandbox=True, sandbox_speed=50, log_prompts=True, **options))
"""


@dataclass(slots=True)
class Answer:
    """What came back over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(json.loads(self.body).get("code", ""))


class Live:
    """A running gateway."""

    def __init__(self, process: subprocess.Popen[str], port: int, key: str, log: Path) -> None:
        self.process = process
        self.log = log
        self.port = port
        self.key = key

    def connect(self, patience: float = 15.0) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience)

    def say(self, data: bytes) -> bytes:
        """Send bytes as they are; everything that comes back until the other side closes."""
        with self.connect() as line:
            with suppress(OSError):  # it may answer and close before it has heard everything
                line.sendall(data)
            return drained(line)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, written by hand."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": NAME, "connection": "close", "content-length": str(len(data))}
        sent |= {"content-type": "application/json"} if body is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return read(self.say(head.encode("latin-1") + b"\r\n" + data))

    def as_admin(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """The same with the admin's key."""
        return self.ask(method, path, body, authorization=f"Bearer {self.key}", **headers)


def drained(line: socket.socket) -> bytes:
    """What comes until the other side closes."""
    parts = []
    try:
        while part := line.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def read(data: bytes) -> Answer:
    """An answer from its bytes."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        whole = b""
        while body:
            size, _, rest = body.partition(b"\r\n")
            whole, body = whole + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        body = whole
    return Answer(int(first.split(" ")[1]), headers, body)


def make_key(folder: Path, *more: str) -> str:
    """A key, made as its operator does."""
    command = [sys.executable, "-m", "fluxroom", "--data", str(folder), "--json", "keys", "create", *more]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return str(json.loads(made.stdout)["key"])


@contextmanager
def running(folder: Path) -> Iterator[Live]:
    """A gateway from start to end."""
    key = make_key(folder, "ops", "--scope", "admin", "--scope", "read", "--scope", "generate")
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(folder), NAME],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Stop with"):
                break
        page = next(line for line in lines if line.strip().startswith("page"))
        yield Live(process, int(page.rsplit(":", 1)[1]), key, log)
    finally:
        process.kill()
        process.communicate()
