from __future__ import annotations

import gzip
import http.client
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from starlette.types import Message
from tests.remote.gateways import Gate
from tests.server.calls import FAST, make

from fluxroom.server.envelope import Envelope

ID = re.compile(r"[0-9a-z]{22}")


def test_every_answer_has_an_id(http: TestClient) -> None:
    ids = {http.get(path).headers["x-request-id"] for path in ("/v1/models", "/healthz", "/", "/nowhere")}
    assert len(ids) == 4
    assert all(ID.fullmatch(one) for one in ids)
    refused = http.get("/v1/models", headers={"host": "attacker.example"})
    assert (refused.status_code, len(refused.headers["x-request-id"])) == (421, 22)


def test_an_id_that_is_given_comes_back(http: TestClient) -> None:
    answer = http.get("/v1/providers", headers={"x-request-id": "trace-7.a:b_c"})
    assert answer.headers["x-request-id"] == "trace-7.a:b_c"


@pytest.mark.parametrize("bad", ["", " ", "a b", "a\x1b[31m", "x" * 129, "{}", "ä".encode().decode("latin-1")])
def test_an_id_that_could_be_anything_is_replaced(http: TestClient, bad: str) -> None:
    answer = http.get("/v1/providers", headers={b"x-request-id": bad.encode("latin-1")})
    assert ID.fullmatch(answer.headers["x-request-id"])


def test_what_was_read_before_is_not_sent_again(http: TestClient) -> None:
    first = http.get("/v1/models/flux-2-pro")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert "accept-encoding" in first.headers["vary"].lower()
    again = http.get("/v1/models/flux-2-pro", headers={"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert http.get("/v1/models/flux-2-pro?lang=de", headers={"if-none-match": etag}).status_code == 200


def test_what_changed_is_sent(quiet: TestClient) -> None:
    etag = quiet.get("/v1/generations").headers["etag"]
    assert quiet.get("/v1/generations", headers={"if-none-match": etag}).status_code == 304
    make(quiet)
    assert quiet.get("/v1/generations", headers={"if-none-match": etag}).status_code == 200


def test_only_what_is_read_and_there_is_tagged(http: TestClient) -> None:
    assert "etag" not in http.post("/v1/quotes", json={"prompt": "a", "model": FAST}).headers
    missing = http.get("/v1/models/flux-9", headers={"if-none-match": "*"})
    assert (missing.status_code, "etag" in missing.headers) == (404, False)
    assert missing.headers["cache-control"] == "no-store"


def test_json_is_packed_for_those_who_take_it(http: TestClient) -> None:
    plain = http.get("/v1/models", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = http.get("/v1/models", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.headers["etag"] == plain.headers["etag"]
    refused = http.get("/v1/models", headers={"accept-encoding": "gzip;q=0, br"})
    assert "content-encoding" not in refused.headers


def test_what_is_small_a_picture_or_a_doors_is_not_packed(http: TestClient) -> None:
    made = make(http)
    headers = {"accept-encoding": "gzip"}
    for path in (made["images"][0]["url"], "/v1/budgets", "/openai/v1/models"):
        assert "content-encoding" not in http.get(path, headers=headers).headers, path


async def said(app: Any, **scope: Any) -> list[Message]:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asked = {"type": "http", "method": "GET", "path": "/v1/x", "headers": [(b"accept-encoding", b"gzip")], **scope}
    await Envelope(app)(asked, receive, send)
    return told


@pytest.mark.anyio
async def test_what_comes_in_parts_passes_as_it_is() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"[1,", "more_body": True})
        await send({"type": "http.response.body", "body": b"2]"})

    told = await said(app)
    assert [one.get("body") for one in told] == [None, b"[1,", b"2]"]
    assert not {b"etag", b"content-encoding"} & {name for name, _ in told[0]["headers"]}


@pytest.mark.anyio
async def test_a_route_that_tags_its_answer_keeps_its_tag() -> None:
    body = json.dumps(["word"] * 1000).encode()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"etag", b'"mine"'), (b"cache-control", b"max-age=9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    told = await said(app)
    headers = dict(told[0]["headers"])
    assert (headers[b"etag"], headers[b"cache-control"]) == (b'"mine"', b"max-age=9")
    assert gzip.decompress(told[1]["body"]) == body
    again = await said(app, headers=[(b"if-none-match", b'"mine"')])
    assert again[0]["status"] == 304


@pytest.mark.anyio
async def test_log_lines_of_a_request_carry_its_id() -> None:
    seen: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        seen.append(structlog.contextvars.get_contextvars()["request"])
        await send({"type": "http.response.start", "status": 204, "headers": []})

    told = await said(app, headers=[(b"x-request-id", b"mine")])
    assert seen == ["mine"]
    assert (b"x-request-id", b"mine") in told[0]["headers"]
    assert "request" not in structlog.contextvars.get_contextvars()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    started = Gate(tmp_path_factory.mktemp("gate")).start()
    yield started
    started.stop()


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/flux-2-pro", "/v1/openapi.json", "/problems"])
def test_over_a_socket_lengths_are_right(gate: Gate, path: str) -> None:
    for headers in ({"accept-encoding": "gzip"}, {}):
        connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert len(body) == int(answer.headers["content-length"])
        assert json.loads(gzip.decompress(body) if headers else body)
        connection.request("GET", path, headers={**headers, "if-none-match": answer.headers["etag"]})
        unchanged = connection.getresponse()
        assert (unchanged.status, unchanged.read()) == (304, b"")
        connection.close()
