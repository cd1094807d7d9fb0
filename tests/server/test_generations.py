from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, browser, is_problem, make, picture, settings_at

from fluxroom.engine.lifecycle import State
from fluxroom.server import create_app
from fluxroom.server.generations.filters import Wish
from fluxroom.server.generations.generations import wished_wait


def settled(http: TestClient, generation_id: str, seconds: float = 60.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = http.get(f"/v1/generations/{generation_id}").json()
        if found["settled"]:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{generation_id} is not settled: {found['state']}")


def test_a_post_answers_at_once_and_the_picture_comes(http: TestClient) -> None:
    answer = http.post("/v1/generations", json={"prompt": "a red fox", "model": FAST, "seed": 7})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"/v1/generations/{told['id']}"
    assert "preference-applied" not in answer.headers
    assert told["state"] in {"queued", "running"}
    assert told["settled"] is False
    assert told["images"] == []
    done = settled(http, told["id"])
    assert done["state"] == "succeeded"
    assert done["error"] is None
    assert [image["seed"] for image in done["images"]] == [7]


def test_prefer_wait_answers_with_the_finished_generation(http: TestClient) -> None:
    answer = http.post(
        "/v1/generations", json={"prompt": "a blue fox", "model": f"bfl/{FAST}"}, headers={"prefer": "wait=60"}
    )
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=60"
    told = answer.json()
    assert told["settled"]
    assert told["sandbox"] is True
    assert (told["provider"], told["model"], told["route"]) == ("bfl", FAST, f"bfl/{FAST}")
    assert (told["images"][0]["width"], told["images"][0]["height"]) == (1024, 768)
    assert told["links"]["events"] == f"/v1/generations/{told['id']}/events"
    assert told["created_at"].endswith("Z")


def test_a_wait_that_ends_early_says_that_it_goes_on(http: TestClient) -> None:
    answer = http.post(
        "/v1/generations", json={"prompt": "late [[duration:3]]", "model": FAST}, headers={"prefer": "wait=1"}
    )
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["state"] in {"queued", "running"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("wait=5", 5), ("respond-async, wait=30", 30), ("Wait = 7", 7), ("wait=500", 120), ("wait=x", 0), ("await=9", 0)],
)
def test_prefer_is_read_as_the_standard_says(header: str, seconds: int) -> None:
    assert wished_wait(header) == seconds


def test_receipt_and_jobs_tell_the_money(http: TestClient) -> None:
    told = make(http, num_images=2, seed=11, model=f"bfl/{FAST}")
    assert [job["seed"] for job in told["jobs"]] == [11, 12]
    assert [image["seed"] for image in told["images"]] == [11, 12], "images come in the order of their jobs"
    parts = [Decimal(job["receipt"]["charged"]) for job in told["jobs"]]
    assert Decimal(told["receipt"]["charged"]) == sum(parts)
    assert told["receipt"]["state"] == "charged"
    assert told["quote"]["jobs"] == 2
    assert all(job["images"] and job["request_id"] and job["wire"]["prompt"] for job in told["jobs"])


def test_parameters_are_fields_of_the_body(http: TestClient) -> None:
    told = make(
        http,
        model="fal/flux-2-dev",
        image_size={"width": 640, "height": 512},
        guidance_scale=4.5,
        num_inference_steps=12,
        acceleration="none",
        sync_mode=False,
    )
    wire = told["jobs"][0]["wire"]
    assert (wire["guidance_scale"], wire["num_inference_steps"], wire["acceleration"]) == (4.5, 12, "none")
    assert wire["sync_mode"] is False
    assert (told["images"][0]["width"], told["images"][0]["height"]) == (640, 512)


def test_a_prompt_may_be_an_object(http: TestClient) -> None:
    told = make(http, prompt={"subject": "fox", "light": "dawn"})
    assert told["prompt"] == '{"subject":"fox","light":"dawn"}'


def test_what_a_model_does_not_take_is_refused_or_reported(http: TestClient) -> None:
    body = {"prompt": "a fox", "model": "bfl/flux-2-pro", "guidance_scale": 3}
    told = is_problem(http.post("/v1/generations", json=body), 422, "invalid_params")
    assert "guidance_scale" in told["detail"]
    reported = make(http, model=f"bfl/{FAST}", guidance_scale=3, on_unsupported="report")
    assert [one["name"] for one in reported["not_sent"]] == ["guidance_scale"]


