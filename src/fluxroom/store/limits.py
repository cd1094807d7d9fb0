"""What a provider has taught us about how much it takes, shared by all processes, and a person's pauses."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from fluxroom.store.statements import Question
from fluxroom.store.tables import jobs, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much an account takes at the moment."""

    account: str
    cap: float  # jobs in flight
    hold_until: float = 0.0  # nothing is sent before
    paused: bool = False  # by a person
    why: str = ""
    changed_at: float = 0.0


_ALL = Question(select(*(limits.c[name] for name in Limit.__slots__)))
_ONE = select(limits).where(limits.c.account == bindparam("b_account")).with_for_update()  # it is read to be changed
_QUEUED = select(jobs.c.account, func.count()).where(jobs.c.state == "queued").group_by(jobs.c.account)
_UPDATE = (
    update(limits)
    .where(limits.c.account == bindparam("b_account"))
    .values(**{name: bindparam(f"v_{name}") for name in ("cap", "hold_until", "paused", "why", "changed_at")})
)


def known(connection: Connection) -> dict[str, Limit]:
    """The limits of all accounts that have taught us one."""
    found = [Limit(**dict(zip(Limit.__slots__, row, strict=True))) for row in _ALL.rows(connection)]
    return {limit.account: limit for limit in found}


def get(connection: Connection, account: str) -> Limit | None:
    """The limit of an account."""
    row = connection.execute(_ONE, {"b_account": account}).mappings().one_or_none()
    return None if row is None else Limit(**row)


def put(connection: Connection, limit: Limit) -> None:
    """Write the limit of an account down."""
    values = {name: getattr(limit, name) for name in limit.__slots__}
    binds = {"b_account": limit.account} | {f"v_{name}": value for name, value in values.items() if name != "account"}
    if connection.execute(_UPDATE, binds).rowcount == 0:
        connection.execute(insert(limits), values)


def queued(connection: Connection) -> dict[str, int]:
    """How many jobs wait to be sent, by account."""
    return {str(account): int(number) for account, number in connection.execute(_QUEUED)}
