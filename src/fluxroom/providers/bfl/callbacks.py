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

from fluxroom.providers import Accepted, Callback, CalledBack, Hosts, Order, Reply, Verdict
from fluxroom.providers.bfl import submits
from fluxroom.providers.untrusted import identifier, parsed

SECRET = "x-webhook-secret"  # noqa: S105  a header's name
SIGNATURE = "x-bfl-signature"

UNFINISHED = frozenset({"pending", "reasoning", "generating"})
"""Statuses after which another callback comes; whatever is not listed makes us ask."""

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


def called_back(hosts: Hosts, order: Order, callback: Callback) -> CalledBack | None:
    """The ticket that the reply to the submit would have made. The body is that of a poll; id and status are read."""
    body = parsed(Reply(status=200, body=callback.body)) or {}
    task, status = identifier(body.get("id")), body.get("status")
    reply = Reply(status=200, body=json.dumps({"id": task}).encode())
    outcome = submits.accepted(hosts, order, reply) if task else None
    if not isinstance(outcome, Accepted):
        return None
    return CalledBack(accepted=outcome, over=not (isinstance(status, str) and status.strip().casefold() in UNFINISHED))
