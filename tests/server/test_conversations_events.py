"""A conversation's events where something comes between: a gateway that stops, a message that was never sent, a store
that is away, a person who is not asked."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import FAST, is_problem, read_events
from tests.server.keyed import People

from fluxroom.errors import StorageBusy
from fluxroom.store import conversations

MODEL = {"settings": {"model": f"bfl/{FAST}"}}


def begun(http: TestClient) -> str:
    return f"/v1/conversations/{http.post('/v1/conversations', json=MODEL).json()['id']}"


def gateway_of(http: TestClient) -> Any:
    return http.app.state.gateway  # type: ignore[attr-defined]  # starlette's ASGI type has no state


def test_a_stream_ends_when_the_gateway_closes_and_so_does_a_wait(quiet: TestClient) -> None:
    at = begun(quiet)
    answer = quiet.post(f"{at}/messages", json={"text": "for later [[fault:never x*]]"}).json()
    gateway_of(quiet).closing.set()
    events = read_events(quiet.get(f"{at}/events").text)
    assert (events[0][0], events[0][2]["id"]) == ("message", answer["id"])
    assert (events[-1][0], events[-1][2]) == ("closing", {"next": "The answer goes on. Connect again later."})
    waited = quiet.post(f"{at}/messages", json={"text": "more [[fault:never x*]]"}, headers={"prefer": "wait=100"})
    assert (waited.status_code, waited.json()["complete"]) == (202, False)


def test_a_message_that_was_not_sent_is_waited_for_until_it_is_known(quiet: TestClient) -> None:
    """As after a kill: the message is written down, and nobody sends it."""
    at = begun(quiet)
    quiet.post(f"{at}/messages", json={"text": "a fox"})
    gateway = gateway_of(quiet)
    looks: list[float] = []

    def forget(connection: Any) -> None:
        talk = conversations.get(connection, at.rsplit("/", 1)[-1])
        assert talk
        now = gateway.engine.now()
        lost = conversations.Message(id="z" * 22, conversation=talk.id, role="assistant", created_at=now)
        conversations.say(connection, [lost])

    assert quiet.portal is not None
    quiet.portal.call(gateway.engine.store.database.write, forget)
    usual = gateway.engine.now

    def later() -> float:
        looks.append(float(usual()))
        return looks[-1] + (0 if len(looks) < 3 else 100)

    gateway.engine.now = later
    events = read_events(quiet.get(f"{at}/events").text)
    assert [kind for kind, _, _ in events] == ["message", "end"]
    end = events[-1][2]
    assert (end["complete"], end["error"]["code"], end["error"]["status"]) == (True, "invalid_request", 400)
    assert end["error"]["next"] == "Say it again; nothing was paid."
    assert end["usage"]["images"] == 0
    assert len(looks) >= 3


def test_a_store_that_is_away_is_a_problem_in_the_stream(quiet: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at = begun(quiet)
    quiet.post(f"{at}/messages", json={"text": "for later [[fault:never x*]]"})

    async def away(*_: Any, **__: Any) -> Any:
        raise StorageBusy("The database is busy.")
        yield  # what makes it a generator

    monkeypatch.setattr(type(gateway_of(quiet).engine), "events", away)
    kind, _, problem = read_events(quiet.get(f"{at}/events").text)[-1]
    assert (kind, problem["code"], problem["status"]) == ("problem", "storage_busy", 503)


def test_reading_is_not_saying(people: People) -> None:
    writer = people.join("anna")
    reader = people.join("anna-reads", scopes=["read"])
    talk = people.ask(writer, "POST", "/v1/conversations", json=MODEL).json()
    at = f"/v1/conversations/{talk['id']}"
    people.ask(writer, "POST", f"{at}/messages", json={"text": "a fox"}, headers={"prefer": "wait=60"})
    for method, path, body in (
        ("POST", "/v1/conversations", MODEL),
        ("POST", f"{at}/messages", {"text": "x"}),
        ("POST", f"{at}/stop", None),
        ("PATCH", at, {"title": "x"}),
        ("DELETE", at, None),
    ):
        is_problem(people.ask(reader, method, path, json=body), 403, "scope_missing")
    is_problem(people.ask(reader, "GET", at), 404, "not_found")
    is_problem(people.ask(reader, "GET", f"{at}/events"), 404, "not_found")
    assert people.ask(reader, "GET", "/v1/conversations").json() == {"conversations": [], "next": None}
    seen = people.ask(people.admin, "GET", f"{at}/events")
    assert [kind for kind, _, _ in read_events(seen.text)] == ["message", "end"]
    assert people.ask(None, "GET", at).status_code == 401


def test_a_talk_that_is_begun_for_somebody_is_paid_by_its_owner(people: People) -> None:
    """An admin who says something in another one's talk spends that one's money, and the picture is theirs."""
    anna = people.join("berta")
    talk = people.ask(anna, "POST", "/v1/conversations", json=MODEL).json()
    at = f"/v1/conversations/{talk['id']}"
    told = people.ask(
        people.admin, "POST", f"{at}/messages", json={"text": "a fox"}, headers={"prefer": "wait=60"}
    ).json()
    assert people.ask(anna, "GET", told["images"][0]["url"]).status_code == 200
    next_one = people.ask(anna, "POST", f"{at}/messages", json={"text": "night"}, headers={"prefer": "wait=60"})
    assert next_one.json()["asked"]["references"] == [told["images"][0]["sha256"]]
