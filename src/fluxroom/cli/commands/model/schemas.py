"""A JSON Schema in a few words, for a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fluxroom.cli.voice import dumps

if TYPE_CHECKING:
    from fluxroom.catalog import Parameter

_NAMES = {"string": "text", "boolean": "true, false", "integer": "whole number", "number": "number", "array": "list"}


def takes(schema: Mapping[str, Any]) -> str:
    """What a value may be.

    >>> takes({"type": "integer", "minimum": 1, "maximum": 50})
    '1 to 50'
    >>> takes({"enum": ["png", "jpeg"]})
    'png, jpeg'
    """
    if schema.get("properties", {}).keys() == {"width", "height"}:
        return _sides(schema["properties"]["width"])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        parts = [takes(choice) for choice in choices if choice.get("type") != "null"]
        return "; ".join(dict.fromkeys(part for part in parts if part))
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return "; ".join(takes({**schema, "type": one}) for one in kind if one != "null")
    if kind in {"integer", "number"}:
        return _range(schema) or _NAMES[str(kind)]
    if kind == "array":
        return _list(schema)
    if kind == "object":
        inner = ", ".join(schema.get("properties", {}))
        return f"{{{inner}}}" if inner else "JSON object"
    return _text(schema) if kind == "string" else str(kind or "any value")


def _range(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = f" in steps of {schema['multipleOf']}" if "multipleOf" in schema else ""
    if low is None and high is None:
        return ""
    if low is None:
        return f"up to {high}{step}"
    return f"{low} to {high}{step}" if high is not None else f"{low} or more{step}"


def _sides(side: Mapping[str, Any]) -> str:
    return f"width and height {_range(side)}".rstrip()


def _list(schema: Mapping[str, Any]) -> str:
    most = schema.get("maxItems")
    inner = takes(schema.get("items", {}))
    return f"up to {most}: {inner}" if most else f"list of {inner}"


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "image":
        return "picture"
    if schema.get("pattern") == r"^\d+x\d+$":
        return "WxH"
    most = schema.get("maxLength")
    return f"text, up to {most}" if most else "text"


def default(parameter: Parameter) -> str:
    """What happens when nothing is given: our value, or the provider's own default in brackets."""
    if parameter.default is not None:
        return _value(parameter.default)
    if parameter.provider_default is not None:
        return f"({_value(parameter.provider_default)})"
    return ""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)
