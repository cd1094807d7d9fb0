"""A model as a form: every parameter with words in English and German and a hint what to draw, and ready settings.

What a parameter takes is the endpoint's own schema (`catalog.controls`); what people are told about it stands in
`forms.toml`. A parameter without a row there, such as one that a provider added yesterday, is shown under its name.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from fluxroom.catalog import sizes
from fluxroom.catalog.controls import Parameter, parameters
from fluxroom.catalog.planning import REGIONS
from fluxroom.catalog.rows import Model, Route
from fluxroom.types import JSON, Mode

Language = Literal["en", "de"]
"""The languages that people are told things in."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of the schemas that `schema` makes."""

_ROWS = Path(__file__).parent / "forms.toml"
_STEPS_MORE = 1.5  # how many times the usual steps the setting "quality" takes

_PRESETS: Mapping[str, Mapping[str, str]] = {
    "balanced": {"en": "Balanced", "de": "Ausgewogen"},
    "quality": {"en": "Quality", "de": "Qualität"},
    "speed": {"en": "Speed", "de": "Tempo"},
}


@cache
def rows() -> Mapping[str, Mapping[str, JSON]]:
    """What people are told about each parameter, by its canonical name."""
    return MappingProxyType(tomllib.loads(_ROWS.read_text()))


def controls(model: Model, route: Route, mode: Mode) -> list[Parameter]:
    """Everything that can be set at a route in a mode, in the form's order, with what Fluxroom itself adds."""
    found = parameters(model.id, route.provider, mode)
    return [*found, _REGION] if route.provider == "bfl" else found


_REGION = Parameter(
    name="region",
    wire=(),
    schema={"type": "string", "enum": list(REGIONS)},
    default=None,
    provider_default=None,
    help="Where BFL works on it; a region that is named is never left.",
    required=False,
)


def hint(model: Model, route: Route, mode: Mode, parameter: Parameter, order: int) -> dict[str, JSON]:
    """How a form shows a parameter: `x-ui` in the schemas.

    >>> from fluxroom import catalog
    >>> flex = catalog.models()["flux-2-flex"]
    >>> steps = next(one for one in catalog.parameters(flex.id, "bfl", "generate") if one.name == "num_inference_steps")
    >>> shown = hint(flex, flex.routes["bfl"], "generate", steps, 6)
    >>> shown["kind"], shown["title"]["de"], shown["step"]
    ('slider', 'Schritte', 1)
    """
    row = rows().get(parameter.name, {})
    name = parameter.name.replace("_", " ").capitalize()
    title = str(row.get("title", name))
    shown: dict[str, JSON] = {
        "kind": row.get("kind") or _kind(parameter.schema),
        "title": {"en": title, "de": row.get("title_de", title)},
        "help": {"en": parameter.help, "de": row.get("de", parameter.help)},
        "group": row.get("group", "expert"),
        "order": order,
        "advanced": not row.get("basic", False) and not parameter.required,
        "cost": bool(row.get("cost")) or parameter.name == route.price(mode).parameter,
    }
    if (step := _step(parameter.schema)) is not None:
        shown["step"] = step
    if hints := row.get("hints", {}).get(model.family):
        shown["hints"] = hints
    if "shown_if" in row:
        shown["visible_if"] = row["shown_if"]
    return shown | {name: row[name] for name in ("unit", "placeholder") if name in row}


def _kind(schema: Mapping[str, JSON]) -> str:
    kind = schema.get("type")
    if "enum" in schema:
        return "enum"
    if kind == "boolean":
        return "switch"
    if kind in {"integer", "number"}:
        return "slider" if "minimum" in schema and "maximum" in schema else "number"
    if kind == "string":
        return "ref" if schema.get("format") == "image" else "text"
    return "json"


def _step(schema: Mapping[str, JSON]) -> float | None:
    """How far one press of a key moves the value; None for what is no number."""
    if schema.get("type") == "integer":
        return int(schema.get("multipleOf", 1))
    if schema.get("type") != "number":
        return None
    span = float(schema.get("maximum", math.inf)) - float(schema.get("minimum", 0))
    return 0.05 if span <= 4 else 0.1 if span <= 30 else 1


