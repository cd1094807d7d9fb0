"""Money in the ledger: what was spent, budgets, and sums for people. US dollars throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import Connection, bindparam, case, delete, func, insert, or_, select, update

from fluxroom.store.statements import Question
from fluxroom.store.tables import Money, budgets, jobs

Period = Literal["day", "month", "total"]
PERIODS: tuple[Period, ...] = get_args(Period)
By = Literal["day", "model", "provider", "owner", "run"]
BYS: tuple[By, ...] = get_args(By)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that may be spent: by all (`all`), an owner (`owner:NAME`) or a run (`run:ID`), in a period of UTC."""

    scope: str
    period: Period
    most: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the jobs of one line came to."""

    key: str  # a day as 2026-11-20, a model, a provider, an owner or a run
    jobs: int
    succeeded: int
    estimated: Decimal
    charged: Decimal  # known to be charged
    doubtful: Decimal  # may have been charged: jobs in doubt or not finished


_CHARGED = case((jobs.c.charge_state == "charged", func.coalesce(jobs.c.charged, jobs.c.reserved)), else_=0)
_DOUBTFUL = jobs.c.doubted + case(
    (jobs.c.charge_state == "unknown", func.coalesce(jobs.c.charged, jobs.c.reserved)),
    (jobs.c.state.in_(("queued", "submitting")), jobs.c.reserved),
    else_=0,
)
_SPENT_BY_ALL = select(func.sum(_CHARGED + _DOUBTFUL, type_=Money)).where(
    jobs.c.created_at >= bindparam("b_since"),
    jobs.c.sandbox == bindparam("b_sandbox", type_=jobs.c.sandbox.type),
)
# A statement of its own per kind of scope: each has an index that serves it.
_SPENT = {
    "all": _SPENT_BY_ALL,
    "owner": _SPENT_BY_ALL.where(jobs.c.owner == bindparam("b_name")),
    "run": _SPENT_BY_ALL.where(jobs.c.run == bindparam("b_name")),
}
_KEYS = {"model": jobs.c.model, "provider": jobs.c.provider, "owner": jobs.c.owner, "run": jobs.c.run}
_BUDGETS = Question(
    select(budgets.c.scope, budgets.c.period, budgets.c.most).order_by(budgets.c.scope, budgets.c.period)
)
_PUT = (
    update(budgets)
    .where(budgets.c.scope == bindparam("b_scope"), budgets.c.period == bindparam("b_period"))
    .values(most=bindparam("v_most", type_=Money))
)
_DROP = delete(budgets).where(budgets.c.scope == bindparam("b_scope"), budgets.c.period == bindparam("b_period"))


def _usage(by: By) -> Any:
    # Days are cut in SQL as whole days since 1970, which both databases divide alike.
    key = func.floor(jobs.c.created_at / 86400.0) * 86400.0 if by == "day" else _KEYS[by]
    return (
        select(
            key.label("key"),
            func.count().label("jobs"),
            func.sum(case((jobs.c.state == "succeeded", 1), else_=0)).label("succeeded"),
            func.sum(jobs.c.estimated, type_=Money).label("estimated"),
            func.sum(_CHARGED, type_=Money).label("charged"),
            func.sum(_DOUBTFUL, type_=Money).label("doubtful"),
        )
        .where(
            jobs.c.created_at >= bindparam("b_since"),
            jobs.c.created_at < bindparam("b_until"),
            jobs.c.sandbox == bindparam("b_sandbox", type_=jobs.c.sandbox.type),
            or_(bindparam("b_everyone", type_=jobs.c.sandbox.type), jobs.c.owner == bindparam("b_owner")),
        )
        .group_by("key")
        .order_by("key")
    )


_USAGE: Mapping[By, Any] = {by: _usage(by) for by in BYS}


def spent(connection: Connection, scope: str, *, since: float, sandbox: bool) -> Decimal:
    """What a scope has spent or reserved since then; a job in doubt counts as spent."""
    kind, _, name = scope.partition(":")
    binds = {"b_since": since, "b_sandbox": sandbox} | ({} if kind == "all" else {"b_name": name})
    return Decimal(connection.execute(_SPENT[kind], binds).scalar_one() or 0)


def all_budgets(connection: Connection) -> list[Budget]:
    """Every budget that is set."""
    return [Budget(scope=row[0], period=row[1], most=row[2]) for row in _BUDGETS.rows(connection)]


def set_budget(connection: Connection, budget: Budget) -> None:
    """Set a budget, or change it."""
    binds = {"b_scope": budget.scope, "b_period": budget.period, "v_most": budget.most}
    if connection.execute(_PUT, binds).rowcount == 0:
        connection.execute(insert(budgets), {name: getattr(budget, name) for name in budget.__slots__})


def drop_budget(connection: Connection, scope: str, period: Period) -> bool:
    """Remove a budget. False: there was none."""
    return connection.execute(_DROP, {"b_scope": scope, "b_period": period}).rowcount == 1


def usage(
    connection: Connection, by: By, *, since: float, until: float, sandbox: bool, owner: str = ""
) -> Sequence[Sum]:
    """Sums of the jobs made in a span of time, a line per day, model, provider, owner or run."""
    binds = {"b_since": since, "b_until": until, "b_sandbox": sandbox, "b_everyone": not owner, "b_owner": owner}
    return [Sum(**_line(dict(row), by)) for row in connection.execute(_USAGE[by], binds).mappings()]


def _line(row: dict[str, Any], by: By) -> dict[str, Any]:
    if by == "day":
        row["key"] = datetime.fromtimestamp(float(row["key"]), UTC).date().isoformat()
    for name in ("estimated", "charged", "doubtful"):
        row[name] = Decimal(row[name] or 0)
    return {**row, "succeeded": int(row["succeeded"])}
