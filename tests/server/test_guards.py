"""Each guard twice: the attack fails; and it succeeds once the guard is taken out, or it would prove nothing.

An attack is a function that says whether it succeeded. `docs/security.md` lists every guard with its test.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.server.calls import FAST, browser, make, picture, settings_at
from tests.server.keyed import People, Person
from tests.server.test_attack import png_head
from tests.server.test_doorkeeper import knock, status
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fluxroom import logs
from fluxroom.engine import intake
from fluxroom.errors import TooManyRequests
from fluxroom.server import create_app
from fluxroom.server.access import keycheck, secret_paths, security, sessions
from fluxroom.server.access.allowances import Allowances
from fluxroom.server.access.callers import Caller
from fluxroom.server.access.perimeter import Perimeter
from fluxroom.server.access.scopes import Rights
from fluxroom.server.access.security import Doorkeeper
from fluxroom.server.connections import Connection
from fluxroom.server.generations import references
from fluxroom.store import belongings, keys
from fluxroom.store.keys import new_secret

PROBE = import_module("fluxroom.imaging.probe")

Attack = Callable[[], bool]
Removal = Callable[[pytest.MonkeyPatch], None]


def fails_and_would_succeed(attack: Attack, without: Removal) -> None:
    """The attack fails, and succeeds once the guard is gone."""
    assert not attack()
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        assert attack(), "this attack proves nothing: it fails without the guard too"
    assert not attack()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with browser(create_app(settings_at(tmp_path_factory.mktemp("local")))) as http:
        yield http


@pytest.fixture
def bob(people: People, request: pytest.FixtureRequest) -> Person:
    return people.join(f"bob {request.node.name}"[:90])


# who may come --------------------------------------------------------------------------------------------------------


def test_a_rebound_name(local: TestClient) -> None:
    fails_and_would_succeed(
        lambda: local.get("/v1/generations", headers={"host": "attacker.example"}).status_code == 200,
        lambda patch: patch.setattr(Perimeter, "answers_to", lambda *_: True),
    )


def test_a_page_of_another_site(local: TestClient) -> None:
    def attack() -> bool:
        headers = {"origin": "https://attacker.example"}
        return local.post("/v1/quotes", json={"prompt": "a fox"}, headers=headers).status_code == 200

    fails_and_would_succeed(attack, lambda patch: patch.setattr(security, "foreign_site", lambda *_: ""))


def test_a_proxy_before_a_gateway_without_keys(local: TestClient) -> None:
    fails_and_would_succeed(
        lambda: local.get("/v1/keys", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 200,
        lambda patch: patch.setattr(keycheck, "_FORWARDED", ()),
    )


def test_a_key_that_was_made_up(people: People) -> None:
    def attack() -> bool:
        headers = {"authorization": f"Bearer {new_secret()}"}
        return bool(people.http.get("/v1/models", headers=headers).status_code == 200)

    real = people.admin.key

    def any_key_will_do(patch: pytest.MonkeyPatch) -> None:
        found = keys.by_secret
        patch.setattr(keys, "by_secret", lambda connection, _secret: found(connection, real))

    fails_and_would_succeed(attack, any_key_will_do)


def test_a_key_in_the_address(people: People) -> None:
    fails_and_would_succeed(
        lambda: people.ask(people.admin, "GET", f"/v1/models?k={people.admin.key}").status_code == 200,
        lambda patch: patch.setattr(keycheck, "unquote_plus", lambda _query: ""),
    )


def test_a_key_beyond_its_scopes(people: People, bob: Person) -> None:
    fails_and_would_succeed(
        lambda: people.ask(bob, "GET", "/v1/keys").status_code == 200,
        lambda patch: patch.setattr(Rights, "of", lambda *_: "any"),
    )


def test_a_cookie_that_was_made_up(people: People, bob: Person) -> None:
    login = people.http.post("/v1/session", json={"key": bob.key}, headers={"origin": "http://pictures.example.com"})
    _, ends, mark, _ = login.cookies["fluxroom"].split(".")
    people.http.cookies.clear()
    forged = f"fluxroom={people.admin.id}.{ends}.{mark}.{'0' * 64}"

    class Credulous:
        new = staticmethod(hmac.new)
        compare_digest = staticmethod(lambda *_: True)

    fails_and_would_succeed(
        lambda: people.ask(None, "GET", "/v1/keys", headers={"cookie": forged}).status_code == 200,
        lambda patch: patch.setattr(sessions, "hmac", Credulous),
    )


def test_a_form_that_rides_on_a_cookie(people: People, bob: Person) -> None:
    login = people.http.post("/v1/session", json={"key": bob.key}, headers={"origin": "http://pictures.example.com"})
    cookie = f"fluxroom={login.cookies['fluxroom']}"
    people.http.cookies.clear()

    def attack() -> bool:
        answer = people.ask(None, "POST", "/v1/quotes", json={"prompt": "a fox"}, headers={"cookie": cookie})
        return bool(answer.status_code == 200)

    fails_and_would_succeed(attack, lambda patch: patch.setattr(keycheck, "_READING", frozenset({"POST"})))


# what is whose -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def annas(people: People) -> dict[str, Any]:
    """A picture of somebody else's."""
    anna = people.join("anna")
    body = {"prompt": "a secret", "model": FAST}
    answer = people.ask(anna, "POST", "/v1/generations", json=body, headers={"prefer": "wait=60"})
    found: dict[str, Any] = answer.json()
    assert found["state"] == "succeeded"
    return found


