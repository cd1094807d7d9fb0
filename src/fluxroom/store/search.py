"""Generations for people who look: filtered, found by the words of their prompts, newest first, page by page.

A page is read along one index in the order of ids and ends when it is full. States that few generations are in are
looked up from their jobs instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, text

from fluxroom.store import images, words
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.store.tables import generations, jobs
from fluxroom.types import PROVIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which generations: everything that is given must be so. None and "" leave it open."""

    owner: str = ""  # "" for everybody's
    words: str = ""  # of the prompt; the last one may be the beginning of a word
    states: tuple[str, ...] = ()  # some job of it is in one of these
    provider: str = ""
    model: str = ""
    mode: str = ""
    run: str = ""
    sandbox: bool | None = None
    since: float | None = None
    until: float | None = None  # before


@dataclass(frozen=True, slots=True)
class Found:
    """A generation with its jobs and pictures."""

    generation: Generation
    jobs: Sequence[Job]
    images: Sequence[StoredImage]


_COMMON = ("succeeded",)
"""States that most generations end in: looking them up from the jobs would read nearly all of them."""

_CONDITIONS = {
    "owner": "g.owner = :owner",
    "route": "g.route IN :routes",
    "provider": "g.route LIKE :provider",
    "mode": "g.mode = :mode",
    "run": "g.run = :run",
    "since": "g.created_at >= :since",
    "until": "g.created_at < :until",
    # As an expression, so that no planner takes the index of states, in which nearly all jobs stand at one place.
    "common state": "EXISTS (SELECT 1 FROM jobs j WHERE j.generation = g.id AND j.state || '' IN :states)",
    "rare state": "g.id IN (SELECT j.generation FROM jobs j WHERE j.state IN :states)",
    "sandbox": "EXISTS (SELECT 1 FROM jobs j WHERE j.generation = g.id AND j.sandbox = :sandbox)",
    "before": "g.id < :before",
    "after row": "w.rowid < :row",
    "nothing": "1 = 0",
}
_WORDS = {
    "sqlite": "generation_words MATCH :words",
    "postgresql": "g.words @@ to_tsquery('simple', :words)",
}
_COLUMNS = list(generations.c)
_SHOWN = ", ".join(f'g."{column.name}"' for column in _COLUMNS)
_QUERIES = {"sqlite": words.for_sqlite, "postgresql": words.for_postgresql}
_LISTS = ("routes", "states")

_ROW = text("SELECT rowid FROM generation_words WHERE generation_words MATCH :b_match")
_THEIR_JOBS = (
    select(jobs)
    .where(jobs.c.generation.in_(bindparam("b_generations", expanding=True)))
    .order_by(jobs.c.generation, jobs.c.number)
)


def page(connection: Connection, wanted: Wanted, *, limit: int, before: str = "") -> list[Found]:
    """Up to `limit` generations, the newest first; `before` is the last id of the page before."""
    dialect = connection.dialect.name
    names, binds = _asked(wanted, dialect)
    if before:
        row = _row_of(connection, before) if "words" in names and dialect == "sqlite" else None
        names.add("before" if row is None else "after row")
        binds |= {"before": before} if row is None else {"row": row}
    rows = connection.execute(_statement(dialect, frozenset(names)), {**binds, "limit": limit}).mappings()
    return _with_jobs(connection, [Generation(**row) for row in rows])


def _asked(wanted: Wanted, dialect: str) -> tuple[set[str], dict[str, Any]]:
    """The conditions by name, and their values."""
    names = {name for name in ("owner", "mode", "run") if getattr(wanted, name)}
    names |= {name for name in ("since", "until", "sandbox") if getattr(wanted, name) is not None}
    binds: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    if wanted.states:
        names.add("common state" if set(wanted.states) & set(_COMMON) else "rare state")
        binds["states"] = list(wanted.states)
    if wanted.model:
        names.add("route")
        binds["routes"] = [f"{name}/{wanted.model}" for name in PROVIDERS if wanted.provider in {"", name}]
    elif wanted.provider:
        names.add("provider")
        binds["provider"] = f"{wanted.provider}/%"
    if wanted.words.strip():
        binds["words"] = _QUERIES[dialect](wanted.words)
        names.add("words" if binds["words"] else "nothing")
    return names, {name: value for name, value in binds.items() if name != "words" or value}


@cache
def _statement(dialect: str, names: frozenset[str]) -> Any:
    """The page for a set of conditions; a few shapes, each made once."""
    told = [_WORDS[dialect] if name == "words" else _CONDITIONS[name] for name in sorted(names)]
    # CROSS JOIN is SQLite's word for "in this order": its planner does not know how telling words are.
    by_words = "words" in names and dialect == "sqlite"
    source = "generation_words w CROSS JOIN generations g ON g.id = w.id" if by_words else "generations g"
    order = "w.rowid" if by_words else "g.id"
    where = f"WHERE {' AND '.join(told)}" if told else ""
    sql = f"SELECT {_SHOWN} FROM {source} {where} ORDER BY {order} DESC LIMIT :limit"  # noqa: S608  words of ours
    lists: list[BindParameter[Any]] = [bindparam(name, expanding=True) for name in _LISTS if f":{name}" in sql]
    return text(sql).bindparams(*lists).columns(*_COLUMNS)


def _row_of(connection: Connection, generation_id: str) -> int | None:
    found: int | None = connection.execute(_ROW, {"b_match": f'id : "{generation_id}"'}).scalar_one_or_none()
    return found


def _with_jobs(connection: Connection, found: Sequence[Generation]) -> list[Found]:
    binds = {"b_generations": [one.id for one in found]}
    listed = [Job(**row) for row in connection.execute(_THEIR_JOBS, binds).mappings()] if found else []
    pictures = images.of_jobs(connection, [job.id for job in listed]) if listed else []
    by_generation: dict[str, list[Job]] = {}
    for job in listed:
        by_generation.setdefault(job.generation, []).append(job)
    by_job: dict[str, list[StoredImage]] = {}
    for picture in pictures:
        by_job.setdefault(picture.job, []).append(picture)
    return [_whole(one, by_generation.get(one.id, []), by_job) for one in found]


def _whole(generation: Generation, listed: Sequence[Job], by_job: Mapping[str, Sequence[StoredImage]]) -> Found:
    return Found(generation, listed, [picture for job in listed for picture in by_job.get(job.id, ())])
