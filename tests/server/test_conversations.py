"""Conversations over HTTP: said, answered, stopped, forgotten, and nobody else's."""

from __future__ import annotations

import time
from typing import Any

from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem

SETTINGS = {"settings": {"model": f"bfl/{FAST}", "seed": 5}}


def said(http: TestClient, where: str, text: str, **more: Any) -> dict[str, Any]:
    answer = http.post(f"/v1/conversations/{where}/messages", json={"text": text, **more})
    assert answer.status_code == 202, answer.text
    end = time.monotonic() + 20
    while time.monotonic() < end:
        last: dict[str, Any] = http.get(f"/v1/conversations/{where}").json()["messages"][-1]
        if last["complete"]:
            return last
        time.sleep(0.05)
    raise AssertionError("no answer")


def test_a_talk_goes_on_with_its_last_picture(http: TestClient) -> None:
    begun = http.post("/v1/conversations", json=SETTINGS)
    assert begun.status_code == 201
    where = begun.json()["id"]
    first = said(http, where, "a fox")
    assert first["images"][0]["mimeType"] == "image/png"
    assert http.get(first["images"][0]["url"]).status_code == 200
    second = said(http, where, "at night", options={"seed": 6})
    assert second["asked"]["references"] == [first["images"][0]["sha256"]]
    assert second["asked"]["seed"] == 6
    third = said(http, where, "that one again", pictures=[first["images"][0]["id"]])
    assert third["asked"]["references"] == second["asked"]["references"]
    told = http.get(f"/v1/conversations/{where}").json()
    assert (told["title"], len(told["messages"])) == ("a fox", 6)
    rest = http.get(f"/v1/conversations/{where}", params={"after": first["id"]}).json()
    assert len(rest["messages"]) == 4


def test_settings_change_and_a_talk_is_forgotten(http: TestClient) -> None:
    where = http.post("/v1/conversations", json={**SETTINGS, "title": "t"}).json()["id"]
    at = f"/v1/conversations/{where}"
    changed = http.patch(at, json={"title": "better", "settings": {"model": f"fal/{FAST}"}}).json()
    assert (changed["title"], changed["settings"]) == ("better", {"model": f"fal/{FAST}"})
    assert said(http, where, "an owl")["images"][0]["metadata"]["provider"] == "fal"
    assert where in [one["id"] for one in http.get("/v1/conversations").json()["conversations"]]
    assert http.post(f"{at}/stop").json() == {"said": [], "jobs": [], "message": None}, "nothing is under way"
    assert http.delete(at).status_code == 204
    is_problem(http.get(at), 404, "not_found")


def test_what_cannot_be_said_is_a_problem(http: TestClient) -> None:
    where = http.post("/v1/conversations", json=SETTINGS).json()["id"]
    at = f"/v1/conversations/{where}/messages"
    is_problem(http.post(at, json={"text": ""}), 422, "invalid_body")
    is_problem(http.post(at, json={"text": "x", "pictures": ["/etc/passwd"]}), 422, "invalid_reference")
    is_problem(http.post(at, json={"text": "x", "options": {"model": "flux-99"}}), 404, "unknown_model")
    assert http.get(f"/v1/conversations/{where}").json()["messages"] == []
