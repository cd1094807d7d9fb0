"""The canonical view of an endpoint, for forms and help texts: what can be set, between which bounds, which default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fluxroom.catalog import sizes, values, words
from fluxroom.catalog.draft import MOST_IMAGES
from fluxroom.catalog.names import find
from fluxroom.catalog.rows import Route
from fluxroom.catalog.wire import Endpoint, Field
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.types import JSON, Mode, Provider

_FIRST = ("prompt", "references", "mask", "image_size", "aspect_ratio", "resolution", "num_images", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a model at a provider in a mode, under its canonical name.

    `default` is what is sent when the caller says nothing (ours), `provider_default` what the provider then takes.
    """

    name: str
    wire: tuple[str, ...]  # the endpoint's own names; empty when Fluxroom carries it out itself
    schema: Mapping[str, JSON]  # JSON Schema of the canonical value
    default: JSON
    provider_default: JSON
    help: str
    required: bool

    def as_dict(self) -> dict[str, JSON]:
        """The parameter as JSON."""
        return {
            "name": self.name,
            "wire": list(self.wire),
            "schema": dict(self.schema),
            "default": self.default,
            "provider_default": self.provider_default,
            "help": self.help,
            "required": self.required,
        }


def _route(model: str, provider: Provider, mode: Mode) -> Route:
    row, _, _ = find(model)
    if provider not in row.routes:
        raise UnknownModel(f"{row.id} is not offered by {provider}", model=row.id, provider=provider)
    route = row.routes[provider]
    if mode not in route.modes:
        raise InvalidParams(f"{row.id} at {provider} offers {', '.join(route.modes)}, not {mode}", field="mode")
    return route


def parameters(model: str, provider: Provider, mode: Mode) -> list[Parameter]:
    """Everything that a caller may set at a route in a mode, in the order in which forms show it.

    >>> [p.wire for p in parameters("flux-2-flex", "bfl", "generate") if p.name == "guidance_scale"]
    [('guidance',)]

    Raises:
        UnknownModel: no such model, or not at this provider.
        InvalidParams: the route does not offer this mode.
    """
    route = _route(model, provider, mode)
    endpoint = route.endpoint(mode)
    found = [_parameter(route, mode, name, fields) for name, fields in endpoint.canonical.items()]
    if not endpoint.named("num_images"):
        found.append(_num_images(()))
    rank = {name: place for place, name in enumerate(dict.fromkeys((*_FIRST, *words.CANONICAL)))}
    return sorted(found, key=lambda parameter: rank.get(parameter.name, len(rank)))


def _parameter(route: Route, mode: Mode, name: str, fields: tuple[Field, ...]) -> Parameter:
    field = fields[0]
    if name == "num_images":
        return _num_images((field.wire,))
    schema = _schema(route, mode, name, fields)
    default = field.schema.get("default")
    ours = route.ours(mode).get(name)
    if name == "image_size" and field.part:
        default = None if any("default" not in part.schema for part in fields) else _default_sides(fields)
    if name == "aspect_ratio" and route.ours(mode).get("image_size") is not None:
        ours = sizes.STANDARD_RATIO
    return Parameter(
        name=name,
        wire=tuple(field.wire for field in fields),
        schema=schema,
        default=ours,
        provider_default=not default if field.inverted and default is not None else default,
        help=str(schema.get("description", "")),
        required=any(field.required for field in fields),
    )


def _schema(route: Route, mode: Mode, name: str, fields: tuple[Field, ...]) -> dict[str, JSON]:
    field = fields[0]
    schema = field.value_schema
    if name == "references":
        return {
            "type": "array",
            "items": {"type": "string", "format": "image"},
            "minItems": sum(item.required for item in fields),
            "maxItems": route.max_references(mode),
            "description": "Pictures to work from, in order: image 1, image 2, …",
        }
    if name == "image_size":
        return _size_schema(route, field)
    if field.inverted:
        schema.pop("default", None)
        schema["description"] = "Let the provider expand the prompt first."
    return schema


def _size_schema(route: Route, field: Field) -> dict[str, JSON]:
    rule = route.size
    low, high = rule.min_side, rule.max_side
    names = [choice["enum"] for choice in field.schema.get("anyOf", ()) if "enum" in choice]
    auto = ["auto"] if not field.required and (field.part or field.schema.get("x-nullable")) else []
    presets = list(dict.fromkeys([*(names[0] if names else sizes.PRESETS), *auto]))
    side: dict[str, JSON] = {"type": "integer", "minimum": low, "maximum": high}
    if rule.step > 1 and not rule.floored:
        side["multipleOf"] = rule.step
    return {
        "anyOf": [
            {"type": "string", "enum": presets},
            {"type": "object", "properties": {"width": side, "height": side}, "required": ["width", "height"]},
            {"type": "string", "pattern": r"^\d+x\d+$"},
        ],
        "description": "A preset, width and height in pixels, or text like 1536x1024.",
    }


def _default_sides(fields: tuple[Field, ...]) -> JSON:
    return {field.part: field.schema["default"] for field in fields}


def _num_images(wire: tuple[str, ...]) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": MOST_IMAGES, "description": "How many pictures to make."}
    return Parameter(
        name="num_images",
        wire=wire,
        schema=schema,
        default=None,
        provider_default=1,
        help="How many pictures to make.",
        required=False,
    )


def locate_images(
    model: str, provider: Provider, mode: Mode, params: Mapping[str, JSON]
) -> list[tuple[str | int, ...]]:
    """Where pictures stand inside parameters: paths to values such as `("ip_adapters", 0, "image_url")`.

    Callers that take file names use it to open them before they build a request.

    >>> locate_images("flux-general", "fal", "fill", {"mask": "mask.png", "prompt": "a fox"})
    [('mask',)]

    Raises:
        UnknownModel: no such model, or not at this provider.
        InvalidParams: the route does not offer this mode.
    """
    endpoint = _route(model, provider, mode).endpoint(mode)
    found: list[tuple[str | int, ...]] = []
    for name, value in params.items():
        schema = _schema_of(endpoint, name)
        found += [(name, *path) for path in values.locate(schema, value)]
    return found


def _schema_of(endpoint: Endpoint, name: str) -> Mapping[str, JSON]:
    """The schema of a parameter under whatever name the caller uses; empty when the endpoint has none."""
    canonical = words.ALIASES.get(name, name) if name not in endpoint.fields else endpoint.fields[name].canonical
    if canonical == "references" and endpoint.named("references"):
        picture = {"type": "string", "format": "image"}
        return {"anyOf": [picture, {"type": "array", "items": picture}]}
    fields = endpoint.named(canonical)
    return fields[0].schema if fields else {}
