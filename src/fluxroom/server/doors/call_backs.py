"""Callers who want to be called: written down with the order, and called when it is settled, in their door's shape.

They survive a restart, and of several processes one calls. Whoever has asked for it named the address, so it must be a
public one; only where nobody but this machine's user can ask, it may be on this machine.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from fluxroom.engine import Snapshot
from fluxroom.engine.lifecycle import SETTLED
from fluxroom.errors import FluxroomError, InvalidParams, NotFound
from fluxroom.logs import get_logger
from fluxroom.server.access.perimeter import perimeter
from fluxroom.server.gateway import Gateway
from fluxroom.server.webhooks import postman
from fluxroom.settings import is_loopback, listed
from fluxroom.store import doors
from fluxroom.store.doors import CallBack

_log = get_logger("fluxroom.server")

_PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0)
"""Seconds before each further attempt; after the last one nobody is called any more."""

_LOOK = 0.5
"""Seconds between two looks for callers to be called."""

_AT_ONCE = 16
_IN_HAND = 60.0
"""Seconds after which another process may take over a call that nobody finished."""

_LONGEST = 2083
"""Characters of an address, as BFL has it."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a POST's body and headers."""

    body: bytes
    headers: Mapping[str, str]


Shape = Callable[[Gateway, Snapshot, CallBack, str], Awaitable[Message]]
"""How a door says it: the gateway, the generation, who is called, and the secret that they gave us."""

_SHAPES: dict[str, Shape] = {}


def speak(door: str, shape: Shape) -> None:
    """Call the callers of a door in this shape."""
    _SHAPES[door] = shape


async def remember(gateway: Gateway, generation: str, *, door: str, url: str, base: str, secret: str = "") -> None:
    """Write down that somebody wants to be called about a generation."""
    now = gateway.engine.now()
    wanted = CallBack(
        generation=generation,
        door=door,
        url=url,
        base=base,
        sealed=await _sealed(gateway, secret) if secret else "",
        state="waiting",
        attempts=0,
        why="",
        created_at=now,
        next_at=now,
    )
    await gateway.engine.store.database.write(partial(doors.add_call_back, wanted=wanted))


def checked(gateway: Gateway, url: str, field: str) -> str:
    """The address to call, unchanged.

    Raises:
        InvalidParams: it is none that may be called.
    """
    try:
        parts = urlsplit(url)
        here = is_loopback(url) and not perimeter(gateway.settings).keyed
        here = here or (not is_loopback(url) and (parts.hostname or "") in listed(gateway.settings.webhook_hosts))
        fine = parts.scheme == "https" or (parts.scheme == "http" and here)
        fine = fine and bool(parts.hostname) and not parts.username and parts.port != 0
        fine = fine and len(url) <= _LONGEST and url.isprintable() and " " not in url
    except ValueError:
        fine = False
    if not fine:
        raise InvalidParams(f"{field} must be a public https address.", field=field)
    return url


@asynccontextmanager
async def calling(gateway: Gateway) -> AsyncIterator[None]:
    """Call whoever is to be called, as long as this is open."""
    task = asyncio.create_task(_call_on(gateway))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def call_all(gateway: Gateway) -> int:
    """Call everybody who is due; returns how many were."""
    now = gateway.engine.now()
    found = await gateway.engine.store.database.read(lambda connection: doors.due(connection, now, SETTLED, _AT_ONCE))
    await asyncio.gather(*(_call(gateway, wanted) for wanted in found))
    return len(found)


async def _call_on(gateway: Gateway) -> None:
    while True:
        try:
            if await call_all(gateway):
                continue
        except FluxroomError as error:  # the disk or the database: it is tried again
            _log.warning("callers could not be called", why=error.detail)
        except Exception:  # noqa: BLE001  the next caller is called all the same
            _log.exception("unexpected error while calling back")
        await asyncio.sleep(_LOOK)


async def _call(gateway: Gateway, wanted: CallBack) -> None:
    database = gateway.engine.store.database
    now = gateway.engine.now()
    if not await database.write(partial(doors.claim, wanted=wanted, until=now + _IN_HAND)):
        return
    try:
        found = await gateway.client.snapshot(wanted.generation)
        secret = await _opened(gateway, wanted.sealed) if wanted.sealed else ""
        message = await _SHAPES[wanted.door](gateway, found, wanted, secret)
    except NotFound:
        return
    _, why = await postman.send(gateway, wanted.url, message.body, message.headers)
    pause = _PAUSES[wanted.attempts] if wanted.attempts < len(_PAUSES) else None
    state = "delivered" if not why else "waiting" if pause else "failed"
    if why:
        _log.warning("a caller could not be called", generation=wanted.generation, why=why, again=pause)
    next_at = gateway.engine.now() + (pause or 0.0)
    await database.write(partial(doors.told, wanted=wanted, state=state, why=why, next_at=next_at))


async def _sealed(gateway: Gateway, secret: str) -> str:
    return (await _box(gateway)).encrypt(secret.encode()).decode()


async def _opened(gateway: Gateway, sealed: str) -> str:
    return (await _box(gateway)).decrypt(sealed.encode()).decode()


async def _box(gateway: Gateway) -> Fernet:
    return Fernet(urlsafe_b64encode(await gateway.secret("call backs")))
