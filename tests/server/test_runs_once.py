"""What a client asks for twice, because it did not hear the answer: one run, one payment, and a no to a mix-up."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem
from tests.server.test_runs import rested

from fluxroom.flows.pipelines import reviews

COMPARISON: dict[str, Any] = {
    "name": "once",
    "request": {"prompt": "a fox", "model": f"bfl/{FAST}"},
    "axes": [{"name": "image_size", "values": ["square_hd", "portrait_4_3"]}],
}


def compared(http: TestClient, key: str, **change: Any) -> Any:
    return http.post("/v1/comparisons", json={**COMPARISON, **change}, headers={"idempotency-key": key})


def test_a_comparison_under_the_same_key_is_the_same_run_finished_or_not(quiet: TestClient) -> None:
    first = compared(quiet, "k1").json()
    assert compared(quiet, "k1").json()["id"] == first["id"]
    assert rested(quiet, first["id"])["counts"] == {"done": 2}
    # Nobody chose a seed: another one is drawn for the second call, and that is no other comparison.
    assert compared(quiet, "k1").json()["id"] == first["id"]
    assert compared(quiet, "k2").json()["id"] != first["id"]


def test_a_comparison_that_was_cancelled_is_not_begun_again_by_a_late_repetition(quiet: TestClient) -> None:
    assert quiet.post("/v1/providers/bfl/pause").status_code in {200, 204}
    first = compared(quiet, "k1").json()
    assert quiet.post(f"/v1/runs/{first['id']}/cancel").status_code == 200
    assert quiet.post("/v1/providers/bfl/resume").status_code in {200, 204}
    again = compared(quiet, "k1").json()
    assert (again["id"], again["state"]) == (first["id"], "cancelled")
    assert [job["state"] for job in quiet.get("/v1/jobs").json()["jobs"] if job["state"] == "succeeded"] == []


def test_a_key_of_another_comparison_is_a_conflict_and_begins_nothing(quiet: TestClient) -> None:
    first = compared(quiet, "k1").json()
    for change in (
        {"name": "other"},
        {"request": {**COMPARISON["request"], "prompt": "a cat"}},
        {"request": {**COMPARISON["request"], "seed": 7}},
        {"axes": [{"name": "image_size", "values": ["square_hd"]}]},
    ):
        is_problem(compared(quiet, "k1", **change), 409, "idempotency_conflict")
    assert [run["id"] for run in quiet.get("/v1/runs").json()["runs"]] == [first["id"]]
    rested(quiet, first["id"])


# a step that is made again -------------------------------------------------------------------------------------------


@pytest.fixture
def drawn(quiet: TestClient) -> dict[str, Any]:
    """A pipeline that has made its picture, without a seed: whatever is made again is paid again."""
    steps = [{"name": "fox", "do": "generate", "model": f"bfl/{FAST}", "prompt": "a fox"}]
    asked = {"pipeline": {"version": 1, "name": "one", "steps": steps}}
    return rested(quiet, quiet.post("/v1/pipelines", json=asked).json()["id"])


def redo(http: TestClient, run: dict[str, Any], key: str, **fields: Any) -> Any:
    at = f"/v1/pipelines/{run['id']}/steps/fox/redo"
    return http.post(at, json={"fields": fields}, headers={"idempotency-key": key} if key else {})


def paid(http: TestClient) -> int:
    return len([job for job in http.get("/v1/jobs").json()["jobs"] if job["state"] == "succeeded"])


def test_making_a_step_again_is_paid_once_however_often_it_is_asked_under_one_key(
    quiet: TestClient, drawn: dict[str, Any]
) -> None:
    assert redo(quiet, drawn, "k1", prompt="a cat").status_code == 200
    assert redo(quiet, drawn, "k1", prompt="a cat").status_code == 200  # while it is made: no problem either
    rested(quiet, drawn["id"])
    assert redo(quiet, drawn, "k1", prompt="a cat").json()["state"] == "finished"
    assert rested(quiet, drawn["id"])["counts"] == {"done": 1, "replaced": 1}
    assert paid(quiet) == 2
    redo(quiet, drawn, "k2", prompt="a cat")
    rested(quiet, drawn["id"])
    redo(quiet, drawn, "", prompt="a cat")
    assert rested(quiet, drawn["id"])["counts"] == {"done": 1, "replaced": 3}
    assert paid(quiet) == 4


def test_a_key_of_another_change_is_a_conflict_and_makes_nothing(quiet: TestClient, drawn: dict[str, Any]) -> None:
    redo(quiet, drawn, "k1", prompt="a cat")
    rested(quiet, drawn["id"])
    is_problem(redo(quiet, drawn, "k1", prompt="a dog"), 409, "idempotency_conflict")
    is_problem(redo(quiet, drawn, "k1"), 409, "idempotency_conflict")
    assert (rested(quiet, drawn["id"])["counts"], paid(quiet)) == ({"done": 1, "replaced": 1}, 2)


def test_a_run_remembers_the_newest_keys_and_does_not_grow(
    quiet: TestClient, drawn: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "_KEYS", 2)
    for key in ("k1", "k2", "k3"):
        redo(quiet, drawn, key, prompt="a cat", seed=3)
        told = rested(quiet, drawn["id"])
    assert [key for key, _ in told["spec"]["redone"]] == ["k2", "k3"]
