"""What fal's answer to a submit means for the money (fal.ai docs, queue/submit, 2026)."""

from __future__ import annotations

from collections.abc import Mapping

from fluxroom.errors import UntrustedAnswer
from fluxroom.providers import Accepted, Ambiguous, Hosts, NotTaken, Order, Rejected, Reply, SubmitOutcome
from fluxroom.providers.fal.addresses import ADDRESSES, application, takes_key
from fluxroom.providers.fal.problems import refusal
from fluxroom.providers.untrusted import identifier, parsed
from fluxroom.types import JSON

UNDECIDED = frozenset({408, 499})
"""Refusals by name, but also what a proxy in between says when it lost the service behind it: nobody can tell."""

MOVED = frozenset({307, 308})
"""By RFC 9110 the request was not carried out and must be repeated elsewhere. After a 301, 302 or 303 a server may have
carried it out before it pointed on, so those are ambiguous."""


def accepted(hosts: Hosts, order: Order, reply: Reply) -> SubmitOutcome:
    """A ticket beats the status code: whatever came with an id and its addresses was taken.

    Other fields may be odd or missing; they can be built from the id.
    """
    body = parsed(reply) or {}
    status = reply.status
    request = identifier(body.get("request_id"))
    if request and (200 <= status < 300 or body.get("status_url") or body.get("response_url")):
        return Accepted(ticket=_ticket(hosts, order, request, body), request_id=request)
    facts = {"endpoint": order.endpoint}
    if status == 429:
        return NotTaken(error=refusal(reply, **facts), retry_after=reply.retry_after)
    if status == 503 and not body.get("request_id") and "x-fal-request-id" not in reply.headers:
        return NotTaken(error=refusal(reply, **facts), retry_after=reply.retry_after)
    if status in MOVED:
        return Rejected(error=_moved(order, reply))
    if 400 <= status < 500 and status not in UNDECIDED:
        return Rejected(error=refusal(reply, **facts))
    seen = identifier(body.get("request_id")) or identifier(reply.headers.get("x-fal-request-id"))
    return Ambiguous(why=f"fal answered {status}" + (f" with request id {seen}" if seen else ""))


def _ticket(hosts: Hosts, order: Order, request: str, body: Mapping[str, JSON]) -> dict[str, JSON]:
    """What polling needs; an address to which the key may not travel is left out and built from the id later."""
    ticket: dict[str, JSON] = {"id": request, "app": application(order.endpoint)}
    for name in ADDRESSES:
        given = body.get(name)
        if isinstance(given, str) and takes_key(hosts, given):
            ticket[name] = given
    return ticket


def _moved(order: Order, reply: Reply) -> UntrustedAnswer:
    return UntrustedAnswer(
        "fal's address answered with a redirect, which is not followed with a key.",
        advice="Set FLUXROOM_FAL_QUEUE_URL to the address that it redirects to, if that is fal's.",
        provider="fal",
        endpoint=order.endpoint,
        http_status=reply.status,
        charge="not_charged",
    )
