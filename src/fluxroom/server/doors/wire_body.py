"""A request in a provider's own words, as one of ours: the catalog's data read the other way round.

There is no code per model. A body is held against the published schema of its endpoint, field by field, and then named
in canonical words. What it leaves out is what the provider would take, not what Fluxroom would: whoever speaks a
provider's protocol expects that provider's defaults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fluxroom import catalog
from fluxroom.catalog import values
from fluxroom.catalog.sizes import NAMES as SIZES
from fluxroom.catalog.wire import Endpoint, Field
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.server.doors.complaints import complaints, lax
from fluxroom.types import JSON, Mode, Provider

Opener = Callable[[str], Awaitable[str]]
"""Turns a picture as a body names it into one that the gateway takes: a public address, a data URI or a hash."""


def endpoint_of(provider: Provider, name: str) -> Endpoint:
    """The endpoint under its provider's own name.

    >>> endpoint_of("bfl", "flux-2-pro").id, endpoint_of("fal", "fal-ai/flux-2/edit").id
    ('flux-2-pro', 'fal-ai/flux-2/edit')

    Raises:
        UnknownModel: the catalog has none of this name, or it can no longer be ordered.
    """
    row, at, _ = catalog.find(f"{provider}/{name}")
    route = row.routes.get(provider)
    served = [route.endpoint(mode, count) for mode in route.modes for count in (0, 2)] if route else []
    for endpoint in served if at == provider else ():
        if endpoint.id == name or name.replace("fal-ai/flux-1/", "fal-ai/flux/", 1) == endpoint.id:
            return endpoint
    raise UnknownModel(f"{provider} has no endpoint {name[:80]!r}.", model=name[:80])


async def options_of(endpoint: Endpoint, body: Mapping[str, JSON], opened: Opener) -> dict[str, Any]:
    """The body in canonical words, with `prompt` and `references` among them.

    Raises:
        InvalidParams: the endpoint's schema does not allow it; `errors` has what the provider would say.
        InvalidReference: a picture cannot be used.
    """
    given = {
        name: lax(endpoint.fields[name], value) if name in endpoint.fields else value for name, value in body.items()
    }
    if found := complaints(endpoint, given):
        first = found[0]
        where = ".".join(map(str, first["loc"][1:]))
        raise InvalidParams(f"{where}: {first['msg']}.", field=where, errors=found)
    options: dict[str, Any] = {}
    pictures: dict[int, list[str]] = {}
    for name, wanted in given.items():
        if wanted is None or name not in endpoint.fields:
            continue
        field = endpoint.fields[name]
        value = await _opened(field, wanted, opened)
        if field.canonical == "references":
            pictures.setdefault(field.place, []).extend(value if isinstance(value, list) else [value])
        else:
            options[field.part or field.canonical] = _said(field, value)
    options["references"] = [picture for place in sorted(pictures) for picture in pictures[place]]
    return {**_theirs(endpoint, options), **options}


async def _opened(field: Field, value: JSON, opened: Opener) -> JSON:
    """The value with each picture in it opened, wherever the schema has one."""
    for place in values.locate(field.schema, value):
        if not place:
            return await opened(value)
        inner = value
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = await opened(inner[place[-1]])
    return value


def _theirs(endpoint: Endpoint, options: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's own defaults, spelled out wherever Fluxroom would otherwise send its own."""
    found: dict[str, Any] = {}
    for name in _ours(endpoint):
        for field in endpoint.named(name) if name != "image_size" and name not in options else ():
            if "default" in field.schema:
                found[name] = _said(field, field.schema["default"])
    if not {*SIZES, "width", "height"} & options.keys():
        found |= _their_size(endpoint)
    elif len(sides := {"width", "height"} & options.keys()) == 1:
        found |= {
            field.part: field.schema["default"]
            for field in endpoint.named("image_size")
            if field.part and field.part not in sides and "default" in field.schema
        }
    return found


def _their_size(endpoint: Endpoint) -> dict[str, JSON]:
    fields = endpoint.named("image_size")
    if not fields:
        return (
            {"aspect_ratio": ratio[0].schema.get("default", "auto")}
            if (ratio := endpoint.named("aspect_ratio"))
            else {}
        )
    if not fields[0].part and "default" in fields[0].schema:
        return {"image_size": fields[0].schema["default"]}
    sides = {field.part: field.schema["default"] for field in fields if "default" in field.schema}
    return sides if len(sides) == len(fields) > 1 else {"image_size": "auto"}


def _ours(endpoint: Endpoint) -> set[str]:
    row, _, mode = catalog.find(f"{endpoint.provider}/{endpoint.id}")
    route = row.routes[endpoint.provider]
    modes: tuple[Mode, ...] = (mode,) if mode else route.modes
    return {name for each in modes for name in route.ours(each)}


def _said(field: Field, value: JSON) -> JSON:
    return not value if field.inverted and isinstance(value, bool) else value
