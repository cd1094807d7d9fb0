"""The studio's login on a gateway with keys: what the cookie is, what it opens, and who cannot ride on it."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from tests.server.calls import is_problem
from tests.server.keyed import HOST, People, Person, keyed_gateway
from tests.server.test_allowances import Watch

from fluxroom.server.access.sessions import LIFETIME, Sessions

OWN = {"origin": HOST, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with keyed_gateway(tmp_path_factory.mktemp("keyed"), public_url="https://studio.example.com") as found:
        yield found


@pytest.fixture
def anna(people: People, request: pytest.FixtureRequest) -> Person:
    return people.join(f"anna {request.node.name}"[:90])


@pytest.fixture(autouse=True)
def no_cookies(people: People) -> Iterator[None]:
    people.http.cookies.clear()
    yield
    people.http.cookies.clear()


def log_in(people: People, person: Person, **more: Any) -> SimpleCookie:
    answer = people.ask(None, "POST", "/v1/session", json={"key": person.key}, headers={**OWN, **more})
    assert answer.status_code == 200, answer.text
    people.http.cookies.clear()  # each request below says itself what it brings
    return SimpleCookie(answer.headers["set-cookie"])


def bringing(cookie: SimpleCookie, **more: str) -> dict[str, str]:
    [(name, morsel)] = cookie.items()
    return {"cookie": f"{name}={morsel.value}", **more}


def test_a_key_is_exchanged_for_a_cookie_that_scripts_cannot_read(people: People, anna: Person) -> None:
    answer = people.ask(None, "POST", "/v1/session", json={"key": f" {anna.key} "}, headers=OWN)
    told = answer.json()
    assert (told["owner"], told["scopes"], told["hint"]) == (anna.name, ["generate", "read"], anna.key[-4:])
    assert told["expires_at"].endswith("Z")
    assert anna.key not in answer.text
    [(name, morsel)] = SimpleCookie(answer.headers["set-cookie"]).items()
    assert name == "fluxroom"
    assert morsel["httponly"]
    assert morsel["samesite"].lower() == "strict"
    assert morsel["path"] == "/"
    assert not morsel["domain"], "no other host may read it"
    assert anna.key not in morsel.value


def test_over_https_the_cookie_is_bound_to_https_and_the_host(people: People, anna: Person) -> None:
    site = {"host": "studio.example.com", "origin": "https://studio.example.com"}
    [(name, morsel)] = log_in(people, anna, **site).items()
    assert name == "__Host-fluxroom"
    assert morsel["secure"]


@pytest.mark.parametrize("key", ["", "flux_wrong", "x" * 200, "sk-proj-1"])
def test_a_wrong_key_logs_nobody_in(people: People, key: str) -> None:
    answer = people.ask(None, "POST", "/v1/session", json={"key": key}, headers=OWN)
    is_problem(answer, 401, "invalid_key")
    assert "set-cookie" not in answer.headers


def test_the_cookie_opens_what_its_key_may(people: People, anna: Person) -> None:
    cookie = log_in(people, anna)
    who = people.ask(None, "GET", "/v1/session", headers=bringing(cookie))
    assert who.json()["owner"] == anna.name
    assert who.json()["key"] == anna.id
    quote = people.ask(None, "POST", "/v1/quotes", json={"prompt": "a fox"}, headers=bringing(cookie, **OWN))
    assert quote.status_code == 200
    is_problem(people.ask(None, "GET", "/v1/keys", headers=bringing(cookie)), 403, "scope_missing")


@pytest.mark.parametrize(
    "site",
    [
        {},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": HOST, "sec-fetch-site": "same-site"},
        {"origin": f"{HOST}:8080"},
    ],
)
def test_another_site_cannot_ride_on_it(people: People, anna: Person, site: dict[str, str]) -> None:
    cookie = log_in(people, anna)
    before = people.ask(anna, "GET", "/v1/generations").json()
    answer = people.ask(None, "POST", "/v1/generations", json={"prompt": "steal"}, headers=bringing(cookie, **site))
    assert answer.status_code in {401, 403}
    assert people.ask(anna, "GET", "/v1/generations").json() == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nor_can_it_read(people: People, anna: Person, site: str) -> None:
    cookie = log_in(people, anna)
    answer = people.ask(None, "GET", "/v1/generations", headers=bringing(cookie, **{"sec-fetch-site": site}))
    is_problem(answer, 401, "invalid_key")


def test_a_key_in_the_header_needs_no_origin(people: People, anna: Person) -> None:
    assert people.ask(anna, "POST", "/v1/quotes", json={"prompt": "a fox"}).status_code == 200


def test_logging_out_ends_it_also_for_a_copy(people: People, anna: Person) -> None:
    cookie = log_in(people, anna)
    out = people.ask(None, "DELETE", "/v1/session", headers=bringing(cookie, **OWN))
    assert out.status_code == 204
    assert 'fluxroom="";' in out.headers["set-cookie"]
    is_problem(people.ask(None, "GET", "/v1/session", headers=bringing(cookie)), 401, "invalid_key")
    assert people.ask(None, "DELETE", "/v1/session", headers=OWN).status_code == 204


def test_a_revoked_key_ends_its_logins(people: People, anna: Person) -> None:
    cookie = log_in(people, anna)
    people.ask(people.admin, "DELETE", f"/v1/keys/{anna.id}")
    is_problem(people.ask(None, "GET", "/v1/session", headers=bringing(cookie)), 401, "invalid_key")


def test_a_made_up_cookie_opens_nothing(people: People, anna: Person) -> None:
    [(name, morsel)] = log_in(people, anna).items()
    admin = people.admin.id
    key, ends, mark, proof = morsel.value.split(".")
    for forged in (
        f"{admin}.{ends}.{mark}.{proof}",
        f"{key}.{int(ends) + 1000}.{mark}.{proof}",
        f"{key}.{ends}.{mark}.{'0' * 64}",
        f"{key}.{ends}.{mark}",
        "",
        "x" * 5000,
    ):
        answer = people.ask(None, "GET", "/v1/session", headers={"cookie": f"{name}={forged}"})
        is_problem(answer, 401, "invalid_key")


def test_the_page_is_there_for_whoever_must_log_in_first(people: People) -> None:
    assert people.ask(None, "GET", "/").status_code == 200
    is_problem(people.ask(None, "GET", "/v1/session"), 401, "invalid_key")


# time ----------------------------------------------------------------------------------------------------------------


def test_a_login_ends_and_is_renewed_while_it_is_used(
    people: People, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    gateway = people.app.state.gateway
    monkeypatch.setattr(gateway, "sessions", Sessions(gateway.identities, gateway.secret, watch))
    cookie = log_in(people, anna)
    watch.now += LIFETIME / 3
    early = people.ask(None, "GET", "/v1/session", headers=bringing(cookie))
    assert "set-cookie" not in early.headers
    watch.now += LIFETIME / 3
    renewed = SimpleCookie(people.ask(None, "GET", "/v1/session", headers=bringing(cookie)).headers["set-cookie"])
    people.http.cookies.clear()
    watch.now += LIFETIME / 2
    is_problem(people.ask(None, "GET", "/v1/session", headers=bringing(cookie)), 401, "invalid_key")
    assert people.ask(None, "GET", "/v1/session", headers=bringing(renewed)).status_code == 200
    watch.now += LIFETIME
    is_problem(people.ask(None, "GET", "/v1/session", headers=bringing(renewed)), 401, "invalid_key")
