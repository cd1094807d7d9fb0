"""What fal's answer to a result call means: the model's own answer, replayed with its status, headers and body."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from fluxroom.errors import ModeratedInput, ModeratedOutput, RequestError
from fluxroom.providers import Again, Failed, Gone, Media, Pending, PollOutcome, Ready, Refused, Reply, Ticket
from fluxroom.providers.fal.problems import Problem, error, kind_of, problem, units
from fluxroom.providers.untrusted import number, parsed, plain, whole
from fluxroom.types import JSON

Body = Mapping[str, JSON]

NOT_YET = "Request is still in progress"
"""The exact text of the 400 that comes before completion (fal's community skills; matched by other clients)."""

FINAL = frozenset({400, 404, 413, 415, 422, 499})
"""What a model, or fal around it, answers about the job itself; other 4xx are about our asking (401, 403, 405, 429)."""

_DATA_URI = re.compile(r"data:(image/[\w.+-]+)(?:;[\w=.-]+)*;base64,", re.IGNORECASE)


def read_result(ticket: Ticket, reply: Reply) -> PollOutcome:
    """Pictures, the replay of an error, or nothing that can be relied on."""
    body = parsed(reply)
    if 200 <= reply.status < 300:
        return _output(ticket, reply, body)
    found = problem(body, reply.headers)
    if NOT_YET.lower() in found.reason.lower():
        return Pending(phase="IN_PROGRESS")
    known = ticket.get("error")
    if reply.status == 404 and not isinstance(known, dict) and not found.reason.startswith("Path "):
        # An unknown path below a known application is found out by the runner, so it is an answer about this job.
        return Gone(why="fal answered 404") if body is not None else Again(why="fal answered 404 without a body")
    if not _replayed(reply, body, failed=isinstance(known, dict)):
        return Again(why=f"fal answered {reply.status}", retry_after=reply.retry_after)
    if isinstance(known, dict) and not (found.type or found.reason):
        found = Problem(type=str(known.get("type", "")), reason=str(known.get("reason", "")))
    return _failure(ticket, reply, found)


def _replayed(reply: Reply, body: Body | None, *, failed: bool) -> bool:
    """Whether this is the model's own failure, which is final, and not trouble on the way to fal.

    What a model never answers by itself (a key refused, a wrong method), and every 5xx, counts only when the status
    said that the run failed: fal's own edge answers 503 with a request id and JSON too, and the picture may be there.
    """
    if body is None or reply.status < 400:
        return False
    return failed or reply.status in FINAL


def _failure(ticket: Ticket, reply: Reply, found: Problem) -> Failed | Refused:
    charge = _charge(reply)
    if charge == "unknown" and issubclass(kind_of(found, reply.status), RequestError):
        charge = None  # its checks refused the request before the model ran
    facts: dict[str, Any] = {"request_id": ticket.get("id"), "http_status": reply.status, "charge": charge}
    mistake = error(found, reply.status, **facts)
    return Refused(error=mistake) if isinstance(mistake, ModeratedInput | ModeratedOutput) else Failed(error=mistake)


def _charge(reply: Reply) -> str | None:
    """Billable units tell whether fal charges a run without a picture; without them nothing published does."""
    billed = units(reply)
    return "unknown" if billed is None else "charged" if billed else "not_charged"


def _output(ticket: Ticket, reply: Reply, body: Body | None) -> PollOutcome:
    body = body or {}
    if isinstance(body.get("response"), dict):
        body = body["response"]  # older documents wrap the output
    word = plain(body.get("status"))
    if word in {"IN_QUEUE", "IN_PROGRESS"}:
        return Pending(phase=word, queued=word == "IN_QUEUE")
    files = [file for name in ("images", "image") for file in _listed(body.get(name))]
    if body.get("images") == [] and not files:
        return _failure(ticket, reply, Problem(type="no_media_generated"))
    flags = _listed(body.get("has_nsfw_concepts"))
    good = [file for index, file in enumerate(files) if not (index < len(flags) and flags[index] is True)]
    if files and not good:
        return _withheld(ticket, reply)
    pictures = tuple(picture for file in good if (picture := _media(file)))
    if not pictures or len(pictures) < len(good):
        return Again(why="fal's result cannot be read, or names a picture that cannot be")
    return _ready(ticket, reply, body, pictures, withheld=len(files) - len(good))


def _withheld(ticket: Ticket, reply: Reply) -> Refused:
    """The safety checker paints a flagged picture black and answers 200: that is a refusal, not a picture.

    When only some of several pictures are flagged, the others are delivered: they were paid for and are good. The black
    ones are left out and counted (`Ready.withheld`), so that nobody wonders where they are.
    """
    facts: dict[str, Any] = {"provider": "fal", "request_id": ticket.get("id"), "charge": _charge(reply)}
    return Refused(error=ModeratedOutput("fal's safety checker withheld the picture and sent a black one.", **facts))


def _ready(ticket: Ticket, reply: Reply, body: Body, pictures: tuple[Media, ...], *, withheld: int) -> Ready:
    timings = body.get("timings")
    seconds = number(ticket.get("seconds"))
    if seconds is None and isinstance(timings, dict):
        seconds = number(timings.get("inference"))
    return Ready(
        media=pictures,
        seed=whole(body.get("seed")),
        billable_units=units(reply),
        prompt=plain(body.get("prompt")),
        seconds=seconds,
        withheld=withheld,
    )


def _listed(value: JSON) -> list[JSON]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _media(file: JSON) -> Media | None:
    """A file object, or the bare address that some endpoints return; with `sync_mode` the address is the picture."""
    file = {"url": file} if isinstance(file, str) else file
    url = file.get("url") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(url, str) or not url:
        return None
    mime = plain(file.get("content_type"))
    width, height = (max(whole(file.get(side)) or 0, 0) for side in ("width", "height"))
    if not url.lower().startswith("data:"):
        return Media(url=plain(url), mime=mime, width=width, height=height)
    head = _DATA_URI.match(url)
    try:
        data = b64decode(url[head.end() :], validate=True) if head else b""
    except ValueError:
        data = b""
    return Media(data=data, mime=head[1].lower() if head else "", width=width, height=height) if data else None
