"""Which hosts are fal's, which of them may see the key, and where a request is asked for."""

from __future__ import annotations

from urllib.parse import quote

from fluxroom.providers import Hosts, Ticket
from fluxroom.providers.untrusted import Address, address
from fluxroom.types import JSON

DOMAINS = ("fal.ai", "fal.run", "fal.media")
"""API, runners, and files (v3b.fal.media, v3.fal.media, fal.media; uploads go there too). fal.ai docs, 2026."""

KEY_HOSTS = ("fal.run", "rest.fal.ai", "api.fal.ai")
"""The hosts that ask for a key, and the hosts below them (queue.fal.run). Never fal.media: its URLs are signed."""

SHIFTED = frozenset({"workflows", "comfy"})
"""Namespaces whose application is the third segment of an endpoint, not the second."""

ADDRESSES = ("status_url", "response_url", "cancel_url")
"""The three addresses of a submit reply."""


def trusts(hosts: Hosts, url: str) -> bool:
    """Whether an address from an answer may be fetched."""
    found = address(url)
    if found is None:
        return False
    bases = _bases(hosts)
    if found.loopback:
        return any(base.loopback for base in bases)
    # A base that the owner set to another https host (a gateway of their own) vouches for itself, and for nothing else.
    named = found.scheme == "https" and any(found.origin == base.origin for base in bases)
    return named or found.within(*DOMAINS)


def takes_key(hosts: Hosts, url: str) -> bool:
    """Whether the key may travel there: fal's API hosts, and the folders of the configured bases."""
    found = address(url)
    if found is None or not (found.loopback or found.scheme == "https"):
        return False
    return found.within(*KEY_HOSTS) or any(found.under(base) for base in _bases(hosts))


def _bases(hosts: Hosts) -> list[Address]:
    return [found for base in (hosts.submit, hosts.rest, hosts.run, hosts.api) if (found := address(base))]


def application(endpoint: str) -> str:
    """The part of an endpoint that its requests are asked for under.

    >>> application("fal-ai/flux-2/klein/9b/edit")
    'fal-ai/flux-2'
    """
    parts = endpoint.strip("/").split("/")
    return "/".join(parts[: 3 if parts[0] in SHIFTED else 2])


def request_url(hosts: Hosts, ticket: Ticket, name: str) -> str:
    """One of `ADDRESSES`: as given ("never build them") where the key may travel there, else built from the id."""
    given: JSON = ticket.get(name)
    if isinstance(given, str) and takes_key(hosts, given):
        return given
    built = f"{hosts.submit}/{quote(str(ticket.get('app', '')))}/requests/{quote(str(ticket['id']), safe='')}"
    return built + {"status_url": "/status", "response_url": "", "cancel_url": "/cancel"}[name]
