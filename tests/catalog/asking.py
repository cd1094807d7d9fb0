"""How the tests ask: pictures of known size, the least request that a route takes, and values for a schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fluxroom import catalog
from fluxroom.catalog import wire
from fluxroom.catalog.rows import Model, Route
from fluxroom.types import Mode, Plan, Provider, Reference, Request

MINE = "https://pictures.example.org/mine.png"


def picture(number: int = 1, width: int = 1024, height: int = 768) -> Reference:
    """A stored picture; its hash is its number."""
    return Reference(sha256=f"{number:064x}", mime="image/png", width=width, height=height, size_bytes=1000)


def pictures(count: int) -> tuple[Reference, ...]:
    return tuple(picture(number) for number in range(1, count + 1))


def routes() -> Iterator[tuple[Model, Provider, Route, Mode]]:
    """Every route in every mode."""
    for model in catalog.models().values():
        for provider, route in model.routes.items():
            for mode in route.modes:
                yield model, provider, route, mode


def needs(route: Route, mode: Mode) -> dict[str, Any]:
    """Parameters without which the endpoint takes nothing, prompt and references left out."""
    found: dict[str, Any] = {}
    for name, fields in route.endpoint(mode).canonical.items():
        if not any(field.required for field in fields) or name in {"prompt", "references"}:
            continue
        found[name] = "1024x768" if name == "image_size" else value(fields[0])
    return found


def value(field: wire.Field) -> Any:
    """Something that the field takes."""
    if field.picture:
        return MINE
    schema = field.schema
    if "enum" in schema:
        return schema["enum"][0]
    plain = {"string": "text", "boolean": True, "array": [], "object": {}}
    kind = schema["type"]
    return plain[kind] if kind in plain else schema.get("default", schema.get("minimum", 1))


def request(model: Model, provider: Provider, mode: Mode, /, **params: Any) -> Request:
    """The least request that this route takes in this mode, with further parameters."""
    route = model.routes[provider]
    endpoint = route.endpoint(mode)
    fields = endpoint.named("references")
    required = sum(field.required for field in fields)
    count = max(required, 1) if fields and (required or mode != "generate") else 0
    asks = bool(endpoint.named("prompt"))
    given = {**needs(route, mode), **params}
    return Request(
        model=model.id,
        prompt=given.pop("prompt", "a red fox in fresh snow" if asks else None),
        references=given.pop("references", pictures(count)),
        params=given,
        mode=mode,
    )


def check(model: str, provider: Provider = "bfl", **words: Any) -> Plan:
    """A plan for a request by its parameters; `references`, `mode`, `extra` and the like go to the request itself."""
    own = {"references", "mode", "extra", "on_unsupported", "max_references", "region", "prompt"}
    fields = {name: words.pop(name) for name in list(words) if name in own}
    fields.setdefault("prompt", "a red fox in fresh snow")
    return catalog.check(Request(model=model, params=words, **fields), provider=provider)
