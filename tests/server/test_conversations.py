"""Conversations over HTTP: said, answered, stopped, forgotten, and nobody else's."""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem, picture, read_events
from tests.server.keyed import keyed_gateway

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


def begun(http: TestClient, **body: Any) -> str:
    answer = http.post("/v1/conversations", json={**SETTINGS, **body})
    assert answer.status_code == 201, answer.text
    return f"/v1/conversations/{answer.json()['id']}"


def waited(http: TestClient, at: str, text: str, **more: Any) -> Any:
    headers = {"prefer": "wait=60", **more.pop("headers", {})}
    return http.post(f"{at}/messages", json={"text": text, **more}, headers=headers)


# following -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_followed_to_its_end(http: TestClient) -> None:
    at = begun(http)
    answer = http.post(f"{at}/messages", json={"text": "a fox [[duration:2]]"}).json()
    assert answer["complete"] is False
    told = http.get(f"{at}/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    events = read_events(told.text)
    kinds = [kind for kind, _, _ in events]
    assert (kinds[0], kinds[-1]) == ("message", "end")
    assert set(kinds[1:-1]) == {"progress"}
    assert events[0][2]["id"] == events[-1][2]["id"] == answer["id"]
    assert {"phase", "job"} <= events[1][2].keys()
    end = events[-1][2]
    assert (end["complete"], end["finishReason"], len(end["images"])) == (True, "stop", 1)
    assert end == http.get(f"{at}/messages/{answer['id']}").json()


def test_who_comes_back_is_told_how_it_ended(http: TestClient) -> None:
    at = begun(http)
    is_problem(http.get(f"{at}/events"), 404, "not_found")
    answer = waited(http, at, "a fox").json()
    for _ in range(2):
        events = read_events(http.get(f"{at}/events", headers={"last-event-id": "77"}).text)
        assert [kind for kind, _, _ in events] == ["message", "end"]
        assert events[-1][2] == answer


def test_a_failure_is_the_end_of_its_events(http: TestClient) -> None:
    at = begun(http)
    http.post(f"{at}/messages", json={"text": "x [[fault:moderated-output]]"})
    kind, _, end = read_events(http.get(f"{at}/events").text)[-1]
    assert (kind, end["finishReason"], end["error"]["code"], end["error"]["status"]) == (
        "end",
        "content_filter",
        "moderated_output",
        422,
    )


# statuses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("moderated-input", 422, "moderated_input"),
        ("moderated-output", 422, "moderated_output"),
        ("submit-402", 402, "insufficient_credits"),
        ("submit-504-taken", 502, "submit_unknown"),
        ("submit-422", 422, "invalid_params"),
        ("error", 502, "provider_error"),
    ],
)
def test_every_failure_has_its_own_status(http: TestClient, fault: str, status: int, code: str) -> None:
    at = begun(http)
    problem = is_problem(waited(http, at, f"x [[fault:{fault}]]"), status, code)
    last = http.get(at).json()["messages"][-1]
    assert problem["answer"] == last["id"]
    assert (last["complete"], last["error"]["code"], last["error"]["status"]) == (True, code, status)
    assert last["usage"] == {"images": 0, "input_tokens": 0, "output_tokens": 0}


def test_a_budget_is_a_402_and_the_answer_says_so_too(quiet: TestClient) -> None:
    at = begun(quiet)
    quiet.put("/v1/budgets/all/total", json={"most": "0.001"})
    is_problem(quiet.post(f"{at}/messages", json={"text": "a fox"}), 402, "budget_exceeded")
    last = quiet.get(at).json()["messages"][-1]
    assert (last["complete"], last["finishReason"], last["error"]["status"]) == (True, "error", 402)


def test_waiting_is_answered_200_and_not_waiting_202(http: TestClient) -> None:
    at = begun(http)
    told = waited(http, at, "a fox")
    assert (told.status_code, told.headers["preference-applied"]) == (200, "wait=60")
    assert told.headers["location"] == f"{at}/messages/{told.json()['id']}"
    assert http.get(told.headers["location"]).json() == told.json() == http.get(f"{at}/messages/last").json()
    quick = http.post(f"{at}/messages", json={"text": "an owl [[duration:3]]"})
    assert quick.status_code == 202
    late = waited(http, at, "a wolf [[duration:100]]", headers={"prefer": "wait=1"})
    assert (late.status_code, late.json()["complete"]) == (202, False)


# answers -------------------------------------------------------------------------------------------------------------


def test_an_answer_has_the_shape_that_was_asked_for(http: TestClient) -> None:
    at = begun(http)
    told = waited(http, at, "a fox that is paid for").json()
    assert told["content"] == ["Image generated successfully"]
    (image,) = told["images"]
    assert image["mimeType"] == "image/png"
    assert image["metadata"]["model"] == FAST
    assert image["metadata"]["dimensions"] == {"width": image["width"], "height": image["height"]}
    assert (told["complete"], told["finishReason"]) == (True, "stop")
    assert told["usage"] == {"images": 1, "input_tokens": 0, "output_tokens": 0}
    assert told["money"]["charge"] == "charged"


