"""Callbacks of fal (`fal_webhook`; fal.ai docs, webhooks, 2026): signed with Ed25519, keys published as a JWKS.

The signature covers who is called for which request, when, and the body; it does not cover the address. So a genuine
callback of one request can be sent to the address of another, and whoever has an account at fal can have one made:
which job an address belongs to must be proven by the address itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence

from fluxroom.providers import Accepted, Callback, CalledBack, Hosts, Order, Reply, Verdict
from fluxroom.providers.fal import submits
from fluxroom.providers.untrusted import identifier, parsed
from fluxroom.types import JSON

WINDOW = 300
"""Seconds that the time of a signature may differ from ours, in both directions."""

MOST_KEYS = 16
"""Keys of one JWKS that are tried."""

HEADER = "x-fal-webhook-"
"""Then `request-id`, `user-id`, `timestamp` and `signature`."""

# Printable on purpose: a line break in one of the parts could be read as the end of another.
_WORD = re.compile(r"[\x20-\x7e]{1,200}")
_TIME = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")
_KEY = re.compile(r"(?P<raw>[A-Za-z0-9_-]{43})=?")


def verdict(callback: Callback, known: Sequence[bytes], now: float) -> Verdict:
    """Whether one of fal's keys has signed this callback, and now."""
    request, user, time, signature = (
        callback.headers.get(HEADER + name, "") for name in ("request-id", "user-id", "timestamp", "signature")
    )
    words = _WORD.fullmatch(request) and _WORD.fullmatch(user)
    if not (words and _TIME.fullmatch(time) and _SIGNATURE.fullmatch(signature)):
        return Verdict.UNSIGNED
    if abs(now - int(time)) > WINDOW:
        return Verdict.STALE
    text = "\n".join((request, user, time, hashlib.sha256(callback.body).hexdigest())).encode("ascii")
    fits = any(_has_signed(key, bytes.fromhex(signature), text) for key in known)
    return Verdict.GENUINE if fits else Verdict.FORGED


def _has_signed(key: bytes, signature: bytes, text: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def keys(reply: Reply) -> tuple[bytes, ...]:
    """The Ed25519 keys of a JWKS (RFC 8037), 32 bytes each."""
    listed = (parsed(reply) or {}).get("keys") if reply.status == 200 else None
    found = [raw for entry in (listed if isinstance(listed, list) else []) if (raw := _key(entry))]
    return tuple(found[:MOST_KEYS])


def _key(entry: JSON) -> bytes:
    if not isinstance(entry, dict) or entry.get("kty", "OKP") != "OKP" or entry.get("crv", "Ed25519") != "Ed25519":
        return b""
    x = entry.get("x")
    written = _KEY.fullmatch(x) if isinstance(x, str) else None
    return urlsafe_b64decode(f"{written['raw']}=") if written else b""


def called_back(hosts: Hosts, order: Order, callback: Callback) -> CalledBack | None:
    """The ticket that the reply to the submit would have made; of the body only `request_id` is read.

    fal calls when a request has ended, never before. `gateway_request_id` may be that of a later attempt of fal's own;
    status and result are asked for by `request_id`.
    """
    request = identifier((parsed(Reply(status=200, body=callback.body)) or {}).get("request_id"))
    reply = Reply(status=200, body=json.dumps({"request_id": request}).encode())
    outcome = submits.accepted(hosts, order, reply) if request else None
    return CalledBack(accepted=outcome) if isinstance(outcome, Accepted) else None
