"""Requests made up from the contract, sent to a gateway on a real socket, and what came back.

`python -m tests.server.fuzzing [EXAMPLES]` sends that many (default 2,000), each time others; the tests send few, and
always the same.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.remote.gateways import Gate
from tests.server.calls import picture

# What changes the world for everybody else, or never ends: tested by itself.
LEFT_OUT = ("generations_everything", "providers_pause")

CONFIG = """
[checks.positive_data_acceptance]
# Which parameters a model takes, and which ids there are, no schema of an address can say.
enabled = false
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    text: str  # as people read it
    failed: bool
    sent: int
    statuses: Mapping[str, set[int]]  # by operation: every status that it answered with

    @property
    def reached(self) -> set[str]:
        """The operations that answered 2xx at least once."""
        return {name for name, seen in self.statuses.items() if any(200 <= status < 300 for status in seen)}


class World:
    """A gateway with something of everything in it, and a key that may do everything.

    Args:
        folder: its data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.gate = Gate(folder, sandbox_speed=100.0).start()
        made = self.ask("POST", "/v1/keys", {"name": "fuzz", "scopes": ["generate", "read", "admin"], **_ROOMY})
        self.key = made["key"]
        self.contract = self.ask("GET", "/v1/openapi.json")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request of this machine's user; the answer's JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {"content-type": "image/png" if isinstance(body, bytes) else "application/json"}
        request = urllib.request.Request(f"{self.gate.url}{path}", data, kind | headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def make(self, prompt: str, **more: Any) -> Any:
        """A generation, waited for."""
        body = {"prompt": prompt, "model": "bfl/flux-2-klein-4b", **more}
        return self.ask("POST", "/v1/generations", body, prefer="wait=60")

    def seeds(self) -> dict[str, dict[str, str]]:
        """Ids of what a made-up request cannot know: a value by operation and parameter."""
        uploaded = [self.ask("POST", "/v1/assets", picture((red, 9, 9)))["sha256"] for red in range(2)]
        failed = self.make("a fox [[fault:submit-402 x1]]")["id"]
        doubtful = self.make("a cat [[fault:submit-drop-after x1]]")["jobs"][0]["id"]
        hook = self.ask("POST", "/v1/webhooks", {"url": "https://example.com/hooks"})["id"]
        talk = self.ask("POST", "/v1/conversations", {"settings": {"model": "bfl/flux-2-klein-4b"}})["id"]
        said = self.ask("POST", f"/v1/conversations/{talk}/messages", {"text": "a fox"}, prefer="wait=60")["id"]
        return {
            "conversations_message": {"conversation_id": talk, "message_id": said},
            "conversation_events_events": {"conversation_id": talk},
            **{f"assistants_{name}": {"assistant_id": "flux-photo-editor"} for name in ("get", "switch")},
            "generations_retry": {"generation_id": failed},
            "jobs_resolve": {"job_id": doubtful},
            **{f"assets_{name}": {"sha256": uploaded[0]} for name in ("get", "small", "file")},
            "assets_remove": {"sha256": uploaded[1]},
            **{f"webhooks_{name}": {"webhook_id": hook} for name in ("deliveries", "replay_failed", "test")},
        }

    def fuzz(self, *, examples: int, phases: str, seed: int | None) -> Outcome:
        """Send requests; `examples` is how many at most for each operation and phase."""
        with tempfile.TemporaryDirectory() as folder:
            report, config = Path(folder, "report.ndjson"), Path(folder, "schemathesis.toml")
            config.write_text(CONFIG + _given(self.seeds()))
            command = [
                *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"),
                *(f"{self.gate.url}/v1/openapi.json", "--phases", phases, "--max-examples", str(examples)),
                *("--header", f"Authorization: Bearer {self.key}", "--request-timeout", "60", "--no-color"),
                *("--report", "ndjson", "--report-ndjson-path", str(report), "--continue-on-failure"),
                *("--suppress-health-check", "all"),
                *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
                *(
                    ("--generation-deterministic", "--no-shrink")
                    if seed is not None
                    else ("--generation-database", "none")
                ),
                *(("--seed", str(seed)) if seed is not None else ()),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
            assert report.exists(), done.stdout + done.stderr
            statuses, sent = _read(report)
        return Outcome(done.stdout + done.stderr, done.returncode != 0, sent, statuses)


_ROOMY = {"per_minute": 1_000_000, "cap": 1000}


def _given(seeds: Mapping[str, Mapping[str, str]]) -> str:
    """The ids as the tool's configuration."""
    lines = []
    for operation, values in seeds.items():
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        named = ", ".join(f'"path.{name}" = "{value}"' for name, value in values.items())
        lines.append(f"parameters = {{ {named} }}")
    return "\n".join(lines) + "\n"


def _read(report: Path) -> tuple[dict[str, set[int]], int]:
    """Every status by operation, and how many requests were sent."""
    statuses: dict[str, set[int]] = defaultdict(set)
    sent = 0
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder") or {}
        cases = recorder.get("cases") or {}
        for name, exchange in (recorder.get("interactions") or {}).items():
            case = (cases.get(name) or {}).get("value") or {}
            status = (exchange.get("response") or {}).get("status_code")
            sent += 1
            if status:
                statuses[f"{case.get('method')} {case.get('path')}"].add(int(status))
    return statuses, sent


def main() -> int:
    """Send many requests and say what was found."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        operations = sum(len(methods) for methods in world.contract["paths"].values())
        began = time.monotonic()
        outcome = world.fuzz(
            examples=max(1, math.ceil(wanted / operations)), phases="examples,coverage,fuzzing,stateful", seed=None
        )
        world.gate.stop()
    print(outcome.text)
    print(
        f"{outcome.sent} requests in {time.monotonic() - began:.0f} s; {len(outcome.reached)} operations answered 2xx"
    )
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
