"""Where providers call back: a public address whose every call must prove itself twice, by its path and by a signature.

The path is checked first, before the body is read and anything is looked up, so a stranger costs next to nothing. What
a genuine callback does is the engine's (`fluxroom.engine.webhooks`).
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from fluxroom.engine.callback_addresses import Address
from fluxroom.engine.webhooks import Callbacks, Heard
from fluxroom.errors import FluxroomError
from fluxroom.identifiers import new_id
from fluxroom.logs import get_logger
from fluxroom.providers import Callback
from fluxroom.server import problems
from fluxroom.server.gateway import Running

_log = get_logger("fluxroom.server")

router = APIRouter(include_in_schema=False)

_STATUS: Mapping[Heard, int] = {
    Heard.NO_JOB: 404,
    Heard.REFUSED: 401,
    Heard.UNREADABLE: 422,
    Heard.OTHER_TASK: 409,
}


@router.post("/hooks/{provider}/{job_id}/{token}")
async def call_back(gateway: Running, request: Request, provider: str, job_id: str, token: str) -> Response:
    """200 for everything that is genuine, so that the provider stops; else a problem, and it may call again."""
    callbacks = gateway.engine.callbacks
    address = callbacks.addresses.named(provider, job_id, token) if callbacks else None
    if callbacks is None or address is None:
        return _nowhere()
    try:
        callback = Callback(headers=_joined(request.headers), body=await request.body())
    except ClientDisconnect:
        return problems.respond(problems.by_status(400, "The call broke off."))
    return await _answer(callbacks, address, callback)


async def _answer(callbacks: Callbacks, address: Address, callback: Callback) -> Response:
    try:
        hearing = await callbacks.hear(address, callback)
    except FluxroomError:
        raise
    except Exception:  # noqa: BLE001  handled here, because elsewhere the path, a secret, would be logged
        incident = new_id()
        _log.exception("unexpected error in a callback", incident=incident, job=address.job)
        return problems.respond(problems.by_status(500, f"Unexpected error; incident {incident}.", incident=incident))
    if hearing.heard is Heard.NO_JOB:
        return _nowhere()
    if hearing.heard in _STATUS:
        detail = f"{hearing.why[:1].upper()}{hearing.why[1:]}."
        return problems.respond(problems.by_status(_STATUS[hearing.heard], detail, job=address.job))
    return JSONResponse({"heard": hearing.heard.value})


def _nowhere() -> Response:
    # The same for an address that was made up and for a job that is no more.
    return problems.respond(problems.by_status(404, "Nobody is to call back here."))


def _joined(headers: Headers) -> dict[str, str]:
    """The headers by name; one that came more than once is joined, as in RFC 9110, and then fits no pattern."""
    return {name: ", ".join(headers.getlist(name)) for name in headers}
