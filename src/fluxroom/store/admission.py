"""What admission asks the ledger: which seats are taken, and who waits for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, literal_column, or_, select, text, true

from fluxroom.store.jobs import Job, as_job
from fluxroom.store.statements import Question
from fluxroom.store.tables import jobs

_BELOW_ALL = -(2**31)
_IN_FLIGHT = Question(
    select(jobs.c.account, jobs.c.model, jobs.c.owner, func.count().label("number"))
    .where(
        or_(
            jobs.c.state.in_([literal_column("'submitting'"), literal_column("'running'")]),
            and_(jobs.c.state == "unknown", jobs.c.seat_until > bindparam("b_now")),
        )
    )
    .group_by(jobs.c.account, jobs.c.model, jobs.c.owner)
)
_DUE = (jobs.c.state == "queued", jobs.c.not_before <= bindparam("b_now"))
_WAITING = Question(
    select(jobs)
    .where(
        *_DUE,
        jobs.c.owner == bindparam("b_owner"),
        jobs.c.account == bindparam("b_account"),
        jobs.c.model == bindparam("b_model"),
        jobs.c.priority == bindparam("b_priority"),
    )
    .order_by(jobs.c.created_at, jobs.c.id)
    .limit(bindparam("b_limit"))
)


@cache
def _waiting_of_maker(accounts: int, without: int) -> Question:
    """The question for so many accounts and models; hardly ever more than two of the one and one of the other."""
    ours = jobs.c.account.in_([bindparam(f"b_account_{number}") for number in range(accounts)])
    full = jobs.c.model.not_in([bindparam(f"b_without_{number}") for number in range(without)]) if without else true()
    return Question(
        select(jobs)
        .where(*_DUE, jobs.c.maker == bindparam("b_maker"), ours, full)
        .order_by(jobs.c.priority.desc(), jobs.c.created_at, jobs.c.id)
        .limit(bindparam("b_limit"))
    )


_QUEUED = jobs.c.state == "queued"
_STILL_QUEUED = select(jobs.c.id).where(_QUEUED, jobs.c.id.in_(bindparam("b_ids", expanding=True)))
_NEXT_OWNER = Question(select(func.min(jobs.c.owner)).where(_QUEUED, jobs.c.owner > bindparam("b_after")))
_NEXT_ACCOUNT = Question(
    select(func.min(jobs.c.account)).where(
        _QUEUED, jobs.c.owner == bindparam("b_owner"), jobs.c.account > bindparam("b_after")
    )
)
_NEXT_MODEL = Question(
    select(func.min(jobs.c.model)).where(
        _QUEUED,
        jobs.c.owner == bindparam("b_owner"),
        jobs.c.account == bindparam("b_account"),
        jobs.c.model > bindparam("b_after"),
    )
)
_NEXT_PRIORITY = Question(
    select(func.min(jobs.c.priority)).where(
        _QUEUED,
        jobs.c.owner == bindparam("b_owner"),
        jobs.c.account == bindparam("b_account"),
        jobs.c.model == bindparam("b_model"),
        jobs.c.priority > bindparam("b_after"),
    )
)
_LINES = text("""
WITH RECURSIVE line (id) AS (
    SELECT (SELECT id FROM jobs WHERE state = 'queued' ORDER BY owner, account, model, priority LIMIT 1)
    UNION ALL
    SELECT (
        SELECT next.id FROM jobs next
        WHERE next.state = 'queued'
        AND (next.owner, next.account, next.model, next.priority)
            > (head.owner, head.account, head.model, head.priority)
        ORDER BY next.owner, next.account, next.model, next.priority LIMIT 1
    ) FROM line JOIN jobs head ON head.id = line.id
)
SELECT head.owner, head.account, head.model, head.priority FROM line JOIN jobs head ON head.id = line.id
""")
"""The same look-ups as below in one question: on PostgreSQL every question is a journey."""
_NEXT_SEAT = Question(
    select(func.min(jobs.c.seat_until)).where(jobs.c.state == "unknown", jobs.c.seat_until > bindparam("b_now"))
)
_NEXT_TIME = Question(
    select(func.min(jobs.c.not_before)).where(jobs.c.state == "queued", jobs.c.not_before > bindparam("b_now"))
)


def in_flight(connection: Connection, now: float) -> dict[str, int]:
    """Seats that are taken: by account (`bfl:1a2b`), by account and model, and by owner (`owner:local`)."""
    seats: dict[str, int] = {}
    for account, model, owner, number in _IN_FLIGHT.rows(connection, b_now=now):
        for group in (account, f"{account}/{model}", f"owner:{owner}"):
            seats[group] = seats.get(group, 0) + number
    return seats


@dataclass(frozen=True, slots=True)
class Line:
    """Jobs that wait for the same seats, with the same owner and urgency."""

    owner: str
    account: str
    model: str
    priority: int


def lines(connection: Connection) -> list[Line]:
    """Which lines of queued jobs there are: a look-up in the index for each, however long the lines are."""
    if connection.dialect.name == "postgresql":
        return [Line(*row) for row in connection.execute(_LINES)]
    found = []
    for owner in _distinct(connection, _NEXT_OWNER, {}):
        for account in _distinct(connection, _NEXT_ACCOUNT, {"b_owner": owner}):
            for model in _distinct(connection, _NEXT_MODEL, {"b_owner": owner, "b_account": account}):
                binds = {"b_owner": owner, "b_account": account, "b_model": model}
                urgencies = _distinct(connection, _NEXT_PRIORITY, binds, after=_BELOW_ALL)
                found += [Line(owner, account, model, priority) for priority in urgencies]
    return found


def any_queued(connection: Connection) -> bool:
    """Whether any job is queued, whosever it is."""
    return _NEXT_OWNER.rows(connection, b_after="")[0][0] is not None


def _distinct(connection: Connection, following: Question, binds: Mapping[str, str], *, after: Any = "") -> list[Any]:
    found = []
    while (value := following.rows(connection, **binds, b_after=after)[0][0]) is not None:
        found.append(value)
        after = value
    return found


def waiting(connection: Connection, line: Line, *, now: float, limit: int) -> list[Job]:
    """The queued jobs of a line that may start now, the oldest first."""
    binds = {
        "b_owner": line.owner,
        "b_account": line.account,
        "b_model": line.model,
        "b_priority": line.priority,
        "b_now": now,
        "b_limit": limit,
    }
    return [as_job(row) for row in _WAITING.rows(connection, **binds)]


def waiting_of(
    connection: Connection,
    maker: str,
    *,
    now: float,
    limit: int,
    accounts: Collection[str],
    without: Collection[str] = (),
) -> list[Job]:
    """The queued jobs that one process made and that may start now, the most urgent first.

    Args:
        connection: to the ledger.
        maker: the process.
        now: seconds since 1970.
        limit: how many at the most.
        accounts: only jobs of these.
        without: no jobs of these models.
    """
    if not accounts or not limit:
        return []
    binds: dict[str, Any] = {"b_maker": maker, "b_now": now, "b_limit": limit}
    binds |= {f"b_account_{number}": account for number, account in enumerate(accounts)}
    binds |= {f"b_without_{number}": model for number, model in enumerate(without)}
    return [as_job(row) for row in _waiting_of_maker(len(accounts), len(without)).rows(connection, **binds)]


def still_queued(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of some jobs that wait to be sent."""
    return set(connection.execute(_STILL_QUEUED, {"b_ids": list(ids)}).scalars())


def next_time(connection: Connection, now: float) -> float | None:
    """When it is worth looking again: a queued job that must wait may start, or a job in doubt gives its seat back."""
    found = [question.rows(connection, b_now=now)[0][0] for question in (_NEXT_TIME, _NEXT_SEAT)]
    return min((time for time in found if time is not None), default=None)
