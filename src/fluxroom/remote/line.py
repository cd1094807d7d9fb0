"""The connection to a gateway: calls that come back as JSON or as one of our own errors."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import aiohttp
import orjson

from fluxroom.errors import FluxroomError, GatewayUnreachable, InvalidKey, RequestError, by_code, tree
from fluxroom.identifiers import new_id
from fluxroom.logs import get_logger

if TYPE_CHECKING:
    from fluxroom.settings import Settings

T = TypeVar("T")

_log = get_logger("fluxroom.remote")

PATIENCE = 15.0
"""Seconds that a call goes on trying while a gateway that was there before is away: long enough for its restart."""

_PAUSES = (0.1, 0.3, 0.6, 1.0)
"""Seconds between two tries; the last one repeats."""

_CONNECT = 10.0
_SILENCE = 130.0
"""Seconds without a byte after which a connection is given up: longer than the gateway lets anybody wait."""

_BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError)
_AWAY = frozenset({502, 503, 504})
"""What a proxy says while the gateway behind it is away; the gateway's own 503 is a problem with a code."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as a JSON object.

        Raises:
            GatewayUnreachable: it is none: something else answers at this address.
        """
        try:
            told = orjson.loads(self.body)
        except ValueError:
            raise GatewayUnreachable(
                f"What answers is no Fluxroom gateway: HTTP {self.status}, and not JSON.", charge="not_charged"
            ) from None
        if not isinstance(told, dict):
            raise other_version("it is no object")
        return heard(told)


class Told(dict[str, Any]):
    """What a gateway tells; that something is missing which this version needs is an error of ours, not Python's."""

    def __missing__(self, name: str) -> Any:
        """There is no such member."""
        raise other_version(f"it has no {name!r}")

    def part(self, name: str) -> Told:
        """The object that is told under this name."""
        return self._of(name, Told, "an object")

    def every(self, name: str) -> list[Any]:
        """The list that is told under this name."""
        return self._of(name, list, "a list")

    def _of(self, name: str, kind: type[T], words: str) -> T:
        found = self[name]
        if not isinstance(found, kind):
            raise other_version(f"its {name!r} is not {words}")
        return found


def heard(told: Any) -> Any:
    """JSON of a gateway, with everything in it as something that it tells."""
    if isinstance(told, dict):
        return Told({name: heard(inner) for name, inner in told.items()})
    return [heard(inner) for inner in told] if isinstance(told, list) else told


def segment(text: str) -> str:
    """A text as one segment of a path, whatever is in it; what can be none names nothing there."""
    return "-" if text in {"", ".", ".."} else quote(text, safe="", errors="replace")


def other_version(why: str) -> GatewayUnreachable:
    """The error that says that a gateway's answer is not one that this version reads."""
    return GatewayUnreachable(
        f"The gateway's answer is not of this version of Fluxroom: {why}.",
        advice="Use the same version here and at the gateway, and see that FLUXROOM_URL is right.",
    )


