"""Under which names the gateway answers, whether it asks for a key, and which other sites may use it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from fluxroom.settings import Settings, is_loopback, listed

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^][:/\\@?#\s]+)(:[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class Perimeter:
    """What the settings say about who may come near."""

    keyed: bool = False  # everything but the public addresses needs a key
    names: frozenset[str] = frozenset()  # besides loopback's own
    origins: frozenset[str] = frozenset()  # other web sites whose scripts may use it
    https: str = ""  # the host under which a proxy speaks https for it

    def answers_to(self, hosts: Sequence[str]) -> bool:
        """Whether there is exactly one Host header, and it is one of ours.

        A name that somebody else's DNS lets point here is not: that is how a web page would reach a gateway on
        loopback. A bare address cannot be made to point anywhere, so where keys are asked for it is fine.
        """
        host = _host(hosts)
        if host is None:
            return False
        named = host in self.names or is_loopback(f"http://{_bracketed(host)}")
        return named or (self.keyed and _is_address(host))

    def is_secure(self, scheme: str, host: str) -> bool:
        """Whether the browser that sent this Host header speaks https with us, or with the proxy before us."""
        return scheme == "https" or (bool(self.https) and host.lower() == self.https)


def perimeter(settings: Settings) -> Perimeter:
    """What the settings say.

    A key is asked for as soon as anybody but this machine may reach the gateway: it listens elsewhere, or it has a
    name elsewhere. Then loopback is no proof any more, for a proxy comes from there with whatever Host it likes.
    """
    outside = {name.strip("[]").lower() for name in listed(settings.hosts)}
    if settings.public_url and not is_loopback(settings.public_url):
        outside.add((urlsplit(settings.public_url).hostname or "").lower())
    public = urlsplit(settings.public_url)
    return Perimeter(
        keyed=not is_loopback(f"http://{_bracketed(settings.host)}") or any(not _loops(name) for name in outside),
        names=frozenset(outside | {settings.host.lower()}),
        origins=frozenset(origin.lower() for origin in listed(settings.cors)),
        https=public.netloc.lower() if public.scheme == "https" else "",
    )


def _host(hosts: Sequence[str]) -> str | None:
    """The host of a request, without its port and brackets; None when it is not exactly one plain name."""
    # Python reads the host of "evil.example[127.0.0.1]" as 127.0.0.1; here brackets hold an address, and nothing else.
    if len(hosts) != 1 or _HOST.fullmatch(hosts[0]) is None:
        return None
    try:
        parts = urlsplit(f"http://{hosts[0].lower()}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _loops(name: str) -> bool:
    return is_loopback(f"http://{_bracketed(name)}")


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
