"""Checks a body against BFL's published schema and answers as its FastAPI server does (pydantic 2, October 2026)."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from fluxroom.sandbox import complaints as say
from fluxroom.sandbox.bfl_specs import endpoints, name_in, schema_named
from fluxroom.sandbox.complaints import Complaint, Location

Schema = dict[str, Any]
_MAX_PIXELS: Final = 2048 * 2048
_RATIO: Final = re.compile(r"^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$")
_SIZED: Final = ("Flux2Inputs", "Flux2FlexInputs", "Flux2KleinInputs", "FluxOutpaintingInputs")


def check_body(endpoint: str, body: Any) -> list[Complaint]:
    """Everything that the published schema has against a body; nothing when it is accepted."""
    name = endpoints()[endpoint]
    if not isinstance(body, dict):
        sentence = "Input should be a valid dictionary or object to extract fields from"
        return [say.complaint("model_attributes_type", ("body",), sentence, body)]
    found = _check_object(schema_named(name), body, ("body",))
    return found or _check_beyond_schema(name, body)


def _check_object(schema: Schema, body: dict[str, Any], at: Location) -> list[Complaint]:
    if "oneOf" in schema:
        return _check_tagged(schema, body, at)
    found: list[Complaint] = []
    fields: dict[str, Schema] = schema.get("properties", {})
    required = schema.get("required", [])
    for name, field in fields.items():
        if name in body:
            found += check_value(field, body[name], (*at, name))
        elif name in required:
            found.append(say.missing((*at, name), body))
    if schema.get("additionalProperties") is False:
        found += [
            say.complaint("extra_forbidden", (*at, name), "Extra inputs are not permitted", given)
            for name, given in body.items()
            if name not in fields
        ]
    return found


def _check_tagged(schema: Schema, body: dict[str, Any], at: Location) -> list[Complaint]:
    rule = schema["discriminator"]
    key, mapping = rule["propertyName"], rule["mapping"]
    if key not in body:
        sentence = f"Unable to extract tag using discriminator '{key}'"
        return [say.complaint("union_tag_not_found", at, sentence, body, {"discriminator": f"'{key}'"})]
    if body[key] not in mapping:
        tags = ", ".join(repr(tag) for tag in mapping)
        sentence = f"Input tag '{body[key]}' found using '{key}' does not match any of the expected tags: {tags}"
        ctx = {"discriminator": f"'{key}'", "tag": str(body[key]), "expected_tags": tags}
        return [say.complaint("union_tag_invalid", at, sentence, body, ctx)]
    return _check_object(schema_named(name_in(mapping[body[key]])), body, (*at, body[key]))


def check_value(schema: Schema, given: Any, at: Location) -> list[Complaint]:
    """What a field's schema has against a value."""
    if "$ref" in schema:
        target = schema_named(name_in(schema["$ref"]))
        if "enum" in target:
            return _one(say.check_choice(at, given, target["enum"], kind="enum"))
        return check_value(target, given, at)
    if "anyOf" in schema:
        return _check_union(schema["anyOf"], given, at)
    if "const" in schema:
        return _one(say.check_choice(at, given, [schema["const"]]))
    if "enum" in schema:
        return _one(say.check_choice(at, given, schema["enum"]))
    check = _BY_TYPE.get(schema.get("type", ""))
    return check(schema, given, at) if check is not None else []


def _one(error: Complaint | None) -> list[Complaint]:
    return [] if error is None else [error]


def _check_union(branches: list[Schema], given: Any, at: Location) -> list[Complaint]:
    real = [branch for branch in branches if branch.get("type") != "null"]
    if given is None and len(real) < len(branches):
        return []
    if len(real) == 1:
        return check_value(real[0], given, at)
    found: list[Complaint] = []
    for branch in real:
        errors = check_value(branch, given, (*at, _branch_name(branch)))
        if not errors:
            return []
        found += errors
    return found


def _branch_name(branch: Schema) -> str:
    if "enum" in branch or "const" in branch:
        choices = branch.get("enum") or [branch["const"]]
        return f"literal[{','.join(repr(choice) for choice in choices)}]"
    kind = str(branch.get("type"))
    if kind == "array":
        if "prefixItems" in branch:
            return f"tuple[{', '.join(_branch_name(item) for item in branch['prefixItems'])}]"
        return f"list[{_branch_name(branch['items'])}]"
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}.get(kind, kind)
    return f"constrained-{plain}" if "minimum" in branch or "minLength" in branch else plain


def _check_integer(schema: Schema, given: Any, at: Location) -> list[Complaint]:
    number, error = say.check_integer(at, given)
    return [error] if error is not None else _check_number_rules(schema, given, at, number or 0)


