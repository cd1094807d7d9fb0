"""Black Forest Labs' own protocol, as its documents describe it, with the gateway as the base URL: submit, poll, fetch.

Start the gateway with `fluxroom serve`, then: `python examples/bfl_http.py "a red fox in fresh snow"`.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

BASE = os.environ.get("FLUXROOM_URL", "http://127.0.0.1:7860") + "/bfl/v1"
# On this machine any key will do; elsewhere it is one that `fluxroom keys create` made.
HEADERS = {"x-key": os.environ.get("FLUXROOM_API_KEY", "none"), "content-type": "application/json"}


def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red fox in fresh snow"
    day = make("flux-2-pro", prompt=prompt, width=1536, height=1024, seed=7)
    Path("day.jpg").write_bytes(fetched(day))
    night = make("flux-2-pro", prompt="make it night", input_image=base64.b64encode(fetched(day)).decode(), seed=7)
    Path("night.jpg").write_bytes(fetched(night))
    print("day.jpg and night.jpg for", day["cost"] + night["cost"], "credits")


def make(endpoint: str, **body: Any) -> dict[str, Any]:
    task = call(f"{BASE}/{endpoint}", body)
    while True:
        task = call(task.get("polling_url") or f"{BASE}/get_result?id={task['id']}")
        if task["status"] == "Ready":
            return task
        if task["status"] not in {"Pending", "Reasoning", "Generating"}:
            raise SystemExit(f"{task['status']}: {task['details']}")
        time.sleep(0.5)


def fetched(task: dict[str, Any]) -> bytes:
    with urllib.request.urlopen(task["result"]["sample"]) as answer:
        data: bytes = answer.read()
    return data


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, HEADERS)) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


if __name__ == "__main__":
    main()
