"""Budgets: refused before anything is sent, counted where the job is written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from fluxroom.errors import BudgetExceeded
from fluxroom.store import ledger
from fluxroom.store.database import hold
from fluxroom.store.ledger import Budget, Period
from fluxroom.types import dollars


def span(period: Period, now: float) -> tuple[float, float | None]:
    """When the running period began, and when the next one does, in seconds since 1970; days and months are UTC's.

    >>> span("month", 1_795_000_000.0)
    (1793491200.0, 1796083200.0)
    """
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return today.timestamp(), (today + timedelta(days=1)).timestamp()
    if period == "month":
        first = today.replace(day=1)
        return first.timestamp(), (first + timedelta(days=32)).replace(day=1).timestamp()
    return 0.0, None


def check(connection: Connection, *, owner: str, run: str, wanted: Decimal, now: float, sandbox: bool) -> None:
    """Look at every budget that a request of this owner and run would draw on. Part of the transaction that writes it.

    Raises:
        BudgetExceeded: one of them does not allow it; the message says which, and when it resets.
    """
    scopes = {"all", f"owner:{owner}", f"run:{run}"}
    drawn_on = [budget for budget in ledger.all_budgets(connection) if budget.scope in scopes]
    if drawn_on:
        hold(connection, "budgets")  # what others have reserved until here is counted, and nobody else counts meanwhile
    for budget in drawn_on:
        _check(connection, budget, wanted=wanted, now=now, sandbox=sandbox)


def _check(connection: Connection, budget: Budget, *, wanted: Decimal, now: float, sandbox: bool) -> None:
    since, until = span(budget.period, now)
    spent = ledger.spent(connection, budget.scope, since=since, sandbox=sandbox)
    if spent + wanted <= budget.most:
        return
    resets = datetime.fromtimestamp(until, UTC) if until else None
    whose = {"all": "the installation"}.get(budget.scope, budget.scope.replace(":", " "))
    raise BudgetExceeded(
        f"The {budget.period} budget of {whose} is {dollars(budget.most)}; {dollars(spent)} are spent or reserved, "
        f"and this request needs {dollars(wanted)}.",
        advice=f"It resets at {resets:%Y-%m-%d %H:%M} UTC; or raise it." if resets else "Raise it.",
        scope=budget.scope,
        period=budget.period,
        resets_at=until,
    )
