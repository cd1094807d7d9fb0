"""Under which names a gateway answers, when it asks for keys, and which other sites may use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.calls import is_problem, settings_at
from tests.server.keyed import People, keyed_gateway

from fluxroom.server.access.perimeter import Perimeter, perimeter
from fluxroom.settings import BadSettings, load

CHAT = "https://chat.example.com"


def of(**settings: Any) -> Perimeter:
    return perimeter(settings_at(Path("nowhere"), **settings))


@pytest.mark.parametrize(
    ("settings", "keyed"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "127.3.2.1"}, False),
        ({"public_url": "http://127.0.0.1:7860"}, False),
        ({"hosts": "gateway.localhost"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": "192.168.1.5"}, True),
        ({"host": "localhost.attacker.example"}, True),
        ({"public_url": "https://pictures.example.com"}, True),
        ({"public_url": "https://example.com/pictures"}, True),
        ({"hosts": "studio.lan"}, True),
        ({"hosts": "gateway.localhost, studio.lan"}, True),
    ],
)
def test_when_a_key_is_asked_for(settings: dict[str, str], keyed: bool) -> None:
    assert of(**settings).keyed is keyed


OPEN = {"host": "0.0.0.0", "hosts": "studio.lan,[fd00::5]", "public_url": "https://pictures.example.com:8443/x"}


@pytest.mark.parametrize(
    "host",
    ["studio.lan", "STUDIO.lan:7860", "pictures.example.com", "pictures.example.com:8443", "localhost", "127.0.0.1:1",
     "192.168.1.5:7860", "10.0.0.1", "[2001:db8::1]:80", "[fd00::5]", "203.0.113.9"],
)  # fmt: skip
def test_its_names_and_bare_addresses_are_answered(host: str) -> None:
    assert of(**OPEN).answers_to([host])


@pytest.mark.parametrize(
    "host",
    ["", "attacker.example", "studio.lan.attacker.example", "evil-studio.lan", "192.168.1.5.attacker.example",
     "2130706433", "0x7f.1", "studio.lan@attacker.example", "studio.lan/x", "studio.lan:port", "[::1", "studio.lan x"],
)  # fmt: skip
def test_other_names_are_not(host: str) -> None:
    assert not of(**OPEN).answers_to([host])


def test_bare_addresses_are_fine_only_where_keys_are_asked_for() -> None:
    assert not of().answers_to(["192.168.1.5"])
    assert not of(hosts="gateway.localhost").answers_to(["192.168.1.5"])


@pytest.mark.parametrize(
    "wrong",
    [{"hosts": "https://studio.lan"}, {"hosts": "studio.lan:80"}, {"hosts": "*"}, {"cors": "*"},
     {"cors": "example.com"}, {"cors": "https://example.com/path"}, {"cors": "null"}, {"per_minute": 0},
     {"most_open": 0}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSettings):
        load(_env_file=None, **wrong)


# other sites ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with keyed_gateway(tmp_path_factory.mktemp("keyed"), cors=f"{CHAT},http://localhost:3000") as found:
        yield found


def preflight(people: People, origin: str) -> Any:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return people.http.options("/v1/generations", headers=headers)


def test_a_site_that_is_named_may_ask_and_read(people: People) -> None:
    allowed = preflight(people, CHAT)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == CHAT
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    quote = people.ask(people.admin, "POST", "/v1/quotes", json={"prompt": "a fox"}, headers={"origin": CHAT})
    assert quote.status_code == 200
    assert quote.headers["access-control-allow-origin"] == CHAT
    assert "Origin" in quote.headers["vary"]


def test_its_refusals_can_be_read_too(people: People) -> None:
    refused = people.ask(None, "GET", "/v1/models", headers={"origin": CHAT})
    is_problem(refused, 401, "invalid_key")
    assert refused.headers["access-control-allow-origin"] == CHAT


def test_never_with_the_studios_login(people: People) -> None:
    answer = preflight(people, CHAT)
    assert "access-control-allow-credentials" not in answer.headers
    anna = people.join("anna")
    login = people.http.post("/v1/session", json={"key": anna.key}, headers={"origin": "http://pictures.example.com"})
    cookie = f"fluxroom={login.cookies['fluxroom']}"
    people.http.cookies.clear()
    # Over plain http browsers do not send Sec-Fetch-Site.
    for site in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {}):
        headers = {"origin": CHAT, "cookie": cookie, **site}
        is_problem(people.ask(None, "POST", "/v1/quotes", json={"prompt": "x"}, headers=headers), 401, "invalid_key")


@pytest.mark.parametrize(
    "origin", ["https://attacker.example", "https://chat.example.com.attacker.example", "null", ""]
)
def test_others_get_nothing(people: People, origin: str) -> None:
    assert not [name for name in preflight(people, origin).headers if name.startswith("access-control")]
    answer = people.ask(people.admin, "POST", "/v1/quotes", json={"prompt": "x"}, headers={"origin": origin})
    is_problem(answer, 403, "cross_site")