def test_out_of_range_names_the_range(http: TestClient) -> None:
    body = {"prompt": "a fox", "model": "bfl/flux-2-flex", "guidance_scale": 20}
    told = is_problem(http.post("/v1/generations", json=body), 422, "invalid_params")
    assert "10" in told["detail"]
    assert told["charge"] == "not_charged"


def test_a_quote_prices_and_sends_nothing(http: TestClient) -> None:
    before = [one["id"] for one in http.get("/v1/generations").json()["generations"]]
    told = http.post("/v1/quotes", json={"prompt": "a fox", "model": "bfl/flux-2-pro", "num_images": 3}).json()
    assert (told["route"], told["mode"], told["jobs"]) == ("bfl/flux-2-pro", "generate", 3)
    assert told["quote"]["low"] == "0.09"
    assert told["size"] == {"width": 1024, "height": 768}
    assert told["sandbox"] is True
    assert [one["id"] for one in http.get("/v1/generations").json()["generations"]] == before


def test_a_quote_is_as_strict_as_a_generation(http: TestClient) -> None:
    is_problem(http.post("/v1/quotes", json={"prompt": "a fox", "nonsense": 1}), 422, "invalid_params")
    is_problem(http.post("/v1/quotes", json={"prompt": "a fox", "model": "flux-9"}), 404, "unknown_model")


