"""What the tests of the command line hold in their hands: an answer, a process, a provider."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fluxroom.sandbox import Sandbox


@dataclass
class Told:
    """What a command line answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Told]


@dataclass
class Process:
    """A command line in a process of its own."""

    popen: subprocess.Popen[str]

    def wait_for(self, text: str, *, seconds: float = 60.0) -> str:
        """Read standard output until a line contains this."""
        assert self.popen.stdout is not None
        read = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            line = self.popen.stdout.readline()
            read.append(line)
            if text in line:
                return "".join(read)
            if not line:
                break
        raise AssertionError(f"{text!r} never came; got {read}")

    def end(self, *, seconds: float = 60.0) -> Told:
        """Wait for its end."""
        out, err = self.popen.communicate(timeout=seconds)
        return Told(self.popen.returncode, out, err)


@dataclass
class Provider:
    """A sandbox that stands for the real providers, on loopback addresses."""

    box: Sandbox

    def submits(self) -> list[dict[str, Any]]:
        """The requests that would have made a picture."""
        return [line for line in self.box.world.requests() if line["method"] == "POST"]


def picture_file(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> Path:
    """A picture of one colour in a file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return path
