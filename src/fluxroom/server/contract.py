"""The gateway's contract: the OpenAPI of its own addresses, complete enough to make a client or a test from.

What a route says of itself comes from its signature; what holds for many is added here: stable names, keys, problems
with their media type, and links that lead from what was made to what can be done with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from fluxroom.server import problems
from fluxroom.server.access.scopes import RIGHTS, Right
from fluxroom.server.contract_words import BODIES, PARAMETERS, PROBLEM
from fluxroom.server.schemas import GenerationBody

JSON = dict[str, Any]

_TAGS: Mapping[str, str] = {
    "generations": "Make pictures, wait for them, list, cancel, ask again; and follow what happens as events.",
    "jobs": "Each call to a provider, with its story; a person's decision about those in doubt.",
    "models": "What there is, what each model takes as a form, what it costs, whether it is offered now.",
    "images": "The pictures: find, mark, tag, look at, download, throw away.",
    "boards": "Pictures put together.",
    "assets": "Pictures that are brought along, by their hash.",
    "runs": "Many jobs with one purpose: pipelines, sheets, comparisons.",
    "conversations": "Messages and the pictures that answer them; the last picture is what the next message is about.",
    "webhooks": "Where the gateway calls when something is finished.",
    "money": "What was spent, and budgets.",
    "providers": "How the providers' accounts stand.",
    "keys": "Who may use this gateway.",
    "health": "Whether it works, and how it is set up.",
    "problems": "What the codes of problems mean.",
}

_SECURITY: JSON = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of this gateway: `flux_…`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "The same, in another header."},
    "session": {"type": "apiKey", "in": "cookie", "name": "fluxroom_session", "description": "A browser's log-in."},
}
_NO_KEY: JSON = {}  # on loopback nobody needs one

_STATUS: Mapping[str, str] = {
    "400": "The request cannot be read, or not be carried out as it stands",
    "401": "A key is needed, and none or a wrong one was sent",
    "402": "A budget does not allow it, or the provider's account is empty",
    "403": "The key's scopes do not reach so far, or the request comes from another site",
    "404": "There is nothing under this name, or it is somebody else's",
    "409": "It contradicts what was there before",
    "413": "The body is larger than the gateway takes",
    "415": "The body is of a type that is not taken here",
    "422": "A field is missing or has a value that is not taken",
    "429": "Too many requests, or too many jobs",
}
_SPENDING = frozenset({"generations_create", "generations_retry"})


def operation_id(route: APIRoute) -> str:
    """The name of a route in clients that are made from the contract: `generations_create`."""
    tag = str(route.tags[0]) if route.tags else "gateway"
    module = str(route.endpoint.__module__).rsplit(".", 1)[-1]
    return f"{tag if module in {tag, 'events'} else module}_{route.name}"


def install(app: FastAPI) -> None:
    """Let the application describe itself with everything that holds for many routes."""

    def openapi() -> JSON:
        if app.openapi_schema is None:
            app.openapi_schema = described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def described(app: FastAPI) -> JSON:
    """The contract as OpenAPI 3.1."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        servers=[{"url": "/"}],
    )
    schemas: JSON = document["components"]["schemas"]
    schemas["GenerationRequest"] = _inlined(GenerationBody.model_json_schema())
    schemas["Problem"].setdefault("examples", [dict(PROBLEM)])
    for name, example in BODIES.items():
        if name in schemas:
            schemas[name].setdefault("examples", [dict(example)])
    document["components"]["securitySchemes"] = dict(_SECURITY)
    for line, operation in _operations(document):
        _secure(operation, RIGHTS.get(line))
        for parameter in operation.get("parameters", ()):
            _describe(parameter)
        _explain(operation)
    _link(document)
    return document


def _inlined(schema: JSON) -> JSON:
    if "$defs" in schema:
        raise ValueError("a request body that refers to definitions of its own needs them in the components")
    return schema


