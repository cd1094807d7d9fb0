"""Checks an input against fal's published types, at run time and in fal's words (docs.fal.ai, errors, 2026)."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from fluxroom.sandbox import complaints as say
from fluxroom.sandbox.complaints import Complaint, Location
from fluxroom.sandbox.fal_catalog import defaults_of, endpoints, meta

ERROR_PAGE: Final = "https://docs.fal.ai/errors#"
_LARGEST_SIDE: Final = 14142
_RANGE: Final = re.compile(r"(\d+)-(\d+)")
_FILE_TYPES: Final = ("file_url", "string | Blob | File")


def check_input(endpoint: str, body: Any) -> tuple[dict[str, Any], list[Complaint]]:
    """The values with the published defaults filled in, and everything that speaks against the input.

    Fields that the endpoint does not have are ignored, as pydantic models do unless told otherwise.
    """
    if not isinstance(body, dict):
        sentence = "Input should be a valid dictionary or object to extract fields from"
        return {}, [_with_page(say.complaint("model_attributes_type", ("body",), sentence, body))]
    values = defaults_of(endpoint)
    found: list[Complaint] = []
    for name, field in endpoints()[endpoint]["fields"].items():
        at: Location = ("body", name)
        if name not in body:
            if field.get("required"):
                found.append(say.missing(at, body))
        elif body[name] is None and not field.get("required"):
            continue
        else:
            found += check_field(field, body[name], at)
            values[name] = body[name]
    return values, [_with_page(error) for error in found]


def _with_page(error: Complaint) -> Complaint:
    return {**error, "url": f"{ERROR_PAGE}{error['type']}"}


def check_field(field: dict[str, Any], given: Any, at: Location) -> list[Complaint]:
    """What a field's published type has against a value."""
    kind = field["type"]
    if kind == "array":
        return _check_array(field, given, at)
    if kind == "image_size":
        return _check_image_size(field, given, at)
    if kind == "object":
        return _check_nested(field.get("object_type", ""), given, at)
    error = _check_plain(kind, field, given, at)
    return [] if error is None else [error]


def _check_plain(kind: str, field: dict[str, Any], given: Any, at: Location) -> Complaint | None:
    if kind == "boolean":
        return say.check_boolean(at, given)
    if kind == "enum":
        return None if _any_string(field, given) else say.check_choice(at, given, field["enum"])
    if kind in {"integer", "number"}:
        reader = say.check_integer if kind == "integer" else say.check_number
        number, error = reader(at, given)
        return error or say.check_bounds(at, given, number or 0, field.get("min"), field.get("max"))
    return say.check_string(at, given)


def _any_string(field: dict[str, Any], given: Any) -> bool:
    """Some enums are only suggestions: their type is a union with any string."""
    return field.get("also") == "any string" and isinstance(given, str)


def _check_array(field: dict[str, Any], given: Any, at: Location) -> list[Complaint]:
    if not isinstance(given, list):
        return [say.complaint("list_type", at, "Input should be a valid list", given)]
    low, high = field.get("min_items"), None if silent_limit(field) else field.get("max_items")
    if low is not None and len(given) < low:
        sentence = f"List should have at least {low} item{'s' if low != 1 else ''} after validation, not {len(given)}"
        return [say.complaint("sequence_too_short", at, sentence, given, {"min_length": low})]
    if high is not None and len(given) > high:
        sentence = f"List should have at most {high} items after validation, not {len(given)}"
        return [say.complaint("sequence_too_long", at, sentence, given, {"max_length": high})]
    found: list[Complaint] = []
    for index, item in enumerate(given):
        found += _check_item(field["items"], item, (*at, index))
    return found


def silent_limit(field: dict[str, Any]) -> int | None:
    """How many items of a list are used where further ones are ignored without a word."""
    if "are ignored" in str(field.get("note")):
        return int(field["max_items"])
    effective = field.get("max_items_effective")
    return None if effective is None else int(effective)


def _check_item(kind: str | dict[str, str], given: Any, at: Location) -> list[Complaint]:
    if isinstance(kind, dict):
        return _check_fields(described_fields(kind), "LoRAInput", given, at)
    if kind in meta()["nested_types"]:
        return _check_nested(kind, given, at)
    if kind in {"number", "integer"}:
        _, error = say.check_number(at, given)
    elif kind in {"string", *_FILE_TYPES}:
        error = say.check_string(at, given)
    else:
        return []
    return [] if error is None else [error]


def _check_image_size(field: dict[str, Any], given: Any, at: Location) -> list[Complaint]:
    if isinstance(given, str):
        error = say.check_choice(at, given, field["enum"])
        return [] if error is None else [error]
    if not isinstance(given, dict):
        expected = say.spelled(field["enum"])
        sentence = f"Input should be {expected} or an object with width and height"
        return [say.complaint("literal_error", at, sentence, given, {"expected": expected})]
    low, high = field.get("custom_side_min"), field.get("custom_side_max", _LARGEST_SIDE)
    found: list[Complaint] = []
    for side in ("width", "height"):
        if side not in given:
            continue
        number, error = say.check_integer((*at, side), given[side])
        if error is None and number is not None and number <= 0:
            error = say.complaint("greater_than", (*at, side), "Input should be greater than 0", given[side], {"gt": 0})
        error = error or say.check_bounds((*at, side), given[side], number or 0, low, high)
        if error is not None:
            found.append(error)
    return found


def _check_nested(name: str, given: Any, at: Location) -> list[Complaint]:
    fields = meta()["nested_types"].get(name)
    return [] if fields is None else _check_fields(fields, name, given, at)


def described_fields(items: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Fields that the compiled file describes in words: ``number 0-4, default 1``."""
    found: dict[str, dict[str, Any]] = {}
    for key, words in items.items():
        field: dict[str, Any] = {"type": words.replace(",", " ").split()[0], "required": "required" in words}
        bounds = _RANGE.search(words)
        if bounds is not None:
            field["min"], field["max"] = float(bounds[1]), float(bounds[2])
        found[key] = field
    return found


def _check_fields(fields: dict[str, dict[str, Any]], name: str, given: Any, at: Location) -> list[Complaint]:
    if not isinstance(given, dict):
        sentence = f"Input should be a valid dictionary or instance of {name}"
        return [say.complaint("model_type", at, sentence, given, {"class_name": name})]
    found: list[Complaint] = []
    for key, field in fields.items():
        if key not in given:
            if field.get("required"):
                found.append(say.missing((*at, key), given))
        elif given[key] is not None or field.get("required"):
            found += _check_typed(field, given[key], (*at, key))
    return found


def _check_typed(field: dict[str, Any], given: Any, at: Location) -> list[Complaint]:
    """Check a value against a TypeScript type as the generated client prints it."""
    kind = str(field["type"])
    if kind.startswith("Array<") and kind.endswith(">"):
        return _check_array({"items": kind[6:-1]}, given, at)
    if '"' in kind:
        choices = [ast.literal_eval(part.strip()) for part in kind.split("|") if part.strip()]
        error = say.check_choice(at, given, choices)
    elif kind == "number":
        number, error = say.check_number(at, given)
        error = error or say.check_bounds(at, given, number or 0, field.get("min"), field.get("max"))
    elif kind == "boolean":
        error = say.check_boolean(at, given)
    elif kind in {"string", *_FILE_TYPES}:
        error = say.check_string(at, given)
    else:
        return []
    return [] if error is None else [error]
