"""The ledger of jobs: rows that say what was asked, sent, claimed, answered and paid.

Every change of state is one committed compare-and-set (`move`) with its row in `job_events`. Losing it means somebody
else was faster, and the loser does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Update, and_, bindparam, func, insert, or_, select, update

from fluxroom.store import inputs
from fluxroom.store.statements import Prepared, Question
from fluxroom.store.tables import generations, job_events, jobs
from fluxroom.types import JSON, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the ledger: one call to one endpoint of one route. Names and units as in `store.tables`."""

    id: str
    generation: str
    number: int
    owner: str
    run: str
    state: str
    created_at: float
    changed_at: float
    priority: int
    provider: Any  # types.Provider; kept loose because it comes from the database
    model: str
    mode: str
    endpoint: str
    region: str
    account: str
    sandbox: bool
    caps: Mapping[str, int]
    wire: Mapping[str, JSON]
    seconds: float
    maker: str
    holder: str
    attempt: int
    not_before: float
    first_try_at: float
    seat_until: float
    ticket: Mapping[str, JSON] | None
    request_id: str
    submitted_at: float
    ready_at: float
    seed: int | None
    cancel_asked: bool
    error: Mapping[str, JSON] | None
    estimated: Decimal
    reserved: Decimal
    charged: Decimal | None
    doubted: Decimal
    charge_state: Any  # types.ChargeState
    charge_source: str
    cache_key: str
    cached_from: str

    @property
    def route(self) -> str:
        """Provider and model: `bfl/flux-2-pro`."""
        return f"{self.provider}/{self.model}"

    @property
    def at_stake(self) -> Decimal:
        """What the attempt under way costs, as far as that is known: US dollars."""
        return self.reserved if self.charged is None else self.charged

    @property
    def doubted_without_this(self) -> Decimal:
        """What earlier attempts may have cost, once one of them turns out to be the attempt under way."""
        return max(Decimal(0), self.doubted - self.at_stake)

    @property
    def withheld(self) -> int:
        """How many pictures of a job that succeeded were kept back by the provider's moderation."""
        kept_back = (self.error or {}).get("withheld", 0) if self.state == "succeeded" else 0
        return int(kept_back)

    @property
    def went_elsewhere(self) -> bool:
        """Whether its provider refused it and another one was asked instead, by a job of the same generation."""
        return bool((self.error or {}).get("elsewhere"))

    @property
    def receipt(self) -> Receipt:
        """The money of this job."""
        return Receipt(
            estimated=self.estimated,
            reserved=self.reserved,
            charged=self.charged,
            doubtful=self.doubted,
            state=self.charge_state,
            source=self.charge_source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One request of a caller; its jobs are rows of their own."""

    id: str
    owner: str
    run: str
    created_at: float
    route: str
    mode: str
    prompt: str
    asked: Mapping[str, JSON]
    params: Mapping[str, JSON]
    references: Sequence[Mapping[str, JSON]]
    not_sent: Sequence[Mapping[str, str]]
    quote: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of state that shall happen only if the job is still where we think it is.

    `holder` and `attempt` are compared too when `holder` is given. `changes` are columns to set; None leaves a column
    as it is. `via` are states that the job passes through in the same commit, each with the reason for its event.
    """

    job: str
    generation: str
    from_states: tuple[str, ...]
    to_state: str
    why: str
    at: float
    holder: str | None = None
    attempt: int = 0
    changes: Mapping[str, Any] | None = None
    via: tuple[tuple[str, str], ...] = ()


CHANGEABLE = frozenset({
    "holder", "attempt", "not_before", "first_try_at", "seat_until", "ticket", "request_id", "submitted_at", "ready_at",
    "seed", "cancel_asked", "error", "reserved", "charged", "doubted", "charge_state", "charge_source",
})  # fmt: skip


def _change_of(changed: tuple[str, ...]) -> Update:
    """The compare-and-set for a set of columns."""
    return (
        update(jobs)
        .where(
            jobs.c.id == bindparam("b_id"),
            jobs.c.state == bindparam("b_from"),
            or_(
                bindparam("b_any_holder", type_=jobs.c.sandbox.type),
                and_(jobs.c.holder == bindparam("b_holder"), jobs.c.attempt == bindparam("b_attempt")),
            ),
        )
        .values(
            state=bindparam("b_to"),
            changed_at=bindparam("b_at"),
            **{name: bindparam(f"v_{name}", type_=jobs.c[name].type) for name in changed},
        )
    )


@cache
def _move_statement(changed: tuple[str, ...]) -> Prepared:
    """The change alone; a few shapes, each compiled once."""
    return Prepared(_change_of(changed))


@cache
def _move_and_tell(changed: tuple[str, ...]) -> Insert:
    """The change and its event in one statement: on PostgreSQL every statement is a journey."""
    moved = _change_of(changed).returning(jobs.c.id).cte("moved")
    told = [bindparam(f"e_{name}", type_=job_events.c[name].type) for name in _TOLD]
    return insert(job_events).from_select(["job", *_TOLD], select(moved.c.id, *told))


_TOLD = ("generation", "at", "from_state", "to_state", "why")
_ADD_GENERATION = Prepared(insert(generations))
_ADD_JOB = Prepared(insert(jobs))
_LOG = Prepared(insert(job_events))
_JOB = Question(select(jobs).where(jobs.c.id == bindparam("b_id")))
_COLUMNS = tuple(column.name for column in jobs.c)
_JOBS_OF = Question(select(jobs).where(jobs.c.generation == bindparam("b_id")).order_by(jobs.c.number))
_QUEUED_BY = select(jobs.c.maker).where(jobs.c.generation == bindparam("b_id"), jobs.c.state == "queued").distinct()
_TAKE_UP = (
    update(jobs)
    .where(
        jobs.c.generation == bindparam("b_id"),
        jobs.c.state == "queued",
        jobs.c.maker.in_(bindparam("b_makers", expanding=True)),
    )
    .values(maker=bindparam("v_maker"))
)
_STATES = Question(select(jobs.c.id, jobs.c.state).where(jobs.c.generation == bindparam("b_id")))
_GENERATION = Question(select(generations).where(generations.c.id == bindparam("b_id")))
_RECENT = (
    select(jobs)
    .where(or_(bindparam("b_all"), jobs.c.state.in_(bindparam("b_states", expanding=True))))
    .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    .limit(bindparam("b_limit"))
)
_BY_STATE = select(jobs).where(jobs.c.state.in_(bindparam("b_states", expanding=True))).order_by(jobs.c.created_at)
_LIKE = select(jobs.c.id).where(jobs.c.id.like(bindparam("b_like"))).order_by(jobs.c.id).limit(2)
_EVENTS = (
    select(job_events)
    .where(job_events.c.generation == bindparam("b_id"), job_events.c.id > bindparam("b_after"))
    .order_by(job_events.c.id)
)

_HELD = jobs.c.state.in_(("submitting", "running", "fetching"))
_HOLDERS = select(jobs.c.holder).where(_HELD).distinct()
_HELD_BY = (
    select(jobs).where(_HELD, jobs.c.holder.in_(bindparam("b_holders", expanding=True))).order_by(jobs.c.created_at)
)
_STEPS = (
    select(job_events.c.to_state, job_events.c.at)
    .where(job_events.c.job == bindparam("b_job"), job_events.c.from_state != job_events.c.to_state)
    .order_by(job_events.c.id)
)
_LAST_EVENT = select(func.max(job_events.c.id))
_NEWS = select(job_events).where(job_events.c.id > bindparam("b_after")).order_by(job_events.c.id)


def add(connection: Connection, generation: Generation, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a generation and its queued jobs, each with its first event."""
    _ADD_GENERATION.run(connection, {name: getattr(generation, name) for name in generation.__slots__})
    add_to(connection, generation, rows, why="asked for")


def add_to(connection: Connection, generation: Generation, rows: Iterable[Mapping[str, Any]], *, why: str) -> None:
    """Write queued jobs of a generation that is there, each with its first event."""
    listed = list(rows)
    _ADD_JOB.run(connection, *listed)
    inputs.note(connection, generation.id, [generation.references, generation.params, *(row["wire"] for row in listed)])
    asked = (_event(row["id"], generation.id, row["created_at"], ("", row["state"]), why) for row in listed)
    _LOG.run(connection, *asked)


def move(connection: Connection, change: Move) -> bool:
    """Change the state of a job if it is still as expected. False: it is not, and nothing was changed."""
    changes = {name: value for name, value in (change.changes or {}).items() if value is not None}
    if strange := changes.keys() - CHANGEABLE:
        raise ValueError(f"{strange} cannot be changed by a move")
    binds = {f"v_{name}": value for name, value in changes.items()}
    changed = tuple(sorted(changes))
    for from_state in change.from_states:
        values = {
            "b_id": change.job,
            "b_from": from_state,
            "b_to": change.to_state,
            "b_at": change.at,
            "b_any_holder": change.holder is None,
            "b_holder": change.holder or "",
            "b_attempt": change.attempt,
            **binds,
        }
        events = _events_of(change, from_state)
        if connection.dialect.name == "postgresql":
            first, *events = events
            values |= {f"e_{name}": first[name] for name in _TOLD}
            done = connection.execute(_move_and_tell(changed), values).rowcount
        else:
            done = _move_statement(changed).run(connection, values)
        if done == 1:
            if events:
                _LOG.run(connection, *events)
            return True
    return False


def _events_of(change: Move, from_state: str) -> list[dict[str, Any]]:
    """A row for every state that the job enters."""
    entered = []
    for to_state, why in (*change.via, (change.to_state, change.why)):
        entered.append(_event(change.job, change.generation, change.at, (from_state, to_state), why))
        from_state = to_state
    return entered


def _event(job: str, generation: str, at: float, way: tuple[str, str], why: str) -> dict[str, Any]:
    return {"job": job, "generation": generation, "at": at, "from_state": way[0], "to_state": way[1], "why": why}


def get(connection: Connection, job_id: str) -> Job | None:
    """A job by its id."""
    found = [as_job(row) for row in _JOB.rows(connection, b_id=job_id)]
    return found[0] if found else None


def as_job(row: Sequence[Any]) -> Job:
    """A row with all columns of the table, in their order."""
    return Job(**dict(zip(_COLUMNS, row, strict=True)))


def like(connection: Connection, part: str) -> list[str]:
    """Up to two ids that end with `part`: enough to see whether it names exactly one job."""
    safe = part.lower().replace("%", "").replace("_", "")
    return list(connection.execute(_LIKE, {"b_like": f"%{safe}"}).scalars())


def of_generation(connection: Connection, generation_id: str) -> list[Job]:
    """The jobs of a generation, in order."""
    return [as_job(row) for row in _JOBS_OF.rows(connection, b_id=generation_id)]


def queued_by(connection: Connection, generation_id: str) -> list[str]:
    """The processes that made a generation's queued jobs."""
    return list(connection.execute(_QUEUED_BY, {"b_id": generation_id}).scalars())


def take_up(connection: Connection, generation_id: str, makers: Sequence[str], maker: str) -> int:
    """A generation's queued jobs of these processes are another one's from now on; says how many."""
    binds = {"b_id": generation_id, "b_makers": list(makers), "v_maker": maker}
    return connection.execute(_TAKE_UP, binds).rowcount


def states(connection: Connection, generation_id: str) -> dict[str, str]:
    """The states of a generation's jobs by id: all that somebody who waits must look at again and again."""
    return {row[0]: row[1] for row in _STATES.rows(connection, b_id=generation_id)}


def generation(connection: Connection, generation_id: str) -> Generation | None:
    """A generation by its id."""
    found = _GENERATION.rows(connection, b_id=generation_id)
    return Generation(**dict(zip(Generation.__slots__, found[0], strict=True))) if found else None


def recent(connection: Connection, *, limit: int, states: Sequence[str] = ()) -> list[Job]:
    """The newest jobs first, of all states or of the given ones."""
    binds = {"b_limit": limit, "b_all": not states, "b_states": list(states)}
    return [Job(**row) for row in connection.execute(_RECENT, binds).mappings()]


def in_states(connection: Connection, states: Sequence[str]) -> list[Job]:
    """All jobs in these states, oldest first."""
    return [Job(**row) for row in connection.execute(_BY_STATE, {"b_states": list(states)}).mappings()]


def events(connection: Connection, generation_id: str, *, after: int = 0) -> list[dict[str, Any]]:
    """What happened to the jobs of a generation since the event `after`."""
    found = connection.execute(_EVENTS, {"b_id": generation_id, "b_after": after}).mappings()
    return [dict(row) for row in found]


def holders(connection: Connection) -> list[str]:
    """The processes that hold unfinished jobs."""
    return list(connection.execute(_HOLDERS).scalars())


def held_by(connection: Connection, some: Sequence[str]) -> list[Job]:
    """The unfinished jobs that these processes hold, oldest first."""
    return [Job(**row) for row in connection.execute(_HELD_BY, {"b_holders": list(some)}).mappings()]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submit of a job, by its events."""

    began: float
    became: str = "submitting"  # the state that its answer led to, or its missing answer


def attempts(connection: Connection, job_id: str) -> list[Attempt]:
    """The submits of a job, the first one first."""
    made: list[Attempt] = []
    for to_state, at in connection.execute(_STEPS, {"b_job": job_id}):
        if to_state == "submitting":
            made.append(Attempt(at))
        elif made and made[-1].became == "submitting":
            made[-1] = Attempt(made[-1].began, to_state)
    return made


def last_event(connection: Connection) -> int:
    """The newest event's number; 0 when there is none."""
    return int(connection.execute(_LAST_EVENT).scalar_one() or 0)


def news(connection: Connection, after: int) -> list[dict[str, Any]]:
    """What happened to any job since the event `after`, oldest first."""
    return [dict(row) for row in connection.execute(_NEWS, {"b_after": after}).mappings()]
