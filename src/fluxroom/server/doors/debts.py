"""Answers that never reached their caller: whoever asks the same again gets the picture that is already being made.

fal's and most other clients send a request again when the connection breaks, without a word that it is a second
attempt, and two equal requests on purpose are two pictures. What tells them apart is whether the first one was
answered. So an answer is owed from before the order on until it was given. While its caller still waits, and once it
was given, an equal request is a new one; when the caller went away before, or the process that owed it died, the next
equal request of the same owner within ten minutes takes its place.

It is written down before the order, with the idempotency key that the order is made under. So it does not matter when a
process dies: whoever takes its place orders under the same key, and is given what there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from fluxroom.engine.orders import hash_of
from fluxroom.errors import RequestError
from fluxroom.identifiers import new_id
from fluxroom.server.access.callers import Caller
from fluxroom.server.gateway import Gateway
from fluxroom.store import doors
from fluxroom.store.doors import Owed
from fluxroom.types import JSON

WINDOW = 600.0
"""Seconds in which somebody may come back: fal's client tries ten times, each for up to two minutes, most at once."""

Order = Callable[[str], Awaitable[str]]
"""Makes the order under an idempotency key; returns its generation."""


@dataclass(frozen=True, slots=True)
class Debt:
    """An answer that is owed."""

    generation: str
    owner: str
    key: str

    async def paid(self, gateway: Gateway) -> None:
        """Write down that the answer was given; where a caller's own key decides, there is nothing to write."""
        if not self.key:
            return
        work = partial(doors.answered, owner=self.owner, key=self.key)
        await gateway.engine.store.database.write(work)


def digest_of(door: str, endpoint: str, body: Mapping[str, JSON]) -> str:
    """What makes two requests equal: where they were sent, and everything in them."""
    return hash_of([door, endpoint, body])


@asynccontextmanager
async def owing(gateway: Gateway, caller: Caller, digest: str, order: Order) -> AsyncIterator[Debt]:
    """Owe somebody the answer to an order, while this is open as well as afterwards, until it is `paid`.

    The order is a new one, or one of the same digest whose answer never arrived.

    Raises:
        RequestError: it cannot be carried out; nothing is owed.
    """
    left = await _taken_over(gateway, caller, digest)
    key = left or f"door:{digest[:16]}:{new_id()}"
    gateway.in_hand.add(key)  # before anybody can read of it: while its caller waits, nobody takes its place
    try:
        if not left:
            await _write_down(gateway, caller, digest, key)
        try:
            debt = Debt(await order(key), caller.owner, key)
        except RequestError:
            await Debt("", caller.owner, key).paid(gateway)
            raise
        yield debt
    finally:
        gateway.in_hand.discard(key)


async def _taken_over(gateway: Gateway, caller: Caller, digest: str) -> str:
    """The key of an equal order whose answer never arrived, now in our hands; empty when there is none."""
    engine = gateway.engine
    now = engine.now()
    found = await engine.store.database.read(partial(doors.owed, owner=caller.owner, digest=digest, since=now - WINDOW))
    for debt in found:
        abandoned = debt.process == engine.presence.id or await engine.presence.dead([debt.process])
        if not abandoned or debt.key in gateway.in_hand:
            continue
        gateway.in_hand.add(debt.key)
        if await engine.store.database.write(partial(doors.take_over, debt=debt, process=engine.presence.id, now=now)):
            return debt.key
        gateway.in_hand.discard(debt.key)
    return ""


async def _write_down(gateway: Gateway, caller: Caller, digest: str, key: str) -> None:
    now = gateway.engine.now()
    debt = Owed(key=key, owner=caller.owner, digest=digest, process=gateway.engine.presence.id, at=now)
    await gateway.engine.store.database.write(partial(doors.owe, debt=debt, forget_before=now - WINDOW))
