"""Reads what the providers publish about their endpoints: BFL's OpenAPI document, fal's list of models.

What comes in is somebody else's and may be anything. Only words of JSON Schema that the catalog knows go through,
within limits; an endpoint that cannot be read is named with its reason and left out, and the others are read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from fluxroom.catalog.naming import PICTURES, Schema, document, finish, plain
from fluxroom.types import JSON

_ENDPOINT = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(/[a-z0-9][a-z0-9._-]{0,79}){0,7}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NO_PICTURES = re.compile(r"(?i)video|_finetune|train|/realtime$|/stream$")
_FLUX = re.compile(r"(?i)flux")
_PICTURE_FIELD = re.compile(r"(image|mask)(_urls?)?$|_image_urls?$")
_CATEGORIES = frozenset({"text-to-image", "image-to-image"})

_MOST_FIELDS = 120
_MOST_VALUES = 500
_LONGEST = 2000  # characters of a text
_DEEPEST = 6
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})


class UnreadableError(ValueError):
    """What was published about an endpoint is not what such a document looks like."""


@dataclass(slots=True)
class Published:
    """What a provider publishes."""

    documents: dict[str, Schema] = field(default_factory=dict)  # wire schemas by endpoint
    titles: dict[str, str] = field(default_factory=dict)
    prices: dict[str, tuple[Decimal, str]] = field(default_factory=dict)  # US dollars and what for, by endpoint
    retired: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)  # endpoints that could not be read, and why


# BFL -----------------------------------------------------------------------------------------------------------------


def bfl(spec: JSON, *, source: str, read: str) -> Published:
    """The wire schemas of BFL's image endpoints.

    Raises:
        UnreadableError: it is no OpenAPI document.
    """
    found = Published()
    for path, methods in _mapping(spec, "paths").items():
        endpoint = str(path).removeprefix("/v1/")
        if not isinstance(methods, Mapping) or "post" not in methods or _NO_PICTURES.search(endpoint):
            continue
        try:
            found.documents[endpoint] = _bfl_endpoint(spec, _name(endpoint), methods["post"], source, read)
        except UnreadableError as error:
            found.wrong[endpoint[:100]] = str(error)
    return found


def _bfl_endpoint(spec: JSON, endpoint: str, post: JSON, source: str, read: str) -> Schema:
    body = _resolved(spec, _body(post))
    properties = _fields(body)
    fields = {name: _bfl_field(spec, endpoint, name, raw) for name, raw in properties.items()}
    made = document("bfl", endpoint, fields, _required(body, fields), source=source, read=read)
    if body.get("additionalProperties") is False:
        made["additionalProperties"] = False
    return made


def _bfl_field(spec: JSON, endpoint: str, name: str, raw: Schema) -> Schema:
    made: Schema = {}
    for one in raw.get("anyOf", [raw]):
        choice = _resolved(spec, one)
        if choice.get("type") == "null":
            made["x-nullable"] = True
        elif choice.get("type") == "array":  # flux-3-image: one string or a list; a list says both
            made = {**made, "type": "array", "items": {"type": "string", "format": "image"}}
        elif made.get("type") != "array":
            enum = [*made.get("enum", []), *_values(choice)]
            made |= _limits(choice, formats=True)
            if enum:
                made["enum"] = enum
    if name in PICTURES and made.get("type") == "string":
        made["format"] = "image"
    default = raw.get("default")
    if default is not None and not (name in {"width", "height"} and default == 0):
        made["default"] = _scalar(default)
    return finish(endpoint, name, made)


# fal -----------------------------------------------------------------------------------------------------------------


def fal(models: Sequence[JSON], prices: Sequence[JSON], *, read: str) -> Published:
    """The wire schemas of fal's FLUX endpoints that make pictures, with their titles and unit prices."""
    found = Published()
    for entry in models:
        if not isinstance(entry, Mapping):
            continue
        endpoint, about = str(entry.get("endpoint_id", "")), entry.get("metadata")
        told = about if isinstance(about, Mapping) else {}
        if not _FLUX.search(endpoint) or _NO_PICTURES.search(endpoint) or told.get("category") not in _CATEGORIES:
            continue
        if told.get("status", "active") != "active":
            found.retired.add(endpoint)
            continue
        try:
            found.documents[endpoint] = _fal_endpoint(_name(endpoint), entry.get("openapi"), read)
            found.titles[endpoint] = _text(told.get("display_name"))[:80]
        except UnreadableError as error:
            found.wrong[endpoint[:100]] = str(error)
    for price in prices:
        _fal_price(found, price)
    return found


def _fal_price(found: Published, price: JSON) -> None:
    if not isinstance(price, Mapping) or price.get("currency") != "USD":
        return
    try:
        amount = Decimal(str(price.get("unit_price")))
    except InvalidOperation:
        return
    if amount.is_finite() and 0 < amount < 1000:
        found.prices[str(price.get("endpoint_id", ""))] = (amount, _text(price.get("unit"))[:40])


def _fal_endpoint(endpoint: str, spec: JSON, read: str) -> Schema:
    paths = _mapping(spec, "paths")
    body = _resolved(spec, _body(_or_empty(paths.get(f"/{endpoint}")).get("post")))
    fields = {name: _fal_field(spec, endpoint, name, raw) for name, raw in _fields(body).items()}
    source = "fal models API, OpenAPI of the endpoint"
    return document("fal", endpoint, fields, _required(body, fields), source=source, read=read)


