"""A conversation over HTTP with a gateway whose power goes off in the middle: nothing is lost or paid twice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from tests.cli.told import Process, Provider

Spawn = Callable[..., Process]

TEXTS = ("a fox", "make it night", "add stars", "closer", "a red scarf", "as a drawing")
SETTINGS = {"settings": {"model": "bfl/flux-2-klein-4b"}}


class Gateway:
    """A gateway in a process of its own, always at the same address."""

    def __init__(self, spawn: Spawn) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._spawn = spawn
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.process = self.start()

    def start(self) -> Process:
        """Start it, and wait until it answers."""
        self.process = self._spawn("serve", "--port", self.port)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if self.http.get("/readyz").status_code == 200:
                    return self.process
            except httpx2.TransportError:
                assert self.process.popen.poll() is None, self.process.end().err
        raise AssertionError("it never answered")

    def dies(self) -> None:
        """As when the power goes off."""
        self.process.popen.kill()
        self.process.popen.wait()

    def say(self, at: str, text: str, key: str) -> dict[str, Any]:
        answer = self.http.post(f"{at}/messages", json={"text": text}, headers={"idempotency-key": key})
        assert answer.status_code in {200, 202}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def taken(self, said: dict[str, Any]) -> None:
        """Wait until the provider has it: what is cut off before that stays in doubt, and is never sent again."""
        while self.http.get(f"/v1/generations/{said['generation']}").json()["jobs"][0]["state"] != "running":
            continue

    def follow(self, at: str, *, until: str = "end") -> dict[str, Any]:
        """Server-sent events until one of this kind."""
        with self.http.stream("GET", f"{at}/events") as reply:
            kind = ""
            for line in reply.iter_lines():
                name, _, value = line.partition(": ")
                kind = value if name == "event" else kind
                if name == "data" and kind == until:
                    found: dict[str, Any] = json.loads(value)
                    return found
        raise AssertionError(f"the events ended without {until}")


@pytest.fixture
def gateway(spawn: Spawn, provider: Provider) -> Iterator[Gateway]:
    del provider  # its addresses are in the environment
    running = Gateway(spawn)
    yield running
    running.http.close()


def test_six_messages_the_power_goes_off_in_one_and_all_is_there(gateway: Gateway, provider: Provider) -> None:
    at = f"/v1/conversations/{gateway.http.post('/v1/conversations', json=SETTINGS).json()['id']}"
    made: list[str] = []
    for number, text in enumerate(TEXTS):
        slow = f"{text} [[duration:2]]" if number == 3 else text
        said = gateway.say(at, slow, f"message {number}")
        if number == 3:
            assert gateway.follow(at, until="progress")["phase"]
            gateway.taken(said)
            gateway.dies()
            gateway.start()
            again = gateway.say(at, slow, f"message {number}")
            assert (again["id"], again["generation"]) == (said["id"], said["generation"])
        ended = gateway.follow(at)
        assert ended["finishReason"] == "stop", ended["error"]
        assert ended["asked"]["references"] == made[-1:]
        made.append(ended["images"][0]["sha256"])
    told = gateway.http.get(at).json()
    assert [one["content"][0] for one in told["messages"] if one["role"] == "user"][:3] == list(TEXTS[:3])
    assert [one["images"][0]["sha256"] for one in told["messages"] if one["images"]] == made
    assert len(provider.submits()) == 6
    assert len([task for task in provider.box.world.tasks() if task["billed"]]) == 6


def test_events_that_break_off_are_taken_up_again(gateway: Gateway, provider: Provider) -> None:
    at = f"/v1/conversations/{gateway.http.post('/v1/conversations', json=SETTINGS).json()['id']}"
    said = gateway.say(at, "slow [[duration:3]]", "k")
    with gateway.http.stream("GET", f"{at}/events") as reply:
        lines = reply.iter_lines()
        while "event: progress" not in next(lines):
            continue
        gateway.taken(said)
        gateway.dies()
        with pytest.raises(httpx2.TransportError):
            list(lines)
    gateway.start()
    assert gateway.follow(at)["images"]
    assert len(provider.submits()) == 1
