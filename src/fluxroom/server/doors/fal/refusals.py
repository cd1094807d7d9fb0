"""Problems, and jobs that made no picture, in fal's shapes.

A body that is wrong, and what a model says about a job, is a list under `detail`; whatever goes wrong around a job is a
text with an `error_type`. fal's clients repeat a POST that was answered with 502, 503 or 504, so a job that was
taken is never reported with one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fluxroom.client import error_of
from fluxroom.engine.lifecycle import State
from fluxroom.errors import Cancelled, FluxroomError, ModeratedInput, ModeratedOutput
from fluxroom.identifiers import new_id
from fluxroom.server import problems
from fluxroom.server.doors.complaints import complaint, complaints_of, sentence
from fluxroom.store.jobs import Job

Shape = tuple[int, dict[str, Any], dict[str, str]]
"""Status, body and headers."""

_BODY = frozenset({"invalid_params", "invalid_reference", "invalid_body", "malformed_request"})
_STATUS: Mapping[str, int] = {"budget_exceeded": 403, "missing_key": 403, "unknown_model": 404}
_WORDS: Mapping[str, str] = {
    "invalid_key": "Authentication is required to access this application",
    "budget_exceeded": "User is locked. Reason: Exhausted balance",
}
_KINDS: Mapping[int, str] = {400: "bad_request", 499: "client_cancelled", 504: "request_timeout"}

_FLAGGED = "The content could not be processed because it contained material flagged by a content checker."


def translate(problem: Mapping[str, Any]) -> Shape:
    """One of our problems."""
    code = str(problem["code"])
    status = _STATUS.get(code, int(problem["status"]))
    # Clients take a 5xx without this header for one of the network's, and send the request again.
    headers = {"x-fal-request-id": str(problem.get("incident") or new_id())}
    after = problem.get("retry_after")
    if isinstance(after, (int, float)) and after > 0:
        headers["retry-after"] = str(int(after))
    if code in _BODY:
        return 422, {"detail": _about(problem)}, {**headers, "x-fal-billable-units": "0"}
    if code == "not_found":
        return 404, {"status": "NOT_FOUND", "detail": problem["detail"]}, headers
    words = _WORDS.get(code, "")
    told = sentence(problem)
    detail = words if code == "invalid_key" else f"{words}: {told}" if words else told
    if status == 429:
        headers["x-fal-needs-retry"] = "1"
    if status < 500 and status != 400:
        return status, {"detail": detail}, headers
    return _around(status, detail, headers)


def failure(job: Job) -> Shape:
    """Why a job has no picture, as its result answers it."""
    headers = {"x-fal-request-id": job.generation, **_retryable(again=False)}
    if job.state == State.SUCCEEDED:
        return 404, {"detail": "The result is gone: its pictures were deleted."}, headers
    error = error_of(job)
    if error.as_dict()["charge"] == "not_charged":
        headers["x-fal-billable-units"] = "0"
    if isinstance(error, ModeratedInput | ModeratedOutput):
        told = complaint(["prompt"], "content_policy_violation", _FLAGGED, job.wire.get("prompt"))
        return 422, {"detail": [_linked({**told, "ctx": {"why": error.detail}})]}, headers
    if isinstance(error, Cancelled):
        return _around(499, error.detail, headers)
    if error.code in _BODY:
        return 422, {"detail": _about(problems.of(error))}, headers
    return _model(error, headers)


def _model(error: FluxroomError, headers: dict[str, str]) -> Shape:
    """What came from behind the model. Only what was not charged and may go better is said to be worth another try."""
    again = error.retryable and error.as_dict()["charge"] == "not_charged"
    kind = "downstream_service_unavailable" if again else "downstream_service_error"
    told = complaint([], kind, sentence(problems.of(error)), None)
    return (500 if again else 400), {"detail": [_linked(told)]}, {**headers, **_retryable(again=again)}


def _around(status: int, detail: str, headers: dict[str, str]) -> Shape:
    kind = _KINDS.get(status, "internal_error")
    return status, {"detail": detail, "error_type": kind}, {**headers, "x-fal-error-type": kind}


def _retryable(*, again: bool) -> dict[str, str]:
    # fal's documents name the one in the first half of 2026 and the other since.
    return {"x-fal-retryable": "true" if again else "false", "x-fal-needs-retry": "1" if again else "0"}


def _linked(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "url": f"https://docs.fal.ai/errors#{told['type']}"}


def _about(problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind = "image_load_error" if problem["code"] == "invalid_reference" else "value_error"
    return [_linked(told) for told in complaints_of(problem, kind)]
