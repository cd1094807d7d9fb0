"""What the doors keep beside the generations: uploads, answers that are still owed, and callers to call back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy import bindparam as given

from fluxroom.store.tables import idempotency, jobs, metadata

uploads = Table(
    "door_uploads",
    metadata,
    Column("id", Text, primary_key=True),  # what the address holds, which is given out before there are bytes
    Column("owner", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

unanswered = Table(
    "unanswered",
    metadata,
    Column("key", Text, primary_key=True),  # the idempotency key that it is ordered under
    Column("owner", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of what was asked, and where
    Column("process", Text, nullable=False),  # the one that owes the answer; once it is dead, nobody gets it
    Column("at", Float, nullable=False),
    Index("unanswered_digest", "owner", "digest", "at"),
    Index("unanswered_at", "at"),
)

call_backs = Table(
    "call_backs",
    metadata,
    Column("generation", Text, ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("door", Text, nullable=False),  # in whose shape: bfl or fal
    Column("url", Text, nullable=False),
    Column("base", Text, nullable=False),  # under which address the caller reached the gateway
    Column("sealed", Text, nullable=False),  # the caller's secret for us, encrypted; "" for none
    Column("state", Text, nullable=False),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Index("call_backs_due", "state", "next_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that came through a door under an address of its own."""

    id: str
    owner: str
    sha256: str
    mime: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An order whose answer has not reached its caller yet."""

    key: str
    owner: str
    digest: str
    process: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """Somebody who wants to be called when a generation is settled."""

    generation: str
    door: str
    url: str
    base: str
    sealed: str
    state: str
    attempts: int
    why: str
    created_at: float
    next_at: float


_UPLOAD = select(uploads).where(uploads.c.id == given("b_id"))
_OWED = (
    select(unanswered)
    .where(
        unanswered.c.owner == given("b_owner"),
        unanswered.c.digest == given("b_digest"),
        unanswered.c.at >= given("b_since"),
    )
    .order_by(unanswered.c.at, unanswered.c.key)
)
_TAKE = (
    update(unanswered)
    .where(
        unanswered.c.key == given("b_key"),
        unanswered.c.process == given("b_before"),
        unanswered.c.at == given("b_at"),
    )
    .values(process=given("b_process"), at=given("b_now"))
)
_PAID = delete(unanswered).where(unanswered.c.key == given("b_key"))
_SPENT = delete(idempotency).where(idempotency.c.owner == given("b_owner"), idempotency.c.key == given("b_key"))
_STALE = delete(unanswered).where(unanswered.c.at < given("b_before"))
_UNSETTLED = select(jobs.c.id).where(
    jobs.c.generation == call_backs.c.generation, jobs.c.state.not_in(given("b_settled", expanding=True))
)
_DUE = (
    select(call_backs)
    .where(call_backs.c.state == "waiting", call_backs.c.next_at <= given("b_now"), ~_UNSETTLED.exists())
    .order_by(call_backs.c.next_at)
    .limit(given("b_most"))
)
_CLAIM = (
    update(call_backs)
    .where(
        call_backs.c.generation == given("b_generation"),
        call_backs.c.state == "waiting",
        call_backs.c.next_at == given("b_next_at"),
    )
    .values(next_at=given("b_until"))
)
_TOLD = (
    update(call_backs)
    .where(call_backs.c.generation == given("b_generation"))
    .values(
        state=given("b_state"),
        attempts=given("b_attempts"),
        why=given("b_why"),
        next_at=given("b_next_at"),
        sealed=given("b_sealed"),
    )
)
_CALL_BACK = select(call_backs).where(call_backs.c.generation == given("b_generation"))


def add_upload(connection: Connection, upload: Upload) -> None:
    """Write down what came under an address; the first bytes stay."""
    if connection.execute(_UPLOAD, {"b_id": upload.id}).first() is None:
        connection.execute(insert(uploads), asdict(upload))


def upload(connection: Connection, upload_id: str) -> Upload | None:
    """What came under an address."""
    row = connection.execute(_UPLOAD, {"b_id": upload_id}).mappings().one_or_none()
    return None if row is None else Upload(**row)


def owe(connection: Connection, debt: Owed, *, forget_before: float) -> None:
    """Write down that an answer is owed; what nobody will come back for is cleared away."""
    connection.execute(_STALE, {"b_before": forget_before})
    connection.execute(insert(unanswered), asdict(debt))


def owed(connection: Connection, owner: str, digest: str, *, since: float) -> Sequence[Owed]:
    """The orders of this wording whose answers never arrived, the oldest first."""
    rows = connection.execute(_OWED, {"b_owner": owner, "b_digest": digest, "b_since": since})
    return [Owed(**row) for row in rows.mappings()]


def take_over(connection: Connection, debt: Owed, *, process: str, now: float) -> bool:
    """Answer in a dead one's place, or a second time; False when somebody else was faster."""
    named = {"b_key": debt.key, "b_before": debt.process, "b_at": debt.at}
    return connection.execute(_TAKE, {**named, "b_process": process, "b_now": now}).rowcount == 1


def answered(connection: Connection, owner: str, key: str) -> None:
    """The answer has been given: the key has done its work."""
    connection.execute(_PAID, {"b_key": key})
    connection.execute(_SPENT, {"b_owner": owner, "b_key": key})


def add_call_back(connection: Connection, wanted: CallBack) -> None:
    """Write down who is to be called; the first word for a generation counts."""
    if call_back(connection, wanted.generation) is None:
        connection.execute(insert(call_backs), asdict(wanted))


def call_back(connection: Connection, generation: str) -> CallBack | None:
    """Who is to be called about a generation."""
    row = connection.execute(_CALL_BACK, {"b_generation": generation}).mappings().one_or_none()
    return None if row is None else CallBack(**row)


def due(connection: Connection, now: float, settled: Iterable[str], most: int) -> Sequence[CallBack]:
    """Those that are to be called now: every job is in one of the states that count as settled."""
    rows = connection.execute(_DUE, {"b_now": now, "b_settled": sorted(settled), "b_most": most})
    return [CallBack(**row) for row in rows.mappings()]


def claim(connection: Connection, wanted: CallBack, *, until: float) -> bool:
    """Take one in hand until then; False when another process has it."""
    named = {"b_generation": wanted.generation, "b_next_at": wanted.next_at}
    return connection.execute(_CLAIM, {**named, "b_until": until}).rowcount == 1


def told(connection: Connection, wanted: CallBack, *, state: str, why: str, next_at: float) -> None:
    """Write down how a call went. A secret is kept no longer than it is needed."""
    facts = {
        "b_generation": wanted.generation,
        "b_state": state,
        "b_attempts": wanted.attempts + 1,
        "b_why": why,
        "b_next_at": next_at,
        "b_sealed": wanted.sealed if state == "waiting" else "",
    }
    connection.execute(_TOLD, facts)
