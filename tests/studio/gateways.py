"""Gateways in processes of their own, as a browser meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import sys
from fluxroom.server import serve
from fluxroom.settings import load
serve(load(sandbox=True, sandbox_speed=20, port=0, data=sys.argv[1]))
"""


@contextmanager
def running_gateway(folder: Path) -> Iterator[str]:
    """A gateway on the sandbox; its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
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
