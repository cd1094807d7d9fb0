"""Webhooks to callers: found in the ledger, signed, sent until they are taken, over restarts and between processes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook
from tests.server.calls import browser, is_problem, make, settings_at
from tests.server.keyed import keyed_gateway

from fluxroom.identifiers import new_id
from fluxroom.server import create_app, duties
from fluxroom.server.webhooks import postman
from fluxroom.server.webhooks.postman import Postman
from fluxroom.store import runs, webhooks_out
from fluxroom.store.retention import Pruned
from fluxroom.store.runs import Run


@dataclass(slots=True)
class Receiver:
    """A server that takes webhooks, or does not."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)  # the next answers; then 200
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.heard]


@contextmanager
def receiving() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = found.statuses.pop(0) if found.statuses else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", found.url)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook?token=planted-token"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds are made by the tests, so that none depends on the time."""
    monkeypatch.setattr(postman, "_LOOK", 3600.0)


class Office:
    """A gateway with a postman who goes when told to, on a clock that can be moved."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        gateway: Any = http.app.state.gateway  # type: ignore[attr-defined]
        self.gateway = gateway
        self.postman = Postman(gateway)
        self.ahead = 0.0
        real = gateway.engine.now
        self._patched = pytest.MonkeyPatch()
        self._patched.setattr(type(gateway.engine), "now", lambda _engine: real() + self.ahead)

    def close(self) -> None:
        self._patched.undo()

    def round(self, postman: Postman | None = None) -> int:
        """One round; returns how many messages were sent."""
        assert self.http.portal
        return self.http.portal.call((postman or self.postman).round)

    def do(self, work: Callable[..., Any], *, write: bool = False) -> Any:
        database = self.gateway.engine.store.database
        assert self.http.portal
        return self.http.portal.call(database.write if write else database.read, work)

    def hook(self, url: str, **more: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/webhooks", json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def deliveries(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["deliveries"]
        return found


@pytest.fixture
def office(quiet: TestClient) -> Iterator[Office]:
    found = Office(quiet)
    yield found
    found.close()


def test_a_finished_generation_is_told_signed(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    made = make(office.http, "a fox")
    assert office.round() == 1
    assert office.round() == 0, "once"
    [(headers, body)] = receiver.heard
    told = Webhook(hook["secret"]).verify(body, headers)
    assert told["type"] == "generation.finished"
    assert (told["data"]["id"], told["data"]["state"]) == (made["id"], "succeeded")
    assert told["data"]["images"][0]["id"] == made["images"][0]["id"]
    [seen] = office.deliveries(hook)
    assert (seen["state"], seen["status"], seen["attempts"], seen["subject"]) == ("delivered", 200, 1, made["id"])
    assert seen["id"] == headers["webhook-id"]


def test_the_signature_is_the_standards(office: Office, receiver: Receiver) -> None:
    """Worked out by hand, and refused by the standard's own package when one byte differs."""
    hook = office.hook(receiver.url)
    make(office.http)
    office.round()
    headers, body = receiver.heard[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(hook["secret"].removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    with pytest.raises(Exception, match="signature"):
        Webhook(hook["secret"]).verify(body.replace(b"succeeded", b"Succeeded"), headers)
    other = office.hook(receiver.url)
    assert other["secret"] != hook["secret"]


def test_no_secret_lies_in_the_database_or_is_shown_twice(office: Office, receiver: Receiver, tmp_path: Path) -> None:
    hook = office.hook(receiver.url)
    make(office.http)
    office.round()
    secret = hook["secret"].removeprefix("whsec_")
    for file in (tmp_path / "own").glob("fluxroom.db*"):
        assert secret.encode() not in file.read_bytes()
        assert b64decode(secret) not in file.read_bytes()
    for path in ("", f"/{hook['id']}", f"/{hook['id']}/deliveries"):
        assert secret not in office.http.get(f"/v1/webhooks{path}").text


def test_a_failed_generation_and_several_jobs(office: Office, receiver: Receiver) -> None:
    office.hook(receiver.url)
    make(office.http, "flux:fail moderated-input", model="bfl/flux-2-pro")
    several = make(office.http, "three", model="bfl/flux-2-pro", num_images=3)
    while office.round():
        pass
    kinds = [(body["type"], body["data"]["id"]) for body in receiver.bodies]
    assert kinds.count(("generation.finished", several["id"])) == 1, "one message for three jobs"
    assert len(several["images"]) == 3
    assert len(kinds) == 2


def test_only_what_is_wanted_and_only_from_now_on(office: Office, receiver: Receiver) -> None:
    make(office.http, "before")
    office.hook(receiver.url, events=["job.unknown"])
    hook = office.hook(receiver.url, events=["generation.finished"])
    made = make(office.http, "after")
    office.round()
    assert [body["data"]["id"] for body in receiver.bodies] == [made["id"]]
    assert office.http.patch(f"/v1/webhooks/{hook['id']}", json={"events": ["generation.failed"]}).json()["events"] == [
        "generation.failed"
    ]
    make(office.http, "unwanted")
    assert office.round() == 0


def test_it_is_sent_again_later_and_later_for_three_days(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    make(office.http)
    receiver.statuses = [500, 302, 404, 503, 500, 500, 500, 500, 500, 500]
    waited = 0.0
    for number, pause in enumerate((*postman.PAUSES, None)):
        assert office.round() == 1, number
        assert office.round() == 0, "not before its time"
        [seen] = office.deliveries(hook)
        assert seen["attempts"] == number + 1
        if pause is None:
            assert (seen["state"], seen["why"], seen["next_at"]) == ("failed", "HTTP 500", None)
            break
        assert seen["state"] == "waiting"
        office.ahead += pause + 1
        waited += pause
    assert 3 * 86400 < waited < 4 * 86400
    assert len(set(receiver.ids)) == 1, "under the same id every time"
    assert office.round() == 0
    assert office.http.post(f"/v1/webhooks/{hook['id']}/replay").json() == {"replayed": 1}
    assert office.round() == 1
    assert office.deliveries(hook)[0]["state"] == "delivered"


def test_a_receiver_that_is_away_is_told_when_it_is_back(office: Office) -> None:
    with receiving() as gone:
        url = gone.url
    hook = office.hook(url)
    make(office.http)
    assert office.round() == 1
    [seen] = office.deliveries(hook)
    assert (seen["state"], seen["status"]) == ("waiting", None)
    assert seen["why"]
    assert "planted-token" not in seen["why"]


def test_410_ends_it(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    make(office.http)
    receiver.statuses = [410]
    office.round()
    found = office.http.get(f"/v1/webhooks/{hook['id']}").json()
    assert found["disabled_at"]
    make(office.http, "unheard")
    assert office.round() == 0
    assert office.http.patch(f"/v1/webhooks/{hook['id']}", json={"enabled": True}).json()["disabled_at"] is None
    assert office.round() == 0, "what happened meanwhile is not told"
    made = make(office.http, "heard")
    assert office.round() == 1
    assert receiver.bodies[-1]["data"]["id"] == made["id"]


def test_a_message_can_be_sent_again(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    make(office.http)
    office.round()
    [seen] = office.deliveries(hook)
    path = f"/v1/webhooks/{hook['id']}/deliveries"
    assert office.http.post(f"{path}/{seen['id']}/replay").json()["state"] == "waiting"
    assert office.round() == 1
    assert receiver.heard[0][1] == receiver.heard[1][1]
    assert receiver.ids[0] == receiver.ids[1]
    is_problem(office.http.post(f"{path}/msg_{'0' * 32}/replay"), 404, "not_found")


def test_a_test_message(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    told = office.http.post(f"/v1/webhooks/{hook['id']}/test").json()
    assert told == {"delivered": True, "status": 200, "why": ""}
    headers, body = receiver.heard[0]
    assert Webhook(hook["secret"]).verify(body, headers)["type"] == "test"
    receiver.statuses = [503]
    assert office.http.post(f"/v1/webhooks/{hook['id']}/test").json()["why"] == "HTTP 503"
    assert office.deliveries(hook) == []


def test_deliveries_are_paged(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    made = [make(office.http, f"number {n}")["id"] for n in range(3)]
    office.round()
    found, path = [], f"/v1/webhooks/{hook['id']}/deliveries?limit=1"
    while path:
        page = office.http.get(path).json()
        found += [one["subject"] for one in page["deliveries"]]
        path = page["next"]
    assert sorted(found) == sorted(made)


def test_nothing_is_lost_when_the_process_dies(tmp_path: Path, receiver: Receiver) -> None:
    """Before it looked, after it wrote the message down, and while it was sending: told after the next start."""
    settings = settings_at(tmp_path / "own")
    with browser(create_app(settings)) as http:
        office = Office(http)
        hook = office.hook(receiver.url)
        first = make(http, "not looked at")
        office.close()
    with browser(create_app(settings)) as http:
        office = Office(http)
        endpoints = office.do(partial(webhooks_out.endpoints, owner=""))
        assert http.portal
        http.portal.call(office.postman._collect, endpoints)
        assert [one["state"] for one in office.deliveries(hook)] == ["waiting"], "written down, not sent"
        office.close()
    with browser(create_app(settings)) as http:
        office = Office(http)
        now = office.gateway.engine.now()
        [(one, _)] = office.do(partial(webhooks_out.due, now=now, limit=9))
        assert office.do(partial(webhooks_out.claim, one=one, until=now + 60), write=True), "in hand, then dead"
        assert office.round() == 0
        office.ahead = 61
        assert office.round() == 1
        assert office.round() == 0
        assert receiver.bodies[0]["data"]["id"] == first["id"]
        assert [one["state"] for one in office.deliveries(hook)] == ["delivered"]
        office.close()


def test_a_run_that_is_over_is_told_once(office: Office, receiver: Receiver) -> None:
    def add(name: str, state: str) -> str:
        run = Run(
            id=new_id(), owner="local", kind="bulk", name=name, digest=name, spec={}, state=state,
            created_at=office.gateway.engine.now(), changed_at=office.gateway.engine.now(),
        )  # fmt: skip
        office.do(partial(runs.add, run=run, items=[]), write=True)
        return run.id

    add("before", "finished")
    office.ahead += 1
    office.hook(receiver.url)
    office.ahead += 1
    going = add("going on", "running")
    assert office.round() == 0
    office.ahead += 1
    moved = partial(runs.move, run=going, states=["running"], to="finished", why="", at=office.gateway.engine.now())
    assert office.do(moved, write=True)
    assert office.round() == 1
    assert [office.round() for _ in range(3)] == [0, 0, 0]
    [body] = receiver.bodies
    assert (body["type"], body["data"]["run"]) == ("run.finished", going)
    again = Postman(office.gateway)
    assert office.round(again) == 0, "a new process knows it was told"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_several_processes_one_sends(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, receiver: Receiver
) -> None:
    url = request.getfixturevalue("postgres").fresh() if database == "postgresql" else None
    settings = settings_at(tmp_path / "own", **({"database_url": url} if url else {}))
    with browser(create_app(settings)) as http:
        office = Office(http)
        hook = office.hook(receiver.url)
        made = {make(http, f"number {n}")["id"] for n in range(4)}
        others = [Postman(office.gateway) for _ in range(5)]

        async def together() -> None:
            await asyncio.gather(*(one.round() for one in others))
            await asyncio.gather(*(one.round() for one in others))

        assert http.portal
        http.portal.call(together)
        assert sorted(body["data"]["id"] for body in receiver.bodies) == sorted(made)
        assert {one["state"] for one in office.deliveries(hook)} == {"delivered"}
        office.close()


def test_an_event_that_is_committed_late_is_told(postgres: Any, tmp_path: Path, receiver: Receiver) -> None:
    """On PostgreSQL a lower number may come after a higher one: the last minute is looked at again."""
    settings = settings_at(tmp_path / "own", database_url=postgres.fresh())
    with browser(create_app(settings)) as http:
        office = Office(http)
        office.hook(receiver.url)
        late = make(http, "late")
        office.postman._position = office.do(webhooks_out.last_event)
        office.postman._second_look = office.gateway.engine.now()
        assert office.round() == 0, "its number was passed already"
        office.ahead = 16
        assert office.round() == 1
        assert receiver.bodies[0]["data"]["id"] == late["id"]
        office.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/hook",
        "https://user:word@example.com/hook",
        "https:///hook",
        "file:///etc/passwd",
        "x",
    ],
)
def test_addresses_that_are_none(office: Office, url: str) -> None:
    is_problem(office.http.post("/v1/webhooks", json={"url": url}), 422, "invalid_params")


def test_no_private_address_is_called_for_others(tmp_path: Path, receiver: Receiver) -> None:
    """Checked when the connection is made, so a name that leads inside is refused as well."""
    with keyed_gateway(tmp_path) as people:
        anna = people.join("anna")
        assert people.ask(anna, "POST", "/v1/webhooks", json={"url": receiver.url}).status_code == 422
        port = receiver.url.split(":")[2].split("/")[0]
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"):
            made = people.ask(anna, "POST", "/v1/webhooks", json={"url": f"https://{host}:{port}/"})
            if made.status_code == 201:
                told = people.ask(anna, "POST", f"/v1/webhooks/{made.json()['id']}/test").json()
                assert (told["delivered"], told["status"]) == (False, None), host
        assert receiver.heard == []


def test_everybody_has_their_own(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path) as people:
        anna, ben = people.join("anna"), people.join("ben")
        hook = people.ask(anna, "POST", "/v1/webhooks", json={"url": "https://example.com/"}).json()["id"]
        assert people.ask(ben, "GET", "/v1/webhooks").json() == {"webhooks": []}
        for method, path in (
            ("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test"), ("POST", "/replay"),
            ("POST", f"/deliveries/msg_{'0' * 32}/replay"),
        ):  # fmt: skip
            assert people.ask(ben, method, f"/v1/webhooks/{hook}{path}").status_code == 404, path
        assert people.ask(ben, "PATCH", f"/v1/webhooks/{hook}", json={"enabled": False}).status_code == 404
        assert len(people.ask(people.admin, "GET", "/v1/webhooks").json()["webhooks"]) == 1
        for _ in range(19):
            people.ask(anna, "POST", "/v1/webhooks", json={"url": "https://example.com/"})
        assert people.ask(anna, "POST", "/v1/webhooks", json={"url": "https://example.com/"}).status_code == 422
        assert people.ask(anna, "DELETE", f"/v1/webhooks/{hook}").status_code == 204
        assert people.ask(anna, "GET", f"/v1/webhooks/{hook}").status_code == 404


def test_old_messages_are_forgotten(office: Office, receiver: Receiver) -> None:
    hook = office.hook(receiver.url)
    make(office.http)
    office.round()
    office.ahead = 31 * 86400
    make(office.http, "later")
    office.round()
    assert [one["body"]["data"]["prompt"] for one in office.deliveries(hook)] == ["later"]


def test_a_gateway_sends_by_itself_and_tidies_up(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "_LOOK", 0.02)
    monkeypatch.setattr(duties, "_FIRST", 0.01)
    tidied = threading.Event()

    async def prune(*_: Any) -> Pruned:
        tidied.set()
        return Pruned(trashed=0, old=0, records=0, size_bytes=0, blobs=0)

    monkeypatch.setattr(duties, "prune", prune)
    with browser(create_app(settings_at(tmp_path / "own"))) as http:
        http.post("/v1/webhooks", json={"url": receiver.url})
        make(http)
        waiter = threading.Event()
        while not receiver.heard:
            waiter.wait(0.02)
        assert tidied.wait(20)