def test_a_quote_shows_pictures_by_hash(http: TestClient) -> None:
    sha256 = http.post("/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()["sha256"]
    body = {"prompt": "fill", "model": "bfl/flux-pro-fill", "references": [sha256], "mask": sha256}
    told = http.post("/v1/quotes", json=body).json()
    assert told["mode"] == "fill"
    assert sha256 in str(told["params"]["mask"])


def test_the_list_has_the_newest_first_and_pages(quiet: TestClient) -> None:
    ids = [make(quiet, f"fox {number}", wait=0)["id"] for number in range(5)]
    first = quiet.get("/v1/generations", params={"limit": 2}).json()
    assert [one["id"] for one in first["generations"]] == ids[:2:-1]
    second = quiet.get(first["next"]).json()
    assert [one["id"] for one in second["generations"]] == [ids[2], ids[1]]
    last = quiet.get(second["next"]).json()
    assert [one["id"] for one in last["generations"]] == [ids[0]]
    assert last["next"] is None
    assert all(len(one["jobs"]) == 1 for one in first["generations"])


def test_an_empty_list_is_a_list(quiet: TestClient) -> None:
    assert quiet.get("/v1/generations").json() == {"generations": [], "next": None}


def test_cancelling_says_the_truth_about_the_money(http: TestClient) -> None:
    taken = make(http, "slow [[duration:60]]", wait=0, model=f"bfl/{FAST}")
    for _ in range(100):
        if http.get(f"/v1/generations/{taken['id']}").json()["jobs"][0]["request_id"]:
            break
        time.sleep(0.05)
    answer = http.delete(f"/v1/generations/{taken['id']}")
    assert answer.status_code == 200
    told = answer.json()
    assert "cannot cancel" in told["jobs"][0]["said"]
    assert "charged" in told["jobs"][0]["said"]
    assert told["generation"]["state"] == "running"


def test_cancelling_at_fal_asks_fal(http: TestClient) -> None:
    taken = make(http, "slow [[duration:60]]", wait=0, model=f"fal/{FAST}")
    for _ in range(100):
        if http.get(f"/v1/generations/{taken['id']}").json()["jobs"][0]["request_id"]:
            break
        time.sleep(0.05)
    told = http.delete(f"/v1/generations/{taken['id']}").json()
    assert "was asked to cancel" in told["jobs"][0]["said"]


def test_cancelling_what_has_ended_changes_nothing(http: TestClient) -> None:
    done = make(http)
    told = http.delete(f"/v1/generations/{done['id']}").json()
    assert told["jobs"][0]["said"] == "it has already ended: succeeded"
    assert told["generation"]["state"] == "succeeded"


@pytest.mark.parametrize(
    ("prompt", "code", "charge"),
    [
        ("moderate-me-input", "moderated_input", None),
        ("moderate-me-output", "moderated_output", None),
        ("[[fault:submit-402 x*]]", "insufficient_credits", "not_charged"),
        ("[[fault:submit-403 x*]]", "unauthorized", "not_charged"),
        ("[[fault:error]]", "provider_error", None),
        ("[[fault:submit-drop-after]]", "submit_unknown", "unknown"),
    ],
)
def test_a_generation_that_failed_carries_its_problem(
    http: TestClient, prompt: str, code: str, charge: str | None
) -> None:
    told = make(http, f"a fox {prompt}", model=f"bfl/{FAST}")
    assert told["settled"]
    error = told["error"]
    assert error["code"] == code, error
    assert error["type"] == f"/problems/{code}"
    assert error["next"]
    assert charge is None or error["charge"] == charge
    assert told["jobs"][0]["error"] == error
    assert told["images"] == []


def in_doubt(http: TestClient, what: str) -> tuple[str, str]:
    told = make(http, f"{what} [[fault:submit-drop-after x1]]", model=f"bfl/{FAST}")
    assert told["state"] == "unknown"
    return told["id"], told["jobs"][0]["id"]


def test_a_job_in_doubt_can_be_given_up(http: TestClient) -> None:
    generation, job = in_doubt(http, "given up")
    answer = http.post(f"/v1/jobs/{job}/resolve", json={"choice": "abandon"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "abandoned"
    assert http.get(f"/v1/generations/{generation}").json()["error"]["code"] == "abandoned"


def test_a_job_in_doubt_can_be_sent_again(http: TestClient) -> None:
    generation, job = in_doubt(http, "sent again")
    assert http.post(f"/v1/jobs/{job}/resolve", json={"choice": "retry"}).status_code == 200
    found = settled(http, generation)
    assert found["state"] == "succeeded"
    assert found["error"] is None


def test_only_a_job_in_doubt_can_be_resolved(http: TestClient) -> None:
    done = make(http)["jobs"][0]["id"]
    is_problem(http.post(f"/v1/jobs/{done}/resolve", json={"choice": "retry"}), 404, "not_found")
    is_problem(http.post(f"/v1/jobs/{done}/resolve", json={"choice": "maybe"}), 422, "invalid_body")
    is_problem(http.post(f"/v1/jobs/{done[-4:]}/resolve", json={"choice": "retry"}), 404, "not_found")


@pytest.mark.parametrize("bad", ["0" * 22, "nonsense", "..%2f..%2fetc%2fpasswd", "%00", "~"])
def test_what_is_not_there_is_not_found(http: TestClient, bad: str) -> None:
    for answer in (
        http.get(f"/v1/generations/{bad}"),
        http.delete(f"/v1/generations/{bad}"),
        http.get(f"/v1/generations/{bad}/events"),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_restart_keeps_generations_and_finishes_what_was_under_way(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "kept")
    with browser(create_app(settings)) as http:
        done = make(http, "first", seed=3)
        slow = make(http, "second [[duration:2]]", wait=0)
        for _ in range(100):
            if http.get(f"/v1/generations/{slow['id']}").json()["jobs"][0]["request_id"]:
                break
            time.sleep(0.05)
    with browser(create_app(settings)) as http:
        listed = http.get("/v1/generations").json()["generations"]
        assert [one["id"] for one in listed] == [slow["id"], done["id"]]
        assert listed[1] == done
        assert http.get(done["images"][0]["url"]).status_code == 200
        assert settled(http, slow["id"])["state"] == "succeeded"


# asking in other ways ------------------------------------------------------------------------------------------------


def test_a_form_brings_its_pictures_as_files(http: TestClient) -> None:
    files = [
        ("references", ("one.png", picture((10, 20, 30)), "image/png")),
        ("references", ("two.jpg", picture((200, 20, 30), kind="JPEG"), "image/jpeg")),
    ]
    fields = {"prompt": "both together", "model": "bfl/flux-2-pro", "seed": "7"}
    answer = http.post("/v1/generations", data=fields, files=files, headers={"prefer": "wait=60"})
    told = answer.json()
    assert answer.status_code == 200, told
    assert [one["mime"] for one in told["references"]] == ["image/png", "image/jpeg"]
    assert told["mode"] == "edit"
    assert told["params"]["seed"] == 7


def test_a_form_may_have_the_request_as_json(http: TestClient) -> None:
    whole = {"prompt": "7", "model": "bfl/flux-pro-fill", "steps": 20, "on_unsupported": "report"}
    files = {"references": ("a.png", picture(), "image/png"), "mask": ("m.png", picture((255, 255, 255)), "image/png")}
    answer = http.post("/v1/quotes", data={"request": json.dumps(whole)}, files=files)
    told = answer.json()
    assert (told["mode"], told["params"]["num_inference_steps"]) == ("fill", 20)
    assert set(told["params"]["mask"]) == {"$reference"}


def test_files_and_names_stay_in_their_order(http: TestClient) -> None:
    made = make(http, "the first one")["images"][0]
    body = (
        b'--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nmix\r\n'
        b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nbfl/flux-2-pro\r\n'
        b'--x\r\ncontent-disposition: form-data; name="references"; filename="a.png"\r\n\r\n'
        + picture((1, 2, 3))
        + b'\r\n--x\r\ncontent-disposition: form-data; name="references"\r\n\r\n'
        + made["id"].encode()
        + b"\r\n--x--\r\n"
    )
    answer = http.post("/v1/quotes", content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    names = [one for one in answer.json()["wire"][0].values() if isinstance(one, dict)]
    assert names[1] == {"$reference": made["sha256"]}


@pytest.mark.parametrize(
    ("kind", "content", "status", "code"),
    [
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        ("", b"{}", 415, "unsupported_media_type"),
        ("application/json", b"{", 400, "malformed_request"),
        ("application/json", b"[]", 422, "invalid_body"),
        ("application/json", b'{"prompt": "a", "seed": NaN}', 400, "malformed_request"),
        ("multipart/form-data", b"", 400, "malformed_request"),
    ],
)
def test_other_bodies_are_refused(http: TestClient, kind: str, content: bytes, status: int, code: str) -> None:
    headers = {"content-type": kind} if kind else {}
    is_problem(http.post("/v1/generations", content=content, headers=headers), status, code)


@pytest.mark.parametrize("request_field", ["[1]", "{", "7"])
def test_a_form_whose_request_is_no_object_is_refused(http: TestClient, request_field: str) -> None:
    answer = http.post("/v1/quotes", data={"request": request_field}, files={"x": ("x", b"")})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_that_is_no_picture_is_refused(http: TestClient) -> None:
    files = {"references": ("a.png", b"MZ not a picture", "image/png")}
    answer = http.post("/v1/quotes", data={"prompt": "a", "model": "bfl/flux-2-pro"}, files=files)
    is_problem(answer, 422, "invalid_reference")


def test_the_same_key_gives_the_same_pictures(http: TestClient) -> None:
    headers = {"idempotency-key": "once-only", "prefer": "wait=60"}
    body = {"prompt": "once", "model": FAST}
    first = http.post("/v1/generations", json=body, headers=headers).json()
    assert http.post("/v1/generations", json=body, headers=headers).json()["id"] == first["id"]
    other = http.post("/v1/generations", json={**body, "seed": 1}, headers=headers)
    is_problem(other, 409, "idempotency_conflict")


def test_terms_are_fields_too(http: TestClient) -> None:
    told = make(http, "terms", seed=99, run="spring 1", priority=3)
    assert told["run"] == "spring 1"
    again = make(http, "terms", seed=99)
    assert again["jobs"][0]["cached_from"] == told["jobs"][0]["id"]
    assert make(http, "terms", seed=99, cache="off")["jobs"][0]["cached_from"] is None
    for wrong in ({"priority": -1}, {"priority": 101}, {"cache": "maybe"}, {"run": " x"}, {"run": "x" * 300}):
        is_problem(http.post("/v1/generations", json={"prompt": "a", **wrong}), 422, "invalid_body")


def test_old_names_of_parameters_are_reported(http: TestClient) -> None:
    body: dict[str, Any] = {"fluxGuidanceScale": 4, "flux_seed": 5, "model": "bfl/flux-2-flex"}
    renamed = {"fluxGuidanceScale": "guidance_scale", "flux_seed": "seed"}
    told = make(http, "renamed", **body)
    assert told["renamed"] == renamed
    assert told["params"]["guidance_scale"] == 4
    assert http.get(f"/v1/generations/{told['id']}").json()["renamed"] == renamed
    assert http.post("/v1/quotes", json={"prompt": "a", **body}).json()["renamed"] == renamed
    assert make(http, "no old names", seed=1)["renamed"] == {}


# finding -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    with browser(create_app(settings_at(tmp_path_factory.mktemp("mixed")))) as http:
        made = {
            "fox": make(http, "A red fox in fresh snow", model=f"bfl/{FAST}", run="spring")["id"],
            "cat": make(http, "a red cat", model=f"fal/{FAST}")["id"],
            "bad": make(http, "moderate-me-input cat", model="bfl/flux-2-pro")["id"],
        }
        yield http, made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["bad", "cat", "fox"]),
        ("q=red", ["cat", "fox"]),
        ("q=fre", ["fox"]),
        ("q=red&provider=fal", ["cat"]),
        ("state=succeeded", ["cat", "fox"]),
        ("state=moderated_input", ["bad"]),
        ("state=moderated_input&state=succeeded", ["bad", "cat", "fox"]),
        ("state=open", []),
        (f"model={FAST}", ["cat", "fox"]),
        (f"model=bfl/{FAST}", ["fox"]),
        ("mode=generate", ["bad", "cat", "fox"]),
        ("mode=edit", []),
        ("run=spring", ["fox"]),
        ("sandbox=true", ["bad", "cat", "fox"]),
        ("sandbox=false", []),
        ("since=2020-01-01&until=9999-12-31", ["bad", "cat", "fox"]),
        ("until=2020-01-01", []),
    ],
)
def test_generations_are_found(mixed: tuple[TestClient, dict[str, str]], query: str, names: list[str]) -> None:
    http, made = mixed
    told = http.get(f"/v1/generations?{query}").json()
    assert [one["id"] for one in told["generations"]] == [made[name] for name in names]


def test_the_next_page_keeps_the_filters(mixed: tuple[TestClient, dict[str, str]]) -> None:
    http, made = mixed
    first = http.get("/v1/generations?q=red&limit=1").json()
    assert [one["id"] for one in first["generations"]] == [made["cat"]]
    second = http.get(first["next"]).json()
    assert [one["id"] for one in second["generations"]] == [made["fox"]]
    assert http.get(second["next"]).json() == {"generations": [], "next": None}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "invalid_body"),
        ("limit=201", 422, "invalid_body"),
        ("state=done", 422, "invalid_body"),
        ("since=yesterday", 422, "invalid_body"),
        ("since=2026-02-01&until=2026-01-01", 400, "invalid_request"),
        ("model=flux-9", 404, "unknown_model"),
        ("provider=openai", 422, "invalid_body"),
        ("before=nonsense", 404, "not_found"),
        ("mode=paint", 422, "invalid_body"),
    ],
)
def test_filters_are_checked(http: TestClient, query: str, status: int, code: str) -> None:
    is_problem(http.get(f"/v1/generations?{query}"), status, code)


