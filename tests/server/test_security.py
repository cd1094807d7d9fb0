from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tests.server.calls import HOME, is_problem, make, picture

from fluxroom.server.access.perimeter import Perimeter
from fluxroom.server.access.security import MOST_BODY

LOOPBACK = [
    "127.0.0.1",
    "127.0.0.1:7860",
    "localhost:7860",
    "LOCALHOST",
    "[::1]:7860",
    "127.8.9.1:1",
    "app.localhost:80",
]
FOREIGN = [
    "", "attacker.example", "attacker.example:7860", "127.0.0.1.attacker.example", "localhost.attacker.example",
    "0.0.0.0:7860", "192.168.1.5:7860", "10.0.0.1", "169.254.169.254", "127.0.0.1@attacker.example",
    "attacker.example#127.0.0.1", "attacker.example/127.0.0.1", "127.0.0.1:7860 x", "2130706433", "[::ffff:10.0.0.1]",
    "127.0.0.1:port",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_names_of_this_machine_are_answered(http: TestClient, host: str) -> None:
    assert http.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_not_answered(http: TestClient, host: str) -> None:
    for path in ("/", "/healthz", "/v1/generations"):
        is_problem(http.get(path, headers={"host": host}), 421, "wrong_host")


def test_two_hosts_are_none() -> None:
    assert not Perimeter().answers_to(["127.0.0.1", "attacker.example"])
    assert not Perimeter().answers_to([])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://attacker.example"},
        {"origin": "http://attacker.example:7860"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://localhost:7860"},
        {"origin": "file://127.0.0.1:7860"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": HOME, "sec-fetch-site": "cross-site"},
    ],
)
def test_other_sites_cannot_change_anything(http: TestClient, headers: dict[str, str]) -> None:
    before = http.get("/v1/generations").json()
    is_problem(http.post("/v1/generations", json={"prompt": "steal"}, headers=headers), 403, "cross_site")
    is_problem(http.post("/v1/assets", content=picture(), headers=headers), 403, "cross_site")
    is_problem(http.delete("/v1/generations/" + "0" * 22, headers=headers), 403, "cross_site")
    assert http.get("/v1/generations").json() == before


@pytest.mark.parametrize(
    "headers", [{}, {"origin": HOME}, {"origin": HOME, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
def test_programs_and_the_own_page_may(http: TestClient, headers: dict[str, str]) -> None:
    assert http.post("/v1/quotes", json={"prompt": "a fox"}, headers=headers).status_code == 200


def test_a_preflight_gets_no_permission(http: TestClient) -> None:
    answer = http.options(
        "/v1/generations", headers={"origin": "https://attacker.example", "access-control-request-method": "POST"}
    )
    assert not [name for name in answer.headers if name.startswith("access-control")]
    listed = http.get("/v1/generations", headers={"origin": "https://attacker.example"})
    assert not [name for name in listed.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/models", "/v1/nothing", "/page/none.js", "/v1/openapi.json"])
def test_every_answer_has_the_security_headers(http: TestClient, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")  # the page's styles, nothing else
    assert "frame-ancestors 'none'" in policy
    assert "server" not in headers


def test_refusals_have_the_headers_too(http: TestClient) -> None:
    headers = http.get("/", headers={"host": "attacker.example"}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_body_that_says_it_is_too_large_is_not_read(http: TestClient) -> None:
    answer = http.post("/v1/assets", content=b"x", headers={"content-length": str(MOST_BODY + 1)})
    is_problem(answer, 413, "too_large")


def test_a_body_that_hides_its_length_is_cut_off(http: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MOST_BODY // (1024 * 1024) + 2):
            yield b"x" * (1024 * 1024)

    told = is_problem(
        http.post("/v1/assets", content=endless(), headers={"content-type": "image/png"}), 413, "too_large"
    )
    assert "64 MB" in told["detail"]
    is_problem(
        http.post("/v1/quotes", content=endless(), headers={"content-type": "application/json"}), 413, "too_large"
    )


def test_a_length_that_is_no_number_is_refused(http: TestClient) -> None:
    is_problem(http.get("/healthz", headers={"content-length": "many"}), 400, "malformed_request")


def test_websockets_are_closed(http: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), http.websocket_connect("/v1/events"):
        pass


FILES = [
    "/etc/passwd", "etc/passwd", "~/.ssh/id_rsa", "../secret.png", "./photo.png", "photo.png", "file:///etc/passwd",
    "file:/etc/passwd", "FILE:///etc/passwd", "ftp://example.com/a.png", "\\\\server\\share", "C:\\photo.png", "",
    "javascript:alert(1)", "DATA:image/png;base64,AAAA", "/proc/self/environ",
]  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_files_of_the_machine_are_never_read(http: TestClient, path: str) -> None:
    told = is_problem(
        http.post("/v1/generations", json={"prompt": "a", "model": "flux-2-pro", "references": [path]}),
        422,
        "invalid_reference",
    )
    assert "no files of the machine" in told["detail"]
    assert "/v1/assets" in told["next"]


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("bfl/flux-pro-fill", {"mask": "/etc/passwd"}),
        ("fal/flux-general", {"mask": "/etc/passwd"}),
        ("fal/flux-general", {"mask_url": "/etc/passwd"}),
        ("fal/flux-general", {"image_url": "/etc/passwd"}),
        ("fal/flux-2-dev", {"image_urls": ["https://example.com/a.png", "/etc/passwd"]}),
        ("bfl/flux-2-pro", {"input_image": "/etc/passwd"}),
        ("bfl/flux-2-pro", {"input_image_2": "/etc/passwd"}),
        ("fal/flux-general", {"controlnets": [{"path": "x", "control_image_url": "/etc/passwd"}]}),
        ("fal/flux-general", {"ip_adapters": [{"path": "x", "ip_adapter_image_url": "/etc/passwd"}]}),
        ("flux-general", {"reference_image_url": "/etc/passwd"}),
        ("bfl/flux-pro-1.1-ultra", {"image_prompt": "/etc/passwd"}),
    ],
)
def test_nor_through_any_parameter_that_takes_a_picture(http: TestClient, model: str, field: dict[str, Any]) -> None:
    answer = http.post("/v1/generations", json={"prompt": "a", "model": model, **field})
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["code"] in {"invalid_reference", "invalid_params"}
    assert "there is no such file" not in told["detail"]
    assert "root:" not in answer.text


@pytest.mark.parametrize("value", [5, None, {"url": "/etc/passwd"}, ["/etc/passwd"], True])
def test_a_picture_that_is_no_text_is_refused(http: TestClient, value: Any) -> None:
    answer = http.post("/v1/generations", json={"prompt": "a", "model": "bfl/flux-2-pro", "input_image": value})
    assert answer.status_code in {422, 202}
    assert value is None or answer.status_code == 422


@pytest.mark.parametrize(
    "url",
    ["http://example.com/a.png", "https://127.0.0.1/a.png", "https://localhost/a", "https://10.0.0.1/a",
     "https://169.254.169.254/latest", "https://user:pass@example.com/a.png", "https://[::1]/a"],
)  # fmt: skip
def test_private_addresses_are_refused(http: TestClient, url: str) -> None:
    body = {"prompt": "a", "model": "flux-2-pro", "references": [url]}
    is_problem(http.post("/v1/generations", json=body), 422, "invalid_reference")


def test_a_reference_may_be_an_asset_a_data_uri_an_image_or_a_hash(http: TestClient) -> None:
    data = picture((10, 200, 30))
    asset = http.post("/v1/assets", content=data, headers={"content-type": "image/png"}).json()["sha256"]
    earlier = make(http, "a fox to start with")["images"][0]
    uri = "data:image/png;base64," + base64.b64encode(picture((1, 2, 3))).decode()
    told = make(http, "combine them", references=[asset, uri, earlier["id"], f" {earlier['sha256']} "])
    assert told["state"] == "succeeded"
    assert told["mode"] == "edit"
    hashes = [one["sha256"] for one in told["references"]]
    assert hashes[0] == asset
    assert hashes[2] == hashes[3] == earlier["sha256"]
    assert all("bytes" not in one and "path" not in one for one in told["references"])


@pytest.mark.parametrize("unknown", ["0" * 22, "0" * 64])
def test_a_reference_that_is_not_there_is_refused(http: TestClient, unknown: str) -> None:
    body = {"prompt": "a", "model": "flux-2-pro", "references": [unknown]}
    is_problem(http.post("/v1/generations", json=body), 422, "invalid_reference")
