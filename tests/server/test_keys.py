"""Keys over HTTP, in each header that clients use, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection
from tests.server.calls import FAST, browser, is_problem, settings_at
from tests.server.keyed import People, keyed_gateway
from tests.server.test_allowances import Watch

from fluxroom.engine.keyring import Keyring, NewKey
from fluxroom.errors import InvalidKey, StorageFull
from fluxroom.server import create_app
from fluxroom.server.access.identities import FRESH, Identities
from fluxroom.store import keys, open_store
from fluxroom.store.keys import new_secret


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with keyed_gateway(tmp_path_factory.mktemp("keyed"), public_url="https://pictures.example.com") as found:
        yield found


# making and listing --------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_never_again(people: People) -> None:
    answer = people.ask(people.admin, "POST", "/v1/keys", json={"name": "once", "cap": 2, "budget_day": "5"})
    assert answer.status_code == 201
    made = answer.json()
    assert made["key"].startswith("flux_")
    assert made["hint"] == made["key"][-4:]
    assert (made["owner"], made["scopes"], made["cap"]) == ("once", ["generate", "read"], 2)
    listed = people.ask(people.admin, "GET", "/v1/keys")
    assert "once" in {one["name"] for one in listed.json()["keys"]}
    assert made["key"] not in listed.text
    assert "digest" not in listed.text
    budgets = people.ask(people.admin, "GET", "/v1/budgets").json()["budgets"]
    assert [one["most"] for one in budgets if one["scope"] == "owner:once"] == ["5"]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "a", "scopes": []}, {"name": "a", "scopes": ["root"]}, {"name": "a", "cap": 0},
     {"name": "a", "cap": "4"}, {"name": "a", "digest": "x"}, {"name": "a\nb"}, {"name": "a", "budget_day": "lots"}],
)  # fmt: skip
def test_what_is_no_key_is_refused(people: People, body: dict[str, Any]) -> None:
    assert people.ask(people.admin, "POST", "/v1/keys", json=body).status_code in {400, 422}


def test_a_revoked_key_is_refused_at_once(people: People) -> None:
    anna = people.join("leaving")
    assert people.ask(anna, "GET", "/v1/models").status_code == 200
    assert people.ask(people.admin, "DELETE", f"/v1/keys/{anna.id}").status_code == 204
    told = is_problem(people.ask(anna, "GET", "/v1/models"), 401, "invalid_key")
    assert "revoked" in told["detail"]
    is_problem(people.ask(people.admin, "DELETE", f"/v1/keys/{anna.id}"), 404, "not_found")


# how it is sent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {"authorization": "Bearer {}"},
        {"authorization": "bearer   {} "},
        {"authorization": "Key {}"},
        {"x-api-key": "{}"},
        {"x-key": "{}"},
        {"authorization": "Bearer {}", "x-api-key": "{}"},
    ],
)
def test_each_header_that_clients_use_is_read(people: People, form: dict[str, str]) -> None:
    headers = {name: text.format(people.admin.key) for name, text in form.items()}
    assert people.http.get("/v1/keys", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "asks for a key"),
        ({"authorization": ""}, "asks for a key"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, "asks for a key"),
        ({"authorization": "Bearer "}, "asks for a key"),
        ({"authorization": "Bearer sk-proj-abcdef"}, "begins with flux_"),
        ({"x-key": "flux_short"}, "mistyped or cut off"),
        ({"authorization": f"Bearer {'flux_' + '0' * 40}"}, "mistyped or cut off"),
        ({"authorization": f"Bearer {new_secret()}"}, "not known here"),
        ({"x-api-key": "flux_" + "0" * 100_000}, "mistyped"),
    ],
)
def test_each_wrong_key_is_told_what_is_wrong(people: People, headers: dict[str, str], words: str) -> None:
    told = is_problem(people.http.get("/v1/models", headers=headers), 401, "invalid_key")
    assert words in told["detail"]
    assert not [value for value in headers.values() if len(value) > 10 and value in str(told)]


def test_two_different_keys_are_none(people: People) -> None:
    other = people.join("second")
    headers = {"authorization": f"Bearer {people.admin.key}", "x-key": other.key}
    told = is_problem(people.http.get("/v1/models", headers=headers), 401, "invalid_key")
    assert "Different keys" in told["detail"]


@pytest.mark.parametrize("name", ["api_key", "key", "access_token", "x"])
def test_a_key_in_the_address_is_refused_even_with_another_in_its_header(people: People, name: str) -> None:
    for value in (people.admin.key, people.admin.key.replace("_", "%5f"), people.admin.key.replace("_", "%5F")):
        answer = people.ask(people.admin, "GET", f"/v1/models?{name}={value}")
        told = is_problem(answer, 401, "invalid_key")
        assert "logs" in told["detail"]
        assert people.admin.key not in answer.text


# loopback ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def local(tmp_path: Path) -> Iterator[TestClient]:
    with browser(create_app(settings_at(tmp_path / "own"))) as http:
        yield http


def test_this_machine_alone_needs_no_key_and_may_do_everything(local: TestClient) -> None:
    assert local.get("/v1/keys").json() == {"keys": []}
    who = local.get("/v1/session").json()
    assert who == {
        "owner": "local",
        "scopes": ["admin", "generate", "read"],
        "key": None,
        "hint": "",
        "expires_at": None,
    }
    assert "ratelimit-limit" not in local.get("/v1/models").headers


def test_a_key_that_is_given_counts_there_too(local: TestClient) -> None:
    made = local.post("/v1/keys", json={"name": "anna", "scopes": ["read"]}).json()
    headers = {"authorization": f"Bearer {made['key']}"}
    assert local.get("/v1/session", headers=headers).json()["owner"] == "anna"
    is_problem(local.get("/v1/keys", headers=headers), 403, "scope_missing")
    is_problem(local.get("/v1/models", headers={"authorization": f"Bearer {new_secret()}"}), 401, "invalid_key")


@pytest.mark.parametrize("text", ["Bearer sk-none", "Key id:secret", "Bearer not-needed"])
def test_what_clients_of_others_send_out_of_habit_does_no_harm_there(local: TestClient, text: str) -> None:
    assert local.get("/v1/session", headers={"authorization": text}).json()["owner"] == "local"


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-proto"])
def test_what_came_through_a_proxy_is_not_of_this_machine(local: TestClient, name: str) -> None:
    is_problem(local.get("/v1/models", headers={name: "203.0.113.9"}), 401, "invalid_key")


def test_a_public_name_ends_the_trust_in_loopback(people: People) -> None:
    # A proxy may well say `Host: 127.0.0.1` and come from there.
    is_problem(people.http.get("/v1/models", headers={"host": "127.0.0.1:7860"}), 401, "invalid_key")


# what is one's own ---------------------------------------------------------------------------------------------------


def test_everything_a_key_makes_is_its_owners(people: People) -> None:
    anna, bob = people.join("anna"), people.join("bob")
    wait = {"prefer": "wait=60"}
    made = people.ask(anna, "POST", "/v1/generations", json={"prompt": "a fox", "model": FAST}, headers=wait).json()
    assert made["state"] == "succeeded"
    address = f"/v1/generations/{made['id']}"
    assert people.ask(anna, "GET", address).status_code == 200
    assert people.ask(people.admin, "GET", address).status_code == 200
    picture = f"/v1/images/{made['images'][0]['id']}"
    for path in (address, f"{address}/events", picture, f"{picture}/file", f"{picture}/thumbnail"):
        foreign = people.ask(bob, "GET", path)
        nothing = people.ask(bob, "GET", path.replace(path.split("/")[3], "0" * 22))
        is_problem(foreign, 404, "not_found")
        assert foreign.json()["code"] == nothing.json()["code"], "a stranger cannot tell it from what is not there"
    is_problem(people.ask(bob, "DELETE", address), 404, "not_found")
    assert people.ask(bob, "GET", "/v1/generations").json()["generations"] == []
    assert people.ask(bob, "GET", "/v1/usage?sandbox=true").json()["total"]["jobs"] == 0
    assert people.ask(anna, "GET", "/v1/usage?sandbox=true").json()["total"]["jobs"] == 1
    assert people.ask(people.admin, "GET", "/v1/usage?sandbox=true").json()["total"]["jobs"] >= 1


def test_somebody_elses_picture_cannot_be_taken_as_a_reference(people: People) -> None:
    anna, bob = people.join("owner-of-it"), people.join("thief")
    body = {"prompt": "a secret", "model": FAST}
    made = people.ask(anna, "POST", "/v1/generations", json=body, headers={"prefer": "wait=60"}).json()
    image = made["images"][0]
    for name in (image["id"], image["sha256"]):
        stolen = {"prompt": "copy it", "model": "flux-2-pro", "references": [name]}
        is_problem(people.ask(bob, "POST", "/v1/quotes", json=stolen), 422, "invalid_reference")
        is_problem(people.ask(bob, "POST", "/v1/generations", json=stolen), 422, "invalid_reference")
        assert people.ask(anna, "POST", "/v1/quotes", json=stolen).status_code == 200


def test_budgets_of_others_are_not_shown(people: People) -> None:
    anna = people.join("thrifty", budget_day="1")
    people.join("rich", budget_day="100")
    scopes = {one["scope"] for one in people.ask(anna, "GET", "/v1/budgets").json()["budgets"]}
    assert scopes == {"owner:thrifty"}


def test_a_budget_holds_back_its_owner_and_nobody_else(people: People) -> None:
    poor, rich = people.join("poor", budget_day="0.001"), people.join("well-off")
    body = {"prompt": "a castle", "model": "flux-2-pro"}
    is_problem(people.ask(poor, "POST", "/v1/generations", json=body), 402, "budget_exceeded")
    assert people.ask(rich, "POST", "/v1/generations", json=body).status_code == 202


def test_a_key_asks_as_often_as_it_may(people: People) -> None:
    eager = people.join("eager", per_minute=3)
    for left in (2, 1, 0):
        assert people.ask(eager, "GET", "/v1/models").headers["ratelimit-remaining"] == str(left)
    answer = people.ask(eager, "GET", "/v1/models")
    is_problem(answer, 429, "too_many_requests")
    assert int(answer.headers["retry-after"]) in range(1, 21)
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("3", "0")
    assert people.ask(people.admin, "GET", "/v1/models").status_code == 200


# what is remembered of a key -----------------------------------------------------------------------------------------


def test_another_process_revokes_and_this_one_notices_soon(tmp_path: Path) -> None:
    async def work() -> None:
        store = open_store(tmp_path)
        watch = Watch()
        ring, known = Keyring(store), Identities(lambda: store, watch)
        key, secret = await ring.create(NewKey(name="anna"))
        assert (await known.by_secret(secret)).id == key.id
        await ring.revoke("anna")
        watch.now += FRESH / 2
        assert (await known.by_secret(secret)).id == key.id, "remembered for a moment"
        watch.now += FRESH
        for attempt in (known.by_secret(secret), known.by_id(key.id)):
            with pytest.raises(InvalidKey, match="revoked"):
                await attempt
        store.close()

    asyncio.run(work())


def test_use_is_noted_once_a_minute_and_never_stands_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        store = open_store(tmp_path)
        watch = Watch()
        known = Identities(lambda: store, watch)
        key, secret = await Keyring(store).create(NewKey(name="anna"))
        noted: list[float] = []
        real = keys.used

        def noting(connection: Connection, key_id: str, at: float) -> None:
            noted.append(at)
            real(connection, key_id, at)

        monkeypatch.setattr(keys, "used", noting)
        for _ in range(100):
            watch.now += 1.0
            await known.by_secret(secret)
        assert len(noted) == 2
        assert 60 <= noted[1] - noted[0] <= 60 + FRESH + 1
        found = await store.database.read(lambda connection: keys.by_id(connection, key.id))
        assert found is not None
        assert found.used_at == noted[-1]

        def full(*_row: Any) -> None:
            raise StorageFull

        monkeypatch.setattr(keys, "used", full)
        watch.now += 1000
        assert (await known.by_secret(secret)).id == key.id
        store.close()

    asyncio.run(work())
