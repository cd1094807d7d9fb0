"""Runs and their items: many requests with one purpose, as rows.

An item is written down before anything of it is sent; what became of it is a generation. States of a run: `running`,
`paused`, `review` (a person decides), `finished`, `cancelled`. States of an item: `waiting`, `submitted`, and the ends
`done`, `failed`, `unknown` (the provider may have taken it), `invalid` (never sent), `cancelled`, `replaced` (a person
wanted its step again).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, exists, func, insert, or_, select, text, update

from fluxroom.store import tables
from fluxroom.store.tables import jobs, run_items, runs
from fluxroom.types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs: everything that is given must be so."""

    owner: str = ""  # "" for everybody's
    kind: str = ""
    state: str = ""
    words: str = ""  # in the name, the description, or a prompt of its items
    tag: str = ""
    favourite: bool | None = None
    hidden: bool | None = False


GOES_ON = ("running", "paused", "review", "finished")
"""States of a run that is still the one to go on with."""

UNFINISHED = ("running", "paused", "review")

OPEN = ("waiting", "submitted")
"""States of an item that somebody still has to do something about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Many requests with one purpose."""

    id: str
    owner: str
    kind: str
    name: str
    digest: str
    spec: Mapping[str, JSON]
    state: str = "running"
    why: str = ""
    priority: int = 0
    created_at: float
    changed_at: float
    holder: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    favourite: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One request of a run."""

    run: str
    position: int
    key: str
    asked: Mapping[str, JSON]
    step: str = ""
    state: str = "waiting"
    generation: str = ""
    attempt: int = 0
    error: Mapping[str, JSON] | None = None
    note: Mapping[str, JSON] = field(default_factory=dict)
    changed_at: float = 0.0


_ADD_RUN = insert(runs)
_ADD_ITEM = insert(run_items)
_GET = select(runs).where(runs.c.id == bindparam("b_run"))
_SAME = (
    select(runs)
    .where(
        runs.c.owner == bindparam("b_owner"),
        runs.c.digest == bindparam("b_digest"),
        runs.c.state.in_(bindparam("b_states", expanding=True)),
    )
    .order_by(runs.c.id.desc())
    .limit(1)
)
_GOING = select(runs.c.state).where(runs.c.id == bindparam("b_run")).with_for_update(read=True)
_CARRIED = select(runs).where(or_(runs.c.state == "running", runs.c.holder != "")).order_by(runs.c.id)
_CLAIM = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"), runs.c.holder == bindparam("b_before"))
    .values(holder=bindparam("b_holder"))
)
_LEAVE = update(runs).where(runs.c.id == bindparam("b_run"), runs.c.holder == bindparam("b_holder")).values(holder="")
_MOVE = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"), runs.c.state.in_(bindparam("b_from", expanding=True)))
    .values(state=bindparam("v_state"), why=bindparam("v_why"), changed_at=bindparam("v_at"))
)
_ITEMS = (
    select(run_items)
    .where(
        run_items.c.run == bindparam("b_run"),
        run_items.c.position > bindparam("b_after"),
        run_items.c.state.in_(bindparam("b_states", expanding=True)),
    )
    .order_by(run_items.c.position)
    .limit(bindparam("b_limit"))
)
_ITEM = select(run_items).where(run_items.c.run == bindparam("b_run"), run_items.c.position == bindparam("b_position"))
_CHANGE_ITEM = (
    update(run_items)
    .where(
        run_items.c.run == bindparam("b_run"),
        run_items.c.position == bindparam("b_position"),
        run_items.c.attempt == bindparam("b_attempt"),
    )
    .values({name: bindparam(f"v_{name}") for name in ("state", "generation", "error", "changed_at")})
)
_AGAIN = (
    update(run_items)
    .where(run_items.c.run == bindparam("b_run"), run_items.c.state.in_(bindparam("b_states", expanding=True)))
    .values(state="waiting", generation="", error=None, attempt=run_items.c.attempt + 1, changed_at=bindparam("v_at"))
)
_PUT_BACK = (
    update(run_items)
    .where(run_items.c.run == bindparam("b_run"), run_items.c.position == bindparam("b_position"))
    .values(state="waiting", generation="", error=None, attempt=bindparam("v_attempt"), changed_at=bindparam("v_at"))
)
_STOP = (
    update(run_items)
    .where(run_items.c.run == bindparam("b_run"), run_items.c.state == "waiting")
    .values(state="cancelled", changed_at=bindparam("v_at"))
)
_COUNT = (
    select(run_items.c.run, run_items.c.state, func.count())
    .where(run_items.c.run.in_(bindparam("b_runs", expanding=True)))
    .group_by(run_items.c.run, run_items.c.state)
)
_STATES_OF = select(run_items.c.position, run_items.c.state).where(run_items.c.run == bindparam("b_run"))
_HEALED = (
    select(run_items.c.run, run_items.c.position)
    .where(
        run_items.c.state == text("'unknown'"),  # as the index says it
        ~exists().where(jobs.c.generation == run_items.c.generation, jobs.c.state == "unknown"),
    )
    .order_by(run_items.c.run)
)
_REOPEN = (
    update(run_items)
    .where(run_items.c.run == bindparam("b_run"), run_items.c.position == bindparam("b_position"))
    .values(state="submitted")
)
_REPLACE = (
    update(run_items)
    .where(
        run_items.c.run == bindparam("b_run"),
        run_items.c.step.in_(bindparam("b_steps", expanding=True)),
        run_items.c.state.not_in(OPEN),
    )
    .values(state="replaced", changed_at=bindparam("v_at"))
)
_RATINGS = select(tables.images.c.id, tables.images.c.rating).where(
    tables.images.c.id.in_(bindparam("b_images", expanding=True))
)
_NOTE = (
    update(run_items)
    .where(run_items.c.run == bindparam("b_run"), run_items.c.position == bindparam("b_position"))
    .values(note=bindparam("v_note"))
)
_SHOWN = ("name", "description", "tags", "favourite", "hidden", "spec", "priority")
_DESCRIBE = update(runs).where(runs.c.id == bindparam("b_run"))
_LAST = select(func.coalesce(func.max(run_items.c.position), -1)).where(run_items.c.run == bindparam("b_run"))

STATES = ("waiting", "submitted", "done", "failed", "unknown", "invalid", "cancelled", "replaced")
"""Every state of an item."""


def add(connection: Connection, run: Run, items: Sequence[Item]) -> None:
    """Write a run down with its first items."""
    connection.execute(_ADD_RUN, {name: _plain(getattr(run, name)) for name in run.__slots__})
    extend(connection, items)


def extend(connection: Connection, items: Sequence[Item]) -> None:
    """Write further items down."""
    if items:
        connection.execute(
            _ADD_ITEM, [{name: _plain(getattr(item, name)) for name in item.__slots__} for item in items]
        )


def get(connection: Connection, run: str) -> Run | None:
    """A run by its id."""
    row = connection.execute(_GET, {"b_run": run}).mappings().one_or_none()
    return None if row is None else Run(**row)


def same(connection: Connection, owner: str, digest: str, states: Sequence[str] = GOES_ON) -> Run | None:
    """The owner's newest run of the same thing in one of these states: by default any that was not cancelled."""
    values = {"b_owner": owner, "b_digest": digest, "b_states": list(states)}
    row = connection.execute(_SAME, values).mappings().one_or_none()
    return None if row is None else Run(**row)