def all_see_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Caller, "is_admin", property(lambda _caller: True))


def test_somebody_elses_generation(people: People, bob: Person, annas: dict[str, Any]) -> None:
    address = f"/v1/generations/{annas['id']}"
    fails_and_would_succeed(lambda: people.ask(bob, "GET", address).status_code == 200, all_see_all)
    fails_and_would_succeed(lambda: people.ask(bob, "GET", f"{address}/events").status_code == 200, all_see_all)


@pytest.mark.parametrize("what", ["", "/file", "/thumbnail"])
def test_somebody_elses_picture(people: People, bob: Person, annas: dict[str, Any], what: str) -> None:
    address = f"/v1/images/{annas['images'][0]['id']}{what}"
    fails_and_would_succeed(lambda: people.ask(bob, "GET", address).status_code == 200, all_see_all)


@pytest.mark.parametrize("name", ["id", "sha256"])
def test_somebody_elses_picture_as_a_reference(people: People, bob: Person, annas: dict[str, Any], name: str) -> None:
    body = {"prompt": "copy it", "model": "flux-2-pro", "references": [annas["images"][0][name]]}

    def anybody(patch: pytest.MonkeyPatch) -> None:
        all_see_all(patch)
        patch.setattr(belongings, "belongs", lambda *_: True)

    fails_and_would_succeed(lambda: people.ask(bob, "POST", "/v1/quotes", json=body).status_code == 200, anybody)


# how much and how fast -----------------------------------------------------------------------------------------------


def test_asking_without_pause(people: People) -> None:
    eager = people.join("eager", per_minute=2)
    fails_and_would_succeed(
        lambda: all(people.ask(eager, "GET", "/v1/session").status_code == 200 for _ in range(5)),
        lambda patch: patch.setattr(Allowances, "take", lambda *_: {}),
    )


