"""What fal's answer to a status call, or one event of its status stream, means (fal.ai docs, queue/status, 2026)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fluxroom.providers import Again, Call, Failed, Follow, Gone, Hosts, Pending, PollOutcome, Reply, Ticket
from fluxroom.providers.fal.addresses import request_url
from fluxroom.providers.fal.problems import Problem, error, problem
from fluxroom.providers.untrusted import number, parsed, whole, wording
from fluxroom.types import JSON

Body = Mapping[str, JSON]


def read_status(hosts: Hosts, ticket: Ticket, reply: Reply) -> PollOutcome:
    """202 while it waits or works, 200 when it is done (older documents: 200 always); only the body counts.

    A 401 or 403 here says something about the key, and nothing about a job that was taken.
    """
    body = parsed(reply)
    word = (body or {}).get("status")
    if body is None or not isinstance(word, str) or not word:
        if reply.status == 404 and body is not None:
            return Gone(why="fal answered 404")
        return Again(why=f"fal answered {reply.status} without a status", retry_after=reply.retry_after)
    if 200 <= reply.status < 300 or word.upper() == "NOT_FOUND":
        return STATUSES.get(word.strip().upper(), _unlisted)(hosts, ticket, body)
    return Again(why=f"fal answered {reply.status}", retry_after=reply.retry_after)


def _queued(_hosts: Hosts, _ticket: Ticket, body: Body) -> Pending:
    position = whole(body.get("queue_position"))
    return Pending(phase="IN_QUEUE", queued=True, position=position if position is None else max(position, 0))


def _working(_hosts: Hosts, _ticket: Ticket, _body: Body) -> Pending:
    return Pending(phase="IN_PROGRESS")


def _completed(hosts: Hosts, ticket: Ticket, body: Body) -> Follow:
    """Success and failure alike: the result address replays the model's own answer, with its status code.

    Error and time come along, in case the replay is no longer there.
    """
    onward: dict[str, JSON] = {**ticket, "want": "result"}
    found = problem(body, {})
    if body.get("error") or body.get("error_type"):
        onward["error"] = {"type": found.type, "reason": found.reason}
    metrics = body.get("metrics")
    seconds = number(metrics.get("inference_time")) if isinstance(metrics, dict) else None
    if seconds is not None and seconds >= 0:
        onward["seconds"] = seconds
    url = request_url(hosts, ticket, "response_url")
    return Follow(call=Call(method="GET", url=url, headers={"accept": "application/json"}), ticket=onward)


def _failed(_hosts: Hosts, ticket: Ticket, body: Body) -> Failed:
    """The queue itself has no such status; schemas of third parties do, so a gateway in between may say it."""
    return Failed(error=error(problem(body, {}), 500, request_id=ticket.get("id"), charge="unknown"))


def _cancelled(_hosts: Hosts, ticket: Ticket, _body: Body) -> Failed:
    return Failed(error=error(Problem(type="client_cancelled"), 499, request_id=ticket.get("id"), charge="unknown"))


def _gone(_hosts: Hosts, _ticket: Ticket, _body: Body) -> Gone:
    return Gone(why="NOT_FOUND")


def _unlisted(_hosts: Hosts, _ticket: Ticket, body: Body) -> Pending:
    return Pending(phase=wording(body["status"])[:60], unlisted=True)


STATUSES: Mapping[str, Callable[[Hosts, Ticket, Body], PollOutcome]] = {
    "IN_QUEUE": _queued,
    "IN_PROGRESS": _working,
    "COMPLETED": _completed,
    "NOT_FOUND": _gone,
    "FAILED": _failed,
    "ERROR": _failed,
    "CANCELED": _cancelled,
    "CANCELLED": _cancelled,
}
"""fal has the first three, and NOT_FOUND with a 404."""
