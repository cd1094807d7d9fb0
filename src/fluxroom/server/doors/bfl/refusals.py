"""A problem in BFL's shape: `{"detail": …}`, a list for a body that is wrong and a text for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fluxroom.server.doors.complaints import complaints_of, sentence

_STATUS: Mapping[str, int] = {
    "invalid_key": 403,  # BFL says 403 where others say 401
    "missing_key": 403,
    "budget_exceeded": 402,
    "unknown_model": 404,
    "malformed_request": 422,
}
_WORDS: Mapping[str, str] = {"invalid_key": "Not authenticated", "budget_exceeded": "Insufficient credits"}
_BODY = frozenset({"invalid_params", "invalid_reference", "invalid_body", "malformed_request"})


def translate(problem: Mapping[str, Any]) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers for one of our problems."""
    code = str(problem["code"])
    status = _STATUS.get(code, int(problem["status"]))
    after = problem.get("retry_after")
    headers = {"retry-after": str(int(after))} if isinstance(after, (int, float)) and after > 0 else {}
    if code in _BODY:
        return 422, {"detail": complaints_of(problem)}, headers
    detail = sentence(problem)
    words = _WORDS.get(code)
    return (
        status,
        {"detail": detail if words is None else words if code == "invalid_key" else f"{words}: {detail}"},
        headers,
    )
