"""Reads the providers' published schemas and says what the files in `catalog/endpoints/` hold.

Two readers, one for OpenAPI (BFL) and one for our compiled list of fal's endpoints, give the same thing: JSON Schema
with a few `x-` words that say how a canonical parameter becomes this endpoint's field. Everything that is a matter of
naming stands in the tables on top; the rest is reading.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SPECS = ROOT / "src/fluxroom/sandbox/specs"
OUT = ROOT / "src/fluxroom/catalog/endpoints"
READ = "2026-11-20"

JSON = Any
Schema = dict[str, JSON]

CANONICAL: dict[str, Schema] = {
    "guidance": {"x-canonical": "guidance_scale"},
    "steps": {"x-canonical": "num_inference_steps"},
    "disable_pup": {"x-canonical": "enable_prompt_expansion", "x-invert": True},
    "prompt_upsampling": {"x-canonical": "enable_prompt_expansion"},
    "enhance_prompt": {"x-canonical": "enable_prompt_expansion"},
    "mask_url": {"x-canonical": "mask"},
    "image": {"x-canonical": "references"},
    "images": {"x-canonical": "references"},
    "image_prompt": {"x-canonical": "references"},
    "image_url": {"x-canonical": "references"},
    "image_urls": {"x-canonical": "references"},
    "input_image": {"x-canonical": "references", "x-numbered": 1},
    **{f"input_image_{n}": {"x-canonical": "references", "x-numbered": n} for n in range(2, 9)},
    "person": {"x-canonical": "references", "x-slot": 1},
    "human_image_url": {"x-canonical": "references", "x-slot": 1},
    "garment": {"x-canonical": "references", "x-slot": 2},
    "garment_image_url": {"x-canonical": "references", "x-slot": 2},
    "width": {"x-canonical": "image_size", "x-part": "width"},
    "height": {"x-canonical": "image_size", "x-part": "height"},
    "mode": {"x-canonical": "quality"},  # a request has a mode of its own
    "resolution_mode": {"x-canonical": "aspect_ratio"},
    **{side: {"x-canonical": f"expand_{side}"} for side in ("top", "bottom", "left", "right")},
    "webhook_url": {"x-engine": True},
    "webhook_secret": {"x-engine": True},
}
"""Wire names whose canonical name differs; every other field keeps its own name."""

PER_ENDPOINT: dict[tuple[str, str], Schema] = {
    ("fal-ai/flux-pulid", "reference_image_url"): {"x-canonical": "references"},
    ("fal-ai/flux-kontext-lora/inpaint", "image_url"): {"x-slot": 1},
    ("fal-ai/flux-kontext-lora/inpaint", "reference_image_url"): {"x-canonical": "references", "x-slot": 2},
}
"""Where the same wire name means something else at one endpoint."""

PICTURES = {
    "mask",
    "image",
    "image_prompt",
    "person",
    "garment",
    *(n for n in CANONICAL if n.startswith("input_image")),
}
"""BFL's fields that hold a picture (its specification says only `string`)."""

HELP: dict[str, str] = {
    "acceleration": "Speed against quality; higher levels are faster.",
    "aspect_ratio": "Ratio of width to height.",
    "auto_crop": "Crop the input where it reaches beyond the canvas; without it that is an error.",
    "dilate_pixels": "Pixels by which the mask grows before it is used.",
    "disable_pup": "Use the prompt exactly as written instead of letting the provider expand it.",
    "enable_prompt_expansion": "Let the provider expand the prompt first.",
    "enable_safety_checker": "Filter unsafe pictures; switching it off needs an account that is allowed to.",
    "enhance_prompt": "Let the provider expand the prompt first.",
    "expand_bottom": "Pixels to add below.",
    "expand_left": "Pixels to add on the left.",
    "expand_right": "Pixels to add on the right.",
    "expand_top": "Pixels to add above.",
    "finetune_id": "Name of your finetune, or `org-id/lora-name` of a shared one.",
    "finetune_strength": "Influence of the finetune; 0 is none, 1 is full.",
    "garment": "Picture of the garment.",
    "grounding": "Let the model search the web for facts and pictures first.",
    "guidance_scale": "How closely the prompt is followed; higher is closer and less natural.",
    "image_prompt_strength": "Weight of the reference against the prompt.",
    "image_size": "Size of the picture in pixels.",
    "input_image_blob_path": "Path of the input in the provider's own storage (internal).",
    "mask": "Black and white picture of the input's size; white is what changes.",
    "quality": "`high` for fidelity, `fast` for speed.",
    "num_inference_steps": "Denoising steps; more is slower and finer.",
    "output_format": "File format of the picture.",
    "person": "Picture of the person.",
    "prompt": "What to make, or how to change the references.",
    "prompt_upsampling": "Let the provider expand the prompt first.",
    "raw": "Less processed, more natural pictures.",
    "reference_offset_x": "Pixels from the canvas's left edge to the input's; unset centres it.",
    "reference_offset_y": "Pixels from the canvas's top edge to the input's; unset centres it.",
    "references": "Pictures to work from, in order: image 1, image 2, …",
    "resolution": "Size class of the picture.",
    "safety_tolerance": "Tolerance of the moderation; lower is stricter.",
    "seed": "Number that makes a result repeatable; random when unset.",
    "strength": "How far the result may leave the reference; 1 ignores it.",
    "user": "Your own opaque id of the end user, at most 256 characters.",
    "version": "Version of the model.",
    "webhook_secret": "Secret that comes back with the webhook.",
    "webhook_url": "Address that is called when the job has ended.",
}
"""Help by canonical or wire name, for BFL's fields and for those that deserve better than the list's own words."""

