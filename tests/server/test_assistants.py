"""Assistants over HTTP: listed in both languages, looked at, switched on and off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from tests.server.calls import is_problem
from tests.server.keyed import People

AT = "/v1/assistants"
FIELDS = {
    "id", "name", "description", "greeting", "starters", "guidance", "models", "defaults", "limits", "enabled",
}  # fmt: skip


def listed(http: TestClient, **params: str) -> dict[str, Any]:
    answer = http.get(AT, params=params)
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["assistants"]}


def test_two_assistants_and_four_models_are_there_and_off(quiet: TestClient) -> None:
    told = quiet.get(AT).json()
    assert {one["id"] for one in told["assistants"]} == {"flux-image-generator", "flux-photo-editor"}
    assert {one["id"] for one in told["models"]} == {"flux-2-klein-4b", "flux-2-max", "flux-2-pro", "flux-kontext-pro"}
    assert not any(one["enabled"] for one in [*told["assistants"], *told["models"]])
    assert told["faults"] == []
    for one in told["assistants"]:
        assert set(one) == FIELDS
        assert len(one["starters"]) == 5
        assert all(set(starter) == {"title", "message"} for starter in one["starters"])


def test_texts_come_in_the_language_that_is_asked_for(quiet: TestClient) -> None:
    english, german = listed(quiet), listed(quiet, language="de")
    assert english["flux-photo-editor"]["name"] == "FLUX photo editor"
    assert german["flux-photo-editor"]["name"] == "FLUX-Bildbearbeiter"
    assert quiet.get(f"{AT}/flux-photo-editor", params={"language": "de"}).json() == german["flux-photo-editor"]
    is_problem(quiet.get(AT, params={"language": "fr"}), 422, "invalid_body")


def test_one_step_switches_an_assistant_on(quiet: TestClient) -> None:
    switched = quiet.put(f"{AT}/flux-photo-editor", json={"enabled": True})
    assert switched.status_code == 200, switched.text
    assert switched.json()["enabled"] is True
    assert listed(quiet)["flux-photo-editor"]["enabled"] is True
    assert listed(quiet)["flux-image-generator"]["enabled"] is False
    assert quiet.put(f"{AT}/flux-photo-editor", json={"enabled": False}).json()["enabled"] is False
    assert listed(quiet)["flux-photo-editor"]["enabled"] is False


def test_a_chat_model_is_switched_at_the_same_address(quiet: TestClient) -> None:
    told = quiet.put(f"{AT}/flux-2-max", json={"enabled": True}).json()
    assert (told["id"], told["model"], told["enabled"], told["grounding"]) == (
        "flux-2-max",
        "bfl/flux-2-max",
        True,
        True,
    )
    models = {one["id"]: one["enabled"] for one in quiet.get(AT).json()["models"]}
    assert models == {"flux-2-klein-4b": False, "flux-2-max": True, "flux-2-pro": False, "flux-kontext-pro": False}


def test_own_files_of_the_data_folder_are_taken_in_at_once(quiet: TestClient, tmp_path: Path) -> None:
    own = tmp_path / "own" / "assistants"
    own.mkdir()
    mine = {**listed(quiet)["flux-photo-editor"], "id": "mine", "enabled": True}
    both: dict[str, Any] = {name: {"en": mine[name], "de": mine[name]} for name in ("name", "description", "greeting")}
    both["starters"] = [{name: {"en": text, "de": text} for name, text in one.items()} for one in mine["starters"]]
    (own / "mine.json").write_text(json.dumps({**mine, **both, "limits": {}}), "utf-8")
    assert listed(quiet)["mine"]["enabled"] is True
    (own / "mine.json").write_text('{"id": "mine"}', "utf-8")
    told = quiet.get(AT).json()
    assert "mine" not in [one["id"] for one in told["assistants"]]
    assert f"{own / 'mine.json'}: name is missing" in told["faults"]


def test_what_is_not_there_is_a_problem(quiet: TestClient) -> None:
    is_problem(quiet.get(f"{AT}/nobody"), 404, "not_found")
    is_problem(quiet.get(f"{AT}/flux-2-max"), 404, "not_found")
    is_problem(quiet.put(f"{AT}/nobody", json={"enabled": True}), 404, "not_found")
    is_problem(quiet.put(f"{AT}/flux-photo-editor", json={"enabled": "yes"}), 422, "invalid_body")
    is_problem(quiet.put(f"{AT}/flux-photo-editor", json={}), 422, "invalid_body")
    is_problem(quiet.put(f"{AT}/..%2F..%2Fetc", json={"enabled": True}), 404, "no_such_path")


def test_everybody_reads_and_only_an_admin_switches(people: People) -> None:
    anna = people.join("anna")
    told = people.ask(anna, "GET", AT)
    assert told.status_code == 200
    assert told.json()["faults"] == []
    is_problem(people.ask(anna, "PUT", f"{AT}/flux-photo-editor", json={"enabled": True}), 403, "scope_missing")
