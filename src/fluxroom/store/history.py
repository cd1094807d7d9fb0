"""How long jobs took, per route, mode and megapixels: what pacing learns from and what people are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from fluxroom.store.statements import Prepared
from fluxroom.store.tables import route_seconds

KEPT = 200
"""Samples that are kept per route, mode and megapixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Jobs that take about as long as each other."""

    route: str
    mode: str
    megapixels: int  # rounded up


_SAME = (
    route_seconds.c.route == bindparam("b_route"),
    route_seconds.c.mode == bindparam("b_mode"),
    route_seconds.c.megapixels == bindparam("b_megapixels"),
)
_NEWEST = select(route_seconds.c.seconds).where(*_SAME).order_by(route_seconds.c.id.desc()).limit(bindparam("b_limit"))
_ADD = Prepared(insert(route_seconds))
_EDGE = select(route_seconds.c.id).where(*_SAME).order_by(route_seconds.c.id.desc()).offset(KEPT).limit(1)
_PRUNE = delete(route_seconds).where(*_SAME, route_seconds.c.id <= bindparam("b_edge"))
_COUNT = select(func.count()).select_from(route_seconds).where(*_SAME)


def _binds(kind: Kind) -> dict[str, object]:
    return {"b_route": kind.route, "b_mode": kind.mode, "b_megapixels": kind.megapixels}


def newest(connection: Connection, kind: Kind, limit: int = 50) -> list[float]:
    """The newest samples in seconds, the newest first."""
    return list(connection.execute(_NEWEST, {**_binds(kind), "b_limit": limit}).scalars())


def add(connection: Connection, kind: Kind, seconds: Sequence[float], at: float) -> None:
    """Write samples down."""
    row = {"route": kind.route, "mode": kind.mode, "megapixels": kind.megapixels, "at": at}
    _ADD.run(connection, *({**row, "seconds": value} for value in seconds))


def prune(connection: Connection, kind: Kind) -> None:
    """Let the oldest samples go."""
    edge = connection.execute(_EDGE, _binds(kind)).scalar_one_or_none()
    if edge is not None:
        connection.execute(_PRUNE, {**_binds(kind), "b_edge": edge})


def count(connection: Connection, kind: Kind) -> int:
    """How many samples there are."""
    return int(connection.execute(_COUNT, _binds(kind)).scalar_one())
