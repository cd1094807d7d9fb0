"""Every request's caller: whose key came with it, what the key may do here, how often and how much at once.

Standing between the doorkeeper and the routes, this is the only place where a key is looked at. On loopback a request
without a key is this machine's user's. A sign of a proxy ends that: then the request may come from anywhere.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluxroom.errors import FluxroomError, InvalidKey, ScopeMissing, TooManyRequests
from fluxroom.server import problems
from fluxroom.server.access.allowances import Allowances
from fluxroom.server.access.callers import LOCAL, NOBODY, SCOPE_KEY, Caller
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.access.scopes import Rights
from fluxroom.server.access.security import foreign_site
from fluxroom.server.access.sessions import token_of

if TYPE_CHECKING:
    from fluxroom.server.gateway import Gateway

_MARK = "flux_"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_REFUSED = {"www-authenticate": 'Bearer realm="fluxroom"'}


class Keycheck:
    """Finds out who calls and refuses who may not.

    Args:
        app: what stands behind it.
        gateway: its keys and settings.
        rights: what each address asks of its caller.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway, rights: Rights) -> None:
        self._app = app
        self._gateway = gateway
        self._rights = rights
        self._keyed = perimeter(gateway.settings).keyed
        self._allowances = Allowances(gateway.settings.per_minute, gateway.settings.most_open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = dict[str, str]()

        async def limited(message: Message) -> None:
            if message["type"] == "http.response.start" and answer:
                MutableHeaders(scope=message).update(answer)
            await send(message)

        with ExitStack() as stack:
            try:
                caller = await self._admitted(scope)
                if caller.key:
                    answer |= self._allowances.take(caller.key, caller.per_minute)
                    stack.enter_context(self._allowances.under_way(caller.key))
            except (FluxroomError, HTTPException) as error:
                await _refuse(error, scope, receive, limited)
                return
            scope[SCOPE_KEY] = caller
            await self._app(scope, receive, limited)

    async def _admitted(self, scope: Scope) -> Caller:
        """Who asks, once it is sure that they may."""
        right = self._rights.of(scope["method"], scope["path"])
        if right == "public":
            return NOBODY
        caller = await self._caller(scope)
        if right is None and not caller.is_admin:
            if scope["method"] == "OPTIONS" or self._rights.knows(scope["path"]):
                return caller  # the application answers with the methods that there are
            raise HTTPException(404, f"There is nothing at {scope['path'][:200]}.")
        if right not in {None, "any"} and right not in caller.scopes:
            raise ScopeMissing(
                f"This key may do {_listed(caller.scopes)}, and this needs {right}.", scope=right, owner=caller.owner
            )
        return caller

    async def _caller(self, scope: Scope) -> Caller:
        headers = Headers(scope=scope)
        if _MARK in unquote_plus(scope["query_string"].decode("latin-1")):
            raise InvalidKey(
                "A key was sent in the address, where it ends up in logs.",
                advice="Revoke it, make a new one, and send that in the Authorization header.",
            )
        sent = secrets_in(headers)
        # Clients of other services send something always; where no key is needed, only one of ours counts.
        if not self._keyed and not any(name in headers for name in _FORWARDED):
            sent = [secret for secret in sent if secret.startswith(_MARK)]
            if not sent:
                return LOCAL
        if len(sent) > 1:
            raise InvalidKey("Different keys were sent in different headers.", advice="Send one key in one header.")
        if sent:
            return Caller.with_key(await self._gateway.identities.by_secret(sent[0]))
        return await self._logged_in(scope, headers)

    async def _logged_in(self, scope: Scope, headers: Headers) -> Caller:
        token = token_of(HTTPConnection({"type": "http", "headers": scope["headers"]}).cookies)
        # A browser sends its cookie along with whatever a page asks for; only our own page may use it, also where
        # another site is invited to come with a key. What changes something must say that it comes from there.
        said = "origin" in headers or "sec-fetch-site" in headers or scope["method"] in _READING
        if not token or not said or foreign_site(headers, headers.get("host", "")):
            raise InvalidKey("This gateway asks for a key.")
        return Caller.with_key(await self._gateway.sessions.key_of(token), by_session=True)


def secrets_in(headers: Headers) -> list[str]:
    """The different keys that a request brings: as Bearer, as X-Api-Key, and as clients of BFL and fal send theirs.

    >>> secrets_in(Headers({"authorization": "Bearer flux_a", "x-key": "flux_a"}))
    ['flux_a']
    """
    found = [headers.get("x-api-key", ""), headers.get("x-key", "")]
    for line in headers.getlist("authorization"):
        scheme, _, rest = line.strip().partition(" ")
        if scheme.lower() in {"bearer", "key"}:
            found.append(rest)
    return list(dict.fromkeys(filter(None, (secret.strip() for secret in found))))


async def _refuse(error: FluxroomError | HTTPException, scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(error, HTTPException):
        answer = problems.respond(problems.by_status(error.status_code, error.detail), path=scope["path"])
    else:
        problem = problems.of(error)
        headers = _REFUSED if isinstance(error, InvalidKey) else {}
        if isinstance(error, TooManyRequests):
            headers = {"retry-after": str(problem["retry_after"]), "ratelimit-remaining": "0"}
            headers |= {"ratelimit-limit": str(problem["limit"]), "ratelimit-reset": str(problem["retry_after"])}
        answer = problems.respond(problem, headers, path=scope["path"])
    await answer(scope, receive, send)


def _listed(scopes: frozenset[str]) -> str:
    return " and ".join(sorted(scopes)) or "nothing"
