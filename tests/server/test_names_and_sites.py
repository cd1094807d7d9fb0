"""Who may talk to a gateway without a key, against every spelling that a browser or an attacker could send."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from fastapi.testclient import TestClient
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from tests.server.calls import is_problem

from fluxroom.server.access.keycheck import secrets_in
from fluxroom.server.access.perimeter import Perimeter
from fluxroom.server.access.scopes import Rights
from fluxroom.server.access.security import foreign_site, is_callback

PIECES = st.sampled_from(
    [
        *("127.0.0.1", "localhost", "[::1]", "::1", "evil.example", "0.0.0.0", "127.1", "2130706433", "0x7f.0.0.1"),
        *(
            ".",
            ":",
            ":80",
            ":7860",
            ":99999",
            "@",
            "/",
            "\\",
            "#",
            "?",
            " ",
            "%00",
            "%2e",
            "\t",
            "x",
            "-",
            "_",
            "[",
            "]",
        ),
        *(
            "LOCALHOST",
            "local\u0068ost",
            "\uff4c\uff4f\uff43\uff41lhost",
            "127.0.0.1.evil.example",
            "evil.localhost.example",
        ),
    ]
)
hosts = st.lists(PIECES, min_size=1, max_size=4).map("".join) | st.text(max_size=20)


@given(hosts)
@example("localhost:80@evil.example")
@example("evil.example#localhost")
@example("localhost.")
@example("evil.example:localhost")
@settings(max_examples=300, deadline=None)
def test_without_keys_only_names_of_this_machine_are_answered(host: str) -> None:
    """A web page whose name was made to point here sends its own name: that is how it is told apart."""
    if not Perimeter().answers_to([host]):
        return
    name = host.lower()
    name = name.rpartition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return
    assert ip_address(name).is_loopback, host


@given(hosts)
@settings(max_examples=300, deadline=None)
def test_with_keys_a_bare_address_is_fine_and_a_foreign_name_is_not(host: str) -> None:
    keyed = Perimeter(keyed=True, names=frozenset({"pictures.example.com"}))
    if keyed.answers_to([host]) and not Perimeter().answers_to([host]):
        name = host.lower()
        name = name.rpartition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
        assert str(ip_address(name))


@pytest.mark.parametrize("host", ["pictures.example.com", "PICTURES.example.com:443", "127.0.0.1:7860", "192.168.1.5"])
def test_its_own_names_are_answered(host: str) -> None:
    assert Perimeter(keyed=True, names=frozenset({"pictures.example.com"})).answers_to([host])


@pytest.mark.parametrize("listed", [[], ["127.0.0.1", "127.0.0.1"], [""], ["127.0.0.1:x"], ["127.0.0.1/"]])
def test_there_is_exactly_one_plain_host(listed: list[str]) -> None:
    assert not Perimeter().answers_to(listed)


# other sites ---------------------------------------------------------------------------------------------------------

origins = st.tuples(st.sampled_from(["http://", "https://", "null", "file://", ""]), hosts).map("".join)


@given(origins, hosts.filter(lambda host: host == "".join(host.split()) != ""))
@example("http://127.0.0.1:7860.evil.example", "127.0.0.1:7860")
@example("http://evil.example@127.0.0.1:7860", "127.0.0.1:7860")
@example("null", "127.0.0.1")
@settings(max_examples=120, deadline=None)
def test_only_our_own_page_may_change_something(origin: str, host: str) -> None:
    assume(origin.isascii() and host.isascii())  # a header is
    if foreign_site(Headers({"origin": origin, "host": host}), host):
        return
    said = origin.lower().replace("\t", "").strip()
    assert said.startswith((f"http://{host.lower()}", f"https://{host.lower()}"))
    rest = said.partition("://")[2].removeprefix(host.lower())
    assert rest == "" or rest[0] in "/?#", "not a longer name"


@pytest.mark.parametrize("origin", ["http://[", "https://[::1", "http://]", "http://[zz]", "http://[::1]evil"])
def test_an_origin_that_cannot_be_read_is_another_site_and_no_fault_of_ours(http: TestClient, origin: str) -> None:
    """It once ended in a bare 500 and a traceback in the log, for anybody who wished."""
    is_problem(http.post("/v1/quotes", json={"prompt": "x"}, headers={"origin": origin}), 403, "cross_site")


@pytest.mark.parametrize(
    "host", ["evil.example[127.0.0.1]", "[::1]evil.example", "[127.0.0.1", "127.0.0.1]", "[]", "[x]"]
)
def test_brackets_hold_an_address_and_nothing_else(http: TestClient, host: str) -> None:
    assert not Perimeter().answers_to([host])
    assert http.get("/v1/models", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    ("said", "foreign"),
    [("none", ""), ("same-origin", ""), ("same-site", "same-site"), ("cross-site", "cross-site"), ("", ""), ("x", "x")],
)
def test_what_the_browser_says_of_the_page_counts(said: str, foreign: str) -> None:
    found = foreign_site(Headers({"sec-fetch-site": said}), "127.0.0.1")
    assert found == foreign


# keys in headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"authorization": "Bearer flux_a"}, ["flux_a"]),
        ({"authorization": "bearer   flux_a "}, ["flux_a"]),
        ({"authorization": "Key flux_a"}, ["flux_a"]),
        ({"x-key": "flux_a"}, ["flux_a"]),
        ({"x-api-key": " flux_a"}, ["flux_a"]),
        ({"x-api-key": "flux_a", "authorization": "Bearer flux_b"}, ["flux_a", "flux_b"]),
        ({"x-key": "flux_a", "authorization": "Bearer flux_a"}, ["flux_a"]),
        ({"authorization": "Basic ZmFrZQ=="}, []),
        ({"authorization": "Bearer"}, []),
        ({"authorization": ""}, []),
        ({"cookie": "fluxroom=flux_a"}, []),
        ({}, []),
    ],
)
def test_keys_that_a_request_brings(sent: dict[str, str], found: list[str]) -> None:
    assert secrets_in(Headers(sent)) == found


# addresses -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]), st.text("/hooks.fal%2-x", max_size=40))
@settings(max_examples=300, deadline=None)
def test_what_is_no_callback_is_not_let_past_the_guards_as_one(method: str, path: str) -> None:
    if is_callback(method, path):
        assert method == "POST"
        assert path.startswith("/hooks/")
        assert len([step for step in path.split("/") if step]) == 4
        assert not path.endswith("/")


def test_rights_are_asked_of_the_path_as_it_is_written() -> None:
    """A second spelling of an address that asks for less would be a way around its right."""
    rights = Rights()
    for path in ("/v1/keys", "/v1/budgets", "/v1/settings"):
        asked = rights.of("GET", path)
        assert asked not in {"public", "any", None}
        for other in (f"/{path}", f"{path}/", path.upper(), path.replace("/v1", "/./v1"), f"{path}%2f", f"{path};x"):
            assert rights.of("GET", other) not in {"public", "any"}, other