def test_every_state_can_be_asked_for() -> None:
    assert {*get_args(Wish)} == {"open", *(str(state) for state in State)}


# asking again --------------------------------------------------------------------------------------------------------


def test_what_failed_is_asked_for_again(http: TestClient) -> None:
    sha256 = http.post("/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()["sha256"]
    fault = "again [[fault:submit-402 x1]]"
    failed = make(http, fault, model="bfl/flux-2-pro", references=[sha256], seed=5, run="r")
    assert failed["state"] == "failed"
    answer = http.post(f"/v1/generations/{failed['id']}/retry", headers={"prefer": "wait=60"})
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["location"] == f"/v1/generations/{told['id']}"
    assert told["id"] != failed["id"]
    assert told["state"] == "succeeded"
    assert (told["run"], told["jobs"][0]["seed"]) == ("r", 5)
    assert told["references"] == failed["references"]
    assert told["jobs"][0]["wire"] == failed["jobs"][0]["wire"]


def test_a_mask_is_sent_again_too(http: TestClient) -> None:
    sha256 = http.post("/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()["sha256"]
    body = {"model": "bfl/flux-pro-fill", "references": [sha256], "mask": sha256}
    failed = make(http, "[[fault:submit-402 x1]] fill", **body)
    told = http.post(f"/v1/generations/{failed['id']}/retry", headers={"prefer": "wait=60"}).json()
    assert (told["state"], told["mode"]) == ("succeeded", "fill")
    assert told["jobs"][0]["wire"] == failed["jobs"][0]["wire"]


def test_only_as_many_as_are_missing(http: TestClient) -> None:
    partly = make(http, "some [[fault:submit-402 x1]]", model=f"bfl/{FAST}", num_images=3, seed=40)
    assert partly["state"] == "partial"
    missing = [job["seed"] for job in partly["jobs"] if job["state"] == "failed"]
    told = http.post(f"/v1/generations/{partly['id']}/retry", headers={"prefer": "wait=60"}).json()
    assert [job["seed"] for job in told["jobs"]] == missing


def test_nothing_is_asked_again_that_came_or_is_in_doubt(http: TestClient) -> None:
    done = make(http)
    told = http.post(f"/v1/generations/{done['id']}/retry")
    assert told.status_code == 400
    doubtful, _ = in_doubt(http, "not again")
    assert http.post(f"/v1/generations/{doubtful}/retry").status_code == 400
    is_problem(http.post(f"/v1/generations/{'0' * 22}/retry"), 404, "not_found")
