"""What this installation has seen of each route: how long its pictures took, and what they were charged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from sqlalchemy import Connection, bindparam, func, or_, select

from fluxroom.store.tables import Money, images, jobs, route_seconds

Place = tuple[str, str]
"""A route and a mode: `("bfl/flux-2-pro", "edit")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What jobs of one route and mode came to."""

    jobs: int  # whose time is known
    seconds: float | None  # from submit to ready, the middle one of the newest
    price: Decimal | None  # US dollars a picture, as charged


_SECONDS = select(route_seconds.c.route, route_seconds.c.mode, route_seconds.c.seconds)
_PICTURES = select(func.count()).where(images.c.job == jobs.c.id).scalar_subquery()
_CHARGED = (
    select(
        jobs.c.provider,
        jobs.c.model,
        jobs.c.mode,
        func.sum(jobs.c.charged, type_=Money).label("charged"),
        func.sum(_PICTURES).label("pictures"),
    )
    .where(
        jobs.c.created_at >= bindparam("b_since"),
        jobs.c.state == "succeeded",
        jobs.c.charge_state == "charged",
        jobs.c.cached_from == "",
        jobs.c.sandbox == bindparam("b_sandbox", type_=jobs.c.sandbox.type),
        or_(bindparam("b_everyone", type_=jobs.c.sandbox.type), jobs.c.owner == bindparam("b_owner")),
    )
    .group_by(jobs.c.provider, jobs.c.model, jobs.c.mode)
)


def by_route(connection: Connection, *, since: float, sandbox: bool, owner: str = "") -> dict[Place, Measured]:
    """Times of the newest samples that are kept, and prices of what was charged since then, to `owner` or to all."""
    times: dict[Place, list[float]] = defaultdict(list)
    for route, mode, seconds in connection.execute(_SECONDS):
        times[route, mode].append(seconds)
    binds = {"b_since": since, "b_sandbox": sandbox, "b_everyone": not owner, "b_owner": owner}
    prices = {
        (f"{row.provider}/{row.model}", row.mode): Decimal(row.charged) / int(row.pictures)
        for row in connection.execute(_CHARGED, binds)
        if row.pictures and row.charged is not None
    }
    return {
        place: Measured(
            jobs=len(times[place]),
            seconds=median(times[place]) if times[place] else None,
            price=prices.get(place),
        )
        for place in {*times, *prices}
    }
