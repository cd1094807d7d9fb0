"""Errors in OpenAI's words: `{"error": {message, type, param, code}}`, with the statuses that its clients act on.

OpenAI's clients send a request again by themselves after 408, 409, 429 and 5xx. Where the first one may have cost
something, the status is therefore another one (424), and where trying again is useless they are told so
(`x-should-retry: false`, which OpenAI's own clients obey).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fluxroom.errors import FluxroomError
from fluxroom.server import problems

Json = dict[str, Any]

_REQUEST, _QUOTA, _SERVER = "invalid_request_error", "insufficient_quota", "server_error"


OWED = frozenset({"timeout", "submit_unknown", "internal_error"})
"""What does not end a request: the job goes on, is in doubt until a person decides, or we do not know."""

FAILED_DEPENDENCY = 424
"""The status of a failure that may have been charged: no client tries again after it by itself."""


class _Kind(NamedTuple):
    status: int
    type: str
    code: str = ""  # ours, where it is empty
    again: bool | None = None  # None: as the client decides from the status


_KINDS: Mapping[str, _Kind] = {
    "unknown_model": _Kind(404, _REQUEST, "model_not_found"),
    "no_such_path": _Kind(404, _REQUEST, "unknown_url"),
    "invalid_params": _Kind(400, _REQUEST),
    "invalid_reference": _Kind(400, _REQUEST),
    "invalid_body": _Kind(400, _REQUEST),
    "moderated_input": _Kind(400, "image_generation_user_error", "moderation_blocked"),
    "moderated_output": _Kind(400, "image_generation_user_error", "moderation_blocked"),
    "invalid_key": _Kind(401, _REQUEST, "invalid_api_key"),
    "scope_missing": _Kind(403, _REQUEST, "insufficient_permissions"),
    "too_many_requests": _Kind(429, "requests", "rate_limit_exceeded"),
    "rate_limited": _Kind(429, "requests", "rate_limit_exceeded"),
    "budget_exceeded": _Kind(429, _QUOTA, _QUOTA, again=False),
    "insufficient_credits": _Kind(429, _QUOTA, _QUOTA, again=False),
    "idempotency_conflict": _Kind(409, _REQUEST, again=False),
    # The caller's key is fine; it is the gateway's own at the provider that is not.
    "unauthorized": _Kind(502, _SERVER, "provider_refused_key", again=False),
    "forbidden": _Kind(502, _SERVER, "provider_refused_key", again=False),
    "missing_key": _Kind(503, _SERVER, again=False),
    "submit_unknown": _Kind(502, _SERVER),
    "cancelled": _Kind(400, _REQUEST),
}
"""What differs from the problem's own status and code."""

_PARAMS = {"image_size": "size", "num_images": "n", "references": "image"}
"""OpenAI's names of parameters that it has too."""


def shape(problem: Mapping[str, Any]) -> tuple[int, Json, Mapping[str, str]]:
    """A problem as OpenAI would say it: status, body and further headers."""
    code, own = str(problem["code"]), int(problem["status"])
    kind = _KINDS.get(code) or _Kind(own, _REQUEST if own < 500 else _SERVER)
    status, again = kind.status, kind.again
    if code in OWED:
        again = True  # the same request is given what becomes of it, and no second one is made
    elif status >= 500 and problem.get("charge") != "not_charged":
        status, again = FAILED_DEPENDENCY, False
    headers = {} if again is None else {"x-should-retry": "true" if again else "false"}
    error = {
        "message": _message(problem),
        "type": kind.type,
        "param": _param(problem),
        "code": kind.code or code,
        "fluxroom": {name: problem[name] for name in _FACTS if problem.get(name) is not None},
    }
    return status, {"error": error}, headers


_FACTS = ("code", "charge", "job", "generation", "route", "provider", "request_id", "incident", "not_sent")


def of(error: FluxroomError) -> Json:
    """The body for one of Fluxroom's own errors, for a stream that has already begun."""
    return shape(problems.of(error))[1]


def body(message: str, *, code: str, param: str | None = None) -> Json:
    """The body of a mistake that the caller can mend."""
    return {"error": {"message": message, "type": _REQUEST, "param": param, "code": code}}


def _message(problem: Mapping[str, Any]) -> str:
    detail = str(problem["detail"]).strip()
    said = detail if detail.endswith((".", "!", "?")) else f"{detail}."
    return f"{said} {problem['next']}".strip()


def _param(problem: Mapping[str, Any]) -> str | None:
    fields = problem.get("errors") or ()
    field = problem.get("field") or (fields[0].get("field") if fields else None)
    return _PARAMS.get(str(field), str(field)) if field else None
