"""A request in a provider's own words, as one of ours: the catalog's data read the other way round.

There is no code per model. A body is held against the published schema of its endpoint, field by field, and then named
in canonical words. What it leaves out is what the provider would take, not what Fluxroom would: whoever speaks a
provider's protocol expects that provider's defaults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from fluxroom import catalog
from fluxroom.catalog import values
from fluxroom.catalog.sizes import NAMES as SIZES
from fluxroom.catalog.wire import Endpoint, Field, published
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

    A field that this endpoint lacks and another one of its provider has is no mistake where the provider ignores what
    it does not know: clients send the same fields to every model. It is used as far as the model has another way to do
    it, and reported as not sent where it has none.

    Raises:
        InvalidParams: the endpoint's schema does not allow it; `errors` has what the provider would say.
        InvalidReference: a picture cannot be used.
    """
    lent = _lent(endpoint, body)
    fields = {**lent, **{name: endpoint.fields[name] for name in body if name in endpoint.fields}}
    given = {name: lax(fields[name], value) if name in fields else value for name, value in body.items()}
    _check(endpoint, {name: value for name, value in given.items() if name not in lent})
    options: dict[str, Any] = {"on_unsupported": "report"} if lent else {}
    pictures: dict[int, list[str]] = {}
    for name in sorted(fields, key=lambda name: name in lent):  # what the endpoint itself knows decides
        if given[name] is None:
            continue
        field, value = fields[name], await _opened(fields[name], given[name], opened)
        if field.canonical == "references":
            pictures.setdefault(field.place, []).extend(value if isinstance(value, list) else [value])
        else:
            options.setdefault(field.part or field.canonical, _said(field, value))
    options["references"] = [picture for place in sorted(pictures) for picture in pictures[place]]
    return {**_theirs(endpoint, options), **options}


def _check(endpoint: Endpoint, given: Mapping[str, JSON]) -> None:
    if found := complaints(endpoint, given):
        where = ".".join(map(str, found[0]["loc"][1:]))
        raise InvalidParams(f"{where}: {found[0]['msg']}.", field=where, errors=found)


def _lent(endpoint: Endpoint, body: Mapping[str, JSON]) -> dict[str, Field]:
    """The fields of a body that only other endpoints of the provider have."""
    if endpoint.strict or body.keys() <= endpoint.known:
        return {}
    others = _elsewhere(endpoint.provider)
    return {name: others[name] for name in body if name not in endpoint.known and name in others}


@cache
def _elsewhere(provider: Provider) -> Mapping[str, Field]:
    """Every field of a provider's endpoints by its wire name; where several have it, the first one's."""
    found: dict[str, Field] = {}
    for _, name in (pair for pair in published() if pair[0] == provider):
        for field in catalog.endpoint(provider, name).fields.values():
            found.setdefault(field.wire, field)
    return found


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