def test_pictures_come_as_data_where_that_is_wanted(http: TestClient) -> None:
    at = begun(http)
    told = waited(http, at, "a fox", options={"num_images": 2, "seed": 3}).json()
    data = http.get(f"{at}/messages/{told['id']}", params={"images": "data"}).json()
    assert len(data["images"]) == 2
    for plain, whole in zip(told["images"], data["images"], strict=True):
        raw = base64.b64decode(whole.pop("data"))
        assert hashlib.sha256(raw).hexdigest() == plain["sha256"]
        assert whole == plain
    user = http.get(at).json()["messages"][0]
    assert http.get(f"{at}/messages/{user['id']}", params={"images": "data"}).json()["content"] == ["a fox"]
    is_problem(http.get(f"{at}/messages/{'0' * 22}"), 404, "not_found")
    is_problem(http.get(f"{at}/messages/x"), 404, "not_found")
    is_problem(http.get(f"{at}/messages/{told['id']}", params={"images": "svg"}), 422, "invalid_body")


def test_a_message_of_another_talk_is_not_there(http: TestClient) -> None:
    one, two = begun(http), begun(http)
    told = waited(http, one, "a fox").json()
    is_problem(http.get(f"{two}/messages/{told['id']}"), 404, "not_found")


# stopping ------------------------------------------------------------------------------------------------------------


def taken(http: TestClient, answer: dict[str, Any]) -> None:
    """Wait until the provider has it."""
    end = time.monotonic() + 60
    while http.get(f"/v1/generations/{answer['generation']}").json()["jobs"][0]["state"] != "running":
        assert time.monotonic() < end


def test_stop_says_the_truth_about_the_money(http: TestClient) -> None:
    at = begun(http)
    answer = http.post(f"{at}/messages", json={"text": "slow [[duration:300]]"}).json()
    taken(http, answer)
    stopped = http.post(f"{at}/stop").json()
    assert stopped["said"] == ["bfl cannot cancel a job that it has taken: the picture arrives and is charged"]
    assert [(job["route"], job["state"]) for job in stopped["jobs"]] == [(f"bfl/{FAST}", "running")]
    assert stopped["message"]["id"] == answer["id"]


def test_what_fal_cancels_is_cancelled_and_costs_nothing(http: TestClient) -> None:
    at = begun(http, settings={"model": f"fal/{FAST}"})
    taken(http, http.post(f"{at}/messages", json={"text": "slow [[duration:900]]"}).json())
    (said,) = http.post(f"{at}/stop").json()["said"]
    assert said == "fal was asked to cancel; if it has begun, it may still finish and be charged"
    kind, _, ended = read_events(http.get(f"{at}/events").text)[-1]
    assert (kind, ended["finishReason"], ended["money"]["charge"]) == ("end", "cancelled", "not_charged")


# keys, searching, settings -------------------------------------------------------------------------------------------


