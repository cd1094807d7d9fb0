"""A gateway for the pages and examples that need one: the doors'."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WRITTEN = "http://127.0.0.1:7860"
"""The address that the documentation writes; the tests' gateway has another port."""

DOORS = ("openai", "bfl", "fal")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway on the sandbox, as `fluxroom serve` starts it."""
    folder = tmp_path_factory.mktemp("gateway")
    ours = ("FLUXROOM_", "BFL_API_KEY", "FAL_KEY", "FAL_API_KEY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = subprocess.Popen(
        [sys.executable, "-m", "fluxroom", "serve", "--port", "0"],
        env={**environment, "FLUXROOM_DATA": str(folder), "FLUXROOM_SANDBOX": "1", "FLUXROOM_SANDBOX_SPEED": "50"},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        while "Stop with Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, f"the gateway did not start: {said}"
            said += line
        found = re.search(r"page\s+(http\S+)", said)
        assert found, said
        yield found[1].rstrip("/")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def needs_gateway(path: Path) -> bool:
    """Whether a page or an example works with a gateway: the user guide, and what is about a door."""
    of_a_door = path.name.removeprefix("doors-").startswith(DOORS) and (path.suffix == ".py" or "doors-" in path.name)
    return of_a_door or path.name == "user-guide.md"
