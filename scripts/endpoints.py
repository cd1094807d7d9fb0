"""Reads the providers' published schemas and says what the files in `catalog/endpoints/` hold.

BFL's OpenAPI is read as `fluxroom catalog sync` reads it; fal's endpoints come from our compiled list of them. Both
give JSON Schema with a few `x-` words that say how a canonical parameter becomes this endpoint's field.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fluxroom.catalog.naming import document, finish
from fluxroom.catalog.published import bfl

ROOT = Path(__file__).resolve().parents[1]
SPECS = ROOT / "src/fluxroom/sandbox/specs"
OUT = ROOT / "src/fluxroom/catalog/endpoints"
READ = "2026-11-20"
BFL_SOURCE = "BFL OpenAPI, api.bfl.ai/openapi.json, copy of October 2026"

JSON = Any
Schema = dict[str, JSON]

SKIPPED = re.compile(r"(?i)train|/realtime$|/stream$")
FLUX_1 = "fal-ai/flux-1/"  # the same endpoints under an older name; rows name `fal-ai/flux/` and take these as aliases


def fal(listed: JSON, meta: JSON) -> dict[str, Schema]:
    """Wire schemas of fal's image endpoints by endpoint, from our compiled list of them."""
    found: dict[str, Schema] = {}
    for endpoint, entry in listed.items():
        if SKIPPED.search(endpoint) or entry["task"] == "training" or endpoint.startswith(FLUX_1):
            continue
        fields = {name: _fal_field(meta, endpoint, name, raw) for name, raw in entry["fields"].items()}
        required = [name for name, raw in entry["fields"].items() if raw["required"]]
        found[endpoint] = document("fal", endpoint, fields, required, source="; ".join(entry["source"]), read=READ)
        found[endpoint]["x-confidence"] = entry["confidence"]
        found[endpoint] |= _fal_unit(entry["price"])
    return found


def _fal_unit(prices: list[Schema]) -> Schema:
    """The unit in which fal reports what it billed (`X-Fal-Billable-Units`), where its pricing API gives one."""
    for price in prices:
        if "amount_usd" in price:
            return {
                "x-unit-price": {"dollars": str(price["amount_usd"]), "unit": price["unit"], "source": price["source"]}
            }
    return {}


def _fal_field(meta: JSON, endpoint: str, name: str, raw: Schema) -> Schema:
    field = _fal_kind(meta, raw)
    field |= {ours: raw[theirs] for theirs, ours in _FAL_LIMITS.items() if raw.get(theirs) is not None}
    if raw.get("default") is not None:
        field["default"] = raw["default"]
    elif "default" in raw:
        field["x-nullable"] = True
    field["description"] = raw["description"]
    if "note" in raw:
        field["x-note"] = raw["note"]
    return finish(endpoint, name, field)


def _fal_kind(meta: JSON, raw: Schema) -> Schema:
    """The type of a field, which the list says in words of its own."""
    kind = raw["type"]
    field: Schema = {}
    if kind == "image_size":
        field["anyOf"] = [{"type": "string", "enum": raw["enum"]}, _size_object(raw, meta)]
    elif kind == "enum":
        field["type"] = "string"
        field["examples" if raw.get("also") == "any string" else "enum"] = raw["enum"]
    elif kind == "file_url":
        field |= {"type": "string", "format": "image"}
    elif kind == "array":
        field |= {"type": "array", "items": _fal_items(meta, raw["items"])}
    elif kind == "object":
        field |= _nested(meta, raw["object_type"])
    else:
        field["type"] = kind
    return field


_FAL_LIMITS = {
    "min": "minimum",
    "max": "maximum",
    "min_items": "minItems",
    "max_items": "maxItems",
    "max_items_effective": "maxItems",  # further items are ignored in silence, which we do not allow
}


def _size_object(raw: Schema, meta: JSON) -> Schema:
    limits = re.search(r"<=(\d+)", meta["image_size_object"]["width"])
    assert limits is not None  # noqa: S101 - the list would have changed its shape, and we want to know at once
    side = {
        "type": "integer",
        "minimum": raw.get("custom_side_min", 1),
        "maximum": raw.get("custom_side_max", int(limits[1])),
    }
    return {
        "type": "object",
        "properties": {"width": side, "height": side},
        "required": ["width", "height"],
        "additionalProperties": False,
    }


def _fal_items(meta: JSON, items: JSON) -> Schema:
    if items == "file_url":
        return {"type": "string", "format": "image"}
    if isinstance(items, str):
        return _nested(meta, items)
    fields = {name: _described(text) for name, text in items.items()}
    required = [name for name, text in items.items() if "required" in text]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _described(text: str) -> Schema:
    """A field that the list describes in words: `number 0-4, default 1`."""
    kind, _, rest = text.partition(",")
    words = kind.split()
    field: Schema = {"type": words[0]}
    if len(words) > 1:
        low, high = words[1].split("-")
        field |= {"minimum": int(low), "maximum": int(high)}
    if (default := re.search(r"default (\S+)", rest)) is not None:
        field["default"] = json.loads(default[1])
    if (help_text := rest.partition(": ")[2]) != "":
        field["description"] = help_text
    return field


def _nested(meta: JSON, name: str) -> Schema:
    types = meta["nested_types"][name]
    fields = {field: _typescript(meta, field, raw) for field, raw in types.items()}
    required = [field for field, raw in types.items() if raw["required"]]
    schema: Schema = {"type": "object", "title": name, "properties": fields, "additionalProperties": False}
    return schema | {"required": required} if required else schema


def _typescript(meta: JSON, name: str, raw: Schema) -> Schema:
    kind = raw["type"]
    field: Schema
    if kind.startswith("Array<string"):  # fill_image_url: one picture or a list of them
        picture = {"type": "string", "format": "image"}
        field = {"anyOf": [picture, {"type": "array", "items": picture}]}
    elif kind.startswith("Array<"):
        field = {"type": "array", "items": _nested(meta, kind[6:-1])}
    elif '"' in kind:
        field = {"type": "string", "enum": re.findall(r'"([^"]*)"', kind)}
    elif "Blob" in kind:
        field = {"type": "string", "format": "image" if "image" in name else "uri"}
    elif "unknown" in kind:  # a scale, or one scale per layer
        field = {"type": ["number", "object"]}
    else:
        field = {"type": kind}
    if "default" in raw:
        field["default"] = json.loads(raw["default"])
    return field


def published() -> dict[Path, str]:
    """Every file of `catalog/endpoints/` and what it should hold."""
    listed, meta, spec = (
        json.loads((SPECS / name).read_text())
        for name in ("fal-endpoints.json", "fal-endpoints.meta.json", "bfl-openapi-2026-10.json")
    )
    files = {
        OUT / "bfl" / f"{endpoint}.json": schema
        for endpoint, schema in bfl(spec, source=BFL_SOURCE, read=READ).documents.items()
    }
    files |= {OUT / "fal" / f"{endpoint}.json": schema for endpoint, schema in fal(listed, meta).items()}
    return {path: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for path, schema in files.items()}
