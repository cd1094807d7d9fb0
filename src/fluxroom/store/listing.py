"""Jobs for people who look: the newest first, page by page, of everybody or of one owner."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, or_, select

from fluxroom.store.jobs import Job
from fluxroom.store.tables import jobs

# Ids sort by time, so the id is the key of the page.
_PAGE = (
    select(jobs)
    .where(
        or_(bindparam("b_all", type_=jobs.c.sandbox.type), jobs.c.state.in_(bindparam("b_states", expanding=True))),
        or_(bindparam("b_everyone", type_=jobs.c.sandbox.type), jobs.c.owner == bindparam("b_owner")),
        jobs.c.id < bindparam("b_before"),
    )
    .order_by(jobs.c.id.desc())
    .limit(bindparam("b_limit"))
)
_AFTER_ALL = "~"  # sorts after every id


def page(
    connection: Connection, *, limit: int, states: Sequence[str] = (), before: str = "", owner: str = ""
) -> list[Job]:
    """Up to `limit` jobs, the newest first; of all states and owners where none is named."""
    binds = {
        "b_all": not states,
        "b_states": list(states),
        "b_everyone": not owner,
        "b_owner": owner,
        "b_before": before or _AFTER_ALL,
        "b_limit": limit,
    }
    return [Job(**row) for row in connection.execute(_PAGE, binds).mappings()]
