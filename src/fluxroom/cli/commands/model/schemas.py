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
    choices = schema.get("anyOf") or schema.get("oneOf") or [schema]
    kinds = [{**choice, "type": kind} for choice in choices for kind in _kinds(choice)]
    return "; ".join(dict.fromkeys(filter(None, map(_one, kinds))))


def _kinds(schema: Mapping[str, Any]) -> list[Any]:
    """The types that one schema names, without null: leaving a value out says the same."""
    kind = schema.get("type")
    return [one for one in (kind if isinstance(kind, list) else [kind]) if one != "null"]


def _one(schema: Mapping[str, Any]) -> str:
    """What a schema of one type takes."""
    if "enum" in schema or "const" in schema:
        return ", ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    kind = str(schema["type"])
    worded = {"integer": _range, "number": _range, "array": _list, "object": _object, "string": _text}.get(kind)
    return (worded(schema) if worded else "") or _NAMES.get(kind, "any value")


def _range(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = f" in steps of {schema['multipleOf']}" if "multipleOf" in schema else ""
    if low is None and high is None:
        return ""
    if low is None:
        return f"up to {high}{step}"
    return f"{low} to {high}{step}" if high is not None else f"{low} or more{step}"


def _object(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    if properties.keys() == {"width", "height"}:
        return f"width and height {_range(properties['width'])}".rstrip()
    inner = ", ".join(properties)
    return f"{{{inner}}}" if inner else "JSON object"


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
