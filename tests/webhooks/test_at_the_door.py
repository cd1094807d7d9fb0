"""Who may call a callback address, and how cheaply everybody else is sent away."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict
from starlette.datastructures import Headers
from tests.webhooks.gate import Delivery, Gate, gateway
from tests.worlds import ROUTES, sandbox

from fluxroom.engine.webhooks import Callbacks
from fluxroom.errors import StorageFull
from fluxroom.sandbox import Sandbox
from fluxroom.server.access.security import MOST_CALLBACK, _bad_length

pytestmark = pytest.mark.anyio

NOWHERE = f"/hooks/fal/{'0' * 22}/1-{'A' * 43}"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with sandbox(seconds=0.05) as one:
        yield one


@pytest.fixture
async def gate(box: Sandbox, tmp_path: Path) -> AsyncIterator[Gate]:
    async with gateway(box, tmp_path / "data") as one:
        yield one


async def delivered(gate: Gate) -> Delivery:
    """A genuine callback that has been answered."""
    await gate.ended(await gate.client.submit("a red fox", model=ROUTES["fal"]))
    [delivery] = await gate.heard(1)
    return delivery


async def test_it_is_answered_under_any_name_and_from_any_site(gate: Gate) -> None:
    delivery = await delivered(gate)
    for headers in (
        {"host": "pictures.example.com"},
        {"host": "attacker.example:7860"},
        {"origin": "https://attacker.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "pictures.example.com", "x-forwarded-for": "203.0.113.9", "content-type": "text/plain"},
    ):
        assert (await gate.again(delivery, **headers)).said == "known", headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", NOWHERE), ("PUT", NOWHERE), ("DELETE", NOWHERE), ("OPTIONS", NOWHERE),
        ("POST", "/hooks"), ("POST", "/hooks/fal"), ("POST", f"{NOWHERE}/more"), ("POST", "/v1/generations"),
        ("POST", "/xhooks/fal/a/b"), ("GET", "/healthz"), ("GET", "/"),
    ],
)  # fmt: skip
async def test_nothing_else_is(gate: Gate, method: str, path: str) -> None:
    told = await gate.call(path, b"", {"host": "pictures.example.com"}, method=method)
    assert (told.status, told.said) == (421, "wrong_host")


@pytest.mark.parametrize(
    "path",
    [
        NOWHERE, "/hooks/fal/x/y", "/hooks/fal/../v1", "/hooks/%2e%2e/v1/nothing", "/hooks/fal/%00/%00",
        f"/hooks/fal/{'0' * 22}/" + "x" * 4000, "/hooks/%ff/%ff/%ff", f"/hooks/fal/{'0' * 22}/1-{'%C3%A4' * 43}",
    ],
)  # fmt: skip
async def test_a_stranger_is_told_that_there_is_nothing(gate: Gate, path: str) -> None:
    told = await gate.call(path, b"x" * 1000)
    assert (told.status, told.said) == (404, "no_such_path")
    assert "x" * 40 not in told.answer.decode()


async def test_a_stranger_is_sent_away_before_anything_is_looked_up(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked_up(*_: Any) -> Any:
        raise AssertionError("a stranger made us look something up")

    monkeypatch.setattr(Callbacks, "hear", looked_up)
    assert (await gate.call(NOWHERE)).status == 404


async def test_a_large_body_is_not_read(gate: Gate) -> None:
    delivery = await delivered(gate)
    told = await gate.call(delivery.path, io.BytesIO(b"x" * (MOST_CALLBACK + 1)))
    assert (told.status, told.said) == (413, "too_large")
    assert "1 MB" in told.answer.decode()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MOST_CALLBACK // 65536 + 2):
            yield b"x" * 65536

    assert (await gate.call(delivery.path, endless())).status == 413
    just_fits = await gate.call(delivery.path, io.BytesIO(b"x" * MOST_CALLBACK))
    assert just_fits.status == 401, "this one is read, and not signed"


@pytest.mark.parametrize("length", ["many", "-1", "\xb2", "1e3", "", "11"])
async def test_a_length_that_is_no_number_or_too_much_is_refused(length: str) -> None:
    assert _bad_length(Headers({"content-length": length}), 10) is not None
    assert _bad_length(Headers({}), 10) is None
    assert _bad_length(Headers({"content-length": "10"}), 10) is None


async def test_the_answers_are_problems_with_headers_that_keep_browsers_out(gate: Gate) -> None:
    delivery = await delivered(gate)
    for path, body, status, code in (
        (NOWHERE, b"", 404, "no_such_path"),
        (delivery.path, b"{}", 401, "callback_refused"),
    ):
        told = await gate.call(path, body)
        problem = json.loads(told.answer)
        assert problem["status"] == told.status == status
        assert problem["code"] == code
        assert "no signature" in problem["detail"] or status == 404
        explained = json.loads((await gate.call(problem["type"], b"", method="GET")).answer)
        assert explained["title"] == problem["title"]


async def test_a_header_that_comes_twice_is_not_believed(gate: Gate) -> None:
    delivery = await delivered(gate)
    signed = {name: value for name, value in delivery.headers.items() if name.startswith("x-fal-")}
    for name, value in signed.items():
        headers = CIMultiDict({**signed, "content-type": "application/json"})
        headers.add(name, value)
        async with (
            aiohttp.ClientSession() as session,
            session.post(gate.url + delivery.path, data=delivery.body, headers=headers) as response,
        ):
            assert response.status == 401, name


async def test_a_full_disk_makes_the_provider_come_again(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = await delivered(gate)

    async def full(*_: Any) -> Any:
        raise StorageFull

    monkeypatch.setattr(Callbacks, "hear", full)
    told = await gate.again(delivery)
    assert (told.status, told.said) == (507, "storage_full")


async def test_a_fault_of_ours_shows_no_address(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = await delivered(gate)

    async def broken(*_: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(Callbacks, "hear", broken)
    told = await gate.again(delivery)
    assert (told.status, told.said) == (500, "internal_error")
    assert json.loads(told.answer)["incident"] in caplog.text
    assert delivery.path.rsplit("/", 1)[1] not in caplog.text + told.answer.decode()


async def test_without_a_public_address_nobody_is_to_call(box: Sandbox, tmp_path: Path) -> None:
    async with gateway(box, tmp_path / "data", public_url="") as gate:
        assert gate.client.engine.callbacks is None
        assert (await gate.call(NOWHERE)).status == 404


async def test_the_addresses_are_not_in_the_published_interface(gate: Gate) -> None:
    told = await gate.call("/v1/openapi.json", b"", method="GET")
    assert '"/hooks' not in told.answer.decode()


def test_problems_of_callbacks_are_explained() -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from fluxroom.server import problems

    app = FastAPI()
    problems.install(app, lambda _path: [])
    with TestClient(app) as http:
        for status, code in ((401, "callback_refused"), (409, "callback_conflict")):
            told = http.get(f"/problems/{code}").json()
            assert told["status"] == status
    response = problems.respond(problems.by_status(409, "It is another job's.", job="x"))
    told = json.loads(bytes(response.body))
    assert (told["code"], told["detail"], told["job"]) == ("callback_conflict", "It is another job's.", "x")
