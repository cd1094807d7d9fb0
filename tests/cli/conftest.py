"""A command line in a fresh folder, with a fresh data folder and a fast sandbox."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.told import Process, Provider, Run, Told, picture_file

from fluxroom.cli.root import root
from fluxroom.sandbox import Sandbox

FAST = {"FLUXROOM_SANDBOX_SPEED": "50", "FLUXROOM_POLL_FIRST": "0.05", "FLUXROOM_POLL_MAX": "0.2"}


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty data folder's database: making one costs a second, copying it nothing."""
    from fluxroom.store import open_store

    folder = tmp_path_factory.mktemp("template")
    open_store(folder).close()
    return folder / "fluxroom.db"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, new_database: Path) -> None:
    """No key of the machine, no `.env`, a data folder of its own."""
    (tmp_path / "data").mkdir()
    shutil.copy(new_database, tmp_path / "data")
    for name in list(os.environ):
        if name.startswith(("FLUXROOM_", "BFL_", "FAL_")):
            monkeypatch.delenv(name)
    for name, value in {**FAST, "FLUXROOM_DATA": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def _told(result: Result) -> Told:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stderr
    return Told(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def run() -> Run:
    """Run a command line in this process; its output is piped."""

    def invoke(*words: object, stdin: str | None = None) -> Told:
        return _told(CliRunner().invoke(root, [str(word) for word in words], input=stdin, prog_name="fluxroom"))

    return invoke


@pytest.fixture
def spawn() -> Iterator[Callable[..., Process]]:
    """Start a command line as a process."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: object, **environment: str) -> Process:
        command = [sys.executable, "-m", "fluxroom", *map(str, words)]
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
        started.append(popen)
        return Process(popen)

    yield start
    for popen in started:
        if popen.poll() is None:
            popen.kill()
        popen.communicate()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Both providers in a thread of this process, and the environment that points there."""
    loop = asyncio.new_event_loop()
    box = Sandbox(speed=50)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(box.start(), loop).result(10)
    for name, value in {**box.fluxroom_environment, "FLUXROOM_FAL_API_URL": box.fal_api_url}.items():
        monkeypatch.setenv(name, value)
    yield Provider(box)
    asyncio.run_coroutine_threadsafe(box.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 320 x 240."""
    return picture_file(tmp_path / "photo.png", (200, 90, 30))
