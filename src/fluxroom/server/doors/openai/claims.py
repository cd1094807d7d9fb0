"""Which generation is owed to whom: a client that gives up and asks again is given the picture that is being made.

OpenAI's clients send no idempotency key; after a time-out or a broken connection they send the same body again, and
say so at best in `x-stainless-retry-count`. So a generation stays owed to its request until an answer has reached a
client. Whoever sends the same body under the same key before that, is given that generation instead of a second one.

The ledger keeps what is owed as idempotency keys (`openai:fingerprint:id`), which outlive this process; who is waiting
for what at this moment, only this process knows.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, select

from fluxroom.identifiers import new_id
from fluxroom.store import Store
from fluxroom.store.tables import idempotency

OWED = 3600.0
"""Seconds for which a picture waits to be asked for again; OpenAI's own client gives up after 30 minutes."""

_OWED = (
    select(idempotency.c.key, idempotency.c.generation)
    .where(
        idempotency.c.owner == bindparam("b_owner"),
        idempotency.c.key >= bindparam("b_first"),
        idempotency.c.key <= bindparam("b_last"),
        idempotency.c.created_at > bindparam("b_since"),
    )
    .order_by(idempotency.c.key)
)
_SETTLE = delete(idempotency).where(
    idempotency.c.owner == bindparam("b_owner"), idempotency.c.key == bindparam("b_key")
)


@dataclass(eq=False, slots=True)
class Claim:
    """What is owed to the senders of one request."""

    owner: str
    fingerprint: str
    generation: asyncio.Future[str]
    key: str = ""
    waiting: int = 1  # connections
    since: float = field(default_factory=time.monotonic)


class Claims:
    """What this gateway owes.

    Args:
        store: the open data folder.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[tuple[str, str], list[Claim]] = {}
        self._settled: deque[str] = deque(maxlen=1024)  # keys whose rows a reading under way may still show

    async def take(self, owner: str, fingerprint: str, order: Callable[[str], Awaitable[str]], *, again: bool) -> Claim:
        """The claim to a generation: one that is owed, or the one that `order` makes under an idempotency key.

        Args:
            owner: whose request it is.
            fingerprint: what it asks for.
            order: makes the generation and returns its id.
            again: the client says that it sends the request again; then it is one whose end we have not noticed yet.
        """
        self._forget_the_old()
        listed = self._open.setdefault((owner, fingerprint), [])
        owed = next((claim for claim in listed if not claim.waiting), listed[0] if again and listed else None)
        if owed is not None:
            owed.waiting += 1
            try:
                await asyncio.shield(owed.generation)
            except BaseException:
                owed.waiting -= 1
                raise
            return owed
        claim = Claim(owner, fingerprint, asyncio.get_running_loop().create_future())
        listed.append(claim)
        try:
            claim.generation.set_result(await self._found_or_made(claim, order, again=again))
        except BaseException as error:
            self._drop(claim)
            claim.generation.set_exception(error)
            claim.generation.exception()  # whoever else waits raises it too; without anybody it is no complaint
            raise
        return claim

    async def settle(self, claim: Claim, *, delivered: bool) -> None:
        """One connection no longer waits; once an answer was delivered, nothing is owed."""
        claim.waiting -= 1
        if delivered and self._drop(claim):
            self._settled.append(claim.key)
            bound = {"b_owner": claim.owner, "b_key": claim.key}
            await self._store.database.write(lambda connection: connection.execute(_SETTLE, bound).rowcount)

    async def _found_or_made(self, claim: Claim, order: Callable[[str], Awaitable[str]], *, again: bool) -> str:
        # What an earlier process owed. On many machines, another one may be answering it right now: there, a client
        # must say that it asks again.
        if again or self._store.fleet is None:
            for key, generation in await self._store.database.read(lambda connection: _owed(connection, claim)):
                open_here = (other.key for other in self._open.get((claim.owner, claim.fingerprint), ()))
                if key not in self._settled and key not in open_here:
                    claim.key = key
                    return generation
        claim.key = f"{_prefix(claim)}:{new_id()}"
        return await order(claim.key)

    def _drop(self, claim: Claim) -> bool:
        place = (claim.owner, claim.fingerprint)
        listed = self._open.get(place, [])
        known = claim in listed
        if known:
            listed.remove(claim)
        if not listed:
            self._open.pop(place, None)
        return known

    def _forget_the_old(self) -> None:
        oldest = time.monotonic() - OWED
        for listed in list(self._open.values()):
            for claim in [one for one in listed if not one.waiting and one.since < oldest]:
                self._drop(claim)


def _prefix(claim: Claim) -> str:
    return f"openai:{claim.fingerprint}"


def _owed(connection: Connection, claim: Claim) -> list[tuple[str, str]]:
    prefix = f"{_prefix(claim)}:"
    bound = {
        "b_owner": claim.owner,
        "b_first": prefix,
        "b_last": f"{prefix}{'z' * 22}",  # above every id, in whatever order the database sorts texts
        "b_since": time.time() - OWED,
    }
    found = [(row.key, row.generation) for row in connection.execute(_OWED, bound)]
    return sorted((key, generation) for key, generation in found if key.startswith(prefix))