def schema(model: Model, route: Route, mode: Mode, lang: Language = "en") -> dict[str, JSON]:
    """What a route takes in a mode as one JSON Schema (draft 2020-12), with `x-ui` in every property.

    `default` is what Fluxroom sends when nothing is said; what the provider then takes is `x-ui.provider_default`.
    """
    listed = controls(model, route, mode)
    properties: dict[str, JSON] = {}
    for place, parameter in enumerate(listed):
        shown = hint(model, route, mode, parameter, place)
        # Formats of providers that no validator knows ("image") stay: draft 2020-12 takes them as notes.
        said = {name: value for name, value in parameter.schema.items() if name != "default"}
        properties[parameter.name] = {
            **said,
            "title": shown["title"][lang],
            "description": shown["help"][lang],
            **({} if parameter.default is None else {"default": parameter.default}),
            "x-ui": {**shown, "provider_default": parameter.provider_default},
        }
    return {
        "$schema": DIALECT,
        "title": f"{model.titles[lang]}: {mode}",
        "type": "object",
        "properties": properties,
        "required": [parameter.name for parameter in listed if parameter.required],
        "additionalProperties": False,
    }


def presets(listed: Sequence[Parameter]) -> list[dict[str, JSON]]:
    """Ready settings: balanced is what the provider takes by itself, quality takes longer, speed takes less.

    Empty where a model has nothing to tune for either.
    """
    found = {"balanced": {}, "quality": _towards(listed, finer=True), "speed": _towards(listed, finer=False)}
    if not found["quality"] and not found["speed"]:
        return []
    return [
        {"id": name, "title": dict(_PRESETS[name]), "values": values}
        for name, values in found.items()
        if values or name == "balanced"
    ]


def _towards(listed: Sequence[Parameter], *, finer: bool) -> dict[str, JSON]:
    """The values that differ from what the provider takes by itself."""
    by_name = {parameter.name: parameter for parameter in listed}
    values: dict[str, JSON] = {}
    if (steps := by_name.get("num_inference_steps")) and isinstance(steps.provider_default, int):
        usual = steps.provider_default
        low, high = int(steps.schema.get("minimum", 1)), int(steps.schema.get("maximum", usual * 2))
        values["num_inference_steps"] = min(high, round(usual * _STEPS_MORE)) if finer else max(low, usual // 2)
    if level := by_name.get("acceleration"):
        values["acceleration"] = level.schema["enum"][0 if finer else -1]
    if quality := by_name.get("quality"):
        values["quality"] = "high" if finer else "fast"
        if values["quality"] not in quality.schema.get("enum", ()):
            del values["quality"]
    return {name: value for name, value in values.items() if value != by_name[name].provider_default}


def size_limits(route: Route, mode: Mode) -> dict[str, JSON]:
    """What a route takes for a size: by pixels, by ratio, or not at all because the size follows the input."""
    endpoint, rule = route.endpoint(mode), route.size
    by = "pixels" if endpoint.named("image_size") else "ratio" if endpoint.named("aspect_ratio") else "input"
    return {
        "by": by,
        "min_side": rule.min_side,
        "max_side": rule.max_side,
        "step": rule.step,
        "floored": rule.floored,
        "max_pixels": rule.max_pixels,
        "source": rule.source,
        "presets": [
            {"id": name, "width": size.width, "height": size.height, "megapixels": round(size.megapixels, 3)}
            for name, size in sizes.PRESETS.items()
            if sizes.fits(size, rule)
        ]
        if by == "pixels"
        else [],
        "resolutions": dict(sizes.TIERS) if endpoint.named("resolution") else {},
    }


def references(route: Route, mode: Mode) -> dict[str, JSON]:
    """How many references a mode takes, and how: `none`, `one`, a `list`, or `slots` that each mean something."""
    fields = route.endpoint(mode, 2).named("references")
    most = route.max_references(mode) if fields else 0
    slots = {field.place: field.wire for field in fields if field.schema.get("x-slot")}
    style = "none" if not most else "slots" if slots else "one" if most == 1 else "list"
    return {
        "style": style,
        "min": sum(field.required for field in route.endpoint(mode).named("references")),
        "max": most,
        "slots": [slots[place] for place in sorted(slots)],
        "min_side": route.reference_side,
        "source": route.limit_source,
    }
