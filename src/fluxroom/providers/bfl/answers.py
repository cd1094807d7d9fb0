"""What BFL's answer to a poll means: `GET /v1/get_result?id=…`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from fluxroom.errors import FluxroomError, InvalidReference, ModeratedInput, ModeratedOutput, ProviderError
from fluxroom.providers import Again, Failed, Gone, Media, Pending, PollOutcome, Ready, Refused, Reply, Ticket
from fluxroom.providers.bfl.refusals import dollars
from fluxroom.providers.untrusted import number, parsed, plain, whole, wording
from fluxroom.types import JSON

Body = Mapping[str, JSON]

READABLE = frozenset({404, 422})
"""Besides 2xx, the codes that come with a task body: 404 "Task not found", 422 "Error" (live captures, 2026)."""

REASONS = "Moderation Reasons"
"""Key in `details`, with a space and capitals (docs.bfl.ai errors page)."""


def read(ticket: Ticket, reply: Reply) -> PollOutcome:
    """Only a task body with a final status ends a job; everything else is asked again.

    A 401, 402 or 403 here says something about the key or the account, and nothing about a job that was taken.
    """
    body = parsed(reply)
    status = (body or {}).get("status")
    if not (200 <= reply.status < 300 or reply.status in READABLE):
        return Again(why=f"BFL answered {reply.status}", retry_after=reply.retry_after)
    if body is not None and isinstance(status, str) and status:
        return STATUSES.get(status.strip().casefold(), _unlisted)(ticket, body)
    if reply.status == 404 and body is not None:
        return Gone(why="BFL answered 404")
    return Again(why=f"BFL answered {reply.status} without a status", retry_after=reply.retry_after)


def _pending(_ticket: Ticket, body: Body) -> Pending:
    share = number(body.get("progress"))
    phase = wording(body["status"])[:60]
    return Pending(phase=phase, progress=None if share is None else min(max(share, 0.0), 1.0))


def _unlisted(_ticket: Ticket, body: Body) -> Pending:
    return Pending(phase=wording(body["status"])[:60], unlisted=True)


def _ready(_ticket: Ticket, body: Body) -> Ready | Again:
    """A picture, whose address the engine judges with `trusts` before it fetches.

    Ready without a sample is asked again: the picture is made and charged, every poll signs its address anew, and
    giving up would lose it.
    """
    result = body.get("result")
    result = result if isinstance(result, dict) else {}
    sample = result.get("sample")
    urls = [url for url in (sample if isinstance(sample, list) else [sample]) if isinstance(url, str) and url]
    if not urls:
        return Again(why="BFL says Ready and names no picture")
    return Ready(
        media=tuple(Media(url=plain(url)) for url in urls),
        seed=whole(result.get("seed")),
        cost=dollars(body.get("cost")),
        prompt=plain(result.get("prompt")),
        seconds=_seconds(result),
    )


def _seconds(result: Body) -> float | None:
    told = number(result.get("duration"))
    start, end = number(result.get("start_time")), number(result.get("end_time"))
    if told is None and start is not None and end is not None:
        told = end - start
    return told if told is not None and told >= 0 else None


def _moderated(kind: type[FluxroomError], what: str) -> Callable[[Ticket, Body], Refused]:
    def refused(ticket: Ticket, body: Body) -> Refused:
        details = body.get("details")
        given = details.get(REASONS) if isinstance(details, dict) else None
        given = given if isinstance(given, list) else [given]
        reasons = [said for reason in given[:10] if (said := wording(reason)[:80])]
        cost = dollars(body.get("cost"))
        message = f"BFL's moderation refused {what}" + (f": {', '.join(reasons)}" if reasons else "; it gave no reason")
        return Refused(error=kind(message, reasons=reasons or None, **_facts(ticket, cost)), cost=cost)

    return refused


def _error(ticket: Ticket, body: Body) -> Failed:
    details = body.get("details")
    said = details.get("error", details.get("message")) if isinstance(details, dict) else details
    reason = wording(said)
    cost = dollars(body.get("cost"))
    # "Invalid or corrupted image input" is the one message that was seen live; it is the caller's to mend.
    kind = InvalidReference if "image input" in reason.lower() else ProviderError
    message = f"BFL could not make the picture: {reason or 'it gave no reason'}"
    return Failed(error=kind(message, **_facts(ticket, cost)), cost=cost)


def _gone(_ticket: Ticket, _body: Body) -> Gone:
    return Gone(why="Task not found")


def _facts(ticket: Ticket, cost: Decimal | None) -> dict[str, Any]:
    """BFL publishes nowhere whether it charges moderated and failed jobs; only the settled cost of the answer tells."""
    charge = "unknown" if cost is None else "charged" if cost else "not_charged"
    return {"provider": "bfl", "request_id": ticket.get("id"), "charge": charge}


STATUSES: Mapping[str, Callable[[Ticket, Body], PollOutcome]] = {
    "pending": _pending,
    "reasoning": _pending,  # phases of FLUX 3 since 2026
    "generating": _pending,
    "ready": _ready,
    "request moderated": _moderated(ModeratedInput, "the prompt or a reference"),
    "content moderated": _moderated(ModeratedOutput, "the picture that was made"),
    "error": _error,
    "failed": _error,  # not in the specification; the sample code in BFL's documents tests for it
    "task not found": _gone,  # unknown, expired, or asked for in another region
}
"""Every status of `StatusResponse` (BFL OpenAPI, October 2026) in small letters -> what it means."""
