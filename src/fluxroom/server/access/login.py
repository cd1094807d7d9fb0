"""Logging in to the studio, and who one is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.engine.accounting import in_utc
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.access.sessions import COOKIES, LIFETIME, token_of
from fluxroom.server.gateway import Gateway, Running
from fluxroom.store.keys import Scope

router = APIRouter(prefix="/v1/session", tags=["keys"])


class LoginBody(BaseModel):
    """A key, given once."""

    model_config = ConfigDict(strict=True, extra="forbid", title="LoginRequest")

    key: Annotated[str, Field(max_length=200, description="As `fluxroom keys create` showed it.")]


class SessionAnswer(BaseModel):
    """Who one is at this gateway."""

    owner: str
    scopes: list[Scope]
    key: str | None = Field(description="The key's id; null for this machine's own user, who needs none.")
    hint: str = Field(description="The key's last four characters.")
    expires_at: str | None = Field(description="When the login ends; null when a key came with the request.")


@router.post("", summary="Log in")
async def log_in(gateway: Running, request: Request, response: Response, body: LoginBody) -> SessionAnswer:
    """Exchange a key for a cookie that scripts cannot read. For browsers; programs send the key itself."""
    key = await gateway.identities.by_secret(body.key.strip())
    token = await gateway.sessions.begin(key)
    _set_cookie(gateway, request, response, token)
    return await _answer(gateway, Caller.with_key(key), key.hint, token)


@router.get("", summary="Who am I?")
async def who(gateway: Running, caller: Asking, request: Request, response: Response) -> SessionAnswer:
    """The caller's owner and scopes. A login that is half over is renewed."""
    if not caller.key:
        return await _answer(gateway, caller, "", "")
    key = await gateway.identities.by_id(caller.key)
    token = token_of(request.cookies) if caller.by_session else ""
    if token and await gateway.sessions.seconds_left(token) < LIFETIME / 2:
        token = await gateway.sessions.begin(key)
        _set_cookie(gateway, request, response, token)
    return await _answer(gateway, caller, key.hint, token)


@router.delete("", status_code=204, summary="Log out")
async def log_out(gateway: Running, request: Request, response: Response) -> None:
    """End the browser's login. Without one nothing happens."""
    if token := token_of(request.cookies):
        await gateway.sessions.end(token)
    for name in COOKIES:
        response.delete_cookie(name, path="/", secure=name.startswith("__Host"), httponly=True, samesite="strict")


def _set_cookie(gateway: Gateway, request: Request, response: Response, token: str) -> None:
    secure = perimeter(gateway.settings).is_secure(request.url.scheme, request.headers.get("host", ""))
    name = COOKIES[0] if secure else COOKIES[1]
    response.set_cookie(name, token, max_age=LIFETIME, path="/", secure=secure, httponly=True, samesite="strict")


async def _answer(gateway: Gateway, caller: Caller, hint: str, token: str) -> SessionAnswer:
    left = await gateway.sessions.seconds_left(token) if token else 0.0
    ends = datetime.fromtimestamp(datetime.now(UTC).timestamp() + left, UTC) if left else None
    return SessionAnswer(
        owner=caller.owner,
        scopes=sorted(caller.scopes),
        key=caller.key or None,
        hint=hint,
        expires_at=in_utc(ends),
    )
