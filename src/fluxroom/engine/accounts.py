"""Which key at which address may carry which job.

A job belongs to the account that it was made for, so that a job made for the sandbox is never sent with a real key,
nor one process's job with another process's key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fluxroom.errors import MissingKey
from fluxroom.providers import Hosts
from fluxroom.settings import Settings, is_loopback
from fluxroom.types import PROVIDERS, Provider

SANDBOX_ORIGIN = "http://sandbox.localhost"
"""How the built-in sandbox is named in tickets: its port changes with every process, its world does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One provider account: a key and the addresses it is used at."""

    id: str  # "bfl:1a2b3c4d", "fal:sandbox"
    provider: Provider
    key: str = field(repr=False)
    hosts: Hosts
    sandbox: bool
    cap: int  # most jobs in flight

    def at(self, region: str, settings: Settings) -> Hosts:
        """The addresses for a job that names a region."""
        if self.sandbox or self.provider != "bfl" or not region or settings.bfl_url:
            return self.hosts
        return Hosts(submit=settings.submit_url("bfl", region), region="" if region == "global" else region)


def in_sandbox(settings: Settings) -> bool:
    """Whether this process works against the built-in sandbox: it was asked for, or no key and no address is set."""
    if settings.sandbox is not None:
        return settings.sandbox
    return not any(settings.key(provider) or _elsewhere(settings, provider) for provider in PROVIDERS)


def accounts(settings: Settings) -> Mapping[Provider, Account]:
    """The accounts that the settings give; both providers when the built-in sandbox is used."""
    sandboxed = in_sandbox(settings)
    caps = {"bfl": settings.bfl_cap, "fal": settings.fal_cap}
    found: dict[Provider, Account] = {}
    for provider in PROVIDERS:
        hosts = _sandbox_hosts(provider) if sandboxed else _hosts(settings, provider)
        # A sandbox that somebody started takes any key; asking for one would only get in the way.
        local = is_loopback(hosts.submit)
        key = "sandbox:sandbox" if sandboxed else settings.key(provider) or ("sandbox:sandbox" if local else "")
        if not key:
            continue
        name = "sandbox" if sandboxed else hashlib.sha256(f"{key} {hosts.submit}".encode()).hexdigest()[:8]
        found[provider] = Account(
            id=f"{provider}:{name}", provider=provider, key=key, hosts=hosts, sandbox=local, cap=caps[provider]
        )
    return found


def need(found: Mapping[Provider, Account], provider: Provider) -> Account:
    """The account of a provider.

    Raises:
        MissingKey: none is set; the message names the variable.
    """
    if provider in found:
        return found[provider]
    variable = {"bfl": "BFL_API_KEY", "fal": "FAL_KEY"}[provider]
    raise MissingKey(
        f"No key is set for {provider}: {variable} is empty.",
        advice=f"Set {variable} in the environment or in .env, or use another route: `fluxroom models`.",
        provider=provider,
    )


def _elsewhere(settings: Settings, provider: Provider) -> bool:
    return is_loopback(settings.submit_url(provider))


def _hosts(settings: Settings, provider: Provider) -> Hosts:
    if provider == "bfl":
        region = "" if settings.bfl_region == "global" else settings.bfl_region
        return Hosts(submit=settings.submit_url("bfl"), region=region)
    return Hosts(
        submit=settings.fal_queue_url, rest=settings.fal_rest_url, run=settings.fal_run_url, api=settings.fal_api_url
    )


def _sandbox_hosts(provider: Provider) -> Hosts:
    if provider == "bfl":
        return Hosts(submit=f"{SANDBOX_ORIGIN}/bfl")
    base = f"{SANDBOX_ORIGIN}/fal"
    return Hosts(submit=f"{base}/queue", rest=f"{base}/rest", run=f"{base}/run", api=f"{base}/api")
