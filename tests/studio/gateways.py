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
    command = [sys.executable, "-m", "fluxroom", "keys", "create", "artist"]
    made = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    with _gateway(folder, environment, sandbox=True) as address:
        yield address, made.stdout.split()[0]


@contextmanager
def _gateway(folder: Path, environment: Mapping[str, str], *, sandbox: bool, port: int = 0) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder), "sandbox" if sandbox else "providers", str(port)],
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
        process.wait(20)
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
