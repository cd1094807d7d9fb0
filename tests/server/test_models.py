from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from tests.server.calls import FAST, KEYS, browser, is_problem, make, settings_at

from fluxroom import catalog
from fluxroom.server import create_app


def test_the_list_has_every_model_in_both_languages(http: TestClient) -> None:
    told = http.get("/v1/models").json()
    assert [row["id"] for row in told["models"]] == list(catalog.models())
    assert told["default"] in catalog.models()
    for row in told["models"]:
        assert row["titles"]["en"]
        assert row["titles"]["de"]
        assert row["descriptions"]["de"]
        assert row["available"] is bool(row["routes"])
        assert all(route["sandbox"] for route in row["routes"].values())


@pytest.mark.parametrize("name", list(catalog.models()))
def test_every_model_can_be_looked_at(http: TestClient, name: str) -> None:
    told = http.get(f"/v1/models/{name}").json()
    assert told["id"] == name
    for route in told["routes"].values():
        for mode in route["modes"].values():
            assert mode["price"]["text"]
            assert mode["price"]["source"]
            assert mode["source"]
            names = [one["name"] for one in mode["parameters"]]
            assert len(names) == len(set(names))
            assert all(isinstance(one["schema"], dict) for one in mode["parameters"])


def test_parameters_differ_by_provider_and_mode(http: TestClient) -> None:
    routes = http.get("/v1/models/flux-2-flex").json()["routes"]
    bfl = {one["name"]: one for one in routes["bfl"]["modes"]["generate"]["parameters"]}
    assert bfl["guidance_scale"]["wire"] == ["guidance"]
    assert bfl["guidance_scale"]["schema"]["maximum"] == 10
    assert routes["bfl"]["modes"]["edit"]["max_references"] == 8
    assert routes["fal"]["modes"]["edit"]["max_references"] == 10


def test_a_route_or_an_endpoint_names_a_model_too(http: TestClient) -> None:
    told = http.get("/v1/models/bfl/flux-2-pro").json()
    assert told["id"] == "flux-2-pro"
    assert list(told["routes"]) == ["bfl"]
    assert http.get("/v1/models/fal-ai/flux-2/edit").json()["id"] == "flux-2-dev"
    is_problem(http.get("/v1/models/fal/flux-2-pro-preview"), 404, "unknown_model")


def test_every_parameter_says_how_to_show_it(http: TestClient) -> None:
    mode = http.get("/v1/models/bfl/flux-2-flex?lang=de").json()["routes"]["bfl"]["modes"]["generate"]
    Draft202012Validator.check_schema(mode["schema"])
    assert list(mode["schema"]["properties"]) == [one["name"] for one in mode["parameters"]]
    by_name = {one["name"]: one for one in mode["parameters"]}
    steps = by_name["num_inference_steps"]
    assert steps["x-ui"]["title"] == {"en": "Steps", "de": "Schritte"}
    assert mode["schema"]["properties"]["num_inference_steps"]["title"] == "Schritte"
    assert (steps["default"], steps["provider_default"], steps["schema"]["maximum"]) == (None, 50, 50)
    assert mode["references"] | {"source": ""} == {
        "style": "list", "min": 0, "max": 8, "slots": [], "min_side": 0, "source": "",
    }  # fmt: skip
    assert mode["size"]["by"] == "pixels"
    assert [one["id"] for one in mode["presets"]] == ["balanced", "speed"]
    assert mode["price"]["example"]["low"] == "0.05"
    assert mode["price"]["texts"]["de"].endswith("je MP Eingabe")


def test_titles_come_in_the_language_that_is_asked_for(http: TestClient) -> None:
    told = {row["id"]: row for row in http.get("/v1/models?lang=de").json()["models"]}
    assert told["flux-2-pro"]["description"] == told["flux-2-pro"]["descriptions"]["de"]
    is_problem(http.get("/v1/models?lang=fr"), 422, "invalid_body")


