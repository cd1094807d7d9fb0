"""What the retention settings delete, counted or done: by the gateway once an hour, by `fluxroom prune` when asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.store import purging

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxroom.settings import Settings
    from fluxroom.store import Store

GRACE = 3600.0
"""Seconds between a put and the row that names its bytes, at the most: younger bytes are never removed."""

SIZES = (256, 512, 1024, 0)
"""The longest sides, in pixels, of the previews that are kept; 0 for the whole picture as WebP."""

_DAY = 86400.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long things stay, in days; 0: for ever."""

    trash: float = 30
    pictures: float = 0  # favourites and what is on a board stay
    records: float = 0  # the words and parameters of requests without pictures; what they cost stays

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """What the settings say."""
        return cls(trash=settings.trash_days, pictures=settings.keep_pictures_days, records=settings.keep_records_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What goes, or went."""

    trashed: int  # pictures whose time in the trash is over
    old: int  # pictures that are older than the rules say
    records: int  # requests that lost their words and parameters
    size_bytes: int  # of the pictures, before what others still need
    blobs: int  # files that were removed, or that wait for it

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


NOTHING = Pruned(trashed=0, old=0, records=0, size_bytes=0, blobs=0)


async def due(store: Store, rules: Rules, now: float | None = None) -> Pruned:
    """What would go now; nothing is changed."""
    at = time.time() if now is None else now

    def work(connection: Connection) -> Pruned:
        trashed = purging.count(connection, "trashed", _edge(rules.trash, at))
        old = purging.count(connection, "old", _edge(rules.pictures, at))
        return Pruned(
            trashed=trashed.number,
            old=old.number,
            records=purging.count_records(connection, _edge(rules.records, at)),
            size_bytes=trashed.size_bytes + old.size_bytes,
            blobs=purging.count_condemned(connection),
        )

    return await store.database.read(work)


async def prune(store: Store, rules: Rules, now: float | None = None) -> Pruned:
    """Delete what the rules say, a few hundred rows at a time, so that nobody waits long for the database."""
    at = time.time() if now is None else now
    size = (await due(store, rules, at)).size_bytes
    trashed = await _in_steps(store, partial(_purge_some, which="trashed", edge=_edge(rules.trash, at), now=at))
    old = await _in_steps(store, partial(_purge_some, which="old", edge=_edge(rules.pictures, at), now=at))
    forget = partial(purging.forget_records, edge=_edge(rules.records, at), limit=_AT_ONCE, now=at)
    records = await _in_steps(store, forget)
    return Pruned(trashed=trashed, old=old, records=records, size_bytes=size, blobs=await sweep(store))


async def sweep(store: Store, grace: float = GRACE) -> int:
    """Remove the bytes that nothing names any more; returns how many files went."""
    removed, after = 0, ""
    while some := await store.database.read(partial(purging.condemned_after, after=after, limit=_AT_ONCE)):
        after = some[-1]
        needed = await store.database.read(partial(purging.needed, hashes=some))
        gone = [one for one in some if one not in needed and await asyncio.to_thread(_removed, store, one, grace)]
        removed += len(gone)
        if over := [*gone, *needed]:
            await store.database.write(partial(purging.pardon, hashes=over))
    return removed


def _edge(days: float, now: float) -> float:
    """The moment before which things are due; before everything when the rule is off."""
    return now - days * _DAY if days > 0 else -1.0


def _purge_some(connection: Connection, *, which: str, edge: float, now: float) -> int:
    return purging.purge(connection, purging.due(connection, which, edge, _AT_ONCE), now)


async def _in_steps(store: Store, step: Callable[[Connection], int]) -> int:
    total = 0
    while done := await store.database.write(step):
        total += done
    return total


def _removed(store: Store, digest: str, grace: float) -> bool:
    if not store.blobs.remove(digest, older_than=grace):
        return False
    for size in SIZES:
        with contextlib.suppress(OSError):
            store.preview(digest, size).unlink(missing_ok=True)
    return True
