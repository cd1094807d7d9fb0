"""One value against one field: turned into the wire's type where the field says so, then held against its own schema.

A message names the field, the value and what this endpoint takes, in one line:
`guidance_scale 20 is above 10; flux-2-flex at fal takes 1.5 to 10`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from fluxroom.catalog.wire import Field
from fluxroom.catalog.words import picture
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON, Reference

_STAND_IN = "https://picture"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")

LARGEST = 2**63 - 1
"""The largest whole number that is sent and stored."""


def on_wire(field: Field, value: JSON, where: str, name: str = "") -> JSON:
    """A canonical value as the endpoint takes it.

    Raises:
        InvalidParams: the value is not one that the field's schema allows.
        InvalidReference: a picture inside it is none.
    """
    name = name or field.canonical
    if field.inverted and isinstance(value, bool):
        value = not value
    sent = _pictures(_typed(field.schema, value), field.schema, name)
    _validate(field, sent, where, name)
    return sent


def _typed(schema: Mapping[str, JSON], value: JSON) -> JSON:
    """The wire's type: a number that one endpoint wants as text, a whole float for an integer."""
    if isinstance(value, float) and value.is_integer() and (schema.get("type") == "integer" or "x-as" in schema):
        value = int(value)
    wanted = schema.get("x-as")
    if wanted == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if wanted == "integer" and isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    return value


def stored(field: Field, value: JSON) -> JSON:
    """A canonical value as it is kept with the job: as asked, with every picture as an address or a marker."""
    return _pictures(value, field.schema, field.canonical)


