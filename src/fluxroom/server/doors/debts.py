"""Answers that never reached their caller: whoever asks the same again gets the picture that is already being made.

fal's and most other clients send a request again when the connection breaks, without a word that it is a second
attempt, and two equal requests on purpose are two pictures. What tells them apart is whether the first one was
answered. So an answer is owed from the order on until it was given. While its caller still waits, and once it was
given, an equal request is a new one; when the caller went away before, or the process that owed it died, the next
equal request of the same owner within ten minutes takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import orjson

from fluxroom.engine.orders import hash_of
from fluxroom.server.callers import Caller
from fluxroom.server.gateway import Gateway
from fluxroom.store import doors
from fluxroom.store.doors import Owed
from fluxroom.types import JSON

WINDOW = 600.0
"""Seconds in which somebody may come back: fal's client tries ten times, each for up to two minutes, most at once."""


def digest_of(door: str, endpoint: str, body: Mapping[str, JSON]) -> str:
    """What makes two requests equal: where they were sent, and every byte that means something."""
    return hash_of([door, endpoint, orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()])


async def owed(gateway: Gateway, caller: Caller, digest: str) -> str:
    """The generation of an equal request whose answer never arrived; empty when there is none."""
    engine = gateway.engine
    now = engine.now()
    found = await engine.store.database.read(lambda c: doors.owed(c, caller.owner, digest, since=now - WINDOW))
    for debt in found:
        taken = partial(doors.take_over, debt=debt, process=engine.presence.id, now=now)
        if await _is_abandoned(gateway, debt) and await engine.store.database.write(taken):
            return debt.generation
    return ""


async def owe(gateway: Gateway, caller: Caller, digest: str, generation: str) -> None:
    """Write down that this process owes its caller the answer about a generation."""
    now = gateway.engine.now()
    debt = Owed(generation=generation, owner=caller.owner, digest=digest, process=gateway.engine.presence.id, at=now)
    await gateway.engine.store.database.write(lambda c: doors.owe(c, debt, forget_before=now - WINDOW))


async def answered(gateway: Gateway, generation: str) -> None:
    """Write down that the answer was given."""
    await gateway.engine.store.database.write(lambda c: doors.answered(c, generation))


@contextmanager
def in_hand(gateway: Gateway, generation: str) -> Iterator[None]:
    """While the caller of this generation waits for the answer, nobody takes its place."""
    gateway.in_hand.add(generation)
    try:
        yield
    finally:
        gateway.in_hand.discard(generation)


async def _is_abandoned(gateway: Gateway, debt: Owed) -> bool:
    presence = gateway.engine.presence
    if debt.process == presence.id:
        return debt.generation not in gateway.in_hand
    return debt.process in await presence.dead([debt.process])