def test_the_same_key_is_one_message(http: TestClient) -> None:
    at = begun(http)
    key = {"idempotency-key": "once"}
    first = waited(http, at, "a fox", headers=key)
    again = waited(http, at, "a fox", headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    is_problem(waited(http, at, "an owl", headers=key), 409, "idempotency_conflict")
    elsewhere = begun(http)
    assert waited(http, elsewhere, "an owl", headers=key).status_code == 200, "a key holds for one conversation"


def test_talks_are_found_page_by_page(quiet: TestClient) -> None:
    for nothing in ({}, {"q": "fox"}, {"limit": 1}):
        assert quiet.get("/v1/conversations", params=nothing).json() == {"conversations": [], "next": None}
    ids = [begun(quiet, title=f"Fox & {number}").rsplit("/", 1)[-1] for number in range(3)]
    begun(quiet, title="Owl")
    first = quiet.get("/v1/conversations", params={"q": "fox &", "limit": 2}).json()
    assert [one["id"] for one in first["conversations"]] == [ids[2], ids[1]]
    rest = quiet.get(first["next"]).json()
    assert ([one["id"] for one in rest["conversations"]], rest["next"]) == ([ids[0]], None)


def test_settings_without_a_model_keep_the_one_there_is(http: TestClient) -> None:
    at = begun(http)
    assert http.patch(at, json={"settings": {"seed": 9}}).json()["settings"] == {"model": f"bfl/{FAST}", "seed": 9}
    is_problem(http.patch(at, json={"settings": {"model": "flux-99"}}), 404, "unknown_model")
    is_problem(http.post("/v1/conversations", json={"settings": {"model": "flux-99"}}), 404, "unknown_model")
    plain = http.post("/v1/conversations", json={}).json()
    assert plain["settings"] == {"model": "flux-2-pro"}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"size": "huge"}, "size"),
        ({"quality": "best"}, "quality"),
        ({"write_prompt": 1}, "write_prompt"),
        ({"priority": "high"}, "priority"),
        ({"priority": -1}, "priority"),
        ({"cache": "maybe"}, "cache"),
        ({"run": 5}, "run"),
        ({"seed": "x"}, "seed"),
        ({"mode": "fly"}, None),
        ({"max_references": "all"}, None),
        ({"cache": {}}, "cache"),
        ({"mode": {"width": 1}}, "mode"),
        ({"mode": []}, "mode"),
        ({"extra": ["x"]}, "extra"),
        ({"extra": {"width": 1}}, "extra"),
        ({"references": {}}, "references"),
        ({"references": "x"}, "references"),
        ({"mask": 5}, "mask"),
        ({"max_references": True}, "max_references"),
        ({"max_references": -1}, "max_references"),
        ({"on_unsupported": []}, "on_unsupported"),
        ({"region": "x"}, "region"),
        ({"self": 1}, "self"),
        ({"wait": 1}, "wait"),
        ({"prompt": "y"}, "prompt"),
        ({"idempotency_key": "k"}, "idempotency_key"),
        ({"priority": 1000}, "priority"),
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(http: TestClient, options: Any, field: str | None) -> None:
    at = begun(http)
    answer = http.post(f"{at}/messages", json={"text": "x", "options": options})
    assert 400 <= answer.status_code < 500, answer.text
    assert field is None or answer.json()["field"] == field
    assert http.get(at).json()["messages"] == []
    settled = http.post("/v1/conversations", json={"settings": {"model": FAST, **options}})
    assert settled.status_code < 500, settled.text
    if settled.status_code == 201:
        said_there = f"/v1/conversations/{settled.json()['id']}/messages"
        assert 400 <= http.post(said_there, json={"text": "x"}).status_code < 500


# assistants ----------------------------------------------------------------------------------------------------------


def test_a_talk_with_an_assistant_is_held_to_it(quiet: TestClient) -> None:
    name = "flux-photo-editor"
    is_problem(quiet.post("/v1/conversations", json={"assistant": name}), 422, "invalid_params")
    assert quiet.put(f"/v1/assistants/{name}", json={"enabled": True}).status_code == 200
    told = quiet.post("/v1/conversations", json={"assistant": name}).json()
    assert (told["assistant"], told["settings"]) == (name, {})
    at = f"/v1/conversations/{told['id']}"
    assert waited(quiet, at, "a fox").json()["images"][0]["metadata"]["model"] == "flux-kontext-pro"
    problem = is_problem(waited(quiet, at, "x", options={"model": FAST}), 422, "invalid_params")
    assert "works with flux-kontext-pro, flux-2-pro, flux-2-max" in problem["detail"]
    is_problem(quiet.post("/v1/conversations", json={"assistant": "nobody"}), 404, "not_found")


# whose pictures ------------------------------------------------------------------------------------------------------


def test_no_file_of_the_gateway_is_read_whatever_names_it(http: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture())
    fill = begun(http, settings={"model": "bfl/flux-pro-fill"})
    source = http.post("/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()["sha256"]
    for body in (
        {"options": {"mask": str(secret)}, "pictures": [source]},
        {"options": {"references": [str(secret)]}},
        {"pictures": [str(secret)]},
        {"pictures": [f"file://{secret}"]},
    ):
        is_problem(http.post(f"{fill}/messages", json={"text": "x", **body}), 422, "invalid_reference")
    settled = begun(http, settings={"model": "bfl/flux-pro-fill", "mask": str(secret)})
    answer = http.post(f"{settled}/messages", json={"text": "x", "pictures": [source]})
    is_problem(answer, 422, "invalid_reference")


def test_nobody_uses_somebody_elses_picture_or_goes_before_others(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path / "keyed") as people:
        anna, bob = people.join("anna"), people.join("bob")
        hers = people.ask(anna, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"})
        sha256 = hers.json()["sha256"]
        talk = people.ask(bob, "POST", "/v1/conversations", json={"settings": {"model": "bfl/flux-pro-fill"}}).json()
        at = f"/v1/conversations/{talk['id']}/messages"
        for body in (
            {"pictures": [sha256]},
            {"options": {"references": [sha256]}},
            {"options": {"mask": sha256}},
        ):
            is_problem(people.ask(bob, "POST", at, json={"text": "x", **body}), 422, "invalid_reference")
        before = {"text": "x", "options": {"priority": 50, "model": FAST}}
        is_problem(people.ask(bob, "POST", at, json=before), 403, "scope_missing")
        first = {"settings": {"model": FAST, "priority": 50}}
        is_problem(people.ask(bob, "POST", "/v1/conversations", json=first), 403, "scope_missing")
