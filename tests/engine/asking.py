"""Requests with terms (owner, run, priority, cache, key), and a clock that tests may set."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from fluxroom.client import AsyncClient
from fluxroom.engine import Snapshot
from fluxroom.engine.accounting import Accounting
from fluxroom.engine.orders import Terms
from fluxroom.engine.pacing import SystemClock
from fluxroom.store.jobs import Job
from fluxroom.store.ledger import Budget, Period

PRO = "bfl/flux-2-pro"
PRICE = Decimal("0.03")  # one megapixel of flux-2-pro, at both providers


class Calendar(SystemClock):
    """The machine's clock, moved to another day."""

    def __init__(self) -> None:
        self._shift = 0.0

    def time(self) -> float:
        return super().time() + self._shift

    def set(self, moment: str) -> None:
        self._shift = datetime.fromisoformat(moment).timestamp() - super().time()


async def ask(client: AsyncClient, prompt: str = "x", terms: Terms | None = None, **options: Any) -> str:
    """Send a request under these terms; returns the generation's id."""
    request, plan = await client.plan(prompt, **{"model": PRO, **options})
    return await client.engine.submit(request, plan, terms)


async def made(client: AsyncClient, prompt: str = "x", terms: Terms | None = None, **options: Any) -> Snapshot:
    """The same, waited for."""
    return await client.engine.wait(await ask(client, prompt, terms, **options), 30)


async def job_of(client: AsyncClient, generation: str) -> Job:
    """The only job of a generation, as it is now."""
    [job] = (await client.snapshot(generation)).jobs
    return job


def books(client: AsyncClient) -> Accounting:
    """What a person sees of the client's money and accounts."""
    return Accounting(client.engine.store, client.engine.accounts, client.engine._clock)


async def allow(client: AsyncClient, scope: str, period: Period, most: Decimal) -> None:
    """Set a budget."""
    await books(client).set_budget(Budget(scope=scope, period=period, most=most))


async def spent(client: AsyncClient) -> Decimal:
    """What everybody has spent or reserved in all."""
    await allow(client, "all", "total", Decimal(1_000_000))
    standings = await books(client).budgets(sandbox=True)
    return next(one.spent for one in standings if (one.budget.scope, one.budget.period) == ("all", "total"))


def of(terms: Terms, **changes: Any) -> Terms:
    """Terms like these with something else."""
    return replace(terms, **changes)
