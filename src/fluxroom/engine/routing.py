"""Which provider makes a picture when the caller names only the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fluxroom import catalog
from fluxroom.engine.accounts import Account, need
from fluxroom.errors import InvalidParams
from fluxroom.settings import Settings
from fluxroom.types import ROUTINGS, Plan, Provider, Request, Routing


def plan(request: Request, accounts: Mapping[Provider, Account], settings: Settings) -> Plan:
    """The request at one route; seconds are the catalog's. Raises as `offers`."""
    return choose(offers(request, accounts, settings), request.routing or settings.routing)


def offers(request: Request, accounts: Mapping[Provider, Account], settings: Settings) -> list[Plan]:
    """The request at every route that may carry it: the one that it names, or all that are set up and can do it.

    The order is `FLUXROOM_ROUTE_ORDER`; without it, providers with a key come first, BFL before fal. With the routing
    `fixed` the first provider that has the model is the only one.

    Raises:
        UnknownModel, InvalidParams, InvalidReference: see `catalog.check`.
        MissingKey: none of the model's providers is set up.
    """
    model, provider, mode = catalog.find(request.model)
    routing = request.routing or settings.routing
    if routing not in ROUTINGS:
        raise InvalidParams(f"There is no routing {routing!r}; there are {', '.join(ROUTINGS)}.", field="routing")
    if mode and request.mode is None:
        request = replace(request, mode=mode)
    if provider is None and request.region is not None and "bfl" in model.routes:
        provider = "bfl"  # only BFL has regions, and a job made for one never goes elsewhere
    offered = [name for name in settings.providers_by_order if name in model.routes]
    if provider is None and routing == "fixed" and offered:
        provider = offered[0]
    if provider is not None:
        checked = catalog.check(request, provider=provider)
        need(accounts, provider)
        return [checked]
    usable = [name for name in offered if name in accounts]
    if offered and not usable:
        # The request's own mistakes come first: they are the caller's to mend, with or without a key.
        catalog.check(request, provider=offered[0])
        need(accounts, offered[0])
    return _able(request, usable, routing) or [catalog.check(request, provider=next(iter(model.routes), "bfl"))]


def choose(offered: Sequence[Plan], routing: Routing, seconds: Mapping[str, float] | None = None) -> Plan:
    """The plan that the routing prefers, with the reason where there was something to choose.

    Args:
        offered: in the order of the providers; at least one.
        routing: what counts. Of equal ones the first wins.
        seconds: how long a job usually takes, by route, as measured; where nothing was, the catalog says it.
    """
    if len(offered) == 1:
        return offered[0]
    measured = seconds or {}
    if routing == "cheapest":
        best = min(offered, key=_cost)
        why = f"it costs least: {_each(offered, {one.route: one.quote.text for one in offered})}"
    else:
        taken = {one.route: measured.get(one.route, one.seconds) for one in offered}
        best = min(offered, key=lambda one: taken[one.route])
        why = f"it is fastest: {_each(offered, {route: f'about {usual:.1f} s' for route, usual in taken.items()})}"
    return replace(best, chosen=f"{best.provider}, because {why}")


def _able(request: Request, usable: Sequence[Provider], routing: Routing) -> list[Plan]:
    """The request at all of these providers that can carry it out; where the order decides, at the first.

    Raises:
        InvalidParams: none of them can; what the first one says.
    """
    found: list[Plan] = []
    refused: dict[Provider, InvalidParams] = {}
    for name in usable:
        try:
            plan = catalog.check(request, provider=name)
        except InvalidParams as error:
            refused[name] = error
            continue
        if routing == "ordered":
            why = f"{name}, because it comes first in the order of providers" if len(usable) > 1 else ""
            for other, refusal in refused.items():
                why = f"{name}, because {other} cannot do it: {refusal.detail}"
            return [replace(plan, chosen=why)]
        found.append(plan)
    if refused and not found:
        raise next(iter(refused.values()))
    return found


def _cost(offered: Plan) -> tuple[bool, object]:
    """A price that is not fully known comes after all that are."""
    quote = offered.quote
    return quote.high is None, quote.low if quote.high is None else quote.high


def _each(offered: Sequence[Plan], said: Mapping[str, str]) -> str:
    return ", ".join(f"{said[one.route]} at {one.provider}" for one in offered)
