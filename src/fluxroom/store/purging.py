"""What is deleted for good: pictures whose time in the trash is over, and what the retention settings say.

Rows go first. Bytes that lose a row are written down as condemned in the same transaction, and removed later, once
nothing names them any more: no picture, no upload, no request that took them in, no run that still needs them. So
nothing is forgotten when a process dies in between, and whoever stores the same bytes meanwhile keeps them
(`BlobStore.remove`).

Jobs stay for ever: they hold the money. Of a request that is too old its words and parameters go. A run that is not
finished keeps its pictures; the words of runs and conversations stay with them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, cast, delete, func, insert, select, update
from sqlalchemy import Text as SqlText

from fluxroom.store.tables import (
    assets,
    board_images,
    condemned,
    generations,
    idempotency,
    images,
    inputs,
    job_events,
    jobs,
    run_items,
    runs,
)

OVER = ("succeeded", "failed", "moderated_input", "moderated_output", "cancelled", "lost", "abandoned")
"""States in which a job stays."""

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")

_IDS: BindParameter[str] = bindparam("b_ids", expanding=True)
_HASHES: BindParameter[str] = bindparam("b_hashes", expanding=True)
_EDGE: BindParameter[float] = bindparam("b_edge")
_FACTS = select(images.c.id, images.c.sha256, images.c.job).where(images.c.id.in_(_IDS))
_DELETE = delete(images).where(images.c.id.in_(_IDS))
_UNCACHE = update(jobs).where(jobs.c.id.in_(_IDS), jobs.c.cache_key != "").values(cache_key="")
_NAMED = (
    select(images.c.sha256)
    .where(images.c.sha256.in_(_HASHES))
    .union(
        select(assets.c.sha256).where(assets.c.sha256.in_(_HASHES)),
        select(inputs.c.sha256).where(inputs.c.sha256.in_(_HASHES)),
    )
)
_KNOWN = select(condemned.c.sha256).where(condemned.c.sha256.in_(_HASHES))
_CONDEMNED = select(condemned.c.sha256).where(condemned.c.sha256 > bindparam("b_after")).order_by(condemned.c.sha256)
_PARDON = delete(condemned).where(condemned.c.sha256.in_(_HASHES))
_COUNT = select(func.count()).select_from(condemned)

_UNFINISHED = ("running", "paused", "review")
_OF_UNFINISHED = (
    select(cast(runs.c.spec, SqlText)).where(runs.c.state.in_(_UNFINISHED)),
    select(cast(run_items.c.asked, SqlText))
    .join(runs, runs.c.id == run_items.c.run)
    .where(runs.c.state.in_(_UNFINISHED), run_items.c.state.in_(("waiting", "submitted"))),
)
_TRASHED = images.c.trashed_at <= _EDGE
_OLD = (
    (images.c.created_at < _EDGE)
    & images.c.favourite.is_(False)
    & ~select(board_images.c.image).where(board_images.c.image == images.c.id).exists()
    & ~select(runs.c.id)
    .join(generations, generations.c.run == runs.c.id)
    .where(generations.c.id == images.c.generation, runs.c.state.in_(_UNFINISHED))
    .exists()
)
_FORGETTABLE = (
    (generations.c.created_at < _EDGE)
    & (cast(generations.c.asked, SqlText) != "{}")
    & ~select(images.c.id).where(images.c.generation == generations.c.id).exists()
    & ~select(jobs.c.id).where(jobs.c.generation == generations.c.id, jobs.c.state.not_in(OVER)).exists()
)
_SELECTED = {
    name: (select(images.c.id).where(which).limit(bindparam("b_limit")), _sums)
    for name, which in {"trashed": _TRASHED, "old": _OLD}.items()
    for _sums in [select(func.count(), func.coalesce(func.sum(images.c.size_bytes), 0)).where(which)]
}
_RECORDS = select(generations.c.id).where(_FORGETTABLE).order_by(generations.c.created_at).limit(bindparam("b_limit"))
_RECORD_COUNT = select(func.count()).select_from(generations).where(_FORGETTABLE)
_TAKEN_IN = select(inputs.c.sha256).where(inputs.c.generation.in_(_IDS)).distinct()
_FORGET = (
    delete(inputs).where(inputs.c.generation.in_(_IDS)),
    delete(idempotency).where(idempotency.c.generation.in_(_IDS)),
    update(job_events).where(job_events.c.generation.in_(_IDS)).values(why=""),
    update(jobs).where(jobs.c.generation.in_(_IDS)).values(wire={}, ticket=None, error=None, cache_key=""),
    update(generations)
    .where(generations.c.id.in_(_IDS))
    .values(prompt="", asked={}, params={}, references=[], not_sent=[]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How much of something there is."""

    number: int
    size_bytes: int = 0


