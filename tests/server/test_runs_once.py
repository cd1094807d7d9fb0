"""What a client asks for twice, because it did not hear the answer: one run, one payment, and a no to a mix-up."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem
from tests.server.test_runs import rested

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
