"""Reading what a provider sent without believing any of it.

Nothing here raises: a value that is not what it should be becomes None or an empty text, and the caller decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from fluxroom.providers import Reply, redact
from fluxroom.types import JSON

# Stricter than RFC 3986 on purpose: what two URL parsers could read differently (user names, backslashes, percent signs
# or other alphabets in the host, white space) is no address at all.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*)?(?:[?#][\x21-\x5b\x5d-\x7e]*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_URL = 8192

_QUERY = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*", re.IGNORECASE)
_DATA_URI = re.compile(r"data:[\w/+.;=-]*,[^\s\"'<>]*", re.IGNORECASE)
_FAL_KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{16,}", re.IGNORECASE)
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{64,}")  # base64, or a key
_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,200}")
_LARGEST = 2**63  # what a database column for integers holds
_DEAREST = 10**9  # money is kept in millionths; more than this is no price, and could not be written down


def parsed(reply: Reply) -> Mapping[str, JSON] | None:
    """The body when it is a JSON object; None for anything else, a cut body included."""
    try:
        body = reply.json()
    except RecursionError:  # nested thousands deep: no answer of a provider
        return None
    return body if isinstance(body, dict) else None


def plain(value: JSON) -> str:
    """A text that any database takes: without lone surrogates and null characters; empty for anything else."""
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else ""


def wording(value: JSON) -> str:
    """A provider's sentence for an error message: one short line without queries of URLs, keys and base64."""
    line = plain(value)[:20_000]
    for pattern, instead in ((_QUERY, r"\1"), (_DATA_URI, "data:…"), (_FAL_KEY, "…"), (_LONG_RUN, "…")):
        line = pattern.sub(instead, line)
    return redact(line)


def identifier(value: JSON) -> str:
    """The id of a task; empty when there is none that could be asked for again."""
    name = str(value) if type(value) is int else value
    return name if isinstance(name, str) and _IDENTIFIER.fullmatch(name) else ""


def number(value: JSON) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _LARGEST:
        return None
    return float(value) if math.isfinite(value) else None


def whole(value: JSON) -> int | None:
    """A whole number that a database can hold."""
    found = number(value)
    return int(value) if found is not None and found.is_integer() else None


def amount(value: JSON) -> Decimal | None:
    """An amount, zero or more, from a number or a header's text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(text := str(value)) > 40:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < _DEAREST else None


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a URL that decide whom we talk to."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port

    def within(self, *domains: str) -> bool:
        """Whether this is https, on its usual port, at one of these hosts or below it."""
        known = any(self.host == domain or self.host.endswith(f".{domain}") for domain in domains)
        return known and self.scheme == "https" and self.port == 443

    @property
    def loopback(self) -> bool:
        """Whether this is this very machine, written in the usual way."""
        return _is_loopback(self.host)

    def under(self, base: Address) -> bool:
        """Whether this lies at `base`, or in its folder."""
        return self.origin == base.origin and f"{self.path}/".startswith(f"{base.path.rstrip('/')}/")


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    try:
        ip: IPv4Address | IPv6Address | None = ip_address(host.strip("[]"))
    except ValueError:
        ip = None
    return host == "localhost" or host.endswith(".localhost") or (ip is not None and ip.is_loopback)


def address(url: JSON) -> Address | None:
    """The address that a URL names; None when it is not plain http or https."""
    return _address(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else None


@lru_cache(maxsize=1024)
def _address(url: str) -> Address | None:
    # Every address is judged several times on its way: when it comes, when it is used, and for the key.
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    path = found["path"] or ""
    named = host.startswith("[") or all(_LABEL.fullmatch(label) for label in host.split("."))
    climbs = any(segment in {".", ".."} for segment in unquote(path).split("/"))
    return None if port > 65535 or not named or climbs else Address(scheme, host, port, path)
