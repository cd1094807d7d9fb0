"""Which provider makes a picture when the caller names only the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fluxroom import catalog
from fluxroom.engine.accounts import Account, need
from fluxroom.errors import InvalidParams
from fluxroom.settings import Settings
from fluxroom.types import Plan, Provider, Request


def plan(request: Request, accounts: Mapping[Provider, Account], settings: Settings) -> Plan:
    """The request at the route that it names; a bare model goes to the first provider that is set up and can do it.

    The order is `FLUXROOM_ROUTE_ORDER`; without it, providers with a key come first, BFL before fal.

    Raises:
        UnknownModel, InvalidParams, InvalidReference: see `catalog.check`.
        MissingKey: none of the model's providers is set up.
    """
    model, provider, mode = catalog.find(request.model)
    if mode and request.mode is None:
        request = replace(request, mode=mode)
    if provider is None and request.region is not None and "bfl" in model.routes:
        provider = "bfl"  # only BFL has regions, and a job made for one never goes elsewhere
    if provider is not None:
        checked = catalog.check(request, provider=provider)
        need(accounts, provider)
        return checked
    offered = [name for name in settings.providers_by_order if name in model.routes]
    usable = [name for name in offered if name in accounts]
    if offered and not usable:
        # The request's own mistakes come first: they are the caller's to mend, with or without a key.
        catalog.check(request, provider=offered[0])
        need(accounts, offered[0])
    refusal: InvalidParams | None = None
    for name in usable:
        try:
            return catalog.check(request, provider=name)
        except InvalidParams as error:
            refusal = refusal or error
    if refusal:
        raise refusal
    return catalog.check(request, provider=next(iter(model.routes), "bfl"))
