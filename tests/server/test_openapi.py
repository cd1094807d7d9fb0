"""The contract is complete: everything has a name and words, every problem is one, every link leads somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from scripts import api

from fluxroom.server.access.scopes import RIGHTS


@pytest.fixture(scope="module")
def contract(http: TestClient) -> Any:
    return http.get("/v1/openapi.json").json()


def operations(contract: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_operation_has_a_name_a_summary_words_and_a_tag(contract: Any) -> None:
    names = []
    known = {tag["name"] for tag in contract["tags"]}
    for method, path, operation in operations(contract):
        where = f"{method} {path}"
        names.append(operation["operationId"])
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), where
        assert operation["summary"], where
        assert not operation["summary"].endswith("."), where
        assert operation["description"].endswith((".", ":", "`", ")")), where
        assert set(operation["tags"]) <= known, where
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "name",
    ["generations_create", "generations_listing", "generations_events", "models_get", "models_check", "quotes_quote"],
)
def test_names_that_clients_are_made_from_stay(contract: Any, name: str) -> None:
    assert name in {operation["operationId"] for _, _, operation in operations(contract)}


def test_every_parameter_has_words_and_what_stands_in_a_path_an_example(contract: Any) -> None:
    for method, path, operation in operations(contract):
        for one in operation.get("parameters", ()):
            where = f"{method} {path} {one['name']}"
            assert one.get("description") or one["schema"].get("description"), where
            known = one.keys() & {"example", "examples"} or one["schema"].keys() & {"examples", "enum"}
            assert one["in"] != "path" or known, where


def test_every_body_and_every_problem_has_an_example(contract: Any) -> None:
    schemas = contract["components"]["schemas"]
    for method, path, operation in operations(contract):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            schema = schemas[content["schema"]["$ref"].rsplit("/", 1)[-1]]
            shown = [one["value"] for one in content.get("examples", {}).values()] or schema["examples"]
            told = {**schema, "components": contract["components"]}
            assert all(Draft202012Validator(told).is_valid(one) for one in shown), f"{method} {path}"
    assert schemas["Problem"]["examples"]


def test_every_reference_leads_somewhere(contract: Any) -> None:
    for reference in references(contract):
        place: Any = contract
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_schema_is_one(contract: Any) -> None:
    for name, schema in contract["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema.get("enum"), name


def test_every_problem_is_written_as_one(contract: Any) -> None:
    for method, path, operation in operations(contract):
        for status, answer in operation["responses"].items():
            if status[0] in "45" and "content" in answer and path not in {"/healthz", "/readyz"}:
                assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
        assert {"4XX", "5XX"} <= operation["responses"].keys(), f"{method} {path}"


def test_what_can_be_asked_says_how_it_is_refused(contract: Any) -> None:
    for method, path, operation in operations(contract):
        expected = {"404"} if "{" in path else set()
        expected |= {"400", "413", "415", "422"} if "requestBody" in operation else set()
        expected |= {"401", "429"} if operation["security"] else set()
        assert expected <= operation["responses"].keys(), f"{method} {path}"


def test_keys_are_asked_for_as_the_table_of_rights_says(contract: Any) -> None:
    assert contract["components"]["securitySchemes"].keys() == {"bearer", "apiKey", "session"}
    table = {line.replace(":path}", "}"): right for line, right in RIGHTS.items()}
    for method, path, operation in operations(contract):
        right = table.get(f"{method} {path}")
        assert right is not None, f"{method} {path} is in no line of the table"
        if right == "public":
            assert operation["security"] == []
        else:
            assert {"bearer": []} in operation["security"]
            assert operation["x-fluxroom-scope"] == right


def test_links_lead_to_operations_and_fill_their_parameters(contract: Any) -> None:
    by_id = {operation["operationId"]: operation for _, _, operation in operations(contract)}
    seen = 0
    for _, _, operation in operations(contract):
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                target = by_id[link["operationId"]]
                assert link["parameters"].keys() <= {one["name"] for one in target["parameters"]}
                seen += 1
    assert seen >= 20


def test_a_request_for_pictures_is_described_with_examples(contract: Any, http: TestClient) -> None:
    for path in ("/v1/generations", "/v1/quotes"):
        content = contract["paths"][path]["post"]["requestBody"]["content"]
        assert content.keys() == {"application/json", "multipart/form-data"}
        examples = content["application/json"]["examples"]
        assert len(examples) >= 2
        for example in examples.values():
            body = {name: value for name, value in example["value"].items() if name != "references"}
            answer = http.post("/v1/quotes", json={**body, "model": "bfl/flux-2-pro"})
            assert answer.status_code == 200, answer.text
    fields = contract["components"]["schemas"]["GenerationRequest"]["properties"]
    assert all(field.get("description") for field in fields.values())


def test_what_is_answered_is_what_the_contract_says(http: TestClient, contract: Any) -> None:
    for path in ("/v1/models", "/v1/generations", "/v1/providers", "/v1/budgets", "/v1/usage", "/problems", "/healthz"):
        answer = contract["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        document = {**answer, "components": contract["components"]}
        assert not list(Draft202012Validator(document).iter_errors(http.get(path).json())), path


def test_a_method_that_is_not_there_names_those_that_are(http: TestClient) -> None:
    assert http.put("/v1/generations").headers["allow"] == "GET, POST"
    assert http.post("/v1/generations/x").headers["allow"] == "DELETE, GET"
    assert http.put("/v1/images/zip").headers["allow"] == "POST"


@pytest.mark.parametrize("day", ["0", "20261120", "2026-11-20T00:00:00", "1795132800", "2026-13-01", "yesterday"])
def test_a_day_is_a_day(http: TestClient, day: str) -> None:
    for path in ("/v1/usage", "/v1/generations", "/v1/images"):
        assert http.get(path, params={"since": day}).status_code == 422, path


# the page ------------------------------------------------------------------------------------------------------------


def test_the_page_has_every_operation_and_every_schema(contract: Any) -> None:
    text = api.render(contract)
    for method, path, operation in operations(contract):
        assert f"`{method} {path}`" in text
        assert f"### {operation['summary']}" in text
    for name in contract["components"]["schemas"]:
        assert f"### {name}\n" in text
    assert not re.search(r"\n\n\n\n", text)
    for found in re.findall(r"\]\(#([\w-]+)\)", text):
        assert found in {name.lower() for name in contract["components"]["schemas"]}


def test_the_page_is_made_from_the_contract_that_is_served(contract: Any) -> None:
    assert json.loads(json.dumps(api.contract())) == contract


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Hint"}, "[Hint](#hint)"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 5}}, "list of integer 1 to 5"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of true or false"),
        ({"type": "object"}, "object"),
        ({"type": "string", "maxLength": 9}, "text, at most 9"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "string", "format": "date"}, "day (2026-11-20)"),
        ({"const": "x"}, "`x`"),
        ({}, "anything"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert api._type(schema) == words
