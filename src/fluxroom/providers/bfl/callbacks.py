"""Callbacks of BFL (`webhook_url`, `webhook_secret`; BFL OpenAPI, October 2026).

Two schemes are described and neither was seen on the wire: the parameter tables of docs.bfl.ai send the secret as it is
in `X-Webhook-Secret`, BFL's skills page signs the body with it in `X-BFL-Signature`. Either proves that the caller
knows a secret that only BFL and we have, so either is enough. There is no time in them: an old callback can come again,
and so none may do more than make us ask.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re

from fluxroom.providers import Accepted, Callback, Hosts, Order, Reply, Verdict
from fluxroom.providers.bfl import submits
from fluxroom.providers.untrusted import identifier, parsed

SECRET = "x-webhook-secret"  # noqa: S105  a header's name
SIGNATURE = "x-bfl-signature"

_SIGNED = re.compile(r"(?i:sha256)=(?P<hex>[0-9a-fA-F]{64})")


def verdict(callback: Callback, secret: str) -> Verdict:
    """Whether the caller knows the secret of the job; compared in constant time."""
    told, signed = callback.headers.get(SECRET), callback.headers.get(SIGNATURE)
    if told is None and signed is None:
        return Verdict.UNSIGNED
    if not secret:
        return Verdict.FORGED
    echoed = told is not None and hmac.compare_digest(told.encode("utf-8", "replace"), secret.encode())
    found = _SIGNED.fullmatch(signed or "")
    right = hmac.new(secret.encode(), callback.body, hashlib.sha256).hexdigest()
    fits = found is not None and hmac.compare_digest(found["hex"].lower(), right)
    return Verdict.GENUINE if echoed or fits else Verdict.FORGED


def accepted(hosts: Hosts, order: Order, callback: Callback) -> Accepted | None:
    """The ticket that the reply to the submit would have made; the body is that of a poll, and only its id is read."""
    task = identifier((parsed(Reply(status=200, body=callback.body)) or {}).get("id"))
    reply = Reply(status=200, body=json.dumps({"id": task}).encode())
    outcome = submits.accepted(hosts, order, reply) if task else None
    return outcome if isinstance(outcome, Accepted) else None
