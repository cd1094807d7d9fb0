"""Node and the clients that the doors are tested with: installed from their lock once, into pytest's cache."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples" / "js"
PROGRAMS = tuple(HERE.glob("*.mjs"))


class Kit:
    """One set of clients in one version each, and the Node that runs them.

    Args:
        name: the folder with its lock: `node20`, or `node22`, which brings its own Node.
        cache: where to install it.
    """

    def __init__(self, name: str, cache: Path) -> None:
        self.folder = cache
        self._source = HERE / name

    def install(self) -> None:
        """Install what the lock names, unless it is there already; skips the test where that is not possible."""
        if shutil.which("npm") is None or shutil.which("node") is None:
            pytest.skip("Node is not installed: the JavaScript clients cannot run")
        done = self.folder / "installed"
        if not done.exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(self._source / name, self.folder / name)
            call = ["npm", "ci", "--no-audit", "--no-fund"]
            ran = subprocess.run(call, cwd=self.folder, capture_output=True, text=True, check=False)
            if ran.returncode:
                pytest.skip(f"the JavaScript clients cannot be installed: {ran.stderr.strip().splitlines()[-1][:200]}")
            done.touch()
        (self.folder / "examples").mkdir(exist_ok=True)
        for program in PROGRAMS:
            shutil.copy(program, self.folder / program.name)
        for program in EXAMPLES.glob("*.mjs"):
            shutil.copy(program, self.folder / "examples" / program.name)

    @property
    def node(self) -> str:
        """The Node of this kit."""
        own = self.folder / "node_modules" / "node" / "bin" / "node"
        return str(own) if own.exists() else str(shutil.which("node"))

    async def run(self, program: str, *arguments: str, folder: Path | None = None, **environment: str) -> str:
        """What a program prints; it works in `folder`."""
        process = await asyncio.create_subprocess_exec(
            *(self.node, str(self.folder / program), *arguments),
            cwd=folder or self.folder,
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()[-3000:]
        return out.decode()

    async def told(self, program: str, *arguments: str) -> dict[str, Any]:
        """What a program of this folder tells: one JSON object per line, joined."""
        said: dict[str, Any] = {}
        for line in (await self.run(program, *arguments)).splitlines():
            if line.startswith("{"):
                said |= json.loads(line)
        return said


def digest(name: str) -> str:
    """What names the cache of a kit: another lock is another folder."""
    lock = (HERE / name / "package-lock.json").read_bytes()
    return hashlib.sha256(lock).hexdigest()[:12]