def _pictures(value: JSON, schema: Mapping[str, JSON], name: str) -> JSON:
    """The value with every picture as it stands in a stored payload: an address, or a marker with the hash."""
    if schema.get("format") == "image":
        return picture(value, name).as_wire()
    if isinstance(value, Reference):
        choices = [choice for choice in schema.get("anyOf", ()) if choice.get("format") == "image"]
        return picture(value, name).as_wire() if choices else value
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {key: _pictures(item, fields.get(key, {}), f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        inner: Mapping[str, JSON] = next((c["items"] for c in schema.get("anyOf", [schema]) if "items" in c), {})
        return [_pictures(item, inner, f"{name}[{index}]") for index, item in enumerate(value)]
    return value


def check_plain(value: JSON, name: str) -> None:
    """See that a value can be written down: as text in UTF-8, and as numbers that JSON has.

    Raises:
        InvalidParams: it cannot.
    """
    if not _finite(value):
        raise InvalidParams(f"{name} {value} is not a finite number", field=name)
    if not _storable(value):
        raise InvalidParams(f"{name} {value} is larger than a number of 64 bits", field=name)
    if not _legible(value):
        raise InvalidParams(f"{name}: a sign in it is none of a text", field=name)


def _validate(field: Field, value: JSON, where: str, name: str) -> None:
    check_plain(value, name)
    errors = _validator(field.schema).iter_errors(_stand_in(value))
    error = next(iter(sorted(errors, key=lambda found: len(found.absolute_path))), None)
    if error is None:
        return
    while error.context:  # one of several forms: say what is wrong with the form that came nearest
        error = max(error.context, key=lambda found: (len(found.absolute_path), found.validator != "type"))
    path = name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    limit = error.validator_value if isinstance(error.validator_value, int | float) else None
    raise InvalidParams(_message(error, path, where), field=name, limit=limit)


def _finite(value: JSON) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(item) for item in value.values())
    return all(_finite(item) for item in value) if isinstance(value, list | tuple) else True


def _storable(value: JSON) -> bool:
    """Whether every whole number in it fits into what databases and JSON libraries hold."""
    if isinstance(value, int):
        return -LARGEST <= value <= LARGEST
    if isinstance(value, Mapping):
        return all(_storable(item) for item in value.values())
    return all(_storable(item) for item in value) if isinstance(value, list | tuple) else True


def _legible(value: JSON) -> bool:
    """Whether every text in it is one: NUL is none for PostgreSQL, half a surrogate pair none for anybody."""
    if isinstance(value, str):
        return not _NO_TEXT.search(value)
    if isinstance(value, Mapping):
        return all(_legible(name) and _legible(item) for name, item in value.items())
    return all(_legible(item) for item in value) if isinstance(value, list | tuple) else True


def _stand_in(value: JSON) -> JSON:
    """The value with markers of pictures as text, which is what the schema means."""
    if isinstance(value, Mapping):
        if set(value) == {"$reference"}:
            return _STAND_IN
        return {key: _stand_in(item) for key, item in value.items()}
    return [_stand_in(item) for item in value] if isinstance(value, list | tuple) else value


_VALIDATORS: dict[int, tuple[Any, Any]] = {}


def _validator(schema: Mapping[str, JSON]) -> Any:
    """The compiled validator of a field; the schema is kept beside it so that its id stays its own."""
    known = _VALIDATORS.get(id(schema))
    if known is None:
        known = _VALIDATORS[id(schema)] = (schema, _draft()(schema))
    return known[1]


@cache
def _draft() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


_COMPARISONS = {
    "maximum": "above",
    "exclusiveMaximum": "not below",
    "minimum": "below",
    "exclusiveMinimum": "not above",
}
_TYPES = {"integer": "an integer", "number": "a number", "boolean": "true or false", "string": "text",
          "array": "a list", "object": "an object"}  # fmt: skip


def _message(error: Any, path: str, where: str) -> str:
    rule, limit, value = error.validator, error.validator_value, error.instance
    says = _SAYS.get(rule)
    if rule in _COMPARISONS:
        what = f"{_short(value)} is {_COMPARISONS[rule]} {limit}"
    elif says is not None:
        what = says(value, limit)
    else:
        what = f"{_short(value)} is not accepted"
    if rule == "required":
        return f"{path} {what}; {where} needs {', '.join(limit)} in each"
    allowed = ", ".join(error.schema["properties"]) if rule == "additionalProperties" else span(error.schema)
    if rule == "additionalProperties":
        what = f"has no {', '.join(name for name in value if name not in error.schema['properties'])}"
    return f"{path} {what}; {where} takes {allowed}"


_SAYS: Mapping[str, Callable[[Any, Any], str]] = {
    "enum": lambda value, _: f"{_short(value)} is not one of the values",
    "type": lambda value, limit: f"must be {_kinds(limit)}, not {_short(value)}",
    "required": lambda value, limit: f"lacks {', '.join(name for name in limit if name not in value)}",
    "maxItems": lambda value, _: f"has {len(value)} entries",
    "minItems": lambda value, _: f"has {len(value)} entries",
    "maxLength": lambda value, _: f"has {len(value)} characters",
    "minLength": lambda value, _: f"has {len(value)} characters",
    "multipleOf": lambda value, limit: f"{_short(value)} is not a multiple of {limit}",
}


def _kinds(kind: str | Sequence[str]) -> str:
    return " or ".join(_TYPES.get(name, name) for name in ([kind] if isinstance(kind, str) else kind))


def span(schema: Mapping[str, JSON]) -> str:
    """What a schema allows, in words.

    >>> span({"type": "number", "minimum": 1.5, "maximum": 10}), span({"enum": ["jpeg", "png"]})
    ('1.5 to 10', 'jpeg, png')
    """
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(span(choice) for choice in schema["anyOf"])
    kind = schema.get("type", "any value")
    for low, high, unit in (("minimum", "maximum", ""), ("minItems", "maxItems", " entries"),
                            ("minLength", "maxLength", " characters")):  # fmt: skip
        if low in schema and high in schema:
            return f"{schema[low]} to {schema[high]}{unit}"
        if high in schema:
            return f"up to {schema[high]}{unit}"
        if low in schema:
            return f"at least {schema[low]}{unit}"
    return _kinds(kind)


def _short(value: JSON) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def locate(schema: Mapping[str, JSON], value: JSON) -> list[tuple[str | int, ...]]:
    """Paths inside a value whose leaves are pictures, by the schema; the empty path is the value itself."""
    if value is None:
        return []
    if schema.get("format") == "image":
        return [()]
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return [(key, *path) for key, item in value.items() for path in locate(fields.get(key, {}), item)]
    choices: Sequence[Mapping[str, JSON]] = schema.get("anyOf", [schema])
    if isinstance(value, list | tuple):
        inner: Mapping[str, JSON] = next((choice["items"] for choice in choices if "items" in choice), {})
        return [(index, *path) for index, item in enumerate(value) for path in locate(inner, item)]
    return [()] if any(choice.get("format") == "image" for choice in choices) else []
