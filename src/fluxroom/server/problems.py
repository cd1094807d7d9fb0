"""Every error as an RFC 9457 problem: `type, title, status, detail, code, next, charge` and the facts.

What Fluxroom itself can say comes from the error classes (`fluxroom.errors`); what only HTTP can say stands in `_HTTP`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.errors import FluxroomError, tree
from fluxroom.identifiers import new_id
from fluxroom.logs import get_logger
from fluxroom.server.access import secret_paths

_log = get_logger("fluxroom.server")

MEDIA_TYPE = "application/problem+json"
_JSON = "application/json"

_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "next", "charge"})
_MOST_FIELDS = 20


class Problem(BaseModel):
    """What went wrong, for people (`detail`, `next`) and programs (`code`)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Where the code is explained, relative to this gateway.")
    title: str = Field(description="The sentence of the code; the same every time.")
    status: int
    detail: str = Field(description="What happened this time.")
    code: str = Field(description="Stable; what programs compare.")
    next: str = Field(description="What to do about it.")
    charge: str = Field(description="Whether money was spent: charged, not_charged or unknown.")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A problem that only HTTP knows."""

    code: str
    title: str
    next: str
    charge: str = "not_charged"


_HTTP: Mapping[int, _Kind] = {
    400: _Kind("malformed_request", "The request cannot be read.", "Send a JSON body in UTF-8."),
    401: _Kind(
        "callback_refused",
        "The callback is not the provider's, or not of now.",
        "Nothing was changed, and the job is polled all the same. Compare the clocks; see the gateway's log.",
        charge="unknown",
    ),
    403: _Kind(
        "cross_site",
        "Another web site may not use this gateway.",
        "Open the gateway's own page, or call it from a program instead of a web page.",
    ),
    404: _Kind("no_such_path", "There is nothing at this address.", "See the paths in /v1/openapi.json."),
    408: _Kind("too_slow", "The request did not arrive in time.", "Send it again over a faster connection."),
    405: _Kind("method_not_allowed", "This address does not know this method.", "See the Allow header."),
    409: _Kind(
        "callback_conflict",
        "The callback is about another task than the job's.",
        "Look for the task's id in the gateway's log, then in the account at the provider: it may have been charged.",
        charge="unknown",
    ),
    413: _Kind("too_large", "The body is larger than the gateway takes.", "Upload pictures one by one."),
    415: _Kind("unsupported_media_type", "The body is of a type that is not taken here.", "See /v1/openapi.json."),
    416: _Kind("range_not_satisfiable", "The file has no such part.", "See the Content-Range header."),
    421: _Kind(
        "wrong_host",
        "The gateway does not answer under this name.",
        "Use http://127.0.0.1 or http://localhost with the gateway's port, or name it in FLUXROOM_HOSTS.",
    ),
    422: _Kind("invalid_body", "The request does not have the right form.", "Mend the named fields."),
    500: _Kind(
        "internal_error",
        "Something went wrong inside the gateway.",
        "Look for the incident's id in the gateway's log and report it; GET /v1/generations shows what was made.",
        charge="unknown",
    ),
}


def of(error: FluxroomError) -> dict[str, Any]:
    """The problem of one of Fluxroom's own errors."""
    told = error.as_dict()
    facts = {name: value for name, value in told.items() if name not in _OWN_MEMBERS | {"message"}}
    return {
        "type": f"/problems/{error.code}",
        "title": error.sentence(),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "next": error.next_step,
        "charge": told["charge"],
        **facts,
    }


def by_status(status: int, detail: str = "", **facts: Any) -> dict[str, Any]:
    """The problem of an HTTP status."""
    kind = _HTTP.get(status) or _HTTP[400 if status < 500 else 500]
    return {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": status,
        "detail": detail or kind.title,
        "code": kind.code,
        "next": kind.next,
        "charge": kind.charge,
        **facts,
    }


Shape = Callable[[Mapping[str, Any]], tuple[int, Any, Mapping[str, str]]]
"""How a door says a problem in its clients' own words: status, JSON body and further headers."""

_SHAPES: dict[str, Shape] = {}


def speak(prefix: str, shape: Shape) -> None:
    """Say every problem of the paths below `prefix` in this shape."""
    _SHAPES[prefix] = shape


