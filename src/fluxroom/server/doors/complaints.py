"""What is wrong with a body, in the words of the providers' own validation: `loc`, `type`, `msg`, `input`, `ctx`.

Both providers answer as pydantic does, and their clients read those lists. The finding itself is JSON Schema's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fluxroom.catalog.wire import Endpoint, Field
from fluxroom.types import JSON

Complaint = Mapping[str, JSON]

_MOST_SHOWN = 200
"""Characters of a wrong value that an answer repeats: not a whole picture."""

_MOST_ITEMS = 40
_DEEPEST_SHOWN = 4


def complaints(endpoint: Endpoint, body: Mapping[str, JSON]) -> list[Complaint]:
    """Everything that an endpoint's published schema has against a body; a field that is null counts as left out."""
    found = [
        complaint([name], "missing", "Field required", body)
        for name in endpoint.document["required"]
        if body.get(name) is None
    ]
    for name, value in body.items():
        schema = endpoint.document["properties"].get(name)
        if schema is None:
            found.append(complaint([name], "extra_forbidden", "Extra inputs are not permitted", value))
        elif value is not None:
            found += _wrong(name, schema, value)
        elif not schema.get("x-nullable") and name not in endpoint.document["required"]:
            kind, words = _type_words(schema.get("type"))
            found.append(complaint([name], kind, words, value))
    return found


def complaint(place: list[str | int], kind: str, words: str, given: JSON, **ctx: JSON) -> Complaint:
    """One complaint about a place in the body."""
    told: dict[str, JSON] = {"type": kind, "loc": ["body", *place], "msg": words, "input": _shown(given)}
    return {**told, "ctx": ctx} if ctx else told


def complaints_of(problem: Mapping[str, Any], kind: str = "value_error") -> list[Complaint]:
    """What a problem with a request complains about; a parameter that is not in the body is named likewise."""
    listed = problem.get("errors") or [{"field": problem.get("field", ""), "message": problem["detail"]}]
    return [
        told
        if "type" in told
        else complaint([str(told["field"])] if told["field"] else [], kind, told["message"], None)
        for told in listed
    ]


def sentence(problem: Mapping[str, Any]) -> str:
    """One of our problems as a text: what happened, and what to do next."""
    detail = str(problem["detail"])
    return f"{detail if detail.endswith(('.', '!', '?')) else f'{detail}.'} {problem['next']}"


def lax(field: Field, value: JSON) -> JSON:
    """The value as the providers' own validation reads it: a number may come as text, a whole float is an integer."""
    kind = field.schema.get("type")
    try:
        if kind == "integer" and isinstance(value, str):
            return int(value)
        if kind == "number" and isinstance(value, str):
            return float(value)
        if kind == "boolean" and isinstance(value, str):
            return {"true": True, "false": False}[value.lower()]
    except (ValueError, KeyError):
        return value
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if field.schema.get("x-as") == "string" and type(value) is int else value


def _wrong(name: str, schema: Mapping[str, JSON], value: JSON) -> list[Complaint]:
    errors = sorted(
        _validator()(dict(schema)).iter_errors(value), key=lambda error: list(map(str, error.absolute_path))
    )
    return [_told(name, error) for error in errors]


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


_NEAR = {"type": 0, "enum": 1}
"""How near a form came that failed by this rule; by every other rule it came nearer."""


def _told(name: str, error: Any) -> Complaint:
    while error.context:  # one of several forms: the one that came nearest
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), _NEAR.get(inner.validator, 2)))
    place = [name, *error.absolute_path]
    rule, limit = error.validator, error.validator_value
    if rule == "type":
        return complaint(place, *_type_words(limit), error.instance)
    if rule == "enum":
        *first, last = [repr(choice) for choice in limit]
        expected = f"{', '.join(first)} or {last}" if first else last
        return complaint(place, "literal_error", f"Input should be {expected}", error.instance, expected=expected)
    if rule in {"required", "additionalProperties"}:
        return _about_keys(place, error)
    if rule in _BOUNDS:
        kind, name_of_limit, words = _BOUNDS[rule]
        return complaint(place, kind, words(limit, error.instance), error.instance, **{name_of_limit: limit})
    return complaint(place, "value_error", "Value error, not accepted here", error.instance)


def _about_keys(place: list[str | int], error: Any) -> Complaint:
    if error.validator == "required":
        lacking = next(key for key in error.validator_value if key not in error.instance)
        return complaint([*place, lacking], "missing", "Field required", error.instance)
    extra = next(key for key in error.instance if key not in error.schema.get("properties", {}))
    return complaint([*place, extra], "extra_forbidden", "Extra inputs are not permitted", error.instance[extra])


def _type_words(kind: JSON) -> tuple[str, str]:
    name = kind[0] if isinstance(kind, list) else kind
    return _TYPES.get(str(name), ("value_error", "Value error, not accepted here"))


_TYPES: Mapping[str, tuple[str, str]] = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
}


def _items(word: str, things: str) -> Callable[[JSON, JSON], str]:
    return lambda limit, given: f"List should have {word} {limit} {things} after validation, not {len(given)}"


_BOUNDS: Mapping[str, tuple[str, str, Callable[[JSON, JSON], str]]] = {
    "minimum": ("greater_than_equal", "ge", lambda limit, _: f"Input should be greater than or equal to {limit}"),
    "maximum": ("less_than_equal", "le", lambda limit, _: f"Input should be less than or equal to {limit}"),
    "exclusiveMinimum": ("greater_than", "gt", lambda limit, _: f"Input should be greater than {limit}"),
    "exclusiveMaximum": ("less_than", "lt", lambda limit, _: f"Input should be less than {limit}"),
    "multipleOf": ("multiple_of", "multiple_of", lambda limit, _: f"Input should be a multiple of {limit}"),
    "minLength": (
        "string_too_short",
        "min_length",
        lambda limit, _: f"String should have at least {limit} character{'' if limit == 1 else 's'}",
    ),
    "maxLength": (
        "string_too_long",
        "max_length",
        lambda limit, _: f"String should have at most {limit} character{'' if limit == 1 else 's'}",
    ),
    "minItems": ("too_short", "min_length", _items("at least", "items")),
    "maxItems": ("too_long", "max_length", _items("at most", "items")),
}


def _shown(value: JSON, depth: int = 0) -> JSON:
    if isinstance(value, str):
        return value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}…"
    if isinstance(value, Mapping | list) and depth >= _DEEPEST_SHOWN:
        return "…"
    if isinstance(value, Mapping):
        return {str(name)[:60]: _shown(inner, depth + 1) for name, inner in list(value.items())[:_MOST_ITEMS]}
    return [_shown(inner, depth + 1) for inner in value[:_MOST_ITEMS]] if isinstance(value, list) else value
