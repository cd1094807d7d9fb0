"""How the providers' field names become ours, and what people are told about a field."""

from __future__ import annotations

from typing import Any

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


def finish(endpoint: str, name: str, field: Schema) -> Schema:
    """A field with the words that say how a canonical parameter becomes it."""
    words = CANONICAL.get(name, {}) | PER_ENDPOINT.get((endpoint, name), {})
    canonical = words.get("x-canonical", name)
    if name in {"safety_tolerance", "max_sequence_length"}:  # the same number, which one endpoint wants as text
        words = words | {"x-as": field["type"]}
    if canonical != name or words.get("x-slot"):
        words = {"x-canonical": canonical} | words
    text = HELP.get(name) or HELP.get(canonical) or field.pop("description", "")
    return {**{k: v for k, v in field.items() if k != "description"}, **words, "description": text}


def document(
    provider: str, endpoint: str, fields: dict[str, Schema], required: list[str], *, source: str, read: str
) -> Schema:
    """The wire schema of an endpoint, as the files in `catalog/endpoints/` hold it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "provider": provider,
        "endpoint": endpoint,
        "source": source,
        "read": read,
        "type": "object",
        "properties": fields,
        "required": required,
    }


def plain(value: JSON) -> JSON:
    """Numbers that the specification prints as `5.0` for an integer bound."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
