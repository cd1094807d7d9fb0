"""Webhooks to callers: where they want to be called, and each call until it was taken.

What is to be told is found in `job_events`, which every change of a job's state is written to in its own transaction.
So nothing is missed when a process dies; and since a call's id follows from what it tells, nothing is written twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Boolean, Connection, and_, bindparam, delete, func, insert, or_, select, update

from fluxroom.store.purging import OVER
from fluxroom.store.tables import job_events, jobs, runs, webhook_deliveries, webhook_endpoints

OVER_RUNS = ("finished", "cancelled")
"""States in which a run stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where somebody wants to be called."""

    id: str
    owner: str
    url: str
    events: Sequence[str]
    created_at: float
    disabled_at: float | None
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one endpoint."""

    id: str  # also the message's id at the receiver, the same in every attempt
    endpoint: str
    event: str
    subject: str
    body: Mapping[str, Any]
    state: str  # waiting, delivered, failed
    attempts: int
    status: int | None
    why: str
    created_at: float
    next_at: float


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened, for those who want to know."""

    number: int  # of the event; 0 for a run
    owner: str
    subject: str  # the generation, or the run
    kind: str  # "generation", "unknown" or "run"
    job: str
    at: float

    def id_for(self, endpoint: str, event: str) -> str:
        """The message's id: the same for the same thing, however often it is found."""
        facts = f"{endpoint}\0{event}\0{self.subject}\0{self.number or self.at}"
        return f"msg_{hashlib.sha256(facts.encode()).hexdigest()[:32]}"


_E, _D = webhook_endpoints.c, webhook_deliveries.c
_IDS: BindParameter[str] = bindparam("b_ids", expanding=True)
_ID: BindParameter[str] = bindparam("b_id")
_ENDPOINTS = (
    select(webhook_endpoints)
    .where(bindparam("b_everyone", type_=Boolean) | (_E.owner == bindparam("b_owner")))
    .order_by(_E.id.desc())
)
_ENDPOINT = select(webhook_endpoints).where(_E.id == _ID)
_DROP = delete(webhook_endpoints).where(_E.id == _ID)
_DISABLE = update(webhook_endpoints).where(_E.id == _ID, _E.disabled_at.is_(None)).values(disabled_at=bindparam("v_at"))
_ENABLE = update(webhook_endpoints).where(_E.id == _ID).values(disabled_at=None, seen=bindparam("v_seen"))
_EVENTS = update(webhook_endpoints).where(_E.id == _ID).values(events=bindparam("v_events", type_=_E.events.type))
_SEEN = update(webhook_endpoints).where(_E.seen < bindparam("b_seen")).values(seen=bindparam("b_seen"))

