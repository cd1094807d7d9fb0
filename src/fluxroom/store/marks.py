"""What people do with pictures: favourites, ratings, tags, boards, the trash. Only with their own, unless an admin.

Every function takes an owner ("": anybody's pictures) and ids; those that are not there or somebody else's are left
alone, and the ids that were found come back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Boolean, Connection, Update, bindparam, delete, func, insert, select, update

from fluxroom.identifiers import new_id
from fluxroom.store.tables import board_images, boards, image_tags, images

_IDS: BindParameter[str] = bindparam("b_ids", expanding=True)
_OWN = bindparam("b_everyone", type_=Boolean) | (images.c.owner == bindparam("b_owner"))
_THEIRS = select(images.c.id).where(images.c.id.in_(_IDS), _OWN)
_CHANGE = update(images).where(images.c.id.in_(_IDS))
_FAVOURITE = _CHANGE.values(favourite=bindparam("v"))
_HIDDEN = _CHANGE.values(hidden=bindparam("v"))
_RATING = _CHANGE.values(rating=bindparam("v"))
_TRASH = _CHANGE.where(images.c.trashed_at.is_(None)).values(trashed_at=bindparam("v"))
_RESTORE = _CHANGE.values(trashed_at=None)
_TAGGED = select(image_tags.c.image).where(image_tags.c.image.in_(_IDS), image_tags.c.tag == bindparam("b_tag"))
_UNTAG = delete(image_tags).where(image_tags.c.image.in_(_IDS), image_tags.c.tag == bindparam("b_tag"))
_UNTAG_ALL = delete(image_tags).where(image_tags.c.image.in_(_IDS))
_ON_BOARD = select(board_images.c.image).where(
    board_images.c.image.in_(_IDS), board_images.c.board == bindparam("b_board")
)
_OFF_BOARD = delete(board_images).where(board_images.c.image.in_(_IDS), board_images.c.board == bindparam("b_board"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Pictures that somebody has put together."""

    id: str
    owner: str
    name: str
    created_at: float


def theirs(connection: Connection, owner: str, ids: Collection[str]) -> list[str]:
    """Those of the ids that are pictures of the owner's."""
    binds = {"b_ids": list(ids), "b_owner": owner, "b_everyone": not owner}
    return list(connection.execute(_THEIRS, binds).scalars())


def favour(connection: Connection, owner: str, ids: Sequence[str], *, on: bool) -> list[str]:
    """Make them favourites, or no longer."""
    return _change(connection, _FAVOURITE, theirs(connection, owner, ids), on)


def hide(connection: Connection, owner: str, ids: Sequence[str], *, on: bool) -> list[str]:
    """Keep them out of the library's first look, or show them again."""
    return _change(connection, _HIDDEN, theirs(connection, owner, ids), on)


def rate(connection: Connection, owner: str, ids: Sequence[str], stars: int) -> list[str]:
    """Give them 1 to 5 stars; 0 takes them away."""
    return _change(connection, _RATING, theirs(connection, owner, ids), stars)


def trash(connection: Connection, owner: str, ids: Sequence[str], now: float) -> list[str]:
    """Put them into the trash; what is there already keeps its day."""
    return _change(connection, _TRASH, theirs(connection, owner, ids), now)


def restore(connection: Connection, owner: str, ids: Sequence[str]) -> list[str]:
    """Take them out of the trash."""
    found = theirs(connection, owner, ids)
    if found:
        connection.execute(_RESTORE, {"b_ids": found})
    return found


def tag(connection: Connection, owner: str, ids: Sequence[str], tags: Collection[str]) -> list[str]:
    """Give them tags; those that they have stay."""
    found = theirs(connection, owner, ids)
    for one in dict.fromkeys(tags):
        has = set(connection.execute(_TAGGED, {"b_ids": found, "b_tag": one}).scalars()) if found else set()
        if rows := [{"image": image, "tag": one} for image in found if image not in has]:
            connection.execute(insert(image_tags), rows)
    return found


