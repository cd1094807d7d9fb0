"""Which hosts are BFL's, which of them may see the key, and which region they name."""

from __future__ import annotations

import re
from urllib.parse import quote

from fluxroom.providers import Hosts
from fluxroom.providers.untrusted import Address, address

DOMAIN = "bfl.ai"
"""Both the API and the signed pictures are below it: api.eu2, gateway, delivery-us1, delivery.ice (seen live, 2026)."""

ROLES = frozenset({"api", "gateway", "delivery"})
"""Parts of a host name that say what it does; every other part names a region or a cluster in it (eu, us6, ice)."""

CLUSTERS = ("eu", "us", "eu2", "us2", "eu4", "us6", "isr", "ice", "eu1", "us1")
"""Where a task without a polling address may be. The first two cover most of the others; eu1 and us1 are legacy."""

_API = re.compile(r"(?:api(?:[.-][a-z0-9-]+)?|gateway)\.bfl\.ai")


def trusts(hosts: Hosts, url: str) -> bool:
    """Whether an address from an answer may be fetched.

    Old pictures were at *.blob.core.windows.net. Anybody can rent a name there, so it is not trusted.
    """
    found = address(url)
    base = address(hosts.submit)
    if found is None:
        return False
    if found.loopback:
        return base is not None and base.loopback
    if found.within(DOMAIN):
        return in_region(found.host, hosts.region)
    # A base that the owner set to another https host (a gateway of their own) vouches for itself, and for nothing else.
    return base is not None and found.scheme == "https" and found.origin == base.origin


def in_region(host: str, region: str) -> bool:
    """Whether a host of BFL's names no region but this one; every host does when no region was asked for."""
    parts = re.split(r"[.-]", host.removesuffix(DOMAIN).rstrip("."))
    return not region or all(part in ROLES or re.fullmatch(rf"{re.escape(region)}\d*", part) for part in parts if part)


def takes_key(hosts: Hosts, url: str) -> bool:
    """Whether the key may travel there: BFL's API hosts, and the API folder of the configured base."""
    found = address(url)
    if found is None or not trusts(hosts, url):
        return False
    return bool(_API.fullmatch(found.host)) or _below_base(found, address(hosts.submit))


def _below_base(found: Address, base: Address | None) -> bool:
    """Below `/v1/` of the base: a sandbox serves its pictures from the same origin, beside it."""
    if base is None or not (base.loopback or base.scheme == "https"):
        return False
    folder = Address(base.scheme, base.host, base.port, f"{base.path.rstrip('/')}/v1")
    return found.under(folder) and found.path != folder.path


def result_url(base: str, task: str) -> str:
    """Where a base is asked for a task."""
    return f"{base}/v1/get_result?id={quote(task, safe='')}"


def regional_bases(hosts: Hosts) -> tuple[str, ...]:
    """The other API hosts on which a task can be sought: those of the region, none beside a base that is not BFL's."""
    base = address(hosts.submit)
    if base is None or not base.within(DOMAIN):
        return ()
    names = (f"api.{cluster}.{DOMAIN}" for cluster in CLUSTERS)
    return tuple(f"https://{name}" for name in names if name != base.host and in_region(name, hosts.region))