_LAST = select(func.max(job_events.c.id))
_OTHER = jobs.alias("other")
_EVENT = job_events.alias("event")
_OPEN = select(_OTHER.c.id).where(_OTHER.c.generation == jobs.c.generation, _OTHER.c.state.not_in((*OVER, "unknown")))
# The last of its generation's final events stands for all of them: one message, not one for each job.
_NUMBER = (
    select(func.max(_EVENT.c.id))
    .where(_EVENT.c.generation == job_events.c.generation, _EVENT.c.to_state.in_(OVER))
    .scalar_subquery()
)
_NEWS = (
    select(
        job_events.c.id,
        job_events.c.at,
        job_events.c.to_state,
        job_events.c.job,
        job_events.c.generation,
        jobs.c.owner,
        (~_OPEN.exists()).label("over"),
        _NUMBER.label("last"),
    )
    .join(jobs, jobs.c.id == job_events.c.job)
    .where(job_events.c.id > bindparam("b_after"), job_events.c.to_state.in_((*OVER, "unknown")))
    .order_by(job_events.c.id)
    .limit(bindparam("b_limit"))
)
_RUNS = select(runs.c.id, runs.c.owner, runs.c.changed_at).where(
    runs.c.state.in_(OVER_RUNS), runs.c.changed_at > bindparam("b_since")
)
_KNOWN = select(_D.id).where(_D.id.in_(_IDS))
_DUE = (
    select(webhook_deliveries, webhook_endpoints.c.url)
    .join(webhook_endpoints, _E.id == _D.endpoint)
    .where(_D.state == "waiting", _D.next_at <= bindparam("b_now"), _E.disabled_at.is_(None))
    .order_by(_D.next_at)
    .limit(bindparam("b_limit"))
)
_CLAIM = (
    update(webhook_deliveries)
    .where(_D.id == _ID, _D.state == "waiting", _D.next_at == bindparam("b_next"))
    .values(next_at=bindparam("v_next"), attempts=_D.attempts + 1)
)
_OUTCOME = update(webhook_deliveries).where(_D.id == _ID, _D.attempts == bindparam("b_attempts"))
_TOLD = _OUTCOME.values({name: bindparam(f"v_{name}") for name in ("state", "status", "why", "next_at")})
_REPLAY = update(webhook_deliveries).where(_D.endpoint == bindparam("b_endpoint"))
_REPLAY_VALUES = {"state": "waiting", "attempts": 0, "why": ""}
_REPLAY_ONE = _REPLAY.where(_D.id == _ID).values(**_REPLAY_VALUES, next_at=bindparam("v_now"))
_REPLAY_FAILED = _REPLAY.where(_D.state == "failed").values(**_REPLAY_VALUES, next_at=bindparam("v_now"))
_DELIVERY = select(webhook_deliveries).where(_D.id == _ID)
_DELIVERIES = (
    select(webhook_deliveries)
    .where(
        _D.endpoint == bindparam("b_endpoint"),
        or_(_D.created_at < bindparam("b_at"), and_(_D.created_at == bindparam("b_at"), _D.id < bindparam("b_before"))),
    )
    .order_by(_D.created_at.desc(), _D.id.desc())
    .limit(bindparam("b_limit"))
)
_FORGET = delete(webhook_deliveries).where(_D.created_at < bindparam("b_edge"), _D.state != "waiting")
_NEVER = 1e18


# endpoints -----------------------------------------------------------------------------------------------------------


def add(connection: Connection, endpoint: Endpoint) -> Endpoint:
    """Write an endpoint down; what happened before is not told to it."""
    row = {name: getattr(endpoint, name) for name in endpoint.__slots__} | {"seen": last_event(connection)}
    connection.execute(insert(webhook_endpoints), row)
    return endpoint


def endpoints(connection: Connection, owner: str) -> list[Endpoint]:
    """The owner's endpoints ("": everybody's), the newest first."""
    rows = connection.execute(_ENDPOINTS, {"b_owner": owner, "b_everyone": not owner}).mappings()
    return [Endpoint(**row) for row in rows]


def endpoint(connection: Connection, owner: str, endpoint_id: str) -> Endpoint | None:
    """An endpoint of the owner's ("": anybody's)."""
    row = connection.execute(_ENDPOINT, {"b_id": endpoint_id}).mappings().one_or_none()
    found = None if row is None else Endpoint(**row)
    return found if found and owner in {"", found.owner} else None


def drop(connection: Connection, endpoint_id: str) -> None:
    """Remove an endpoint with its deliveries."""
    connection.execute(_DROP, {"b_id": endpoint_id})


def disable(connection: Connection, endpoint_id: str, now: float) -> None:
    """Call it no more."""
    connection.execute(_DISABLE, {"b_id": endpoint_id, "v_at": now})


def enable(connection: Connection, endpoint_id: str) -> None:
    """Call it again, about what happens from now on."""
    connection.execute(_ENABLE, {"b_id": endpoint_id, "v_seen": last_event(connection)})


def choose(connection: Connection, endpoint_id: str, events: Sequence[str]) -> None:
    """What it wants to be told from now on."""
    connection.execute(_EVENTS, {"b_id": endpoint_id, "v_events": list(events)})


# what is to be told --------------------------------------------------------------------------------------------------


def last_event(connection: Connection) -> int:
    """The newest event's number; 0 when there is none."""
    return int(connection.execute(_LAST).scalar_one() or 0)