def _fal_field(spec: JSON, endpoint: str, name: str, raw: Schema) -> Schema:
    made = _clean(spec, name, raw, 0)
    if raw.get("default") is not None:
        made["default"] = _scalar(raw["default"])
    made["description"] = _text(raw.get("description"))
    return finish(endpoint, name, made)


def _clean(spec: JSON, name: str, raw: Schema, depth: int) -> Schema:
    """A schema with nothing in it but what the catalog knows."""
    if depth > _DEEPEST:
        raise UnreadableError(f"{name} is nested deeper than {_DEEPEST} levels")
    raw = _resolved(spec, raw)
    made = _limits(raw)
    if choices := [one for one in _list(raw.get("anyOf") or raw.get("oneOf")) if isinstance(one, Mapping)]:
        return made | _chosen([_clean(spec, name, dict(one), depth + 1) for one in choices[:8]])
    if values := _values(raw):
        made["enum"] = values
    if made.get("type") == "array":
        made["items"] = _clean(spec, name, _or_empty(raw.get("items")), depth + 1)
    elif isinstance(raw.get("properties"), Mapping):
        inner = {key: _clean(spec, key, one, depth + 1) for key, one in _fields(raw).items()}
        made |= {"type": "object", "properties": inner, "required": _required(raw, inner)}
    elif made.get("type", "string") == "string" and "enum" not in made and _PICTURE_FIELD.search(name):
        made |= {"type": "string", "format": "image"}
    return made


def _chosen(choices: list[Schema]) -> Schema:
    """One of several forms; null is no form but the word that it may be left out."""
    real = [one for one in choices if one.get("type") != "null"]
    nullable: Schema = {"x-nullable": True} if len(real) < len(choices) else {}
    return nullable | (real[0] if len(real) == 1 else {"anyOf": real})


# what both have in common --------------------------------------------------------------------------------------------


def _limits(raw: Schema, *, formats: bool = False) -> Schema:
    made: Schema = {}
    kind = raw.get("type")
    if kind is not None:
        if kind not in _TYPES:
            raise UnreadableError(f"there is no type {str(kind)[:40]!r}")
        made["type"] = kind
    for word in _NUMBERS:
        value = raw.get(word)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            made[word] = plain(value)
    for word in _COUNTS:
        value = raw.get(word)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            made[word] = value
    if formats and isinstance(raw.get("format"), str):
        made["format"] = raw["format"]
    return made


def _values(raw: Schema) -> list[JSON]:
    values = [*_list(raw.get("enum")), *([raw["const"]] if "const" in raw else [])]
    if len(values) > _MOST_VALUES:
        raise UnreadableError(f"{len(values)} values to choose from")
    return [_scalar(value) for value in values]


def _scalar(value: JSON) -> JSON:
    """A value of a field: no deep structure, no endless text."""
    text = repr(value)
    if len(text) > _LONGEST or (isinstance(value, float) and not math.isfinite(value)):
        raise UnreadableError("a default or a value that is no plain one")
    return plain(value)


def _fields(body: Schema) -> dict[str, Schema]:
    found = body.get("properties")
    if not isinstance(found, Mapping) or len(found) > _MOST_FIELDS:
        raise UnreadableError("no fields, or too many")
    for name, raw in found.items():
        if not isinstance(raw, Mapping) or not _FIELD.fullmatch(str(name)):
            raise UnreadableError(f"{str(name)[:40]!r} is no field")
    return {str(name): dict(raw) for name, raw in found.items()}


def _required(body: Schema, fields: Mapping[str, Any]) -> list[str]:
    return [name for name in _list(body.get("required")) if isinstance(name, str) and name in fields]


def _body(post: JSON) -> Schema:
    inner: JSON = post
    for step in ("requestBody", "content", "application/json", "schema"):
        inner = _mapping(inner, step)
    return dict(inner)


def _resolved(spec: JSON, raw: JSON) -> Schema:
    """What a `$ref` leads to; a reference that leads in a circle ends here."""
    for _ in range(_DEEPEST):
        raw = _or_empty(raw)
        parts = _list(raw.get("allOf"))
        if len(parts) == 1:
            raw = {**raw, **_or_empty(parts[0]), "allOf": []}
        reference = raw.get("$ref")
        if not isinstance(reference, str):
            return dict(raw)
        schemas = _or_empty(_or_empty(_or_empty(spec).get("components")).get("schemas"))
        raw = _or_empty(schemas.get(reference.rsplit("/", 1)[-1])) | {}
    raise UnreadableError("a reference that leads in a circle")


def _name(endpoint: str) -> str:
    if not _ENDPOINT.fullmatch(endpoint):
        raise UnreadableError("its name is no endpoint's")
    return endpoint


def _mapping(value: JSON, key: str) -> Mapping[str, JSON]:
    inner = _or_empty(value).get(key)
    if not isinstance(inner, Mapping):
        raise UnreadableError(f"there is no {key!r} in it")
    return inner


def _or_empty(value: JSON) -> dict[str, JSON]:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: JSON) -> list[JSON]:
    return list(value) if isinstance(value, list) else []


def _text(value: JSON) -> str:
    return " ".join(str(value or "").split())[:_LONGEST]
