"""Money over HTTP: usage as JSON and CSV, budgets, providers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import browser, is_problem, make, settings_at

from fluxroom.server import create_app

PRICE = "0.014"  # one megapixel of flux-2-klein-4b at BFL


def klein(http: TestClient, prompt: str = "a red fox", **more: Any) -> dict[str, Any]:
    return make(http, prompt, model="bfl/flux-2-klein-4b", **more)


def used(http: TestClient, **query: Any) -> dict[str, Any]:
    answer = http.get("/v1/usage", params={"sandbox": "true", **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_usage_is_empty_at_first(quiet: TestClient) -> None:
    told = used(quiet)
    assert told["lines"] == []
    assert told["total"] == {"jobs": 0, "succeeded": 0, "estimated": "0", "charged": "0", "doubtful": "0"}


def test_usage_by_every_key(quiet: TestClient) -> None:
    klein(quiet, seed=1)
    klein(quiet, seed=1)  # from the cache, free
    make(quiet, "a fox", model="fal/flux-schnell")
    total = {"jobs": 3, "succeeded": 3, "estimated": "0.031", "charged": "0.017", "doubtful": "0"}
    for by, keys in {
        "day": [datetime.now(UTC).date().isoformat()],
        "model": ["flux-2-klein-4b", "flux-schnell"],
        "provider": ["bfl", "fal"],
        "owner": ["local"],
        "run": [""],
    }.items():
        told = used(quiet, by=by)
        assert told["by"] == by
        assert [line["key"] for line in told["lines"]] == keys
        assert told["total"] == total
    assert used(quiet, by="model")["lines"][0] == {
        "key": "flux-2-klein-4b",
        "jobs": 2,
        "succeeded": 2,
        "estimated": "0.028",
        "charged": PRICE,
        "doubtful": "0",
    }


def test_practice_is_not_money(quiet: TestClient) -> None:
    klein(quiet)
    real = quiet.get("/v1/usage").json()
    assert real["sandbox"] is False
    assert real["lines"] == []


@pytest.mark.parametrize(
    ("query", "jobs"),
    [
        ({"since": "2026-01-01"}, 1),
        ({"since": "9999-12-31"}, 0),
        ({"until": "2020-01-01"}, 0),
        ({"until": "9999-12-31"}, 1),
        ({"since": "0001-01-01", "until": "9999-12-31"}, 1),
    ],
)
def test_days_from_and_to(quiet: TestClient, query: dict[str, str], jobs: int) -> None:
    klein(quiet)
    assert used(quiet, **query)["total"]["jobs"] == jobs


def test_csv_by_the_accept_header(quiet: TestClient) -> None:
    klein(quiet)
    answer = quiet.get("/v1/usage", params={"by": "provider", "sandbox": "true"}, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "fluxroom-usage-by-provider.csv" in answer.headers["content-disposition"]
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["provider", "jobs", "succeeded", "estimated", "charged", "doubtful"],
        ["bfl", "1", "1", PRICE, PRICE, "0"],
    ]


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html, */*;q=0.8", "text/csv;q=0.1, */*"])
def test_json_for_everybody_else(http: TestClient, accept: str) -> None:
    answer = http.get("/v1/usage", headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("query", [{"by": "colour"}, {"since": "yesterday"}, {"until": "2026-02-30"}])
def test_a_wrong_question_is_a_problem(http: TestClient, query: dict[str, str]) -> None:
    is_problem(http.get("/v1/usage", params=query), 422, "invalid_body")


def test_days_the_wrong_way_round(http: TestClient) -> None:
    told = is_problem(
        http.get("/v1/usage", params={"since": "2026-02-01", "until": "2026-01-01"}), 400, "invalid_request"
    )
    assert told["field"] == "until"


def test_a_budget_is_set_refuses_and_is_dropped(quiet: TestClient) -> None:
    told = quiet.put("/v1/budgets/owner:local/month", json={"most": "0.02"}).json()
    assert (told["most"], told["spent"], told["left"], told["sandbox"]) == ("0.02", "0", "0.02", False)
    assert told["resets_at"].endswith("-01T00:00:00Z")
    klein(quiet)
    [listed] = quiet.get("/v1/budgets", params={"sandbox": "true"}).json()["budgets"]
    assert (listed["spent"], listed["left"]) == (PRICE, str(Decimal("0.02") - Decimal(PRICE)))
    [real] = quiet.get("/v1/budgets").json()["budgets"]
    assert real["spent"] == "0"
    refused = is_problem(
        quiet.post("/v1/generations", json={"prompt": "x", "model": "bfl/flux-2-klein-4b"}), 402, "budget_exceeded"
    )
    assert refused["scope"] == "owner:local"
    assert refused["charge"] == "not_charged"
    assert "It resets at" in refused["next"]
    assert len(quiet.get("/v1/generations").json()["generations"]) == 1
    assert quiet.delete("/v1/budgets/owner:local/month").status_code == 204
    is_problem(quiet.delete("/v1/budgets/owner:local/month"), 404, "not_found")
    klein(quiet, "another fox")


def test_a_run_may_have_strokes_in_its_name(quiet: TestClient) -> None:
    told = quiet.put("/v1/budgets/run:2026/summer sale/total", json={"most": "1"}).json()
    assert (told["scope"], told["period"], told["resets_at"]) == ("run:2026/summer sale", "total", None)
    assert quiet.delete("/v1/budgets/run:2026/summer sale/total").status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("nobody/day", {"most": "1"}, 400, "invalid_request"),
        ("owner:/day", {"most": "1"}, 400, "invalid_request"),
        ("owner:a%00b/day", {"most": "1"}, 400, "invalid_request"),
        ("all/week", {"most": "1"}, 422, "invalid_body"),
        ("all/day", {"most": "-1"}, 400, "invalid_request"),
        ("all/day", {"most": "NaN"}, 400, "invalid_request"),
        ("all/day", {"most": "1e400"}, 400, "invalid_request"),
        ("all/day", {"most": "0.0000001"}, 400, "invalid_request"),
        ("all/day", {"most": 5}, 422, "invalid_body"),
        ("all/day", {"most": "1", "more": "2"}, 422, "invalid_body"),
    ],
)
def test_a_wrong_budget_is_a_problem(http: TestClient, path: str, body: object, status: int, code: str) -> None:
    is_problem(http.put(f"/v1/budgets/{path}", json=body), status, code)
    assert http.get("/v1/budgets").json() == {"budgets": []}


def test_providers_tell_how_they_stand(http: TestClient) -> None:
    bfl, fal = http.get("/v1/providers").json()["providers"]
    assert bfl == {
        "provider": "bfl",
        "account": "bfl:sandbox",
        "set_up": True,
        "sandbox": True,
        "cap": 24,
        "cap_now": 24,
        "in_flight": 0,
        "queued": 0,
        "paused": False,
        "held_until": None,
        "why": "",
    }
    assert fal["cap"] == 40


def test_a_provider_is_paused_and_resumed(quiet: TestClient) -> None:
    told = quiet.post("/v1/providers/bfl/pause").json()
    assert (told["paused"], told["why"]) == (True, "paused by a person")
    waiting = klein(quiet, wait=0)
    assert quiet.get("/v1/providers").json()["providers"][0]["queued"] == 1
    assert make(quiet, "a fox", model="fal/flux-schnell")["state"] == "succeeded"
    assert quiet.get(f"/v1/generations/{waiting['id']}").json()["state"] == "queued"
    assert quiet.post("/v1/providers/bfl/resume").json()["paused"] is False
    events = quiet.get(f"/v1/generations/{waiting['id']}/events").text
    assert "succeeded" in events


def test_a_provider_that_is_none(quiet: TestClient) -> None:
    is_problem(quiet.post("/v1/providers/acme/pause"), 404, "not_found")


def test_a_provider_without_a_key(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "real", sandbox=None, bfl_api_key="planted-bfl-key-123456")
    with browser(create_app(settings)) as http:
        bfl, fal = http.get("/v1/providers").json()["providers"]
        assert (bfl["set_up"], bfl["sandbox"], fal["set_up"]) == (True, False, False)
        is_problem(http.post("/v1/providers/fal/pause"), 424, "missing_key")
        assert "planted" not in http.get("/v1/providers").text


@pytest.mark.parametrize("path", ["/v1/providers/bfl/pause", "/v1/providers/bfl/resume"])
def test_another_web_site_may_not_pause(http: TestClient, path: str) -> None:
    is_problem(http.post(path, headers={"origin": "https://attacker.example"}), 403, "cross_site")
    assert http.get("/v1/providers").json()["providers"][0]["paused"] is False
