from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, HOME, KEYS, browser, is_problem, settings_at

from fluxroom.errors import FluxroomError, InvalidParams, RateLimited, StorageFull, tree
from fluxroom.server import create_app, problems


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_every_error_is_a_problem(kind: type[FluxroomError]) -> None:
    told = problems.of(kind(provider="bfl", job="j1"))
    assert told["status"] == kind.status
    assert told["code"] == kind.code
    assert told["title"] == kind.sentence()
    assert (told["provider"], told["job"]) == ("bfl", "j1")
    assert told["retryable"] is kind.retryable


def test_facts_never_replace_a_member() -> None:
    told = problems.of(InvalidParams("no", status="hacked", type="hacked", title="hacked", limit=3))
    assert (told["status"], told["type"], told["limit"]) == (422, "/problems/invalid_params", 3)
    assert told["title"] == "A parameter is not accepted by this model."


def test_every_type_leads_to_an_explanation(http: TestClient) -> None:
    codes = http.get("/problems").json()
    names = [one["code"] for one in codes]
    assert len(names) == len(set(names))
    assert {"moderated_input", "wrong_host", "internal_error"} <= set(names)
    titles = [one["title"] for one in codes]
    assert len(titles) == len(set(titles)), "no sentence is shared by two codes"
    for name in names:
        assert http.get(f"/problems/{name}").json()["code"] == name
    is_problem(http.get("/problems/nonsense"), 404, "no_such_path")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": 5}, "prompt"),
        ({"prompt": "a", "model": 5}, "model"),
        ({"prompt": "a", "references": "https://example.com/a.png"}, "references"),
        ({"prompt": "a", "references": [5]}, "references.0"),
        ({"prompt": "a", "on_unsupported": "maybe"}, "on_unsupported"),
        ({"prompt": "a", "region": "moon"}, "region"),
        ({"prompt": "a", "max_references": -1}, "max_references"),
        ({"prompt": "a", "max_references": "2"}, "max_references"),
        ({"prompt": "a", "extra": {"fal": 3}}, "extra.fal"),
        ({"prompt": "a", "mask": 3}, "mask"),
        ([], ""),
        ("text", ""),
    ],
)
def test_a_body_of_the_wrong_form_names_the_field(http: TestClient, body: Any, field: str) -> None:
    told = is_problem(http.post("/v1/generations", json=body), 422, "invalid_body")
    assert any(one["field"].startswith(field) for one in told["errors"]), told


