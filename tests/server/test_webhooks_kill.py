"""A gateway killed while it has messages to send: after the next start all are told, and none is made up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_webhooks_out import receiving


class Gateway:
    """`fluxroom serve` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        ours = ("FLUXROOM_", "BFL_API_KEY", "FAL_KEY", "FAL_API_KEY")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fluxroom", "serve", "--port", "0", "--sandbox", "--data", str(folder)],
            env={**environment, "FLUXROOM_SANDBOX_SPEED": "20"},
            cwd=folder.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        said = ""
        while "Stop with Ctrl-C" not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"page\s+(http\S+)", said)
        assert found
        self.url = found[1].rstrip("/")

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.communicate()


@pytest.mark.slow
def test_every_message_is_told_after_a_kill(tmp_path: Path) -> None:
    with receiving() as receiver:
        gateway = Gateway(tmp_path / "data")
        hook = gateway.ask("/v1/webhooks", {"url": receiver.url})["id"]
        body = {"prompt": "a fox", "model": "bfl/flux-2-klein-4b"}
        made = {gateway.ask("/v1/generations", body)["id"] for _ in range(8)}
        while not receiver.heard:
            threading.Event().wait(0.02)
        gateway.end(signal.SIGKILL)

        gateway = Gateway(tmp_path / "data")
        waiter = threading.Event()
        while {one["data"]["id"] for one in receiver.bodies} < made:
            waiter.wait(0.05)
        told = {one["data"]["id"]: one["data"]["state"] for one in receiver.bodies}
        truth = {one: gateway.ask(f"/v1/generations/{one}")["state"] for one in made}
        listed = gateway.ask(f"/v1/webhooks/{hook}/deliveries?limit=200")["deliveries"]
        gateway.end(signal.SIGTERM)
    assert told.keys() == made
    # A job that was just being sent is in doubt, and told so; the others are what the ledger says.
    assert told == truth
    assert {one["subject"] for one in listed} == made
    assert set(receiver.ids) == {one["id"] for one in listed}