def count(connection: Connection, which: str, edge: float) -> Count:
    """How many pictures are due: `trashed` until this moment, or `old` since before it."""
    number, size = connection.execute(_SELECTED[which][1], {"b_edge": edge}).one()
    return Count(number=int(number), size_bytes=int(size))


def due(connection: Connection, which: str, edge: float, limit: int) -> list[str]:
    """Some of the pictures that are due."""
    return list(connection.execute(_SELECTED[which][0], {"b_edge": edge, "b_limit": limit}).scalars())


def purge(connection: Connection, ids: Collection[str], now: float) -> int:
    """Delete pictures for good; their bytes go later, unless something else needs them. Returns how many there were."""
    found = connection.execute(_FACTS, {"b_ids": list(ids)}).all() if ids else []
    if found:
        connection.execute(_DELETE, {"b_ids": [one.id for one in found]})
        # The cache must not promise a picture that is gone.
        connection.execute(_UNCACHE, {"b_ids": sorted({one.job for one in found})})
        condemn(connection, {one.sha256 for one in found}, now)
    return len(found)


def count_records(connection: Connection, edge: float) -> int:
    """How many requests of before this moment are over, without a picture left, and still hold their words."""
    return int(connection.execute(_RECORD_COUNT, {"b_edge": edge}).scalar_one())


def forget_records(connection: Connection, edge: float, limit: int, now: float) -> int:
    """Take the words, parameters and references out of some of them; what they cost stays. Returns how many."""
    ids = list(connection.execute(_RECORDS, {"b_edge": edge, "b_limit": limit}).scalars())
    if ids:
        taken_in = set(connection.execute(_TAKEN_IN, {"b_ids": ids}).scalars())
        for statement in _FORGET:
            connection.execute(statement, {"b_ids": ids})
        condemn(connection, taken_in, now)
    return len(ids)


def condemn(connection: Connection, hashes: Collection[str], now: float) -> None:
    """Write down that these bytes have lost a row which named them."""
    known = set(connection.execute(_KNOWN, {"b_hashes": list(hashes)}).scalars()) if hashes else set()
    if rows := [{"sha256": one, "at": now} for one in sorted(set(hashes) - known)]:
        connection.execute(insert(condemned), rows)


def condemned_after(connection: Connection, after: str, limit: int) -> list[str]:
    """Some condemned hashes, in their order."""
    return list(connection.execute(_CONDEMNED.limit(limit), {"b_after": after}).scalars())


def count_condemned(connection: Connection) -> int:
    """How many hashes are condemned."""
    return int(connection.execute(_COUNT).scalar_one())


def needed(connection: Connection, hashes: Sequence[str]) -> set[str]:
    """Those of the hashes that a picture, an upload, a request or a run that is not finished still names."""
    if not hashes:
        return set()
    named = set(connection.execute(_NAMED, {"b_hashes": list(hashes)}).scalars())
    return named | (set(hashes) & _of_unfinished_runs(connection))


def _of_unfinished_runs(connection: Connection) -> set[str]:
    """What runs have been given, or have made, and will still send: it stands in no table of its own."""
    texts = (text for question in _OF_UNFINISHED for text in connection.execute(question).scalars())
    return {digest for text in texts for digest in _SHA256.findall(text)}


def pardon(connection: Connection, hashes: Sequence[str]) -> None:
    """These are no longer condemned: something needs them, or they are gone."""
    if hashes:
        connection.execute(_PARDON, {"b_hashes": list(hashes)})
