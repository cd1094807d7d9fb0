"""What BFL's answer to a submit means for the money."""

from __future__ import annotations

from collections.abc import Mapping

from fluxroom.errors import UntrustedAnswer
from fluxroom.providers import Accepted, Ambiguous, Hosts, NotTaken, Order, Rejected, Reply, SubmitOutcome
from fluxroom.providers.bfl.addresses import trusts
from fluxroom.providers.bfl.refusals import dollars, refusal
from fluxroom.providers.untrusted import address, identifier, parsed
from fluxroom.types import JSON

UNDECIDED = frozenset({408, 499})
"""Refusals by name, but also what a proxy in between says when it lost the service behind it: nobody can tell."""

MOVED = frozenset({307, 308})
"""By RFC 9110 the request was not carried out and must be repeated elsewhere. After a 301, 302 or 303 a server may have
carried it out before it pointed on, so those are ambiguous."""


def accepted(hosts: Hosts, order: Order, reply: Reply) -> SubmitOutcome:
    """A ticket beats the status code: whatever came with an id and a polling address was taken."""
    body = parsed(reply) or {}
    task = identifier(body.get("id"))
    status = reply.status
    if task and (200 <= status < 300 or body.get("polling_url")):
        return Accepted(ticket=_ticket(hosts, task, body), request_id=task, cost=dollars(body.get("cost")))
    if status == 429:
        return NotTaken(error=refusal(reply, order.endpoint), retry_after=reply.retry_after)
    if status == 503 and not body.get("id"):
        return NotTaken(error=refusal(reply, order.endpoint), retry_after=reply.retry_after)
    if status in MOVED:
        return Rejected(error=_moved(order, reply))
    if 400 <= status < 500 and status not in UNDECIDED:
        return Rejected(error=refusal(reply, order.endpoint))
    return Ambiguous(why=f"BFL answered {status}" + (" without a readable task id" if status < 300 else ""))


def _ticket(hosts: Hosts, task: str, body: Mapping[str, JSON]) -> dict[str, JSON]:
    """What polling needs.

    A polling address that is not BFL's, or that names another region than the job's, is left out: following it could
    lead anywhere, but the job was taken and will be charged, so it must not be dropped either. It is then asked for by
    its id at the base that took it. The same goes for the reply to a submit with a webhook, which has no address at all
    (`AsyncWebhookResponse`).
    """
    ticket: dict[str, JSON] = {"id": task}
    if hosts.region:
        ticket["region"] = hosts.region
    given = body.get("polling_url")
    if isinstance(given, str) and trusts(hosts, given):
        ticket["polling_url"] = given
    elif given:
        found = address(given)
        ticket["untrusted_host"] = found.host[:253] if found else "not an address"  # for whoever looks at the job
    return ticket


def _moved(order: Order, reply: Reply) -> UntrustedAnswer:
    return UntrustedAnswer(
        "BFL's address answered with a redirect, which is not followed with a key.",
        advice="Set FLUXROOM_BFL_URL to the address that it redirects to, if that is BFL's.",
        provider="bfl",
        endpoint=order.endpoint,
        http_status=reply.status,
        charge="not_charged",
    )
