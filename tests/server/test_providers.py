"""The providers' accounts over HTTP: whether their keys work, how long things are kept, and who may ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import browser, is_problem, settings_at

from fluxroom.server.app import create_app

KEYS = {"bfl_api_key": "bfl-" + "k" * 32, "sandbox": False}


@pytest.mark.parametrize(("provider", "tells_balance"), [("bfl", True), ("fal", False)])
def test_a_key_is_tried_without_a_picture(http: TestClient, provider: str, tells_balance: bool) -> None:
    told = http.post(f"/v1/providers/{provider}/check").json()
    assert (told["provider"], told["good"], told["sandbox"]) == (provider, True, True)
    assert (told["credits"] is not None) is tells_balance
    assert http.get("/v1/jobs").json()["jobs"] == []


def test_a_provider_that_is_none_is_told(http: TestClient) -> None:
    problem = is_problem(http.post("/v1/providers/other/check"), 404, "not_found")
    assert "bfl, fal" in problem["next"]


def test_without_a_key_there_is_nothing_to_try(tmp_path: Path) -> None:
    with browser(create_app(settings_at(tmp_path, **KEYS))) as only_bfl:
        is_problem(only_bfl.post("/v1/providers/fal/check"), 424, "missing_key")


def test_a_provider_that_cannot_be_reached_is_not_called_wrong(tmp_path: Path) -> None:
    nobody = {**KEYS, "bfl_url": "http://127.0.0.1:9"}
    with browser(create_app(settings_at(tmp_path, **nobody))) as lonely:
        told = lonely.post("/v1/providers/bfl/check").json()
        assert (told["good"], told["detail"]) == (None, "could not be reached")
        assert str(KEYS["bfl_api_key"]) not in str(told)


def test_how_long_things_are_kept_is_told(tmp_path: Path) -> None:
    with browser(create_app(settings_at(tmp_path, trash_days=7, keep_pictures_days=90))) as http:
        told = http.get("/v1/settings").json()
        assert (told["trash_days"], told["keep_pictures_days"], told["keep_records_days"]) == (7, 90, 0)
