from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from PIL import Image as PillowImage

from fluxroom.settings import Settings
from fluxroom.store import Store, open_store

HOME = "http://127.0.0.1:7860"
FAST = "flux-2-klein-4b"
KEYS = {
    "bfl_api_key": "planted-bfl-key-123456",
    "fal_key": "planted-fal-id:planted-fal-secret-654321",
}


def settings_at(folder: Path, **overrides: Any) -> Settings:
    """The sandbox, fast, without the environment and .env of whoever runs the tests."""
    values: dict[str, Any] = {"_env_file": None, "sandbox": True, "sandbox_speed": 50.0, "data": folder}
    return Settings(**values | overrides)


@contextmanager
def store_at(settings: Settings) -> Iterator[Store]:
    """The data folder of a gateway that does not run, as the command line opens it."""
    store = open_store(settings.data_folder, settings.database, settings.blobs)
    try:
        yield store
    finally:
        store.close()


def browser(app: Any) -> TestClient:
    return TestClient(app, base_url=HOME, raise_server_exceptions=False)


def picture(
    color: tuple[int, int, int] = (200, 80, 20), size: tuple[int, int] = (320, 256), kind: str = "PNG"
) -> bytes:
    out = io.BytesIO()
    PillowImage.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def make(http: TestClient, prompt: Any = "a red fox", *, wait: int = 60, **body: Any) -> dict[str, Any]:
    """A generation, waited for."""
    headers = {"prefer": f"wait={wait}"} if wait else {}
    answer = http.post("/v1/generations", json={"prompt": prompt, "model": FAST, **body}, headers=headers)
    assert answer.status_code in {200, 202}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def is_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Checks that an answer is an RFC 9457 problem of this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "next", "charge"} <= told.keys()
    assert (told["status"], told["code"], told["type"]) == (status, code, f"/problems/{code}")
    assert told["charge"] in {"charged", "not_charged", "unknown"}
    assert told["title"].endswith(".")
    assert told["detail"]
    assert told["next"]
    return told


def read_events(text: str) -> list[tuple[str, str, Any]]:
    """(event, id, data) of every server-sent event in a stream."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found