SKIPPED = re.compile(r"(?i)train|/realtime$|/stream$")
FLUX_1 = "fal-ai/flux-1/"  # the same endpoints under an older name; rows name `fal-ai/flux/` and take these as aliases
BFL_OUT = {"flux-3-video", "flux-tools/video-upscale-v1", "flux-tools/video-edit-v1", "delete_finetune"}


def bfl(spec: JSON) -> dict[str, Schema]:
    """Wire schemas of BFL's image endpoints by endpoint, from its OpenAPI document."""
    found: dict[str, Schema] = {}
    for path, methods in spec["paths"].items():
        endpoint = path.removeprefix("/v1/")
        if "post" not in methods or endpoint in BFL_OUT:
            continue
        body = _bfl_resolve(spec, methods["post"]["requestBody"]["content"]["application/json"]["schema"])
        fields = {name: _bfl_field(spec, endpoint, name, raw) for name, raw in body["properties"].items()}
        source = "BFL OpenAPI, api.bfl.ai/openapi.json, copy of October 2026"
        found[endpoint] = _document("bfl", endpoint, fields, body.get("required", []), source)
        if body.get("additionalProperties") is False:
            found[endpoint]["additionalProperties"] = False
    return found


def _bfl_resolve(spec: JSON, raw: Schema) -> Schema:
    name = raw.get("$ref", "").rsplit("/", 1)[-1]
    return dict(spec["components"]["schemas"][name]) if name else raw


def _bfl_field(spec: JSON, endpoint: str, name: str, raw: Schema) -> Schema:
    field: Schema = {}
    choices = [_bfl_resolve(spec, choice) for choice in raw.get("anyOf", [raw])]
    for choice in choices:
        if choice.get("type") == "null":
            field["x-nullable"] = True
        elif choice.get("type") == "array":  # flux-3-image: one string or a list; a list says both
            field = {**field, "type": "array", "items": {"type": "string", "format": "image"}}
        elif field.get("type") != "array":
            enum = [*field.get("enum", []), *choice.get("enum", []), *([choice["const"]] if "const" in choice else [])]
            field |= {key: _plain(choice[key]) for key in _KEPT if key in choice}
            if enum:
                field["enum"] = enum
    if name in PICTURES and field.get("type") == "string":
        field["format"] = "image"
    if raw.get("default") is not None and not (name in {"width", "height"} and raw["default"] == 0):
        field["default"] = _plain(raw["default"])
    return _finish(endpoint, name, field)


_KEPT = ("type", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "format", "minItems", "maxItems")


def fal(listed: JSON, meta: JSON) -> dict[str, Schema]:
    """Wire schemas of fal's image endpoints by endpoint, from our compiled list of them."""
    found: dict[str, Schema] = {}
    for endpoint, entry in listed.items():
        if SKIPPED.search(endpoint) or entry["task"] == "training" or endpoint.startswith(FLUX_1):
            continue
        fields = {name: _fal_field(meta, endpoint, name, raw) for name, raw in entry["fields"].items()}
        required = [name for name, raw in entry["fields"].items() if raw["required"]]
        found[endpoint] = _document("fal", endpoint, fields, required, "; ".join(entry["source"]))
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
    return _finish(endpoint, name, field)


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


def _finish(endpoint: str, name: str, field: Schema) -> Schema:
    words = CANONICAL.get(name, {}) | PER_ENDPOINT.get((endpoint, name), {})
    canonical = words.get("x-canonical", name)
    if name in {"safety_tolerance", "max_sequence_length"}:  # the same number, which one endpoint wants as text
        words = words | {"x-as": field["type"]}
    if canonical != name or words.get("x-slot"):
        words = {"x-canonical": canonical} | words
    text = HELP.get(name) or HELP.get(canonical) or field.pop("description", "")
    return {**{k: v for k, v in field.items() if k != "description"}, **words, "description": text}


def _document(provider: str, endpoint: str, fields: dict[str, Schema], required: list[str], source: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "provider": provider,
        "endpoint": endpoint,
        "source": source,
        "read": READ,
        "type": "object",
        "properties": fields,
        "required": required,
    }


def _plain(value: JSON) -> JSON:
    """Numbers that the specification prints as `5.0` for an integer bound."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def published() -> dict[Path, str]:
    """Every file of `catalog/endpoints/` and what it should hold."""
    listed, meta, spec = (
        json.loads((SPECS / name).read_text())
        for name in ("fal-endpoints.json", "fal-endpoints.meta.json", "bfl-openapi-2026-10.json")
    )
    files = {OUT / "bfl" / f"{endpoint}.json": schema for endpoint, schema in bfl(spec).items()}
    files |= {OUT / "fal" / f"{endpoint}.json": schema for endpoint, schema in fal(listed, meta).items()}
    return {path: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for path, schema in files.items()}
