"""One fal endpoint's OpenAPI file, made from the compiled published types (fal.ai/api/openapi, 2026)."""

from __future__ import annotations

from typing import Any, Final

from fluxroom.sandbox.fal_catalog import app_of, endpoints, meta
from fluxroom.sandbox.fal_validation import described_fields

_TYPES: Final = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "string": "string",
    "file_url": "string",
    "enum": "string",
}


def openapi_of(name: str) -> dict[str, Any]:
    """One endpoint's OpenAPI 3.0.4 file, made from the compiled published types."""
    row = endpoints()[name]
    title = "".join(part.capitalize() for part in name.replace("/", "-").split("-"))
    fields = row["fields"]
    schema: dict[str, Any] = {
        "title": f"{title}Input",
        "type": "object",
        "properties": {key: _schema(field) for key, field in fields.items()},
        "x-fal-order-properties": list(fields),
        "required": [key for key, field in fields.items() if field.get("required")],
    }
    app = app_of(name)
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {name}",
            "version": "1.0.0",
            "x-fal-metadata": {
                "endpointId": name,
                "category": row["task"],
                "playgroundUrl": f"https://fal.ai/models/{name}",
                "documentationUrl": f"https://fal.ai/models/{name}/api",
            },
        },
        "components": {
            "schemas": {f"{title}Input": schema, f"{title}Output": _output(title, row), "QueueStatus": _QUEUE_STATUS}
        },
        "paths": {
            f"/{app}/requests/{{request_id}}/status": {
                "get": {"responses": {"200": {"description": "The request status."}}}
            },
            f"/{app}/requests/{{request_id}}/cancel": {
                "put": {"responses": {"202": {"description": "The request was cancelled."}}}
            },
            f"/{name}": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{title}Input"}}},
                    },
                    "responses": {"200": {"description": "The request status."}},
                }
            },
            f"/{app}/requests/{{request_id}}": {"get": {"responses": {"200": _result(f"{title}Output")}}},
        },
        "servers": [{"url": "https://queue.fal.run"}],
    }


_QUEUE_STATUS: Final = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]},
        "request_id": {"type": "string"},
        "response_url": {"type": "string"},
        "status_url": {"type": "string"},
        "cancel_url": {"type": "string"},
        "logs": {"type": "object", "additionalProperties": True},
        "metrics": {"type": "object", "additionalProperties": True},
        "queue_position": {"type": "integer"},
    },
    "required": ["status", "request_id"],
}


def _schema(field: dict[str, Any]) -> dict[str, Any]:
    """One field as JSON Schema."""
    found: dict[str, Any] = {"description": field.get("description", "")}
    if field.get("default") is not None:
        found["default"] = field["default"]
    if field["type"] == "array":
        found |= {"type": "array", "items": _items(field["items"])}
        for ours, theirs in (("min_items", "minItems"), ("max_items", "maxItems")):
            if field.get(ours) is not None:
                found[theirs] = field[ours]
    elif field["type"] == "image_size":
        sized = {"type": "object", "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}}}
        found["anyOf"] = [sized, {"type": "string", "enum": field["enum"]}]
    else:
        found["type"] = _TYPES.get(field["type"], "object")
        for ours, theirs in (("min", "minimum"), ("max", "maximum"), ("enum", "enum")):
            if field.get(ours) is not None:
                found[theirs] = field[ours]
    return found


def _items(items: str | dict[str, str]) -> dict[str, Any]:
    """The schema of a list's items: plain, or an object with its own fields."""
    nested = described_fields(items) if isinstance(items, dict) else meta()["nested_types"].get(items)
    if nested is None:
        return {"type": _TYPES.get(str(items), "string")}
    kinds = {name: _TYPES.get(str(field["type"]).split(" ")[0], "string") for name, field in nested.items()}
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
        "required": [name for name, field in nested.items() if field.get("required")],
    }


def _output(title: str, row: dict[str, Any]) -> dict[str, Any]:
    """The schema of the output, with what the compiled types say about each of its fields."""
    properties = {name: _output_field(str(kind)) for name, kind in row["output"].items()}
    return {"title": f"{title}Output", "type": "object", "properties": properties, "required": list(properties)}


def _output_field(kind: str) -> dict[str, Any]:
    word = kind.split(" ", maxsplit=1)[0]
    if word.endswith("[]"):
        return {"type": "array", "items": {"type": _TYPES.get(word.removesuffix("[]"), "object")}}
    return {"type": _TYPES.get(word, "object")}


def _result(name: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": "Result of the request.", "content": content}