def _operations(document: JSON) -> Iterator[tuple[str, JSON]]:
    """Every operation with its line in the table of rights."""
    templates = {line.replace(":path}", "}"): line for line in RIGHTS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            short = f"{method.upper()} {path}"
            yield templates.get(short, short), operation


def _secure(operation: JSON, right: Right | None) -> None:
    """Which keys it takes; what a key must be allowed stands in words."""
    if right == "public":
        operation["security"] = []
        return
    operation["security"] = [_NO_KEY, {"bearer": []}, {"apiKey": []}, {"session": []}]
    operation["x-fluxroom-scope"] = right or "admin"


def _describe(parameter: JSON) -> None:
    """What a parameter means where its route does not say, and an example of what stands in a path."""
    words, example = PARAMETERS.get(parameter["name"], ("", None))
    if words and not (parameter.get("description") or parameter["schema"].get("description")):
        parameter["description"] = words
    own = parameter.keys() & {"example", "examples"} or parameter["schema"].keys() & {"examples", "enum"}
    if parameter["in"] == "path" and example is not None and not own:
        parameter["example"] = example


def _explain(operation: JSON) -> None:
    """Every problem that it can answer with, as problems are written."""
    told: JSON = operation["responses"]
    expected = {"403", "404"} if any(one["in"] == "path" for one in operation.get("parameters", ())) else {"403"}
    if operation.get("security"):
        expected |= {"401", "429"}
    if operation.get("parameters"):
        expected.add("422")
    if "requestBody" in operation:
        expected |= {"400", "413", "415", "422"}
    if operation["operationId"] in _SPENDING:
        expected |= {"402", "409", "400"}
    for status in sorted(expected - told.keys()):
        told[status] = {"description": _STATUS[status]}
    for status, answer in told.items():
        if status[0] in "45" and _is_problem(answer):
            answer["content"] = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(told.items()))


def _is_problem(answer: JSON) -> bool:
    """Whether it is no answer of the route's own, such as the health check's 503."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return not schema or schema.get("$ref") == "#/components/schemas/Problem"


def _link(document: JSON) -> None:
    """What leads from one answer to the next request."""
    by_id = {operation["operationId"]: operation for _, operation in _operations(document)}
    for source, name, target, parameter, place in _all_links():
        if source not in by_id or target not in by_id:
            raise ValueError(f"a link from {source} to {target}: one of them is no operation")
        for status, answer in by_id[source]["responses"].items():
            if status in {"200", "201", "202"}:
                leading: JSON = {"operationId": target, "parameters": {parameter: f"$response.body#/{place}"}}
                answer.setdefault("links", {})[name] = leading


def _all_links() -> Iterator[tuple[str, str, str, str, str]]:
    """Source, name and target of each link, the parameter that it fills, and where in the answer its value stands."""
    yield from _LINKS
    for source in ("generations_create", "generations_get"):
        for name, target in _OF_GENERATION.items():
            if source != target:
                yield source, name, target, "generation_id", "id"
        for name, target in _OF_IMAGE.items():
            yield source, name, target, "image_id", "images/0/id"
        yield source, "job", "jobs_get_job", "job_id", "jobs/0/id"
    for name, target in _OF_ASSET.items():
        yield "assets_upload", name, target, "sha256", "sha256"
    for source in ("sheets_begin", "comparisons_begin", "pipelines_begin"):
        for name in ("get", "items", "pause", "resume", "cancel", "retry"):
            yield source, name, f"runs_{name}", "run_id", "id"
    for name in ("get", "test", "deliveries", "drop"):
        yield "webhooks_make", name, f"webhooks_{name}", "webhook_id", "id"


_OF_GENERATION: Mapping[str, str] = {
    "look": "generations_get",
    "follow": "generations_events",
    "cancel": "generations_cancel",
    "retry": "generations_retry",
}
_OF_IMAGE: Mapping[str, str] = {
    "image": "images_get",
    "file": "image_files_file",
    "thumbnail": "image_files_small",
    "lineage": "images_family",
}
_OF_ASSET: Mapping[str, str] = {
    "asset": "assets_get",
    "file": "assets_file",
    "thumbnail": "assets_small",
    "remove": "assets_remove",
}
_LINKS = (
    ("models_listing", "model", "models_get", "model_id", "models/0/id"),
    ("models_listing", "check", "models_check", "model_id", "models/0/id"),
    ("comparisons_begin", "sheet", "comparisons_sheet", "run_id", "id"),
    ("boards_make", "board", "boards_get", "board_id", "id"),
    ("boards_make", "drop", "boards_drop", "board_id", "id"),
    ("keys_create", "revoke", "keys_revoke", "key_id", "id"),
)