def page(connection: Connection, wanted: Wanted, *, limit: int, before: str = "") -> list[Run]:
    """Up to `limit` runs, the newest first; `before` is the last id of the page before."""
    asked = select(runs).order_by(runs.c.id.desc()).limit(limit)
    for column in (runs.c.owner, runs.c.kind, runs.c.state):
        if value := getattr(wanted, column.name):
            asked = asked.where(column == value)
    for column in (runs.c.favourite, runs.c.hidden):
        if (flag := getattr(wanted, column.name)) is not None:
            asked = asked.where(column == flag)
    if before:
        asked = asked.where(runs.c.id < before)
    if wanted.tag:
        # Tags are words without quotes, so that one can be found in the list as it is written.
        asked = asked.where(cast(runs.c.tags, Text).contains(f'"{wanted.tag}"', autoescape=True))
    if wanted.words:
        like = f"%{_literal(wanted.words)}%"
        asked = asked.where(
            or_(
                runs.c.name.ilike(like, escape="\\"),
                runs.c.description.ilike(like, escape="\\"),
                exists().where(run_items.c.run == runs.c.id, cast(run_items.c.asked, Text).ilike(like, escape="\\")),
            )
        )
    return [Run(**row) for row in connection.execute(asked).mappings()]


def carried(connection: Connection) -> list[Run]:
    """All runs that somebody must carry: those that go on, and those of which something that was sent is still open."""
    return [Run(**row) for row in connection.execute(_CARRIED).mappings()]


def claim(connection: Connection, run: str, *, holder: str, before: str) -> bool:
    """Take a run over from `before` (a process that is dead, or ""); False when somebody else was faster."""
    return connection.execute(_CLAIM, {"b_run": run, "b_holder": holder, "b_before": before}).rowcount == 1


def leave(connection: Connection, run: str, holder: str) -> None:
    """Put a run down, so that another process may carry it."""
    connection.execute(_LEAVE, {"b_run": run, "b_holder": holder})


