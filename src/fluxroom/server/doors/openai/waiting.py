"""Waiting for a generation on behalf of a client that may go away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import Any

from fastapi import Request

from fluxroom.engine import Snapshot
from fluxroom.errors import FluxroomError, WaitEnded
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Caller
from fluxroom.server.doors.openai.claims import Claim, Claims
from fluxroom.server.doors.openai.errors import OWED
from fluxroom.server.doors.openai.writing import pieces
from fluxroom.server.gateway import Gateway
from fluxroom.types import Event

GONE = 499
"""The status of an answer that nobody reads; nginx's word for a client that hung up."""


class ClientGone(Exception):
    """The client has hung up. The generation goes on, and is owed to whoever sends the same request again."""


def claims(gateway: Gateway, request: Request) -> Claims:
    """What this gateway owes to its clients."""
    state = request.app.state
    if not hasattr(state, "openai_claims"):
        state.openai_claims = Claims(gateway.engine.store)
    found: Claims = state.openai_claims
    return found


class Order:
    """One request of one client: started once, waited for, and settled when its answer has arrived.

    Args:
        gateway: where it is carried out.
        request: the client's connection.
        caller: whose request it is.
    """

    def __init__(self, gateway: Gateway, request: Request, caller: Caller) -> None:
        self._gateway = gateway
        self._request = request
        self._caller = caller
        self._claims = claims(gateway, request)
        self._claim: Claim | None = None
        self.generation = ""

    async def start(self, fingerprint: str, prompt: Any, model: str, options: dict[str, Any]) -> None:
        """Start it, or join the generation that this client is owed for the same request.

        Raises:
            RequestError: it cannot be carried out; nothing was sent.
            BudgetExceeded: a budget does not allow it.
        """

        async def order(key: str) -> str:
            return await callers.order(self._gateway, self._caller, prompt, model, {**options, "idempotency_key": key})

        if key := self._request.headers.get("idempotency-key", "")[:255]:
            self.generation = await order(key)
            return
        whose = f"{self._caller.owner}\0{self._caller.key}\0{fingerprint}"
        again = self._request.headers.get("x-stainless-retry-count", "0") not in {"", "0"}
        self._claim = await self._claims.take(self._caller.owner, _hashed(whose), order, again=again)
        self.generation = await self._claim.generation

    async def settled(self) -> Snapshot:
        """The generation at its end.

        Raises:
            ClientGone: the client has hung up meanwhile.
            WaitEnded: it takes longer than FLUXROOM_WAIT, or the gateway stops; it goes on.
        """
        engine, seconds = self._gateway.engine, self._gateway.settings.wait
        async with _watched(self._request) as gone:
            ended = asyncio.ensure_future(self._gateway.unless_closing(engine.wait(self.generation, seconds)))
            try:
                await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    raise ClientGone
                found = await ended
            finally:
                if not ended.done():
                    ended.cancel()
                    with suppress(asyncio.CancelledError):
                        await ended
        if found is None:
            raise _stopping(self.generation)
        return found

    async def events(self) -> AsyncIterator[Event]:
        """What happens to it until its end, with at least two events a second.

        Raises:
            WaitEnded: as in `settled`.
        """
        deadline = time.monotonic() + self._gateway.settings.wait
        async for event in self._gateway.engine.events(self.generation):
            yield event
            if self._gateway.closing.is_set():
                raise _stopping(self.generation)
            if time.monotonic() > deadline:
                raise WaitEnded(
                    f"Not finished after {self._gateway.settings.wait:g} s; the job goes on.",
                    generation=self.generation,
                )

    async def snapshot(self) -> Snapshot:
        """The generation as it is now."""
        return await self._gateway.engine.snapshot(self.generation)

    async def arrived(self) -> None:
        """Its answer has reached the client: nothing is owed any more."""
        if self._claim is not None:
            claim, self._claim = self._claim, None
            await self._claims.settle(claim, delivered=True)

    async def ended(self, error: BaseException | None = None) -> None:
        """The connection is over, with this error. What does not end the request is still owed."""
        if self._claim is None:
            return
        over = isinstance(error, FluxroomError) and error.code not in OWED
        claim, self._claim = self._claim, None
        await self._claims.settle(claim, delivered=over)


async def until_arrived(written: Iterator[bytes], order: Order) -> AsyncIterator[bytes]:
    """The answer; when its last piece was taken, nothing is owed any more. A client that hangs up ends it early."""
    try:
        async for piece in pieces(written):
            yield piece
        await order.arrived()
    finally:
        await order.ended()


def _stopping(generation: str) -> WaitEnded:
    return WaitEnded("The gateway is stopping; the job goes on.", generation=generation)


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:40]


@asynccontextmanager
async def _watched(request: Request) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends when the client hangs up."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(gone())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
