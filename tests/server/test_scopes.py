"""The table of rights against the application's own routes, and what each right lets through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from tests.server.calls import is_problem, settings_at
from tests.server.keyed import People

from fluxroom.server import create_app
from fluxroom.server.access.scopes import RIGHTS, Rights
from fluxroom.server.page import SCREENS

PUBLIC = {line for line, right in RIGHTS.items() if right == "public"}


def routes(folder: Path) -> set[str]:
    """Every route of the application, as a line of the table would name it."""
    found = set()
    for one in iter_route_contexts(create_app(settings_at(folder)).routes):
        methods = getattr(one, "methods", None) or {"*"}
        found |= {f"{method} {one.path}" for method in methods if method != "HEAD"}
    return found


def sample(template: str) -> str:
    """An address that the template fits."""
    return re.sub(r"\{\w+(:path)?\}", "x", template)


def test_no_route_is_without_a_right(tmp_path: Path) -> None:
    table = Rights()
    open_routes = {line for line in routes(tmp_path) if table.of(*sample(line).split(" ", 1)) is None}
    assert not open_routes, "each needs a line in server/access/scopes.py"


def test_no_route_falls_under_a_line_that_asks_less(tmp_path: Path) -> None:
    """A wider address higher in the table must not take a narrower one's place."""
    table = Rights()
    for line in routes(tmp_path):
        if line in RIGHTS:
            assert table.of(*sample(line).split(" ", 1)) == RIGHTS[line], line


def test_the_check_would_find_a_forgotten_route() -> None:
    assert Rights({"GET /v1/x": "read"}).of("POST", "/v1/x") is None
    assert Rights({"GET /v1/x": "read"}).of("GET", "/v1/x/y") is None
    assert Rights({"GET /v1/x/{id}": "read"}).of("GET", "/v1/x/1/secret") is None


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("GET /v1/keys", "admin"),
        ("HEAD /v1/keys", "admin"),
        ("GET /v1/keys\n", None),
        ("GET /v1/keys/", None),
        ("GET //v1/keys", None),
        ("GET /V1/keys", None),
        ("GET /v1/../v1/keys", None),
        ("GET /page/../v1/keys", None),
        ("TRACE /v1/keys", None),
    ],
)
def test_what_an_address_asks(line: str, right: str | None) -> None:
    assert Rights().of(*line.split(" ", 1)) == right


def test_only_what_is_meant_to_be_public_is() -> None:
    allowed = {
        "GET /healthz",
        "GET /readyz",
        "GET /",
        "GET /page/{name}",
        "GET /icon.svg",
        *(f"GET /{screen}" for screen in SCREENS),
        "GET /assets/{path:path}",
        "POST /hooks/{provider}/{job_id}/{token}",
        "GET /files/{name}/{proof}/{title}",
        "POST /v1/session",
        "DELETE /v1/session",
        "GET /fal/.well-known/jwks.json",
        "PUT /fal/storage/files/{ticket}/{name}",
        "POST /fal/storage/files/upload",
        "GET /fal/storage/files/{ticket}/{name}",
    }
    assert not PUBLIC - allowed


# what a caller meets -------------------------------------------------------------------------------------------------


def test_every_route_but_the_public_ones_asks_for_a_key(people: People, tmp_path: Path) -> None:
    for line in routes(tmp_path):
        method, path = sample(line).split(" ", 1)
        if Rights().of(method, path) != "public":
            answer = people.ask(None, "GET" if method == "*" else method, path)
            assert answer.status_code in {401, 403}, (line, answer.text)  # 403 is BFL's word for it
            if path.startswith("/v1"):
                is_problem(answer, 401, "invalid_key")
                assert answer.headers["www-authenticate"] == 'Bearer realm="fluxroom"'


def test_an_address_that_does_not_exist_tells_strangers_nothing(people: People) -> None:
    is_problem(people.ask(None, "GET", "/v1/nothing"), 401, "invalid_key")
    is_problem(people.ask(people.admin, "GET", "/v1/nothing"), 404, "no_such_path")


def test_each_scope_opens_its_own_routes_and_no_others(people: People, tmp_path: Path) -> None:
    reader = people.join("reader", scopes=["read"])
    maker = people.join("maker", scopes=["generate"])
    for line in routes(tmp_path):
        method, path = sample(line).split(" ", 1)
        right = Rights().of(method, path)
        if right not in {"read", "generate", "admin"} or not path.startswith("/v1") or "events" in path:
            continue
        for person, scope in ((reader, "read"), (maker, "generate")):
            answer = people.ask(person, method, path)
            refused = answer.status_code == 403 and answer.json()["code"] == "scope_missing"
            assert refused is (right != scope), (line, scope, answer.text)


def test_a_route_without_a_line_is_not_there_for_who_is_no_admin(people: People) -> None:
    async def forgotten() -> str:
        return "secret"

    people.app.add_api_route("/v1/forgotten", forgotten)
    anna = people.join("forgetful")
    is_problem(people.ask(anna, "GET", "/v1/forgotten"), 404, "no_such_path")
    assert people.ask(people.admin, "GET", "/v1/forgotten").json() == "secret"


def test_a_wrong_method_is_still_said(people: People) -> None:
    anna = people.join("methodical")
    answer = people.ask(anna, "PATCH", "/v1/quotes", json={})
    is_problem(answer, 405, "method_not_allowed")
