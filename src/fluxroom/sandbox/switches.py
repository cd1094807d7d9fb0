"""Which faults a submit carries, and what those of the submit itself do to its answer."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fluxroom.sandbox.exchange import (
    NOTES,
    Refused,
    answer,
    bare,
    body_of,
    cut,
    drop,
    html,
    proxy_page,
    read_json,
    world_of,
)
from fluxroom.sandbox.faults import Fault, FaultSet, Markers, UnknownFaultError, parse_header, read_markers

if TYPE_CHECKING:
    from aiohttp import web

    from fluxroom.sandbox.tasks import Provider

_LOCKED: Final = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
_NO_KEY: Final = "Authentication is required to access this application."
_MISSING_PROMPT: Final = {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": {}}

# What a refused submit answers: status and body, per provider. None is a proxy's page.
_REFUSALS: Final[dict[str, dict[str, tuple[int, dict[str, Any] | None]]]] = {
    "bfl": {
        "submit-429": (429, {"detail": "Too many active tasks"}),
        "submit-500": (500, {"detail": "Internal Server Error"}),
        "submit-502": (502, None),
        "submit-503": (503, {"detail": "Service Unavailable"}),
        "submit-504": (504, None),
        "submit-402": (402, {"detail": "Insufficient credits"}),
        "submit-403": (403, {"detail": "Not authenticated"}),
        "submit-422": (422, {"detail": [_MISSING_PROMPT]}),
    },
    "fal": {
        "submit-429": (429, {"detail": "Too many requests", "error_type": "concurrent_requests_limit"}),
        "submit-500": (500, {"detail": "Internal Server Error", "error_type": "internal_error"}),
        "submit-502": (502, None),
        "submit-503": (503, {"detail": "Service Unavailable", "error_type": "runner_scheduling_failure"}),
        "submit-504": (504, {"detail": "Gateway Timeout", "error_type": "request_timeout"}),
        "submit-402": (403, {"detail": _LOCKED}),
        "submit-403": (401, {"detail": _NO_KEY}),
        "submit-422": (422, {"detail": [{**_MISSING_PROMPT, "url": "https://docs.fal.ai/errors#missing"}]}),
    },
}
_REASONS: Final = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
_TAKEN: Final = frozenset(
    {
        "submit-500-taken",
        "submit-502-taken",
        "submit-503-id",
        "submit-504-taken",
        "submit-drop-after",
        "submit-slow",
        "submit-cut",
        "submit-not-json",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that a submit asks of the sandbox itself."""

    faults: FaultSet
    scope: str
    text: str
    duration: float | None


async def open_submit(request: web.Request, provider: Provider, endpoint: str, key_id: str) -> tuple[Any, Asked]:
    """Read a submit: its JSON body and what it asks of the sandbox. Refused when a fault or the body ends it here."""
    try:
        given = parse_header(request.headers.get("x-sandbox-fault", ""))
    except UnknownFaultError as error:
        raise Refused(answer({"detail": str(error)}, 400)) from error
    early = [*given, *world_of(request).planned(provider, endpoint, key_id)]
    if any(fault.name == "submit-refused" for fault in early):
        raise Refused(drop(request, reset=True))
    try:
        body = await read_json(request)
    except ValueError as error:
        raise Refused(_NOT_JSON[provider](error)) from error
    try:
        asked = _all_asked(request, early, body.get("prompt") if isinstance(body, dict) else None)
    except ValueError as error:
        raise Refused(answer({"detail": f"x-sandbox-duration: {error}"}, 400)) from error
    stopped = _refusal(request, asked, provider)
    if stopped is not None:
        raise Refused(stopped)
    return body, asked


def _bfl_not_json(error: ValueError) -> web.Response:
    """FastAPI's words for a body that is no JSON."""
    ctx = {"error": str(getattr(error, "msg", error))}
    at = int(getattr(error, "pos", 0))
    complaint = {"type": "json_invalid", "loc": ["body", at], "msg": "JSON decode error", "input": {}, "ctx": ctx}
    return answer({"detail": [complaint]}, 422)


def _fal_not_json(_error: ValueError) -> web.Response:
    return answer({"detail": "Request body is not valid JSON", "error_type": "bad_request"}, 400)


_NOT_JSON: Final = {"bfl": _bfl_not_json, "fal": _fal_not_json}


def _all_asked(request: web.Request, early: list[Fault], prompt: Any) -> Asked:
    """The faults from all three places, the scope in which they are counted, and the duration."""
    marks = read_markers(prompt) if isinstance(prompt, str) else Markers("", (), None)
    faults = FaultSet.of([*early, *marks.faults])
    given = request.headers.get("x-sandbox-duration")
    duration = marks.duration if given is None else float(given)
    if faults.by_name:
        request[NOTES].faults = list(faults.by_name)
    scope = hashlib.sha256(f"{request.path}\0{prompt}".encode()).hexdigest()[:24]
    return Asked(faults, f"submit-{scope}", marks.text, duration)


def _refusal(request: web.Request, asked: Asked, provider: Provider) -> web.StreamResponse | None:
    """The answer of a submit that is not taken because of a fault; None when it may go on."""
    world = world_of(request)
    for fault in asked.faults.with_prefix("submit-"):
        if fault.name in _TAKEN or not world.strikes(asked.scope, fault):
            continue
        if fault.name in {"submit-drop-before", "submit-refused"}:
            return drop(request, reset=fault.name == "submit-refused")
        status, body = _REFUSALS[provider][fault.name]
        if body is None:
            return bare(request, proxy_page(status, _REASONS[status]))
        response = answer(body, status)
        if status == 429:
            response.headers["Retry-After"] = fault.value or "1"
        if status == 429 and provider == "fal":
            response.headers["X-Fal-Needs-Retry"] = "1"
        return bare(request, response) if status == 503 else response
    return None


async def disturbed(request: web.Request, asked: Asked, taken: web.Response) -> web.StreamResponse:
    """The answer of a submit that was taken, after what a fault does to it."""
    world = world_of(request)
    struck = [f for f in asked.faults.with_prefix("submit-") if f.name in _TAKEN and world.strikes(asked.scope, f)]
    for fault in struck:
        if fault.name == "submit-slow":
            await asyncio.sleep(float(fault.value or 2.0))
        else:
            return await _spoiled(request, fault.name, taken)
    return taken


async def _spoiled(request: web.Request, name: str, taken: web.Response) -> web.StreamResponse:
    if name == "submit-drop-after":
        return drop(request)
    if name == "submit-cut":
        return await cut(request, body_of(taken), "application/json")
    if name == "submit-not-json":
        return html("<!doctype html><html><body>Welcome</body></html>")
    if name == "submit-503-id":
        return answer({"detail": "Service Unavailable", "id": request[NOTES].task}, 503)
    status = int(name.split("-")[1])
    if status == 500:
        return answer({"detail": "Internal Server Error"}, 500)
    return bare(request, proxy_page(status, _REASONS[status]))