def move(connection: Connection, run: str, states: Sequence[str], to: str, *, why: str, at: float) -> bool:
    """Bring a run from one of these states into another; False when it is in none of them."""
    values = {"b_run": run, "b_from": list(states), "v_state": to, "v_why": why, "v_at": at}
    return connection.execute(_MOVE, values).rowcount == 1


def going(connection: Connection, run: str) -> bool:
    """Whether a run goes on; whoever wants to change that waits until this transaction has ended."""
    return connection.execute(_GOING, {"b_run": run}).scalar_one_or_none() == "running"


def items(
    connection: Connection, run: str, *, states: Sequence[str] = STATES, after: int = -1, limit: int = 100
) -> list[Item]:
    """A page of a run's items in their order."""
    values = {"b_run": run, "b_states": list(states), "b_after": after, "b_limit": limit}
    return [Item(**row) for row in connection.execute(_ITEMS, values).mappings()]


def item(connection: Connection, run: str, position: int) -> Item | None:
    """One item."""
    row = connection.execute(_ITEM, {"b_run": run, "b_position": position}).mappings().one_or_none()
    return None if row is None else Item(**row)


def change(connection: Connection, item: Item) -> bool:
    """Write down what became of an item; False when a person has sent it again meanwhile."""
    values = {f"v_{name}": _plain(getattr(item, name)) for name in ("state", "generation", "error", "changed_at")}
    key = {"b_run": item.run, "b_position": item.position, "b_attempt": item.attempt}
    return connection.execute(_CHANGE_ITEM, values | key).rowcount == 1


def again(connection: Connection, run: str, states: Sequence[str], *, at: float) -> int:
    """Send the items in these states once more; says how many."""
    return connection.execute(_AGAIN, {"b_run": run, "b_states": list(states), "v_at": at}).rowcount


def put_back(connection: Connection, item: Item) -> None:
    """An item that was sent and taken back waits again; whoever still follows its last attempt is not heard."""
    values = {"v_attempt": item.attempt + 1, "v_at": item.changed_at}
    connection.execute(_PUT_BACK, {"b_run": item.run, "b_position": item.position} | values)


def note(connection: Connection, run: str, position: int, noted: Mapping[str, JSON]) -> None:
    """Keep what a person or the kind says about an item."""
    connection.execute(_NOTE, {"b_run": run, "b_position": position, "v_note": dict(noted)})


def describe(connection: Connection, run: str, shown: Mapping[str, JSON]) -> None:
    """Change what a run is called and how it is shown: name, description, tags, favourite, hidden, spec, priority."""
    strange = shown.keys() - set(_SHOWN)
    if strange:
        raise ValueError(f"not to be changed by hand: {sorted(strange)}")
    connection.execute(_DESCRIBE.values({name: _plain(value) for name, value in shown.items()}), {"b_run": run})


def replace_steps(connection: Connection, run: str, steps: Sequence[str], *, at: float) -> int:
    """The ended items of these steps count no longer: their steps are made again."""
    return connection.execute(_REPLACE, {"b_run": run, "b_steps": list(steps), "v_at": at}).rowcount


def ratings(connection: Connection, images_of: Sequence[str]) -> dict[str, int]:
    """The ratings of some pictures."""
    return {str(one): int(rating) for one, rating in connection.execute(_RATINGS, {"b_images": list(images_of)})}


def stop(connection: Connection, run: str, *, at: float) -> int:
    """Nothing that has not been sent will be; says how many items that is."""
    return connection.execute(_STOP, {"b_run": run, "v_at": at}).rowcount


def states(connection: Connection, run: str) -> dict[int, str]:
    """The state of every item, by its position."""
    return {int(position): str(state) for position, state in connection.execute(_STATES_OF, {"b_run": run})}


def counts(connection: Connection, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many items of each run are in which state."""
    found: dict[str, dict[str, int]] = {run: {} for run in run_ids}
    for run, state, number in connection.execute(_COUNT, {"b_runs": list(run_ids)}):
        found[run][state] = int(number)
    return found


def doubtful(connection: Connection) -> bool:
    """Whether any item is in doubt no longer."""
    return connection.execute(_HEALED).first() is not None


def heal(connection: Connection, *, at: float) -> list[str]:
    """Items in doubt whose jobs are no longer (a person has decided, or the provider has called) are followed again.

    Says which runs that concerns; those that were finished go on.
    """
    found = [(str(run), int(position)) for run, position in connection.execute(_HEALED)]
    for run, position in found:
        connection.execute(_REOPEN, {"b_run": run, "b_position": position})
        move(connection, run, ("finished",), "running", why="", at=at)
    return sorted({run for run, _ in found})


def last_position(connection: Connection, run: str) -> int:
    """The position of a run's last item; -1 when it has none."""
    return int(connection.execute(_LAST, {"b_run": run}).scalar_one())


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