def _check_number(schema: Schema, given: Any, at: Location) -> list[Complaint]:
    number, error = say.check_number(at, given)
    return [error] if error is not None else _check_number_rules(schema, given, at, number or 0.0)


def _check_number_rules(schema: Schema, given: Any, at: Location, number: float) -> list[Complaint]:
    step = schema.get("multipleOf")
    if step and number % step:
        sentence = f"Input should be a multiple of {say.shown(step)}"
        return [say.complaint("multiple_of", at, sentence, given, {"multiple_of": step})]
    return _one(say.check_bounds(at, given, number, schema.get("minimum"), schema.get("maximum")))


def _check_boolean(_schema: Schema, given: Any, at: Location) -> list[Complaint]:
    return _one(say.check_boolean(at, given))


def _check_string(schema: Schema, given: Any, at: Location) -> list[Complaint]:
    error = say.check_string(at, given)
    if error is not None:
        return [error]
    if schema.get("format") == "uri":
        return _one(_check_url(at, given, schema.get("maxLength")))
    low, high = schema.get("minLength"), schema.get("maxLength")
    if low is not None and len(given) < low:
        sentence = f"String should have at least {low} character{'s' if low != 1 else ''}"
        return [say.complaint("string_too_short", at, sentence, given, {"min_length": low})]
    if high is not None and len(given) > high:
        sentence = f"String should have at most {high} characters"
        return [say.complaint("string_too_long", at, sentence, given, {"max_length": high})]
    return []


def _check_url(at: Location, given: str, longest: int | None) -> Complaint | None:
    parts = urlsplit(given)
    if not parts.scheme:
        ctx = {"error": "relative URL without a base"}
        return say.complaint("url_parsing", at, "Input should be a valid URL, relative URL without a base", given, ctx)
    if parts.scheme not in {"http", "https"}:
        ctx = {"expected_schemes": "'http' or 'https'"}
        return say.complaint("url_scheme", at, "URL scheme should be 'http' or 'https'", given, ctx)
    if longest is not None and len(given) > longest:
        return say.complaint(
            "url_too_long", at, f"URL should have at most {longest} characters", given, {"max_length": longest}
        )
    return None


def _check_array(schema: Schema, given: Any, at: Location) -> list[Complaint]:
    if not isinstance(given, list):
        return [say.complaint("list_type", at, "Input should be a valid list", given)]
    ordered = schema.get("prefixItems")
    if ordered is not None:
        if len(given) != len(ordered):
            sentence = f"Tuple should have {len(ordered)} items after validation, not {len(given)}"
            return [say.complaint("too_long" if len(given) > len(ordered) else "missing", at, sentence, given)]
        return [e for index, item in enumerate(given) for e in check_value(ordered[index], item, (*at, index))]
    return [e for index, item in enumerate(given) for e in check_value(schema.get("items", {}), item, (*at, index))]


def _check_anything(_schema: Schema, given: Any, at: Location) -> list[Complaint]:
    return (
        [] if isinstance(given, dict) else [say.complaint("dict_type", at, "Input should be a valid dictionary", given)]
    )


_BY_TYPE: Final = {
    "integer": _check_integer,
    "number": _check_number,
    "boolean": _check_boolean,
    "string": _check_string,
    "array": _check_array,
    "object": _check_anything,
}


def _check_beyond_schema(name: str, body: dict[str, Any]) -> list[Complaint]:
    """Rules that BFL's pages state and the schema lacks. How the server words them is not published: value_error."""
    if name in _SIZED:
        width, height = int(body.get("width") or 0), int(body.get("height") or 0)
        if width * height > _MAX_PIXELS:
            return [_value_error(("body",), body, f"{width}x{height} is over the maximum of 4 megapixels")]
    if name == "FluxKontextProInputs" and body.get("aspect_ratio") is not None:
        return _one(_check_ratio(body["aspect_ratio"]))
    if name == "FluxUltraInput" and body.get("aspect_ratio") is not None:
        return _one(_check_ratio(body["aspect_ratio"]))
    if name == "Flux3ImageInputs" and isinstance(body.get("images"), list) and not 1 <= len(body["images"]) <= 10:
        return [_value_error(("body", "images"), body["images"], "one to 10 reference images are accepted")]
    return []


def _check_ratio(given: str) -> Complaint | None:
    found = _RATIO.match(given)
    if found is None or not float(found[2]) or not 9 / 21 <= float(found[1]) / float(found[2]) <= 21 / 9:
        return _value_error(("body", "aspect_ratio"), given, "aspect ratio must be between 21:9 and 9:21")
    return None


def _value_error(at: Location, given: Any, sentence: str) -> Complaint:
    return say.complaint("value_error", at, f"Value error, {sentence}", given, {"error": {}})
