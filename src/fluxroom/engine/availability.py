"""Whether keys work and routes are offered, asked in ways that cost nothing: no check ever makes a picture."""

from __future__ import annotations

from dataclasses import dataclass

from fluxroom import catalog
from fluxroom.catalog import Model
from fluxroom.engine.accounts import need
from fluxroom.engine.courier import Courier, UntrustedCallError
from fluxroom.engine.transport import InterruptedCallError, NotSentError, TooLargeError
from fluxroom.providers import Call, Hosts, Reply, dialect
from fluxroom.providers.untrusted import number
from fluxroom.settings import Settings
from fluxroom.types import Provider


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """What a provider said to a key."""

    provider: Provider
    good: bool | None  # None: the provider could not be asked
    detail: str
    credits: float | None = None  # what is left in the account, where the provider tells


async def offered(courier: Courier, route: str, settings: Settings) -> bool | None:
    """Whether the provider offers all endpoints of a route now; None when that cannot be told.

    BFL is asked for its published openapi.json, fal for its list of models. A bare model name asks the first provider
    that is set up.

    Raises:
        UnknownModel: there is no such model.
        MissingKey: no key is set for the provider.
    """
    model, provider, mode = catalog.find(route)
    provider = provider or _first_usable(courier, model, settings)
    if provider is None:
        return False
    hosts = need(courier.accounts, provider).hosts
    endpoints = model.routes[provider].endpoints
    answers: list[bool | None] = []
    for endpoint in dict.fromkeys([endpoints[mode]] if mode and mode in endpoints else endpoints.values()):
        tongue = dialect(provider)
        reply = await _asked(courier, provider, hosts, tongue.published(hosts, endpoint))
        answers.append(None if reply is None else tongue.offers(endpoint, reply))
    if False in answers:
        return False
    return None if None in answers else True


def _first_usable(courier: Courier, model: Model, settings: Settings) -> Provider | None:
    offering = [name for name in settings.providers_by_order if name in model.routes]
    return next((name for name in offering if name in courier.accounts), offering[0] if offering else None)


async def check_key(courier: Courier, provider: Provider) -> KeyCheck:
    """Whether a provider knows the key that is set; costs nothing (BFL: credits, fal: the price list).

    Raises:
        MissingKey: no key is set for the provider.
    """
    hosts = need(courier.accounts, provider).hosts
    reply = await _asked(courier, provider, hosts, dialect(provider).account(hosts))
    if reply is None:
        return KeyCheck(provider, None, "could not be reached")
    if reply.status == 200:
        facts = reply.json()
        credit = number(facts.get("credits")) if isinstance(facts, dict) else None
        return KeyCheck(provider, good=True, detail="" if credit is None else f"{credit:g} credits", credits=credit)
    if reply.status in {401, 403, 422}:
        return KeyCheck(provider, good=False, detail=f"refused (HTTP {reply.status})")
    return KeyCheck(provider, None, f"HTTP {reply.status}")


async def _asked(courier: Courier, provider: Provider, hosts: Hosts, call: Call) -> Reply | None:
    if call.method != "GET":
        raise ValueError("a check only reads")
    try:
        return await courier.carry(provider, hosts, call)
    except (NotSentError, InterruptedCallError, TooLargeError, UntrustedCallError):
        return None
