"""The sandbox is a second reading: it shares no code with what it is compared with, and costs nothing to import."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fluxroom.sandbox
from fluxroom.sandbox import Sandbox
from fluxroom.sandbox.server import _greeting

ROOM = Path(fluxroom.sandbox.__file__).parent
FILES = sorted(ROOM.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_of_fluxroom_outside_the_sandbox_is_imported(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert not name.startswith("fluxroom") or name == "fluxroom.sandbox" or name.startswith("fluxroom.sandbox.")


def test_importing_the_sandbox_loads_no_server_and_no_painter() -> None:
    heavy = ("aiohttp", "PIL", "cryptography", "sqlite3")
    program = f"import sys, fluxroom.sandbox; print([m for m in {heavy} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOM.parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_the_published_files_are_as_they_were_published() -> None:
    """Their hashes, so that nobody adjusts a specification to make a test pass."""
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in (ROOM / "specs").iterdir()} == {
        "bfl-openapi-2026-10.json": "1e7459ebb77671fe",
        "fal-endpoints.json": "bcb25cf3d479f071",
        "fal-endpoints.meta.json": "084d529e6a54efb2",
    }


@pytest.mark.anyio
async def test_the_greeting_says_how_to_point_clients_here(tmp_path: Path) -> None:
    async with Sandbox(tls=tmp_path) as box:
        text = _greeting(box, with_tls=True)
    for name in (
        "FLUXROOM_BFL_URL=",
        "FLUXROOM_FAL_QUEUE_URL=",
        "FAL_RUN_HOST=127.0.0.1:",
        "FAL_QUEUE_RUN_HOST=",
        "SSL_CERT_FILE=",
    ):
        assert name in text


@pytest.mark.parametrize("name", sorted(fluxroom.sandbox.FAULTS))
def test_every_fault_is_shown_to_do_what_it_says(name: str) -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*_faults.py"))
    tests += (Path(__file__).parent / "test_webhooks.py").read_text()
    assert f'"{name}' in tests or f'fault="{name}' in tests