@pytest.mark.parametrize(
    "raw",
    [b'{"prompt": "a", "seed": NaN}', b'{"prompt": "a", "guidance_scale": -Infinity}', b'{"prompt": "\\ud800"}'],
)
def test_what_is_not_json_after_all_is_refused(http: TestClient, raw: bytes) -> None:
    answer = http.post("/v1/generations", content=raw, headers={"content-type": "application/json"})
    is_problem(answer, 400, "malformed_request")


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_a_problem(http: TestClient, raw: bytes) -> None:
    answer = http.post("/v1/generations", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    is_problem(answer, answer.status_code, "malformed_request" if answer.status_code == 400 else "invalid_body")


def test_a_body_that_nests_without_end_is_refused(http: TestClient) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    told = is_problem(http.post("/v1/generations", json={"prompt": "a", "loras": deep}), 422, "invalid_body")
    assert "nested" in told["detail"]


@pytest.mark.parametrize("name", ["self", "wait", "nonsense", "transport", "__class__"])
def test_a_name_that_no_model_has_is_refused_by_name(http: TestClient, name: str) -> None:
    told = is_problem(http.post("/v1/generations", json={"prompt": "a", name: 1}), 422, "invalid_params")
    assert name in told["detail"]


def test_a_form_is_not_a_body(http: TestClient) -> None:
    answer = http.post("/v1/generations", content=b'{"prompt": "a"}', headers={"content-type": "text/plain"})
    assert answer.status_code in {400, 415, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_such_path_and_method(http: TestClient) -> None:
    told = is_problem(http.get("/v1/nothing?key=abc"), 404, "no_such_path")
    assert told["detail"] == "There is nothing at /v1/nothing."
    answer = http.put("/v1/generations", json={})
    is_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) & {"GET", "POST"}


def test_queries_are_checked(http: TestClient) -> None:
    told = is_problem(http.get("/v1/generations?limit=0"), 422, "invalid_body")
    assert told["errors"][0]["field"] == "limit"
    is_problem(http.get("/v1/generations?before=nonsense"), 404, "not_found")


def test_unknown_models_get_a_hint(http: TestClient) -> None:
    told = is_problem(http.get("/v1/models/flux-2-prro"), 404, "unknown_model")
    assert "flux-2-pro" in told["detail"]


def test_without_a_key_the_problem_names_the_variable(tmp_path: Any) -> None:
    settings = settings_at(tmp_path, sandbox=False, fal_key="planted-fal-id:planted-fal-secret-654321")
    with browser(create_app(settings)) as http:
        told = is_problem(
            http.post("/v1/generations", json={"prompt": "a", "model": "bfl/flux-2-pro"}), 424, "missing_key"
        )
        assert "BFL_API_KEY" in told["detail"]
        health = http.get("/healthz").json()
        assert [one["set_up"] for one in health["providers"]] == [False, True]
        assert health["sandbox"] is False
        assert [row["available"] for row in http.get("/v1/models").json()["models"] if row["id"] == "flux-2-dev"] == [
            True
        ]


class Broken:
    """An engine's method that fails in a way that nobody foresaw."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def __call__(self, *_: Any, **__: Any) -> Any:
        raise self._error


def test_an_unexpected_error_tells_an_id_and_nothing_else(
    quiet: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = quiet.app.state.gateway  # type: ignore[attr-defined]  # TestClient says only that it is an ASGI app
    monkeypatch.setattr(
        gateway.client, "snapshot", Broken(RuntimeError("at /home/someone with planted-bfl-key-123456"))
    )
    told = is_problem(quiet.get("/v1/generations/" + "0" * 22), 500, "internal_error")
    assert told["incident"] in told["detail"]
    assert "someone" not in str(told)
    assert "RuntimeError" not in str(told)
    assert told["charge"] == "unknown"
    assert told["incident"] in caplog.text


def test_errors_of_the_disk_keep_their_status(quiet: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = quiet.app.state.gateway  # type: ignore[attr-defined]  # as above
    monkeypatch.setattr(gateway.engine, "submit", Broken(StorageFull()))
    is_problem(quiet.post("/v1/generations", json={"prompt": "a"}), 507, "storage_full")
    monkeypatch.setattr(gateway.engine, "submit", Broken(RateLimited(retry_after=12.5)))
    answer = quiet.post("/v1/generations", json={"prompt": "a"})
    is_problem(answer, 429, "rate_limited")
    assert answer.headers["retry-after"] == "12"


def test_secrets_are_in_no_answer(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_at(tmp_path / "keys", sandbox=True, **KEYS)
    with browser(create_app(settings)) as http:
        pieces = [KEYS["bfl_api_key"], *KEYS["fal_key"].split(":")]
        gateway = http.app.state.gateway  # type: ignore[attr-defined]  # as above
        answers = [
            http.get(path)
            for path in ("/", "/healthz", "/v1/models", "/v1/models/flux-2-pro", "/v1/generations", "/problems",
                         "/v1/openapi.json", "/page/none.js", "/v1/nothing")
        ]  # fmt: skip
        answers.append(http.post("/v1/generations", json={"prompt": "a", "model": FAST}, headers={"prefer": "wait=30"}))
        answers.append(
            http.post("/v1/generations", json={"prompt": "moderate-me", "model": FAST}, headers={"prefer": "wait=30"})
        )
        answers.append(http.get(f"{answers[-1].json()['links']['events']}"))
        leaky = InvalidParams(f"refused with {pieces[0]}", note=[{"key": pieces[2]}])
        monkeypatch.setattr(gateway.engine, "submit", Broken(leaky))
        answers.append(http.post("/v1/generations", json={"prompt": "a"}))
        assert "[hidden]" in answers[-1].text
        for answer in answers:
            text = answer.text + str(dict(answer.headers))
            assert not [piece for piece in pieces if piece in text], answer.request.url
            assert str(tmp_path) not in text, "no paths of this machine either"


def test_openapi_describes_problems_and_bodies(http: TestClient) -> None:
    told = http.get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    create = told["paths"]["/v1/generations"]["post"]
    assert {"200", "202", "4XX", "5XX"} <= create["responses"].keys()
    assert "GenerationRequest" in str(create["requestBody"]) or "GenerationBody" in str(create["requestBody"])
    ids = [one["operationId"] for path in told["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))
    assert all(one.get("summary") for path in told["paths"].values() for one in path.values())


def test_the_home_of_the_tests_is_loopback() -> None:
    assert HOME.startswith("http://127.0.0.1")