def test_what_was_measured_is_told(quiet: TestClient) -> None:
    before = quiet.get(f"/v1/models/{FAST}").json()["routes"]["bfl"]["modes"]["generate"]
    assert before["measured"] is None
    make(quiet, model=f"bfl/{FAST}")
    after = quiet.get(f"/v1/models/{FAST}").json()["routes"]["bfl"]
    assert after["modes"]["generate"]["measured"]["jobs"] == 1
    assert after["modes"]["generate"]["measured"]["seconds"] > 0
    assert after["modes"]["generate"]["measured"]["price"] == before["price"]["example"]["low"]
    row = next(row for row in quiet.get("/v1/models").json()["models"] if row["id"] == FAST)
    assert row["routes"]["bfl"]["measured"] == after["measured"]


def test_a_paused_provider_is_told(quiet: TestClient) -> None:
    assert quiet.get("/v1/models/flux-2-pro").json()["routes"]["fal"]["paused"] is False
    quiet.post("/v1/providers/fal/pause")
    told = quiet.get("/v1/models/flux-2-pro").json()["routes"]
    assert (told["fal"]["paused"], told["bfl"]["paused"]) == (True, False)
    assert told["fal"]["why"] == "paused by a person"


def test_without_a_key_a_route_is_not_available(tmp_path: Path) -> None:
    keys = {"sandbox": False, "bfl_api_key": KEYS["bfl_api_key"]}
    with browser(create_app(settings_at(tmp_path, **keys))) as only_bfl:
        told = only_bfl.get("/v1/models/flux-2-pro").json()
        assert (told["routes"]["bfl"]["available"], told["routes"]["fal"]["available"]) == (True, False)
        assert only_bfl.get("/v1/models/flux-2-dev").json()["available"] is False
        assert KEYS["bfl_api_key"] not in only_bfl.get("/v1/models").text
        asked = only_bfl.post("/v1/models/fal/flux-2-dev/check").json()["routes"]
        why = "No key is set for fal."
        assert asked == [{"route": "fal/flux-2-dev", "offered": None, "sandbox": False, "detail": why}]


def test_whether_a_model_is_offered_costs_nothing(http: TestClient) -> None:
    before = http.get("/v1/generations").json()
    told = http.post("/v1/models/flux-2-lora/check").json()
    assert told["model"] == "flux-2-lora"
    assert [(one["route"], one["offered"], one["sandbox"]) for one in told["routes"]] == [
        ("fal/flux-2-lora", True, True)
    ]
    assert [one["route"] for one in http.post("/v1/models/flux-2-pro/check").json()["routes"]] == [
        "bfl/flux-2-pro",
        "fal/flux-2-pro",
    ]
    assert http.get("/v1/generations").json() == before
    is_problem(http.post("/v1/models/flux-9/check"), 404, "unknown_model")


def test_why_a_model_does_not_take_something(http: TestClient) -> None:
    told = http.get("/v1/models/flux-3-image").json()
    assert told["why_not"]["seed"].keys() >= {"en", "de"}


def test_health_says_what_runs_and_no_more(http: TestClient) -> None:
    answer = http.get("/healthz")
    told = answer.json()
    assert answer.status_code == 200
    assert (told["status"], told["database"], told["sandbox"]) == ("ok", "ok", True)
    assert [one["provider"] for one in told["providers"]] == ["bfl", "fal"]
    assert all(one["set_up"] and one["sandbox"] for one in told["providers"])
    assert {one["variable"] for one in told["providers"]} == {"BFL_API_KEY", "FAL_KEY"}


def test_a_database_that_does_not_answer_is_told(quiet: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    database = quiet.app.state.gateway.engine.store.database  # type: ignore[attr-defined]  # TestClient says only ASGI

    async def broken(*_: Any) -> Any:
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(database), "read", broken)
        answer = quiet.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("failing", "failing")
