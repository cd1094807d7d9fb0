from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem, make, read_events

from fluxroom.errors import StorageFull


def stream(http: TestClient, generation_id: str, **headers: str) -> list[tuple[str, str, Any]]:
    answer = http.get(f"/v1/generations/{generation_id}/events", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    return read_events(answer.text)


def test_a_stream_tells_the_way_and_ends_with_the_generation(http: TestClient) -> None:
    started = make(http, "a fox to follow", wait=0, model=f"bfl/{FAST}")
    told = stream(http, started["id"])
    ways = [data["to"] for event, _, data in told if event == "state"]
    assert ways == ["queued", "submitting", "running", "fetching", "succeeded"]
    assert told[-1][0] == "end"
    assert told[-1][2]["state"] == "succeeded"
    assert told[-1][2]["images"][0]["url"].startswith("/v1/images/")
    assert {data["job"] for event, _, data in told if event == "state"} == {started["jobs"][0]["id"]}


def test_progress_has_time_and_no_id(http: TestClient) -> None:
    started = make(http, "a slower fox [[duration:1.2]]", wait=0, model=f"bfl/{FAST}")
    told = stream(http, started["id"])
    fleeting = [(number, data) for event, number, data in told if event == "progress"]
    assert fleeting
    assert all(number == "" for number, _ in fleeting)
    running = [data for _, data in fleeting if data["phase"] != "queued"]
    assert running
    assert all(data["expected"] > 0 and data["elapsed"] >= 0 for data in running)


def test_a_reader_who_comes_back_misses_nothing(http: TestClient) -> None:
    done = make(http, "a fox of the past", model=f"bfl/{FAST}")
    whole = stream(http, done["id"])
    states = [(number, data["to"]) for event, number, data in whole if event == "state"]
    assert len(states) == 5
    numbers = [int(number) for number, _ in states]
    assert numbers == sorted(set(numbers))
    rest = stream(http, done["id"], **{"last-event-id": states[2][0]})
    assert [(number, data["to"]) for event, number, data in rest if event == "state"] == states[3:]
    assert rest[-1][0] == "end"


@pytest.mark.parametrize("bad", ["nonsense", "-1", "9" * 40, "1; DROP TABLE jobs", " "])
def test_a_strange_last_event_id_is_harmless(http: TestClient, bad: str) -> None:
    done = make(http, "a fox")
    answer = http.get(f"/v1/generations/{done['id']}/events", headers={"last-event-id": bad})
    assert answer.status_code == 200
    assert read_events(answer.text)[-1][0] == "end"


def test_a_failed_generation_ends_with_its_problem(http: TestClient) -> None:
    started = make(http, "moderate-me", wait=0)
    told = stream(http, started["id"])
    assert told[-1][0] == "end"
    assert told[-1][2]["error"]["code"] == "moderated_input"


def test_several_jobs_are_told_apart(http: TestClient) -> None:
    started = make(http, "three foxes", wait=0, num_images=3, model=f"bfl/{FAST}")
    told = stream(http, started["id"])
    ended = [data["job"] for event, _, data in told if event == "state" and data["to"] == "succeeded"]
    assert sorted(ended) == sorted(job["id"] for job in started["jobs"])
    assert len(told[-1][2]["images"]) == 3


def test_trouble_on_the_way_is_told_as_a_problem(quiet: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    done = make(quiet, "a fox")
    engine = quiet.app.state.gateway.engine  # type: ignore[attr-defined]  # TestClient says only that it is an ASGI app

    async def full(*_: Any, **__: Any) -> Any:
        raise StorageFull
        yield

    monkeypatch.setattr(type(engine), "events", full)
    told = stream(quiet, done["id"])
    assert told[-1][0] == "problem"
    assert told[-1][2]["code"] == "storage_full"


def test_a_stream_ends_when_the_gateway_closes(quiet: TestClient) -> None:
    started = make(quiet, "a fox for later [[fault:never x*]]", wait=0)
    gateway = quiet.app.state.gateway  # type: ignore[attr-defined]  # as above
    gateway.closing.set()
    told = stream(quiet, started["id"])
    assert told[-1][0] == "closing"
    waited = quiet.post(
        "/v1/generations", json={"prompt": "one more [[fault:never x*]]"}, headers={"prefer": "wait=100"}
    )
    assert waited.status_code == 202, "a wait ends too, and the job goes on"
    health = quiet.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "closing")


def test_a_generation_that_is_not_there_has_no_stream(http: TestClient) -> None:
    is_problem(http.get(f"/v1/generations/{'0' * 22}/events"), 404, "not_found")
