"""`fluxroom sandbox` and `fluxroom serve`: processes that stay until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.cli.told import Process, Run

Spawn = Callable[..., Process]


def environment_of(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_the_sandbox_says_where_it_is_and_works_from_another_process(spawn: Spawn, tmp_path: Path) -> None:
    process = spawn("sandbox", "--port", 0, "--speed", 50, "--books", tmp_path / "books.db")
    greeting = process.wait_for("FAL_KEY=")
    assert "nothing here costs money" in greeting
    told = spawn(
        "generate", "a fox", "-m", "fal/flux-schnell", "--seed", 7, "-o", "fox.png", **environment_of(greeting)
    ).end()
    assert told.code == 0, told.err
    assert Path("fox.png").exists()
    assert told.last["sandbox"] is True
    process.popen.send_signal(signal.SIGINT)
    assert process.end().code == 130
    assert (tmp_path / "books.db").exists()


def test_the_sandbox_with_regions_and_tls(spawn: Spawn) -> None:
    process = spawn("sandbox", "--port", 0, "--regional", "--tls")
    greeting = process.wait_for("SSL_CERT_FILE=")
    assert "FAL_QUEUE_RUN_HOST" in greeting
    process.popen.send_signal(signal.SIGTERM)
    assert process.end().code == 143


def test_the_stub(spawn: Spawn) -> None:
    process = spawn("sandbox", "--port", 0, "--stub", "1000:0")
    greeting = process.wait_for("FAL_KEY=")
    base = environment_of(greeting)["FLUXROOM_FAL_QUEUE_URL"]
    call = urllib.request.Request(f"{base}/fal-ai/flux-2", data=b"{}", headers={"Authorization": "Key a:b"})
    with urllib.request.urlopen(call, timeout=60) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("stub", ["many", "1:soon"])
def test_a_stub_that_is_none(run: Run, stub: str) -> None:
    told = run("sandbox", "--stub", stub)
    assert told.code == 2
    assert "BYTES:SECONDS" in told.err


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = run("sandbox", "--port", taken.getsockname()[1])
    assert told.code == 11
    assert "--port 0" in told.err


def test_a_host_that_is_not_here(run: Run) -> None:
    told = run("sandbox", "--host", "192.0.2.1", "--port", 0)
    assert told.code == 11


@pytest.mark.parametrize("words", [("--port", "70000"), ("--speed", "0"), ("--speed", "-1")])
def test_numbers_out_of_range(run: Run, words: tuple[str, str]) -> None:
    assert run("sandbox", *words).code == 2


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the gateway was started with; it is another room's business what it then does."""
    seen: list[Any] = []
    module = ModuleType("fluxroom.server")
    module.serve = seen.append  # type: ignore[attr-defined]  # a stand-in for the real module
    monkeypatch.setitem(sys.modules, "fluxroom.server", module)
    return seen


def test_serve_starts_the_gateway_with_the_settings(run: Run, served: list[Any], tmp_path: Path) -> None:
    assert run("serve").code == 0
    assert (served[0].host, served[0].port) == ("127.0.0.1", 7860)
    assert served[0].data_folder == tmp_path / "data"


def test_serve_takes_host_port_data_and_sandbox(run: Run, served: list[Any], tmp_path: Path) -> None:
    told = run("serve", "--host", "::1", "--port", 8000, "--data", tmp_path / "other", "--sandbox")
    assert told.code == 0
    found = served[0]
    assert (found.host, found.port, found.data_folder, found.sandbox) == ("::1", 8000, tmp_path / "other", True)


def test_serve_with_a_bad_setting(run: Run, served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXROOM_PORT", "front door")
    told = run("serve")
    assert told.code == 2
    assert "FLUXROOM_PORT" in told.err
    assert served == []
