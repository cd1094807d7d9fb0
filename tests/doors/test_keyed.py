"""The doors of a gateway that others can reach: whose key may do what, and what works without one."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.calls import picture
from tests.server.keyed import People, Person, keyed_gateway

FAST = "fal-ai/flux-2/klein/4b"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with keyed_gateway(tmp_path_factory.mktemp("keyed")) as found:
        yield found


def x_key(person: Person) -> dict[str, str]:
    return {"x-key": person.key}


def fal_key(person: Person) -> dict[str, str]:
    return {"authorization": f"Key {person.key}"}


def ready(people: People, person: Person, task: dict[str, Any]) -> dict[str, Any]:
    while True:
        told = people.http.get(task["polling_url"], headers=x_key(person)).json()
        if told["status"] != "Pending":
            found: dict[str, Any] = told
            return found
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("POST", "/bfl/v1/flux-2-pro", 403, "Not authenticated"),
        ("GET", "/bfl/v1/get_result?id=x", 403, "Not authenticated"),
        ("GET", "/bfl/v1/credits", 403, "Not authenticated"),
        ("POST", f"/fal/{FAST}", 401, "Authentication is required to access this application"),
        ("POST", f"/fal/queue/{FAST}", 401, "Authentication is required to access this application"),
        ("GET", f"/fal/queue/{FAST}/requests/x/status", 401, "Authentication is required to access this application"),
        ("PUT", f"/fal/queue/{FAST}/requests/x/cancel", 401, "Authentication is required to access this application"),
        ("POST", "/fal/storage/upload/initiate", 401, "Authentication is required to access this application"),
        ("POST", "/fal/storage/auth/token", 401, "Authentication is required to access this application"),
    ],
)
@pytest.mark.parametrize("key", ["", "flux_made_up_000000000000000000"])
def test_without_a_key_nothing_is_done(
    people: People, method: str, path: str, status: int, detail: str, key: str
) -> None:
    headers = {"x-key": key} if key else {}
    answer = people.http.request(method, path, json={"prompt": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert path.startswith("/bfl") or answer.headers["x-fal-request-id"]


def test_the_proxy_gives_nobody_a_way_round(people: People) -> None:
    headers = {"x-fal-target-url": f"https://fal.run/{FAST}"}
    assert people.http.post("/fal/proxy", json={"prompt": "x"}, headers=headers).status_code == 401


def test_a_key_is_sent_as_each_client_sends_it(people: People) -> None:
    person = people.join("bfl-and-fal")
    task = people.http.post("/bfl/v1/flux-2-klein-4b", json={"prompt": "a fox"}, headers=x_key(person))
    assert task.status_code == 200
    assert ready(people, person, task.json())["status"] == "Ready"
    run = people.http.post(f"/fal/{FAST}", json={"prompt": "a fox"}, headers=fal_key(person))
    assert run.status_code == 200


def test_tasks_and_requests_are_their_owners(people: People) -> None:
    anna, ben = people.join("anna"), people.join("ben")
    task = people.http.post("/bfl/v1/flux-2-klein-4b", json={"prompt": "a fox"}, headers=x_key(anna)).json()
    sample = ready(people, anna, task)["result"]["sample"]
    seen = people.http.get(task["polling_url"], headers=x_key(ben))
    assert (seen.status_code, seen.json()["status"]) == (404, "Task not found")
    for way in ("", "/status", "/status/stream"):
        at = f"/fal/queue/fal-ai/flux-2/requests/{task['id']}{way}"
        answer = people.http.get(at, headers=fal_key(ben))
        assert (answer.status_code, answer.json()["status"]) == (404, "NOT_FOUND")
    cancelled = people.http.put(f"/fal/queue/fal-ai/flux-2/requests/{task['id']}/cancel", headers=fal_key(ben))
    assert cancelled.status_code == 404
    # The picture's link needs no key, and gives the picture to whoever was given the link.
    assert people.http.get(sample).status_code == 200
    assert people.http.get(sample[:-30] + "A" * 5 + sample[-25:]).status_code == 404


def test_equal_requests_of_two_people_are_never_one(people: People) -> None:
    anna, ben = people.join("anna-2"), people.join("ben-2")
    body = {"prompt": "the same", "seed": 7}
    first = people.http.post(f"/fal/{FAST}", json=body, headers=fal_key(anna))
    second = people.http.post(f"/fal/{FAST}", json=body, headers=fal_key(ben))
    assert first.headers["x-fal-request-id"] != second.headers["x-fal-request-id"]


def test_a_key_that_may_only_read_orders_nothing(people: People) -> None:
    reader = people.join("reader", scopes=["read"])
    answer = people.http.post("/bfl/v1/flux-2-pro", json={"prompt": "x"}, headers=x_key(reader))
    assert answer.status_code == 403
    assert "generate" in answer.json()["detail"]
    answer = people.http.post(f"/fal/queue/{FAST}", json={"prompt": "x"}, headers=fal_key(reader))
    assert answer.status_code == 403
    assert people.http.get("/bfl/v1/credits", headers=x_key(reader)).status_code == 200


def test_a_budget_is_the_owners(people: People) -> None:
    poor = people.join("poor", budget_day="0.001")
    answer = people.http.post("/bfl/v1/flux-2-pro", json={"prompt": "x"}, headers=x_key(poor))
    assert answer.status_code == 402
    assert answer.json()["detail"].startswith("Insufficient credits")
    left = people.http.get("/bfl/v1/credits", headers=x_key(poor)).json()
    assert left["credits"] == pytest.approx(0.1)


def test_too_many_requests_are_429_in_both_shapes(people: People) -> None:
    hasty = people.join("hasty", per_minute=1)
    answers = [people.http.get("/bfl/v1/credits", headers=x_key(hasty)) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json().keys() == {"detail"}
    answer = people.http.post(f"/fal/queue/{FAST}", json={"prompt": "x"}, headers=fal_key(hasty))
    assert (answer.status_code, answer.headers["x-fal-needs-retry"]) == (429, "1")


def test_an_upload_is_put_without_a_key_and_belongs_to_whoever_asked(people: People) -> None:
    anna, ben = people.join("anna-3"), people.join("ben-3")
    body = {"content_type": "image/png", "file_name": "a.png"}
    told = people.http.post("/fal/storage/upload/initiate", json=body, headers=fal_key(anna)).json()
    data = picture((1, 2, 3))
    assert people.http.put(told["upload_url"], content=data).status_code == 200
    edit = {"prompt": "x", "image_urls": [told["file_url"]]}
    assert people.http.post(f"/fal/{FAST}/edit", json=edit, headers=fal_key(anna)).status_code == 200
    listed = people.http.get("/v1/assets", headers=ben.headers)
    assert told["file_url"] not in listed.text
    assert "a.png" not in listed.text
    assert people.http.get("/fal/.well-known/jwks.json").status_code == 200


def test_somebody_elses_picture_cannot_be_named_by_its_hash_or_id(people: People) -> None:
    anna, ben = people.join("anna-4"), people.join("ben-4")
    task = people.http.post("/bfl/v1/flux-2-klein-4b", json={"prompt": "a fox"}, headers=x_key(anna)).json()
    ready(people, anna, task)
    image = people.http.get(f"/v1/generations/{task['id']}", headers=anna.headers).json()["images"][0]
    for name in (image["id"], image["sha256"]):
        body = {"prompt": "x", "image_urls": [name]}
        assert people.http.post(f"/fal/{FAST}/edit", json=body, headers=fal_key(ben)).status_code == 422


def test_a_body_that_is_too_large_is_413_in_the_doors_shape(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path / "small") as small:
        person = small.join("anna")
        huge = base64.b64encode(b"x" * (49 * 1024 * 1024)).decode()
        answer = small.http.post("/bfl/v1/flux-2-pro", json={"prompt": huge}, headers=x_key(person))
        assert (answer.status_code, answer.json().keys()) == (413, {"detail"})
        answer = small.http.post(f"/fal/{FAST}", json={"prompt": huge}, headers=fal_key(person))
        assert answer.status_code == 413
        assert answer.headers["x-fal-request-id"]
