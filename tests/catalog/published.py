"""What the providers publish, read straight from the raw files and by other means than the catalog's generator.

It imports nothing of Fluxroom. `fields()` gives every field of every image endpoint as plain facts; whoever walks the
catalog compares what arrives on the wire with these, not with our own schemas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SPECS = Path(__file__).resolve().parents[2] / "src/fluxroom/sandbox/specs"

NOT_PICTURES = ("video", "delete_finetune")
"""BFL's POST paths that make no picture."""


@dataclass(frozen=True)
class Raw:
    """One field as it is published. `kind` is a JSON type, or `picture`, `pictures`, `size`."""

    name: str
    kind: str
    required: bool
    low: float | None = None
    high: float | None = None
    enum: tuple[str, ...] = ()
    step: float | None = None
    default: Any = None
    most: int | None = None  # entries of a list
    least: int | None = None

    @property
    def webhook(self) -> bool:
        """The engine's own business, never a parameter."""
        return self.name.startswith("webhook_")


Key = tuple[str, str]


@cache
def load(name: str) -> Any:
    """A raw file."""
    return json.loads((SPECS / name).read_text(encoding="utf-8"))


@cache
def fields() -> dict[Key, dict[str, Raw]]:
    """Every image endpoint by (provider, endpoint id), with its fields by wire name."""
    found: dict[Key, dict[str, Raw]] = {}
    for endpoint, raws in _bfl():
        found["bfl", endpoint] = {raw.name: raw for raw in raws}
    for endpoint, raws in _fal():
        found["fal", endpoint] = {raw.name: raw for raw in raws}
    return found


def _bfl() -> Iterator[tuple[str, list[Raw]]]:
    spec = load("bfl-openapi-2026-10.json")
    schemas = spec["components"]["schemas"]
    for path, methods in spec["paths"].items():
        name = path.split("/v1/", 1)[1]
        if "post" not in methods or any(word in name for word in NOT_PICTURES):
            continue
        reference = methods["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        body = schemas[reference.split("/")[-1]]
        yield name, [_bfl_raw(key, raw, key in body.get("required", ()), schemas) for key, raw in _items(body)]


def _items(body: Any) -> list[tuple[str, Any]]:
    return list(body["properties"].items())


def _bfl_raw(name: str, raw: Any, required: bool, schemas: Any) -> Raw:
    forms = [form for form in raw.get("anyOf", [raw]) if form.get("type") != "null"]
    forms = [schemas[form["$ref"].split("/")[-1]] if "$ref" in form else form for form in forms]
    enum = [value for form in forms for value in form.get("enum", [])]
    enum += [form["const"] for form in forms if "const" in form]
    kinds = [form.get("type", "string") for form in forms]
    kind = "pictures" if "array" in kinds else str(kinds[0])
    if kind == "string" and _shows(name):
        kind = "picture"

    def bound(key: str) -> float | None:
        return next((form[key] for form in forms if key in form), None)

    return Raw(
        name=name,
        kind=kind,
        required=required,
        low=bound("minimum"),
        high=bound("maximum"),
        step=bound("multipleOf"),
        enum=tuple(enum),
        default=raw.get("default"),
    )


def _shows(name: str) -> bool:
    numbered = name.startswith("input_image") and name != "input_image_blob_path"
    return numbered or name in {"image", "mask", "person", "garment", "image_prompt"}


def _fal() -> Iterator[tuple[str, list[Raw]]]:
    for name, entry in load("fal-endpoints.json").items():
        if entry["task"] == "training" or name.endswith(("/realtime", "/stream")):
            continue
        yield name, [_fal_raw(key, raw) for key, raw in entry["fields"].items()]


def _fal_raw(name: str, raw: Any) -> Raw:
    kind = {"enum": "string", "file_url": "picture", "image_size": "size"}.get(raw["type"], raw["type"])
    if raw.get("items") == "file_url":
        kind = "pictures"
    return Raw(
        name=name,
        kind=kind,
        required=raw["required"],
        low=raw.get("min"),
        high=raw.get("max"),
        enum=() if raw.get("also") == "any string" else tuple(raw.get("enum", ())),
        default=raw.get("default"),
        most=raw.get("max_items") or raw.get("max_items_effective"),
        least=raw.get("min_items"),
    )


def twin(endpoint: str) -> str:
    """fal serves its FLUX.1 endpoints under two ids; this is the one that our rows name."""
    return endpoint.replace("fal-ai/flux-1/", "fal-ai/flux/", 1)