def news(connection: Connection, after: int, limit: int) -> tuple[list[Told], int, float]:
    """What has ended or come into doubt since the event `after`; with the last event's number and moment."""
    rows = connection.execute(_NEWS, {"b_after": after, "b_limit": limit}).all()
    told = []
    for row in rows:
        if row.to_state == "unknown":
            told.append(Told(row.id, row.owner, row.generation, "unknown", row.job, row.at))
        elif row.over and row.id == row.last:
            told.append(Told(row.id, row.owner, row.generation, "generation", row.job, row.at))
    return told, rows[-1].id if rows else after, rows[-1].at if rows else 0.0


def finished_runs(connection: Connection, since: float) -> list[Told]:
    """The runs that have ended since then."""
    rows = connection.execute(_RUNS, {"b_since": since}).all()
    return [Told(0, row.owner, row.id, "run", "", row.changed_at) for row in rows]


def unknown_among(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of the messages that are not written down yet."""
    known = set(connection.execute(_KNOWN, {"b_ids": list(ids)}).scalars()) if ids else set()
    return set(ids) - known


def put(connection: Connection, deliveries: Sequence[Delivery], seen: int) -> None:
    """Write messages down, and that everything up to the event `seen` was looked at."""
    new = unknown_among(connection, [one.id for one in deliveries])
    rows = [{name: getattr(one, name) for name in one.__slots__} for one in deliveries if one.id in new]
    if rows:
        connection.execute(insert(webhook_deliveries), rows)
    if seen:
        connection.execute(_SEEN, {"b_seen": seen})


# telling -------------------------------------------------------------------------------------------------------------


def due(connection: Connection, now: float, limit: int) -> list[tuple[Delivery, str]]:
    """Messages whose time has come, with the address of each."""
    found = [dict(row) for row in connection.execute(_DUE, {"b_now": now, "b_limit": limit}).mappings()]
    return [(Delivery(**{name: row[name] for name in Delivery.__slots__}), row["url"]) for row in found]


def claim(connection: Connection, one: Delivery, until: float) -> bool:
    """Take a message in hand; False: another process has. Whoever dies with it in hand leaves it to others then."""
    binds = {"b_id": one.id, "b_next": one.next_at, "v_next": until}
    return connection.execute(_CLAIM, binds).rowcount == 1


def told(connection: Connection, one: Delivery, *, state: str, status: int | None, why: str, next_at: float) -> None:
    """What became of the attempt after `one`; a replay asked for meanwhile is left alone."""
    values = {"v_state": state, "v_status": status, "v_why": why, "v_next_at": next_at}
    connection.execute(_TOLD, {"b_id": one.id, "b_attempts": one.attempts + 1, **values})


def delivery(connection: Connection, delivery_id: str) -> Delivery | None:
    """A message by its id."""
    row = connection.execute(_DELIVERY, {"b_id": delivery_id}).mappings().one_or_none()
    return None if row is None else Delivery(**row)


def deliveries(
    connection: Connection, endpoint_id: str, *, limit: int, before: Delivery | None = None
) -> list[Delivery]:
    """An endpoint's messages, the newest first; `before` is the last one of the page before."""
    binds = {
        "b_endpoint": endpoint_id,
        "b_at": before.created_at if before else _NEVER,
        "b_before": before.id if before else "",
        "b_limit": limit,
    }
    return [Delivery(**row) for row in connection.execute(_DELIVERIES, binds).mappings()]


def replay(connection: Connection, endpoint_id: str, delivery_id: str, now: float) -> int:
    """Send a message again, or all that failed when none is named; returns how many."""
    binds = {"b_endpoint": endpoint_id, "v_now": now}
    if delivery_id:
        return connection.execute(_REPLAY_ONE, {**binds, "b_id": delivery_id}).rowcount
    return connection.execute(_REPLAY_FAILED, binds).rowcount


def forget(connection: Connection, edge: float) -> int:
    """Delete the messages of before this moment that were taken or given up."""
    return connection.execute(_FORGET, {"b_edge": edge}).rowcount