def respond(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None, *, path: str = "") -> Response:
    """The problem as an answer to a request for `path`."""
    for prefix, shape in _SHAPES.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            status, body, more = shape(problem)
            return Response(orjson.dumps(body, default=str), status, {**(headers or {}), **more}, media_type=_JSON)
    body = orjson.dumps(problem, default=str)
    return Response(body, problem["status"], {**(headers or {})}, media_type=MEDIA_TYPE)


async def _on_fluxroom_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, FluxroomError):
        raise error
    problem = of(error)
    after = problem.get("retry_after")
    headers = {"retry-after": str(int(after))} if isinstance(after, (int, float)) and after > 0 else {}
    return respond(_without_secrets(request.app, problem), headers, path=request.url.path)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    # Starlette's own phrases ("Not Found") say less than ours; a sentence has a blank and a full stop.
    detail, headers = error.detail if error.detail.endswith(".") else "", error.headers
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path[:200]}."
    elif error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path[:200]}."
        # A router answers for one route of an address; what the whole address knows, the table says.
        known = request.app.state.methods(request.url.path)
        headers = {"allow": ", ".join(known)} if known else headers
    return respond(by_status(error.status_code, detail), headers, path=request.url.path)


async def _on_invalid_body(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    fields = [{"field": _named(one["loc"]), "message": _plain(one["msg"])} for one in found[:_MOST_FIELDS]]
    if any(one["type"] == "json_invalid" for one in found):
        return respond(by_status(400, "The body is not valid JSON.", errors=fields), path=request.url.path)
    first = fields[0] if fields else {"field": "", "message": "not valid"}
    detail = f"{first['field'] or 'The body'}: {first['message']}."
    return respond(_without_secrets(request.app, by_status(422, detail, errors=fields)), path=request.url.path)


def _named(place: tuple[int | str, ...]) -> str:
    return ".".join(str(step)[:60] for step in place[1:])


def _plain(message: str) -> str:
    text = message.removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def _without_secrets(app: Any, problem: dict[str, Any]) -> dict[str, Any]:
    """A second lock: error texts hold no secrets, and if one ever does, it ends here."""
    gateway = getattr(app.state, "gateway", None)
    secrets = gateway.settings.secrets() if gateway else []
    parts = sorted({part for secret in secrets for part in (secret, *secret.split(":")) if len(part) >= 6}, key=len)

    def hidden(value: Any) -> Any:
        if isinstance(value, str):
            for part in reversed(parts):
                value = value.replace(part, "[hidden]")
            return value
        if isinstance(value, Mapping):
            return {name: hidden(inner) for name, inner in value.items()}
        return [hidden(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    return {name: hidden(value) for name, value in problem.items()}


class Incidents:
    """Catches what nobody expected: the answer names an id, the log has the rest under the same id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; answer 500 when it breaks before it has begun to answer."""
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http":
                raise
            incident = new_id()
            _log.exception(
                "unexpected error", incident=incident, method=scope["method"], path=secret_paths.shown(scope["path"])
            )
            if began:
                raise
            problem = by_status(500, f"Unexpected error; incident {incident}.", incident=incident)
            answer = respond(problem, path=scope["path"])
            await answer(scope, receive, send)


router = APIRouter(tags=["problems"])


@router.get("/problems", summary="All codes that a problem can have")
async def codes() -> list[dict[str, Any]]:
    """Every code with its sentence, status and what to do next."""
    own = [
        {
            "code": error.code,
            "title": error.sentence(),
            "status": error.status,
            "next": error.advice,
            "charge": error.charge,
            "retryable": error.retryable,
        }
        for error in tree()
    ]
    http = [
        {
            "code": kind.code,
            "title": kind.title,
            "status": status,
            "next": kind.next,
            "charge": kind.charge,
            "retryable": False,
        }
        for status, kind in _HTTP.items()
    ]
    return [*own, *http]


@router.get("/problems/{code}", summary="What a code means")
async def code_meaning(
    code: Annotated[str, Path(description="The code of a problem", examples=["not_found"])],
) -> dict[str, Any]:
    """The code with its sentence, status and what to do next; the `type` of a problem leads here."""
    found = next((one for one in await codes() if one["code"] == code), None)
    if found is None:
        raise HTTPException(404)
    return found


def install(app: FastAPI, methods: Callable[[str], Sequence[str]]) -> None:
    """Make every error of the application a problem.

    Args:
        app: the application.
        methods: every method that an address knows.
    """
    app.state.methods = methods
    app.add_exception_handler(FluxroomError, _on_fluxroom_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_body)
    app.include_router(router)