class Line:
    """An open connection to a gateway.

    Args:
        settings: its address and our key.
    """

    def __init__(self, settings: Settings) -> None:
        self.base = settings.url
        key = settings.gateway_key
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session: aiohttp.ClientSession | None = None
        self.met = False

    async def open(self) -> None:
        """Make ready; nothing is sent yet."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)

    async def close(self) -> None:
        """Hang up."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def get(self, path: str, **query: Any) -> Any:
        """What is at a path, as JSON; query values that are None are left out."""
        asked = {name: _word(value) for name, value in query.items() if value is not None}
        return (await self.call("GET", path, params=asked)).json()

    async def post(self, path: str, body: Any, *, key: str = "") -> Any:
        """What the gateway answers to a body, as JSON; repeated under the same key when the connection breaks."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or new_id()}
        return (await self.call("POST", path, data=orjson.dumps(body), headers=headers)).json()

    async def call(self, method: str, path: str, *, refused: bool = True, **more: Any) -> Answer:
        """Ask until the gateway answers: for some seconds while it restarts, and only once if it never was there.

        Args:
            method: as in HTTP.
            path: below the gateway's base.
            refused: raise the error that an answer of 4xx or 5xx tells of.
            more: for aiohttp: `data`, `headers`, `params`.

        Raises:
            FluxroomError: what the gateway said, as the same error that a local client would raise.
            GatewayUnreachable: nobody answered.
        """
        deadline = time.monotonic() + PATIENCE
        for tries in range(10_000):
            try:
                answer = await self._once(method, path, more)
            except _BROKEN as broken:
                why: Exception = broken
            else:
                self.met = True
                if answer.status not in _AWAY or _problem(answer):
                    return _checked(answer) if refused else answer
                why = TimeoutError(f"HTTP {answer.status}")
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            if not self.met or time.monotonic() + pause > deadline:
                raise self.unreachable(why) from why
            _log.info("the gateway is away, asking again", method=method, path=path, why=str(why))
            await asyncio.sleep(pause)
        raise AssertionError("the deadline ends the loop")

    async def _once(self, method: str, path: str, more: Mapping[str, Any]) -> Answer:
        headers = {**more.get("headers", {}), **_trace()}
        sent = {**more, "headers": headers}
        async with self._opened().request(method, self.base + path, allow_redirects=False, **sent) as reply:
            return Answer(reply.status, reply.headers, await reply.read())

    @asynccontextmanager
    async def stream(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of a long answer as they come.

        Raises:
            FluxroomError: what the gateway said instead.
            GatewayUnreachable: nobody answered, or the connection broke; the caller decides whether to come back.
        """
        try:
            async with self._opened().get(self.base + path, headers=headers, allow_redirects=False) as reply:
                if reply.status != 200:
                    answer = Answer(reply.status, reply.headers, await reply.read())
                    if reply.status in _AWAY and not _problem(answer):
                        raise self.unreachable(TimeoutError(f"HTTP {reply.status}"))
                    _checked(answer)
                self.met = True
                yield _lines(reply.content)
        except _BROKEN as broken:
            raise self.unreachable(broken) from broken

    def unreachable(self, why: Exception) -> GatewayUnreachable:
        """The error that says that nobody answers."""
        reason = str(why) or ("no answer in time" if isinstance(why, TimeoutError) else type(why).__name__)
        charge = "unknown" if self.met else "not_charged"
        return GatewayUnreachable(f"No answer from {self.base} ({reason}).", charge=charge)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("The client is not open: use `async with AsyncClient() as client:`.")
        return self._session


def _trace() -> dict[str, str]:
    """The header that makes the gateway's spans part of the caller's trace, where the caller has one."""
    carrier: dict[str, str] = {}
    if "opentelemetry.trace" in sys.modules:
        from opentelemetry.propagate import inject

        inject(carrier)
    return carrier


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines, however long they are: aiohttp's own reader stops at 128 KiB."""
    rest = b""
    async for piece in content.iter_any():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line


def _word(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _problem(answer: Answer) -> dict[str, Any]:
    """The problem of an answer; empty when it is none of the gateway's."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    with contextlib.suppress(ValueError):
        told = orjson.loads(answer.body)
        return told if isinstance(told, dict) and "code" in told else {}
    return {}


def _checked(answer: Answer) -> Answer:
    if answer.status < 300:
        return answer
    told = _problem(answer)
    if told:
        raise error_from(told)
    what = f"The gateway answered HTTP {answer.status} without a reason"
    if answer.status >= 500:
        raise GatewayUnreachable(f"{what}; see its log.")
    raise RequestError(f"{what}: is FLUXROOM_URL a Fluxroom gateway?", advice="Compare it with the gateway's address.")


_DRESS = frozenset({"type", "title", "status", "detail", "code", "next", "retryable", "advice", "self"})
"""Members of a problem that the error class says itself, or that no fact can be called."""


def error_from(told: Mapping[str, Any]) -> FluxroomError:
    """The error that a problem tells of: the class that a local client would raise, with the same facts."""
    code, status = str(told.get("code", "")), told.get("status")
    known = any(error.code == code for error in tree())
    kind = by_code(code) if known else RequestError if isinstance(status, int) and status < 500 else FluxroomError
    facts = {name: value for name, value in told.items() if name not in _DRESS}
    if not known:
        facts["problem"] = code
    advice = str(told.get("next", ""))
    if issubclass(kind, InvalidKey):
        advice = "Set FLUXROOM_API_KEY to a key of that gateway; who runs it makes one: `fluxroom keys create NAME`."
    return kind(str(told.get("detail", "")), advice=advice, **facts)
