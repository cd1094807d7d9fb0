"""From the name a caller gives to a row: model ids, aliases, routes and the providers' own endpoint ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from fluxroom.catalog import overlay, words
from fluxroom.catalog.rows import Model, Route, models
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.types import MODES, PROVIDERS, Mode, Provider, Request

Found = tuple[Model, Provider | None, Mode | None]

MODE_ALIASES: Mapping[str, Mode] = {"outpaint": "expand", "inpaint": "fill", "redux": "vary", "try-on": "tryon"}
"""Other words for a mode, as people and other tools say them."""

_SIDES = ("expand_top", "expand_bottom", "expand_left", "expand_right", "top", "bottom", "left", "right")


def find(name: str) -> Found:
    """The row behind a name, with the provider and the mode where the name says them.

    A name is a model id (`flux-2-pro`), an alias, a route (`bfl/flux-2-pro`) or an endpoint id of a provider.

    >>> model, provider, mode = find("fal-ai/flux-2/edit")
    >>> model.id, provider, mode
    ('flux-2-dev', 'fal', 'edit')
    >>> find("bfl/flux-2-pro")[1]
    'bfl'

    Raises:
        UnknownModel: there is no such model, or not at that provider; the message names near ones.
    """
    wanted = name.strip().strip("/").lower()
    found = _index().get(_current(wanted))
    if found is not None:
        return found
    head, _, rest = wanted.partition("/")
    if head in PROVIDERS and rest:
        return _at(head, _current(rest), wanted)
    raise UnknownModel(_no_such(wanted), model=wanted)


def _current(name: str) -> str:
    """The newer name: fal serves its FLUX.1 endpoints under two, and rows use that one."""
    return name.replace("fal-ai/flux-1/", "fal-ai/flux/", 1) if name.startswith("fal-ai/flux-1/") else name


def _at(provider: Provider, rest: str, wanted: str) -> Found:
    found = _index().get(f"{provider}:{rest}") or _index().get(rest)
    if found is None:
        raise UnknownModel(_no_such(wanted), model=wanted)
    model, named, mode = found
    if named not in {None, provider} or provider not in model.routes:
        raise UnknownModel(_not_there(model, provider), model=model.id, provider=provider)
    return model, provider, mode


def _not_there(model: Model, provider: Provider) -> str:
    if model.status == "retired":
        return f"{model.id} is retired and can no longer be ordered; use {model.successor}"
    others = " and ".join(model.routes)
    return f"{model.id} is not offered by {provider}; {others} has it"


def _no_such(wanted: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wanted, [key for key in _index() if ":" not in key], n=3, cutoff=0.6)
    return f"There is no model {wanted!r}" + (f"; near: {', '.join(near)}" if near else "")


@cache
def _index() -> Mapping[str, Found]:
    """Every name that means a row. An id beats an alias, which beats an endpoint id."""
    index: dict[str, Found] = {model.id: (model, None, None) for model in models().values()}
    for model in models().values():
        for alias in model.aliases:
            index.setdefault(alias, (model, None, None))
    for model in models().values():
        for provider, route in model.routes.items():
            for endpoint, mode in _endpoints(route):
                index.setdefault(endpoint, (model, provider, mode))
                index.setdefault(f"{provider}:{endpoint}", (model, provider, mode))
    return index


overlay.on_change(_index.cache_clear)


def _endpoints(route: Route) -> Iterator[tuple[str, Mode | None]]:
    """Each endpoint of a route with its mode; None when it serves several."""
    serving: dict[str, list[Mode]] = {}
    for mode in route.modes:
        serving.setdefault(route.endpoints[mode], []).append(mode)
    for mode, endpoint in route.many.items():
        serving.setdefault(endpoint, []).append(mode)
    for endpoint, modes in serving.items():
        yield endpoint, modes[0] if len(modes) == 1 else None


def route_of(request: Request, provider: Provider) -> tuple[Model, Route, Mode | None]:
    """The route that a request means at this provider, and the mode where the name says it.

    Raises:
        UnknownModel: no such model, the provider does not offer it, or it is retired.
    """
    model, named, mode = find(request.model)
    if provider not in model.routes or named not in {None, provider}:
        raise UnknownModel(_not_there(model, provider), model=model.id, provider=provider)
    return model, model.routes[provider], mode


def route_mode(request: Request, provider: Provider) -> Mode:
    """What a request wants to do: the mode it names, or the one that its pictures and the row suggest.

    A mask means `fill` or `erase`, references mean `edit` (or `vary`, where a model cannot edit), neither means
    `generate`; a model that does one thing does that.

    >>> route_mode(Request(model="flux-2-pro", prompt="a fox"), "bfl")
    'generate'

    Raises:
        UnknownModel: no such model at this provider.
        InvalidParams: the named mode is not one of the route's; the message names those.
    """
    _, route, named = route_of(request, provider)
    wanted = request.mode or named
    if wanted is None:
        return _suggested(request, route)
    mode = MODE_ALIASES.get(wanted, wanted)
    if mode not in route.modes:
        known = "is not a mode" if mode not in MODES else f"is nothing that {route.model} at {provider} does"
        raise InvalidParams(
            f"mode {wanted!r} {known}; {route.model} at {provider} offers {', '.join(route.modes)}",
            field="mode",
            model=route.model,
            provider=provider,
        )
    return mode


def _suggested(request: Request, route: Route) -> Mode:
    given = {words.meaning(name) for name, value in request.params.items() if value is not None}
    pictures = bool(request.references) or "references" in given
    wishes: tuple[Mode, ...] = ("generate", "edit", "vary")
    if pictures:
        wishes = ("edit", "vary", "tryon", "upscale", "expand", "deblur", "fill", "erase")
    if "mask" in given:
        wishes = ("fill", "erase", *wishes)
    elif given & set(_SIDES):
        wishes = ("expand", *wishes)
    return next((mode for mode in wishes if mode in route.modes), route.modes[0])