def untag(connection: Connection, owner: str, ids: Sequence[str], tags: Collection[str]) -> list[str]:
    """Take tags away from them."""
    found = theirs(connection, owner, ids)
    for one in tags:
        connection.execute(_UNTAG, {"b_ids": found, "b_tag": one})
    return found


def set_tags(connection: Connection, owner: str, image_id: str, tags: Collection[str]) -> list[str]:
    """Give a picture exactly these tags."""
    found = theirs(connection, owner, [image_id])
    if found:
        connection.execute(_UNTAG_ALL, {"b_ids": found})
        tag(connection, owner, found, tags)
    return found


def _change(connection: Connection, statement: Update, found: list[str], value: object) -> list[str]:
    if found:
        connection.execute(statement, {"b_ids": found, "v": value})
    return found


# boards --------------------------------------------------------------------------------------------------------------

_BOARDS = (
    select(boards)
    .where(bindparam("b_everyone", type_=Boolean) | (boards.c.owner == bindparam("b_owner")))
    .order_by(boards.c.id.desc())
)
_BOARD = select(boards).where(boards.c.id == bindparam("b_id"))
_RENAME = update(boards).where(boards.c.id == bindparam("b_id")).values(name=bindparam("v_name"))
_DROP = delete(boards).where(boards.c.id == bindparam("b_id"))

_COUNT = (
    select(func.count(), func.max(images.c.id))
    .select_from(board_images.join(images, images.c.id == board_images.c.image))
    .where(board_images.c.board == bindparam("b_board"), images.c.trashed_at.is_(None))
)


def on_board(connection: Connection, board_id: str) -> tuple[int, str | None]:
    """How many pictures are on a board, without the trash, and the newest of them."""
    number, newest = connection.execute(_COUNT, {"b_board": board_id}).one()
    return int(number), newest


def make_board(connection: Connection, owner: str, name: str, now: float) -> Board:
    """A new, empty board."""
    made = Board(id=new_id(), owner=owner, name=name, created_at=now)
    connection.execute(insert(boards), {slot: getattr(made, slot) for slot in made.__slots__})
    return made


def all_boards(connection: Connection, owner: str) -> list[Board]:
    """The owner's boards ("": everybody's), the newest first."""
    found = connection.execute(_BOARDS, {"b_owner": owner, "b_everyone": not owner}).mappings()
    return [Board(**row) for row in found]


def board(connection: Connection, owner: str, board_id: str) -> Board | None:
    """A board of the owner's ("": anybody's)."""
    row = connection.execute(_BOARD, {"b_id": board_id}).mappings().one_or_none()
    found = None if row is None else Board(**row)
    return found if found and owner in {"", found.owner} else None


def rename_board(connection: Connection, board_id: str, name: str) -> None:
    """Give a board another name."""
    connection.execute(_RENAME, {"b_id": board_id, "v_name": name})


def drop_board(connection: Connection, board_id: str) -> None:
    """Remove a board; its pictures stay."""
    connection.execute(_DROP, {"b_id": board_id})


def put_on_board(connection: Connection, owner: str, ids: Sequence[str], board_id: str, now: float) -> list[str]:
    """Put pictures on a board; those that are on it stay."""
    found = theirs(connection, owner, ids)
    has = set(connection.execute(_ON_BOARD, {"b_ids": found, "b_board": board_id}).scalars()) if found else set()
    if rows := [{"board": board_id, "image": image, "added_at": now} for image in found if image not in has]:
        connection.execute(insert(board_images), rows)
    return found


def take_off_board(connection: Connection, owner: str, ids: Sequence[str], board_id: str) -> list[str]:
    """Take pictures off a board."""
    found = theirs(connection, owner, ids)
    connection.execute(_OFF_BOARD, {"b_ids": found, "b_board": board_id})
    return found
