"""A library: the pictures of an owner, searched by the words of their prompts, filtered, counted and paged.

A page is read along one index in the order of ids, newest first, and ends when it is full; so it takes as long for a
hundred thousand pictures as for a hundred. Which index, the most telling filter says: words, a board, a tag, or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from sqlalchemy import Boolean, Connection, RowMapping, bindparam, select, text

from fluxroom.store.tables import board_images, generations, image_tags, images, jobs
from fluxroom.store.words import for_postgresql, for_sqlite

Orientation = Literal["landscape", "portrait", "square"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture with what made it and what people did with it."""

    id: str
    job: str
    number: int
    sha256: str
    mime: str
    width: int  # pixels
    height: int  # pixels
    size_bytes: int
    seed: int | None
    created_at: float
    owner: str
    generation: str
    provider: str
    model: str
    mode: str
    sandbox: bool
    favourite: bool
    hidden: bool
    rating: int  # 1 to 5; 0 for none
    trashed_at: float | None
    prompt: str
    charged: Decimal | None  # the whole job's, in US dollars
    charge_state: str
    tags: Sequence[str] = ()
    boards: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which pictures: everything that is given must be so. None and "" leave it open."""

    owner: str = ""  # "" for everybody's
    words: str = ""  # of the prompt; the last one may be the beginning of a word; "in quotes" as a phrase
    provider: str = ""
    model: str = ""
    mode: str = ""
    generation: str = ""
    board: str = ""
    tags: tuple[str, ...] = ()  # all of them
    favourite: bool | None = None
    hidden: bool | None = False
    sandbox: bool | None = None
    trashed: bool = False
    rating: int = 0  # at least
    since: float | None = None
    until: float | None = None  # before
    orientation: Orientation | None = None
    longest: int = 0  # pixels that the longer side has at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """How many pictures there are of each kind; a kind is counted as if it were not asked for."""

    total: int
    provider: Mapping[str, int]
    model: Mapping[str, int]
    mode: Mapping[str, int]
    tag: Mapping[str, int]


_CONDITIONS = {
    "owner": "i.owner = :owner",
    "provider": "i.provider = :provider",
    "model": "i.model = :model",
    "mode": "i.mode = :mode",
    "generation": "i.generation = :generation",
    "board": "b.board = :board",
    "since": "i.created_at >= :since",
    "until": "i.created_at < :until",
    "rating": "i.rating > 0 AND i.rating >= :rating",  # the first half is what the index says
    "longest": "(i.width >= :longest OR i.height >= :longest)",
    "landscape": "i.width > i.height",
    "portrait": "i.width < i.height",
    "square": "i.width = i.height",
    "trashed": "i.trashed_at IS NOT NULL",
    "kept": "i.trashed_at IS NULL",
    "favourite": "i.favourite",
    "not favourite": "NOT i.favourite",
    "hidden": "i.hidden",
    "not hidden": "NOT i.hidden",
    "sandbox": "i.sandbox",
    "not sandbox": "NOT i.sandbox",
    "before": "i.id < :before",
    "after row": "w.rowid < :row",
    "nothing": "1 = 0",
}
_SQLITE_CONDITIONS = {
    "words": "image_words MATCH :words",
    "kept": "+i.trashed_at IS NULL",  # the plus: nearly all are, so not by that index
    "favourite": "i.favourite = 1",
    "not favourite": "i.favourite = 0",
    "hidden": "i.hidden = 1",
    "not hidden": "i.hidden = 0",
    "sandbox": "i.sandbox = 1",
    "not sandbox": "i.sandbox = 0",
}
_TAGGED = "EXISTS (SELECT 1 FROM image_tags x WHERE x.image = i.id AND x.tag = :tag{number})"
_MOST_TAGS = 200
_POSTGRESQL_CONDITIONS = {"words": "g.words @@ to_tsquery('simple', :words)"}

_ABOUT = "CROSS JOIN generations g ON g.id = i.generation"
_MONEY = "CROSS JOIN jobs j ON j.id = i.job"
# CROSS JOIN is SQLite's word for "in this order": its planner does not know how telling words, boards and tags are.
_SQLITE_SOURCES = {
    "words": ("image_words w CROSS JOIN images i ON i.id = w.id", "w.rowid"),
    "board": ("board_images b CROSS JOIN images i ON i.id = b.image", "b.image"),
    "tag": ("image_tags t CROSS JOIN images i ON i.id = t.image AND t.tag = :tag0", "t.image"),
    "": ("images i", "i.id"),
}
_POSTGRESQL_SOURCES = {
    "words": ("images i", "i.id"),
    "board": ("board_images b JOIN images i ON i.id = b.image", "i.id"),
    "tag": ("image_tags t JOIN images i ON i.id = t.image AND t.tag = :tag0", "i.id"),
    "": ("images i", "i.id"),
}
_COLUMNS = [
    *(images.c[name] for name in Picture.__dataclass_fields__ if name in images.c),
    generations.c.prompt,
    jobs.c.charged,
    jobs.c.charge_state,
]
_SHOWN = ", ".join(
    f"{'i' if column.table is images else 'g' if column.table is generations else 'j'}.{column.name}"
    for column in _COLUMNS
)


def page(connection: Connection, wanted: Wanted, *, limit: int, before: str = "") -> list[Picture]:
    """Up to `limit` pictures, the newest first; `before` is the last id of the page before."""
    names, binds = _asked(connection, wanted)
    if before:
        row = _row_of(connection, before) if "words" in names and _is_sqlite(connection) else None
        names |= {"after row"} if row is not None else {"before"}
        binds |= {"before": before} if row is None else {"row": row}
    statement = _page(_is_sqlite(connection), frozenset(names), len(wanted.tags))
    return _with_marks(connection, connection.execute(statement, {**binds, "limit": limit}).mappings().all())


def some(connection: Connection, owner: str, ids: Sequence[str]) -> list[Picture]:
    """The pictures with these ids that are the owner's ("": anybody's), in this order; others are left out."""
    rows = connection.execute(_SOME, {"b_ids": list(ids), "b_owner": owner, "b_everyone": not owner}).mappings().all()
    found = {one.id: one for one in _with_marks(connection, rows)}
    return [found[one] for one in dict.fromkeys(ids) if one in found]


def facets(connection: Connection, wanted: Wanted) -> Facets:
    """How many pictures there are of each provider, model, mode and tag."""
    names, binds = _asked(connection, wanted)
    chosen = {name: getattr(wanted, name) for name in ("provider", "model", "mode")}
    counted = _counts(_is_sqlite(connection), frozenset(names - chosen.keys()), len(wanted.tags))
    groups = connection.execute(counted, binds).all()
    by: dict[str, Counter[str]] = {name: Counter() for name in chosen}
    total = 0
    for *key, number in groups:
        fits = {name: not asked or asked == value for (name, asked), value in zip(chosen.items(), key, strict=True)}
        total += number if all(fits.values()) else 0
        for name, value in zip(chosen, key, strict=True):
            if all(fit for other, fit in fits.items() if other != name):
                by[name][value] += number
    tagged = connection.execute(_tag_counts(_is_sqlite(connection), frozenset(names), len(wanted.tags)), binds).all()
    return Facets(total=total, **by, tag={str(tag): int(number) for tag, number in tagged})


def _asked(connection: Connection, wanted: Wanted) -> tuple[set[str], dict[str, Any]]:
    """The conditions by name, and their values."""
    plain = ("owner", "provider", "model", "mode", "generation", "board", "rating", "since", "until", "longest")
    names = {name for name in plain if getattr(wanted, name)}
    binds = {name: getattr(wanted, name) for name in names}
    for name in ("favourite", "hidden", "sandbox"):
        flag = getattr(wanted, name)
        if flag is not None:
            names.add(name if flag else f"not {name}")
    names.add("trashed" if wanted.trashed else "kept")
    if wanted.orientation:
        names.add(wanted.orientation)
    if wanted.words.strip():
        binds["words"] = (for_sqlite if _is_sqlite(connection) else for_postgresql)(wanted.words)
        names.add("words" if binds["words"] else "nothing")
    return names, binds | {f"tag{number}": tag for number, tag in enumerate(wanted.tags)}


@cache
def _page(sqlite: bool, names: frozenset[str], tags: int) -> Any:  # noqa: FBT001  the cache's key
    source, order = _source(sqlite, names, tags)
    found = f"FROM {source} {_ABOUT} {_MONEY} {_where(sqlite, names, tags)}"
    sql = f"SELECT {_SHOWN} {found} ORDER BY {order} DESC LIMIT :limit"
    return text(sql if sqlite else sql.replace("CROSS JOIN", "JOIN")).columns(*_COLUMNS)


@cache
def _counts(sqlite: bool, names: frozenset[str], tags: int) -> Any:  # noqa: FBT001  the cache's key
    source, _ = _source(sqlite, names, tags)
    about = _about(sqlite, names)
    kinds = "i.provider, i.model, i.mode"
    return text(f"SELECT {kinds}, count(*) FROM {source} {about} {_where(sqlite, names, tags)} GROUP BY {kinds}")  # noqa: S608


@cache
def _tag_counts(sqlite: bool, names: frozenset[str], tags: int) -> Any:  # noqa: FBT001  the cache's key
    source, _ = _source(sqlite, names, tags)
    about = _about(sqlite, names)
    return text(
        f"SELECT k.tag, count(*) FROM {source} {about} JOIN image_tags k ON k.image = i.id "  # noqa: S608
        f"{_where(sqlite, names, tags)} GROUP BY k.tag ORDER BY count(*) DESC, k.tag LIMIT {_MOST_TAGS}"
    )


def _source(sqlite: bool, names: frozenset[str], tags: int) -> tuple[str, str]:  # noqa: FBT001
    first = "words" if "words" in names else "board" if "board" in names else "tag" if tags else ""
    source, order = (_SQLITE_SOURCES if sqlite else _POSTGRESQL_SOURCES)[first]
    if first == "words" and "board" in names:
        source += " JOIN board_images b ON b.image = i.id"
    return source, order


def _about(sqlite: bool, names: frozenset[str]) -> str:  # noqa: FBT001
    """What counts need of the generations: on PostgreSQL their words."""
    return "" if sqlite or "words" not in names else "JOIN generations g ON g.id = i.generation"


def _where(sqlite: bool, names: frozenset[str], tags: int) -> str:  # noqa: FBT001
    conditions = _CONDITIONS | (_SQLITE_CONDITIONS if sqlite else _POSTGRESQL_CONDITIONS)
    told = [conditions[name] for name in sorted(names)]
    told += [_TAGGED.format(number=number) for number in range(tags)]
    return f"WHERE {' AND '.join(told)}"


def _row_of(connection: Connection, image_id: str) -> int | None:
    found: int | None = connection.execute(_ROW, {"b_match": f'id : "{image_id}"'}).scalar_one_or_none()
    return found


def _with_marks(connection: Connection, rows: Sequence[RowMapping]) -> list[Picture]:
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    tags: dict[str, list[str]] = {}
    for image, tag in connection.execute(_TAGS, {"b_ids": ids}):
        tags.setdefault(image, []).append(tag)
    boards: dict[str, list[str]] = {}
    for image, board in connection.execute(_BOARDS, {"b_ids": ids}):
        boards.setdefault(image, []).append(board)
    return [Picture(**row, tags=tags.get(row["id"], ()), boards=boards.get(row["id"], ())) for row in rows]


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


_ROW = text("SELECT rowid FROM image_words WHERE image_words MATCH :b_match")
_SOME = (
    select(*_COLUMNS)
    .select_from(
        images.join(generations, generations.c.id == images.c.generation).join(jobs, jobs.c.id == images.c.job)
    )
    .where(
        images.c.id.in_(bindparam("b_ids", expanding=True)),
        bindparam("b_everyone", type_=Boolean) | (images.c.owner == bindparam("b_owner")),
    )
)
_TAGS = (
    select(image_tags.c.image, image_tags.c.tag)
    .where(image_tags.c.image.in_(bindparam("b_ids", expanding=True)))
    .order_by(image_tags.c.tag)
)
_BOARDS = (
    select(board_images.c.image, board_images.c.board)
    .where(board_images.c.image.in_(bindparam("b_ids", expanding=True)))
    .order_by(board_images.c.board)
)
