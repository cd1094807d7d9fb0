"""Gateways that answer strangely: another version or server, streams that are cut off. Always one of our errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.remote.gateways import FAST, Gate, client_settings
from tests.remote.test_broken_wires import answering

from fluxroom.client import AsyncClient
from fluxroom.errors import FluxroomError, GatewayUnreachable, RequestError, tree
from fluxroom.remote import events, line
from fluxroom.remote.events import read_events
from fluxroom.remote.line import error_from

pytestmark = pytest.mark.anyio

Handler = Callable[[web.Request], Any]


@asynccontextmanager
async def scripted(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# problems as errors --------------------------------------------------------------------------------------------------


def problem(**more: Any) -> dict[str, Any]:
    facts = {
        "type": "/problems/x",
        "title": "X.",
        "status": 422,
        "detail": "Why.",
        "code": "invalid_params",
        "next": "Do.",
    }
    return facts | more


@pytest.mark.parametrize("kind", tree())
def test_every_problem_becomes_the_error_that_a_local_client_raises(kind: type[FluxroomError]) -> None:
    told = problem(code=kind.code, status=kind.status, charge=kind.charge, field="seed", provider="bfl")
    found = error_from(told)
    assert type(found) is kind
    assert found.detail == "Why."
    assert found.as_dict()["charge"] == kind.charge
    assert (found.context["field"], found.context["provider"]) == ("seed", "bfl")
    if kind.code != "invalid_key":
        assert found.next_step == "Do."


@pytest.mark.parametrize(("status", "kind"), [(400, RequestError), (418, RequestError), (500, FluxroomError)])
def test_a_problem_of_a_later_version_is_an_error_all_the_same(status: int, kind: type[FluxroomError]) -> None:
    found = error_from(problem(code="not_invented_yet", status=status))
    assert type(found) is kind
    assert (found.detail, found.next_step, found.context["problem"]) == ("Why.", "Do.", "not_invented_yet")


@pytest.mark.parametrize("name", ["self", "detail", "advice", "context", "code", "args", "charge", "problem"])
@pytest.mark.parametrize("code", ["invalid_params", "not_invented_yet"])
def test_a_fact_of_any_name_does_no_harm(name: str, code: str) -> None:
    """The names are another program's: a later version may have one that means something to Python."""
    found = error_from(problem(code=code) | {name: "x" if name != "code" else code})
    assert isinstance(found, FluxroomError)
    assert json.dumps(found.as_dict())


@pytest.mark.parametrize("status", [None, "422", "many", 4.22, [], {"a": 1}])
def test_a_status_that_is_none_does_no_harm(status: Any) -> None:
    assert isinstance(error_from(problem(status=status)), FluxroomError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["code", "status", "detail", "next", "title", "field", "x"]), json_values))
@settings(max_examples=150, deadline=None)
def test_whatever_a_problem_says_it_becomes_an_error(told: dict[str, Any]) -> None:
    found = error_from(told)
    assert isinstance(found, FluxroomError)
    assert isinstance(found.detail, str)
    assert isinstance(found.next_step, str)


# answers of something else, or of another version --------------------------------------------------------------------

STRANGE = [
    "{}",
    "[]",
    "null",
    "7",
    '"text"',
    '{"jobs": [{}]}',
    '{"id": 1}',
    '{"jobs": [{"id": "x"}]}',
]


@pytest.mark.parametrize("body", STRANGE)
async def test_json_that_is_not_a_gateways_is_said_as_such(body: str) -> None:
    """Without this the caller gets a bare KeyError, and no idea that it is the other side that differs."""
    async with (
        answering(body, 200, "application/json") as url,
        AsyncClient(settings=client_settings(url, wait=0.3)) as client,
    ):
        with pytest.raises(FluxroomError) as caught:
            await client.jobs()
        assert caught.type in {GatewayUnreachable, RequestError}
        assert "version" in caught.value.detail
        with pytest.raises(FluxroomError):
            await client.generate("a fox", model=FAST)


async def test_a_newer_gateways_list_of_models_keeps_nobody_from_working(gate: Gate) -> None:
    """What it offers besides is not known here; what is asked for goes on."""
    real = line.Line.call

    async def newer(self: line.Line, method: str, path: str, **more: Any) -> line.Answer:
        answer = await real(self, method, path, **more)
        if path == "/v1/catalog/overlay":
            return line.Answer(200, {"ETag": '"x"'}, b'{"version": 99, "endpoints": {}}')
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line.Line, "call", newer)
        async with gate.client() as client:
            assert (await client.generate("a fox", model=FAST, seed=1)).bytes


GENERATION = "01kaz3x9f0m2n4p6q8r0st"


async def followed(url: str, patience: float = 0.3) -> list[Any]:
    """What is told of a generation until it ends."""
    found = line.Line(client_settings(url))
    await found.open()
    try:
        async with asyncio.timeout(60):
            return [event async for event in events.follow(found, GENERATION, patience)]
    finally:
        await found.close()


# streams -------------------------------------------------------------------------------------------------------------


async def heard(*pieces: bytes) -> list[tuple[str, str, Any]]:
    async def lines() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [one async for one in read_events(lines())]


async def test_events_are_read_in_every_form_that_the_standard_allows() -> None:
    assert await heard(b": note", b"event: state\r", b"id: 7", b'data: {"a":', b"data:1}", b"", b"id: 8", b"") == [
        ("state", "7", {"a": 1})
    ]
    assert await heard(b"data: 1", b"", b"data:  2", b"", b"nonsense", b"retry: 5", b"data: 3", b"") == [
        ("message", "", 1), ("message", "", 2), ("message", "", 3),
    ]  # fmt: skip
    assert await heard(b"event: end", b'data: {"cut": "off"}') == []


@pytest.mark.parametrize("data", [b"hello", b"{", b"", b"\xff\xfe"])
async def test_an_event_that_is_no_json_is_one_of_our_errors(data: bytes) -> None:
    with pytest.raises(GatewayUnreachable):
        await heard(b"event: state", b"data: " + data, b"")


@pytest.mark.parametrize(
    "body", ["", "<html>Welcome to the hotel</html>", ": nothing\n\n", "event: closing\ndata: {}\n\n"]
)
async def test_a_stream_that_ends_again_and_again_is_not_followed_for_ever(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_AGAIN", 0.01)
    asked = 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(text=body, content_type="text/event-stream")

    async with scripted(answer) as url:
        with pytest.raises(FluxroomError) as caught:
            await followed(url)
    assert caught.type is GatewayUnreachable
    assert "goes on there" in caught.value.next_step
    assert asked > 2, "it came back before it gave up"


@pytest.mark.parametrize("status", [401, 403, 404, 422])
async def test_a_stream_that_is_refused_ends_with_the_reason(status: int) -> None:
    told = json.dumps(problem(code="not_found", status=status, detail="There is no such generation."))
    async with answering(told, status, "application/problem+json") as url:
        with pytest.raises(FluxroomError, match="no such generation"):
            await followed(url)


async def test_a_problem_in_the_middle_of_a_stream_ends_it() -> None:
    told = json.dumps(problem(code="storage_full", status=507, detail="The disk is full."))
    async with answering(f"event: problem\ndata: {told}\n\n", 200, "text/event-stream") as url:
        with pytest.raises(FluxroomError, match="disk is full") as caught:
            await followed(url)
    assert caught.value.code == "storage_full"
