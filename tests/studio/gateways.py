"""Gateways in processes of their own, as a browser meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import sys
from fluxroom.server import serve
from fluxroom.settings import load
serve(load(sandbox=sys.argv[2] == "sandbox", sandbox_speed=20, port=int(sys.argv[3]), data=sys.argv[1]))
"""
_FULL = """
import os, sys
from sqlalchemy import event
from fluxroom.store import database
made, mark = database._engine, sys.argv[4]

def engine(path):
    one = made(path)

    @event.listens_for(one, "begin")
    def begun(connection):
        raw = connection.connection.dbapi_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0] if os.path.exists(mark) else 2**31
        raw.execute(f"PRAGMA max_page_count = {pages}")

    return one

database._engine = engine
"""
"""SQLite itself refuses to grow while a file of this name is there, as on a full disk."""

_PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("FLUXROOM_", "BFL_", "FAL_"))}
_PLAIN["PYTHONUNBUFFERED"] = "1"


@contextmanager
def running_gateway(folder: Path, port: int = 0) -> Iterator[str]:
    """A gateway on the sandbox; its address."""
    with _gateway(folder, _PLAIN, sandbox=True, port=port) as address:
        yield address


@contextmanager
def keyed_gateway(folder: Path) -> Iterator[tuple[str, str]]:
    """A gateway for a team, which asks everybody for a key: its address, and a key."""
    environment = {**_PLAIN, "FLUXROOM_HOSTS": "team.example", "FLUXROOM_DATA": str(folder)}
    key = keys_of(folder, "create", "artist").split()[0]
    with _gateway(folder, environment, sandbox=True) as address:
        yield address, key


def keys_of(folder: Path, *words: str) -> str:
    """What `fluxroom keys` says over a gateway's folder."""
    environment = {**_PLAIN, "FLUXROOM_DATA": str(folder)}
    command = [sys.executable, "-m", "fluxroom", "keys", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout


@contextmanager
def full_gateway(folder: Path) -> Iterator[tuple[str, Path]]:
    """A gateway whose disk is full while the second is there."""
    mark = folder / "full"
    with _gateway(folder / "data", _PLAIN, sandbox=True, program=_FULL + _PROGRAM, more=str(mark)) as address:
        yield address, mark


@contextmanager
def _gateway(
    folder: Path,
    environment: Mapping[str, str],
    *,
    sandbox: bool,
    port: int = 0,
    program: str = _PROGRAM,
    more: str = "",
) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), "sandbox" if sandbox else "providers", str(port), more],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if line.strip().startswith("page"):
                address = line.split()[-1]
            if line.startswith("Stop with"):
                break
        assert address.startswith("http://127.0.0.1:"), address
        yield address
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def emulated_gateway(folder: Path) -> Iterator[tuple[str, str]]:
    """A gateway that takes the sandbox for the real providers, in a process apart: its address, and the sandbox's."""
    command = [sys.executable, "-m", "fluxroom", "sandbox", "--port", "0", "--speed", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_PLAIN) as box:
        try:
            assert box.stdout is not None
            named: dict[str, str] = {}
            for line in box.stdout:
                name, equals, value = line.strip().partition("=")
                if equals and name.isupper():
                    named[name] = value
                if "FAL_KEY" in named:
                    break
            with _gateway(folder, {**_PLAIN, **named}, sandbox=False) as address:
                yield address, named["FLUXROOM_BFL_URL"].removesuffix("/bfl")
        finally:
            box.terminate()