def test_more_at_once_than_a_key_may() -> None:
    def attack() -> bool:
        allowances = Allowances(100, 2)
        with contextlib.ExitStack() as stack:
            try:
                for _ in range(5):
                    stack.enter_context(allowances.under_way("anna"))
            except TooManyRequests:
                return False
        return True

    fails_and_would_succeed(
        attack, lambda patch: patch.setattr(Allowances, "under_way", lambda *_: contextlib.nullcontext())
    )


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads its body and is patient."""
    await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)


def through(keeper: ASGIApp, *body: bytes, **headers: str) -> bool:
    """Whether a body gets to the application."""

    async def call() -> bool:
        try:
            return status(await knock(keeper, body=body, **headers)) == 200
        except Exception:  # noqa: BLE001  refused while it was read
            return False

    return asyncio.run(call())


def test_a_body_that_says_it_is_huge() -> None:
    fails_and_would_succeed(
        lambda: through(Doorkeeper(reading, 10), b"x", content_length="1000"),
        lambda patch: patch.setattr(security, "_bad_length", lambda *_: None),
    )


def test_a_body_that_hides_that_it_is_huge() -> None:
    fails_and_would_succeed(
        lambda: through(Doorkeeper(reading, 10), b"12345678", b"12345678"),
        lambda patch: patch.setattr(security, "_counted", lambda receive, *_: receive),
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/quotes", {"prompt": "x", "model": "flux-2-pro", **{f"p{one}": 1 for one in range(12_000)}}),
        ("/v1/quotes", {"prompt": "x", "model": "flux-2-pro", "seed": [1] * 12_000}),
        ("/bfl/v1/flux-2-pro", {"prompt": "x", **{f"p{one}": 1 for one in range(12_000)}}),
        ("/openai/v1/images/generations", {"prompt": "x", "model": "flux-2-pro", "n": [1] * 12_000}),
    ],
)
def test_a_small_body_of_very_many_values(local: TestClient, path: str, body: Any) -> None:
    fails_and_would_succeed(
        lambda: local.post(path, json=body).status_code != 413,
        lambda patch: patch.setattr(security, "MOST_VALUES", 10**9),
    )


def test_very_many_values_in_a_form(local: TestClient) -> None:
    request = '{"prompt": "x", "model": "flux-2-pro", "seed": [' + "1," * 12_000 + "1]}"
    fails_and_would_succeed(
        lambda: local.post("/v1/quotes", files={"request": (None, request)}).status_code != 413,
        lambda patch: patch.setattr(security, "MOST_VALUES", 10**9),
    )


def test_a_picture_may_have_any_bytes(local: TestClient) -> None:
    commas = picture() + b"," * (2 * security.MOST_VALUES)
    assert local.post("/v1/assets", content=commas, headers={"content-type": "image/png"}).status_code != 413


def test_a_stranger_who_sends_much(people: People) -> None:
    def attack() -> bool:
        body = b'{"key": "' + b"x" * (2 * security.MOST_CALLBACK) + b'"}'
        answer = people.http.post("/v1/session", content=body, headers={"content-type": "application/json"})
        return bool(answer.status_code != 413)

    fails_and_would_succeed(attack, lambda patch: patch.setattr(security, "_BRIEF", frozenset()))


def test_a_body_that_never_ends() -> None:
    def attack() -> bool:
        async def call() -> bool:
            async def dripping() -> dict[str, Any]:
                await asyncio.sleep(0.02)
                drops.append(b"x")
                return {"type": "http.request", "body": b"x", "more_body": len(drops) < 40}

            async def nowhere(message: Any) -> None:
                answers.append(message)

            answers: list[Any] = []
            drops: list[bytes] = []
            scope: Scope = {"type": "http", "method": "POST", "path": "/x", "headers": [(b"host", b"localhost")]}
            try:
                await Doorkeeper(reading, patience=0.05)(scope, dripping, nowhere)
            except Exception:  # noqa: BLE001  given up
                return False
            return bool(answers[0]["status"] == 200)

        return asyncio.run(call())

    fails_and_would_succeed(attack, lambda patch: patch.setattr(security, "_counted", lambda receive, *_: receive))


# connections, over sockets -------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def served(app: Any, protocol: type[asyncio.Protocol]) -> AsyncIterator[uvicorn.Server]:
    """An application behind this kind of connection."""
    config = uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = server.force_exit = True
        await task


async def reach(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1], limit=2**10)


def answered(data: bytes, protocol: type[asyncio.Protocol], app: Any = None) -> bytes:
    """What comes back until the other side closes."""

    async def call() -> bytes:
        async with served(app or PlainTextResponse("fine"), protocol) as server:
            reader, writer = await reach(server)
            writer.write(data)
            try:
                return await reader.read()
            except ConnectionError:
                return b""
            finally:
                writer.transport.abort()

    return asyncio.run(call())


def kept(data: bytes, protocol: type[asyncio.Protocol], seconds: float, app: Any = None) -> bool:
    """Whether a caller who sends this and reads nothing still has their connection after so many seconds."""

    async def call() -> bool:
        async with served(app or PlainTextResponse("fine"), protocol) as server:
            _, writer = await reach(server)
            writer.write(data)
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
            loop = asyncio.get_running_loop()
            while not server.server_state.connections:
                await asyncio.sleep(0.01)
            end = loop.time() + seconds
            while server.server_state.connections and loop.time() < end:
                await asyncio.sleep(0.01)
            writer.transport.abort()
            return bool(server.server_state.connections)

    return asyncio.run(call())


class Hasty(Connection):
    """Our connection, with a patience that a test can wait for."""

    head_patience = 0.2
    reader_patience = 0.2


LONG = 60.0  # never waited for: ours ends long before
A_WHILE = 1.0  # several times our patience


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(b"#" * 48 * 2**20)(scope, receive, send)


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\n"])
def test_a_head_that_never_ends(said: bytes) -> None:
    assert not kept(said, Hasty, LONG)
    assert kept(said, HttpToolsProtocol, A_WHILE)


def test_a_reader_who_takes_nothing() -> None:
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    assert not kept(request, Hasty, LONG, large)
    assert kept(request, HttpToolsProtocol, A_WHILE, large)


@pytest.mark.parametrize(
    "more", [b"x: " + b"y" * 70_000, b"".join(b"a%d: b\r\n" % one for one in range(300)) + b"z: z"]
)
def test_a_head_that_is_too_large(more: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + more + b"\r\n\r\n"
    assert b" 200 " not in answered(request, Connection)
    assert b" 200 " in answered(request, HttpToolsProtocol)


def test_a_header_with_a_line_of_its_own() -> None:
    async def echoing(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("x", headers={"location": "/x\r\nset-cookie: a=b"})(scope, receive, send)

    def attack() -> bool:
        request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        return b"\r\nset-cookie: a=b" in answered(request, Connection, echoing)

    class Anything:
        search = staticmethod(lambda _value: None)

    fails_and_would_succeed(attack, lambda patch: patch.setattr(httptools_impl, "HEADER_VALUE_RE", Anything))


# what is named and sent ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest", "https://localhost/x", "https://[64:ff9b::7f00:1]/"])
def test_an_address_inside_as_a_picture(local: TestClient, url: str) -> None:
    body = {"prompt": "a", "model": "flux-2-pro", "references": [url]}
    fails_and_would_succeed(
        lambda: local.post("/v1/quotes", json=body).status_code == 200,
        lambda patch: patch.setattr(intake, "_is_public", lambda _host: True),
    )


def test_a_file_of_the_machine_as_a_picture(local: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(picture())
    body = {"prompt": "a", "model": "flux-2-pro", "references": [str(file)]}

    async def as_it_is(_gateway: Any, _caller: Any, source: Any) -> str:
        return str(source)

    fails_and_would_succeed(
        lambda: local.post("/v1/quotes", json=body).status_code == 200,
        lambda patch: patch.setattr(references, "usable", as_it_is),
    )


def test_a_picture_that_says_it_is_huge(local: TestClient) -> None:
    bomb = png_head(7000, 7000)
    assert len(bomb) < 1000

    def attack() -> bool:
        return local.post("/v1/assets", content=bomb, headers={"content-type": "image/png"}).status_code == 201

    fails_and_would_succeed(attack, lambda patch: patch.setattr(PROBE, "_limit", lambda *_: None))


# what is written down ------------------------------------------------------------------------------------------------

FORGERY = "a fox\n2026-01-01T00:00:00Z error   FORGED\x1b[2J"


def logged(capsys: pytest.CaptureFixture[str], **facts: Any) -> str:
    """A line as it gets to standard error."""
    handler = logging.StreamHandler()
    root = logging.getLogger("fluxroom")
    root.addHandler(handler)
    try:
        logs.get_logger("fluxroom.guards").error("asked", **facts)
    finally:
        root.removeHandler(handler)
    return capsys.readouterr().err


def test_a_prompt_that_forges_lines(capsys: pytest.CaptureFixture[str]) -> None:
    def attack() -> bool:
        line = logged(capsys, prompt=FORGERY)
        assert "a fox" in line
        return "\n2026-01-01" in line or "\x1b" in line

    def bare(_logger: Any, _method: str, line: Any) -> str:
        return " ".join(f"{key}={value}" for key, value in line.items())

    assert not attack()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "_render", bare)
        assert attack()


def test_a_key_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    secret = new_secret()

    class Nothing:
        sub = staticmethod(lambda _instead, text: text)

    fails_and_would_succeed(
        lambda: secret in logged(capsys, said=f"came with {secret}"),
        lambda patch: patch.setattr(logs, "_GATEWAY_KEY", Nothing),
    )


@pytest.mark.parametrize(
    "path", ["/hooks/fal/{}/1-the-proof", "/files/{}/the-proof/picture.png", "/fal/storage/files/the-proof/picture.png"]
)
def test_a_secret_address_in_a_log(local: TestClient, caplog: pytest.LogCaptureFixture, path: str) -> None:
    def attack() -> bool:
        caplog.clear()
        with caplog.at_level("INFO", "fluxroom.server"):
            local.get(path.format("0" * 22))
        assert "/files" in caplog.text or "/hooks" in caplog.text
        return "the-proof" in caplog.text

    fails_and_would_succeed(attack, lambda patch: patch.setattr(secret_paths, "shown", lambda path: path))


def test_a_prompt_that_commands_the_operators_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from fluxroom.cli import voice

    def attack() -> bool:
        voice.say(f"  {FORGERY}\r\x9b2J\u202e")
        return bool(set(capsys.readouterr().out) & set("\x1b\r\x9b\u202e"))

    fails_and_would_succeed(attack, lambda patch: patch.setattr(voice, "visible", lambda text: text))


def test_a_page_that_runs_what_is_not_its_own(local: TestClient) -> None:
    policy = dict(
        part.strip().split(" ", 1)
        for part in local.get("/").headers["content-security-policy"].split(";")
        if " " in part.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    api = local.get("/v1/models").headers["content-security-policy"]
    assert api.startswith("default-src 'none'")
    assert "unsafe" not in api


def test_a_picture_is_never_shown_as_a_page(local: TestClient) -> None:
    made = make(local)
    answer = local.get(made["images"][0]["url"])
    assert answer.headers["content-type"] in {"image/png", "image/jpeg", "image/webp"}
    assert answer.headers["x-content-type-options"] == "nosniff"
