"""Where calls may go: to public addresses, checked at the moment of connecting.

A name that is looked up, found public and then looked up again by the HTTP client can lead elsewhere the second time.
So the check stands where the socket is made, with the address that is really called, for every attempt and redirect.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fluxroom.settings import Settings, is_loopback

if TYPE_CHECKING:
    import aiohttp

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20",
    )
)  # fmt: skip
"""Written out, because what Python calls global differs between its versions and has multicast in it."""

_PUBLIC_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")


class PrivateAddressError(OSError):
    """A call was about to go to an address that is not public. Nothing was sent."""


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet; what an IPv6 address carries of IPv4 is looked at as well.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = _carried(found)
        if inner is None and found not in _PUBLIC_V6:
            return False
        found = inner or found
    return not any(found in network for network in _NOT_PUBLIC if network.version == found.version)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address.ipv4_mapped


def public_socket(where: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that was looked up: what aiohttp's connector takes as `socket_factory`.

    Raises:
        PrivateAddressError: the address is not public.
    """
    family, kind, protocol, _, address = where
    if not is_public(str(address[0])):
        raise PrivateAddressError(f"{address[0]} is not a public address")
    return socket.socket(family=family, type=kind, proto=protocol)


def guarded_connector(**options: Any) -> aiohttp.TCPConnector:
    """A connector that connects to public addresses only, for addresses that somebody else has named."""
    import aiohttp

    return aiohttp.TCPConnector(socket_factory=public_socket, **options)


def inside_hosts(settings: Settings) -> frozenset[str]:
    """Hosts that whoever runs this has named in the settings: they may be on a private network."""
    named = {
        urlsplit(getattr(settings, name)).hostname or ""
        for name in ("bfl_url", "fal_queue_url", "fal_run_url", "fal_rest_url", "fal_api_url")
        if getattr(settings, name) != type(settings).model_fields[name].default
    }
    return frozenset(named - {""})


def is_inside(url: str, inside: frozenset[str]) -> bool:
    """Whether a call may go to a private address: to this machine by its own name, or to a host from the settings."""
    return _is_inside("/".join(url.split("/", 3)[:3]), inside)


@lru_cache(maxsize=256)
def _is_inside(origin: str, inside: frozenset[str]) -> bool:
    return is_loopback(origin) or (urlsplit(origin).hostname or "") in inside
