"""Bodies for every endpoint of the catalog, made from its schema."""

from __future__ import annotations

from typing import Any

from fluxroom.catalog.wire import Endpoint

_TEXTS = {"aspect_ratio": "3:2"}


def full_body(endpoint: Endpoint) -> dict[str, Any]:
    """A body with every field that a caller may set, each with an allowed value."""
    return {name: _value(name, field.schema) for name, field in endpoint.fields.items()}


def least_body(endpoint: Endpoint) -> dict[str, Any]:
    """A body with nothing but what the endpoint cannot do without."""
    return {name: _value(name, field.schema) for name, field in endpoint.fields.items() if field.required}


def _value(name: str, schema: Any) -> Any:
    if name in {"width", "height"}:
        return 512
    if schema.get("format") == "image":
        return f"https://example.com/{name}.png"
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][-1]
    kind = schema.get("type")
    if kind == "array":
        return [_value(name, schema["items"]) for _ in range(max(1, schema.get("minItems", 1)))]
    if kind == "object":
        fields = schema.get("properties", {})
        return {inner: _value(inner, fields[inner]) for inner in schema.get("required", [])}
    plain = {"boolean": True, "integer": schema.get("minimum", 3), "number": schema.get("minimum", 1.0)}
    return plain.get(kind, _TEXTS.get(name, "some text"))
