from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.calls import KEYS, settings_at, store_at

from fluxroom.engine.keyring import Keyring, NewKey
from fluxroom.errors import LocalError
from fluxroom.server import running
from fluxroom.server.running import greeting, listen, require_key, serve
from fluxroom.settings import BadSettings

PROGRAM = """
import sys
from fluxroom.server import serve
from fluxroom.settings import load
serve(load(sandbox=True, sandbox_speed=50, port=0, data=sys.argv[1]))
"""


class Gateway:
    """A real gateway in a process of its own."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.words = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words += line
            if line.startswith("Stop with"):
                break
        address = next(line for line in self.words.splitlines() if line.strip().startswith("page"))
        self.port = int(address.rsplit(":", 1)[1])
        self.calls: list[http.client.HTTPConnection] = []

    def send(self, method: str, path: str, body: object = None, prefer: str = "") -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.calls.append(connection)
        headers = {"content-type": "application/json", "prefer": prefer}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection

    def ask(self, method: str, path: str, body: object = None) -> http.client.HTTPResponse:
        return self.send(method, path, body).getresponse()

    def close(self) -> None:
        for connection in self.calls:
            connection.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def end(self, name: signal.Signals) -> tuple[float, str, str]:
        began = time.monotonic()
        self.process.send_signal(name)
        out, err = self.process.communicate(timeout=60)
        return time.monotonic() - began, out, err


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    found = Gateway(tmp_path / "data")
    yield found
    found.close()


def test_it_says_what_runs_and_what_to_do(gateway: Gateway, tmp_path: Path) -> None:
    for words in ("sandbox", str(tmp_path / "data"), "fluxroom generate", "curl ", "from fluxroom import Client"):
        assert words in gateway.words
    with gateway.ask("GET", "/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_time_with_streams_and_waits_open(gateway: Gateway, name: signal.Signals) -> None:
    with gateway.ask("POST", "/v1/generations", {"prompt": "a fox [[fault:never x*]]"}) as answer:
        made = json.loads(answer.read())
    stream = gateway.ask("GET", made["links"]["events"])
    assert stream.readline().startswith((b":", b"retry"))
    waiting = gateway.send("POST", "/v1/generations", {"prompt": "another [[fault:never x*]]"}, prefer="wait=100")
    time.sleep(0.5)
    seconds, out, err = gateway.end(name)
    assert seconds < 10
    assert gateway.process.returncode == 0
    assert "Fluxroom has stopped" in out
    assert err == ""
    with stream, waiting.getresponse() as waited:
        assert b"event: closing" in stream.read()
        assert waited.status == 202


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"Port {port} is taken") as caught:
            serve(settings_at(tmp_path, port=port))
    assert "\n" not in caught.value.detail
    assert f"FLUXROOM_PORT={port + 1}" in caught.value.next_step


@pytest.mark.parametrize(
    "reached",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "192.168.1.5"},
        {"public_url": "https://pictures.example.com"},
        {"hosts": "studio.lan"},
    ],
)
def test_what_others_can_reach_does_not_start_without_a_key(tmp_path: Path, reached: dict[str, str]) -> None:
    settings = settings_at(tmp_path, **reached)
    with pytest.raises(BadSettings, match="has no key yet") as caught:
        asyncio.run(require_key(settings))
    assert "\n" not in caught.value.detail
    assert "fluxroom keys create NAME" in caught.value.next_step


def test_a_key_opens_the_way_and_a_revoked_one_closes_it(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, host="0.0.0.0")
    with store_at(settings) as store:
        asyncio.run(Keyring(store).create(NewKey(name="anna")))
    asyncio.run(require_key(settings))
    with store_at(settings) as store:
        asyncio.run(Keyring(store).revoke("anna"))
    with pytest.raises(BadSettings, match="has no key yet"):
        asyncio.run(require_key(settings))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machine_alone_needs_none(tmp_path: Path, host: str) -> None:
    asyncio.run(require_key(settings_at(tmp_path / "none", host=host, public_url="http://127.0.0.1:7860")))
    assert not (tmp_path / "none").exists(), "nothing was looked up"


def test_serve_refuses_in_one_line_and_says_what_to_do(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "fluxroom", "--data", str(tmp_path), "serve", "--host", "0.0.0.0", "--port", "0"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "fluxroom keys create NAME" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_names_of_this_machine_are_fine(host: str) -> None:
    listen(host, 0).close()


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, 0))
    except socket.gaierror:
        return False


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("127.0.0.1", -1), ("no.such.localhost", 7860)])
def test_a_strange_address_is_said(host: str, port: int) -> None:
    # Some machines know every name under localhost, as the standard wishes; then there is nothing to complain about.
    if "such" in host and _resolves(host):
        listen(host, 0).close()
        return
    with pytest.raises(BadSettings, match="is no address"):
        listen(host, port)


def test_the_greeting_never_shows_a_key(tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        real = greeting(settings_at(tmp_path, sandbox=False, **KEYS), found)
        half = greeting(settings_at(tmp_path, sandbox=False, fal_key=KEYS["fal_key"]), found)
        none = greeting(settings_at(tmp_path, sandbox=False), found)
    assert "Black Forest Labs and fal.ai: pictures cost money" in real
    assert "fal.ai: pictures cost money" in half
    assert "Black Forest" not in half
    assert "no provider" in none
    assert "planted" not in real + half


def test_a_folder_that_cannot_be_used_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "configure", lambda _settings: None)  # logging belongs to the whole process
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(LocalError, match="data folder"):
        serve(settings_at(blocked / "data", port=0))


@pytest.mark.parametrize(
    ("soft", "hard", "then"), [(1024, 4000, 4000), (1024, 100_000, 5000), (20_000, 100_000, 20_000)]
)
def test_there_is_room_for_many_connections(soft: int, hard: int, then: int) -> None:
    resource = pytest.importorskip("resource")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < soft:
        pytest.skip("this machine allows fewer")
    program = f"""
import resource
from fluxroom.server.running import allow_files
most = min({hard}, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (min({soft}, most), most))
allow_files(5000)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min({then}, most))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == "True"
