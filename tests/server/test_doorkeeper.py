from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from fluxroom.client import AsyncClient
from fluxroom.server.access.security import Doorkeeper, foreign_site
from fluxroom.server.gateway import Gateway, is_id
from fluxroom.server.problems import Incidents
from fluxroom.settings import Settings

pytestmark = pytest.mark.anyio

App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def knock(
    app: App, *, kind: str = "http", method: str = "POST", body: tuple[bytes, ...] = (b"",), **names: str
) -> list[Message]:
    """One request to an application; the messages that it sent."""
    headers = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in ({"host": "127.0.0.1"} | names).items()
    ]
    waiting = [
        {"type": "http.request", "body": part, "more_body": place < len(body) - 1} for place, part in enumerate(body)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": kind, "method": method, "path": "/x", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return sent


def status(sent: list[Message]) -> int:
    return int(sent[0]["status"])


def headers_of(sent: list[Message]) -> Headers:
    return Headers(raw=sent[0]["headers"])


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    await PlainTextResponse(str(len(await request.body())))(scope, receive, send)


async def test_what_may_pass_passes() -> None:
    sent = await knock(Doorkeeper(echo), body=(b"abc", b"defg"))
    assert status(sent) == 200
    assert sent[1]["body"] == b"7"


async def test_headers_of_the_application_win() -> None:
    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("x", headers={"cache-control": "max-age=5"})(scope, receive, send)

    headers = headers_of(await knock(Doorkeeper(own)))
    assert headers.getlist("cache-control") == ["max-age=5"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_refused_request_never_reaches_the_application() -> None:
    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("reached")

    keeper = Doorkeeper(never, most_body=10)
    assert status(await knock(keeper, host="attacker.example")) == 421
    assert status(await knock(keeper, origin="https://attacker.example")) == 403
    assert status(await knock(keeper, content_length="11")) == 413
    assert status(await knock(keeper, content_length="-1")) == 400
    assert status(await knock(keeper, content_length="9" * 5000)) == 413


async def test_a_body_is_counted_as_it_comes() -> None:
    keeper = Doorkeeper(echo, most_body=10)
    assert status(await knock(keeper, body=(b"12345", b"67890"))) == 200
    with pytest.raises(HTTPException) as caught:
        await knock(keeper, body=(b"12345", b"67890", b"x"))
    assert caught.value.status_code == 413


async def test_websockets_are_refused_and_the_lifespan_passes() -> None:
    async def never(scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"
        await send({"type": "lifespan.startup.complete"})

    assert await knock(Doorkeeper(never), kind="websocket") == [{"type": "websocket.close", "code": 1008}]
    assert await knock(Doorkeeper(never), kind="lifespan") == [{"type": "lifespan.startup.complete"}]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
async def test_every_method_that_can_change_something_is_guarded(method: str) -> None:
    assert status(await knock(Doorkeeper(echo), method=method, origin="https://attacker.example")) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_reading_is_left_to_the_browser(method: str) -> None:
    # Without CORS headers another site's script cannot see the answer, and CORP keeps its pages from embedding it.
    sent = await knock(Doorkeeper(echo), method=method, origin="https://attacker.example")
    assert status(sent) == 200
    assert headers_of(sent)["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("sent", "host", "foreign"),
    [
        ({}, "127.0.0.1:7860", False),
        ({"origin": "http://127.0.0.1:7860"}, "127.0.0.1:7860", False),
        ({"origin": "http://LOCALHOST:7860"}, "localhost:7860", False),
        ({"origin": "http://127.0.0.1:7861"}, "127.0.0.1:7860", True),
        ({"origin": "http://127.0.0.1"}, "127.0.0.1:7860", True),
        ({"origin": "chrome-extension://abcdef"}, "127.0.0.1:7860", True),
        ({"sec-fetch-site": "none"}, "127.0.0.1:7860", False),
        ({"sec-fetch-site": "something-new"}, "127.0.0.1:7860", True),
    ],
)
async def test_which_site_is_foreign(sent: dict[str, str], host: str, foreign: bool) -> None:
    assert bool(foreign_site(Headers(sent), host)) is foreign


# incidents -----------------------------------------------------------------------------------------------------------


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError("secret-inside")


async def test_an_unforeseen_error_becomes_a_500_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    sent = await knock(Incidents(broken))
    assert status(sent) == 500
    assert b"secret-inside" not in sent[1]["body"]
    assert b"incident" in sent[1]["body"]
    assert "secret-inside" in caplog.text, "the log has what the answer does not say"


async def test_an_answer_that_has_begun_is_cut_off() -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await broken(scope, receive, send)

    with pytest.raises(ValueError, match="secret-inside"):
        await knock(Incidents(late))


async def test_errors_outside_of_requests_are_not_ours() -> None:
    with pytest.raises(ValueError, match="secret-inside"):
        await knock(Incidents(broken), kind="lifespan")


# the word that the gateway is about to end ---------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path: Any) -> Gateway:
    settings = Settings(sandbox=True, data=tmp_path)
    return Gateway(settings, AsyncClient(settings=settings))


async def test_work_that_ends_in_time_is_returned(gateway: Gateway) -> None:
    assert await gateway.unless_closing(asyncio.sleep(0.01, "done")) == "done"


async def test_an_error_of_the_work_is_passed_on(gateway: Gateway) -> None:
    async def fails() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await gateway.unless_closing(fails())


async def test_closing_ends_the_wait_at_once_and_cancels_the_work(gateway: Gateway) -> None:
    ended = asyncio.Event()

    async def endless() -> str:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()
        return "never"

    asyncio.get_running_loop().call_later(0.02, gateway.closing.set)
    assert await asyncio.wait_for(gateway.unless_closing(endless()), 2) is None
    assert ended.is_set()


async def test_a_caller_who_leaves_takes_the_work_along(gateway: Gateway) -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    task = asyncio.create_task(gateway.unless_closing(endless()))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("text", ["", "x", "0" * 21, "0" * 23, "I" * 22, "i" * 22, "0" * 21 + "\n", "../" * 7 + "x"])
async def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)
