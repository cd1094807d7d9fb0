"""Where requests become rows: idempotency, cache and budgets, all in the transaction that writes the jobs down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine import budgets
from fluxroom.engine.accounts import Account
from fluxroom.engine.lifecycle import State
from fluxroom.engine.orders import Terms, as_asked, generation_of, hash_of, job_of
from fluxroom.engine.pacing import Clock
from fluxroom.errors import IdempotencyConflict
from fluxroom.identifiers import new_id
from fluxroom.store import Store, images, jobs, reuse
from fluxroom.types import Plan, Request

Also = Callable[[Connection, str], None]
"""What is written down with a generation, or found with one that is there."""


class Reception:
    """Writes requests down.

    Args:
        store: the open data folder.
        maker: this process's name in the ledger.
        clock: for the times of the rows.
    """

    def __init__(self, store: Store, maker: str, clock: Clock) -> None:
        self._store = store
        self._maker = maker
        self._clock = clock

    async def take(self, request: Request, plan: Plan, account: Account, terms: Terms, also: Also | None = None) -> str:
        """Write a generation with its jobs down; returns its id. Nothing is sent before it is on disk.

        What `also` does with its id belongs to the same transaction; when it raises, nothing is written.

        Raises:
            BudgetExceeded: a budget does not allow it.
            IdempotencyConflict: the key was used for another request.
            StorageFull, StorageUnwritable, StorageBusy: it could not be written.
        """
        now = self._clock.time()
        generation = generation_of(request, plan, terms, now)
        rows = [
            job_of(plan, generation, number, account=account, maker=self._maker, terms=terms)
            for number in range(len(plan.wire))
        ]
        # As it was asked, not as it was planned: the same words may lead elsewhere once another key is set.
        body = hash_of([as_asked(request), terms.run, terms.cache])
        incomplete = await self._incomplete(rows)

        def work(connection: Connection) -> str:
            if terms.idempotency_key and (before := reuse.known(connection, terms.owner, terms.idempotency_key)):
                if before.body_hash != body:
                    raise IdempotencyConflict(idempotency_key=terms.idempotency_key)
                _ = also and also(connection, before.generation)
                return before.generation
            finished = [_from_cache(connection, row, incomplete) for row in rows]
            wanted = sum((row["reserved"] for row in finished), Decimal(0))
            if wanted:
                budgets.check(
                    connection, owner=terms.owner, run=terms.run, wanted=wanted, now=now, sandbox=account.sandbox
                )
            jobs.add(connection, generation, finished)
            for row in finished:
                if row["cached_from"]:
                    _give_again(connection, row)
            if terms.idempotency_key:
                reuse.remember(
                    connection,
                    terms.owner,
                    terms.idempotency_key,
                    body_hash=body,
                    generation=generation.id,
                    at=now,
                )
            _ = also and also(connection, generation.id)
            return generation.id

        return await self._store.database.write(work)

    async def _incomplete(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        """Jobs whose pictures would be given again, had somebody not removed their bytes."""
        incomplete: set[str] = set()
        for row in rows:
            while row["cache_key"]:
                found = await self._store.database.read(partial(_in_cache, row, incomplete))
                if found is None or await asyncio.to_thread(self._has_all, found[1]):
                    break
                incomplete.add(found[0])
        return incomplete

    def _has_all(self, digests: Sequence[str]) -> bool:
        return all(self._store.blobs.has(digest) for digest in digests)


def _in_cache(row: dict[str, Any], without: Collection[str], connection: Connection) -> tuple[str, list[str]] | None:
    source = reuse.cached(connection, row["owner"], row["cache_key"], without)
    return (source, [image.sha256 for image in images.of_jobs(connection, [source])]) if source else None


def _from_cache(connection: Connection, row: dict[str, Any], without: Collection[str]) -> dict[str, Any]:
    """The row as it is, or as a finished one that names the job whose pictures it gives again, free of charge."""
    key = row["cache_key"]
    source = reuse.cached(connection, row["owner"], key, without, held=True) if key else None
    if source is None:
        return row
    nothing = Decimal(0)
    return {
        **row,
        "state": State.SUCCEEDED.value,
        "cached_from": source,
        "reserved": nothing,
        "charged": nothing,
        "charge_source": "cache",
        "submitted_at": row["created_at"],
        "ready_at": row["created_at"],
    }


def _give_again(connection: Connection, row: dict[str, Any]) -> None:
    made = images.of_jobs(connection, [row["cached_from"]])
    images.add(connection, [replace(image, id=new_id(), job=row["id"], created_at=row["created_at"]) for image in made])
