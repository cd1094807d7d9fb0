"""Boards: pictures that somebody has put together. Pictures come and go with `POST /v1/images/actions`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.generations import answers
from fluxroom.store import marks
from fluxroom.store.marks import Board

router = APIRouter(prefix="/v1/boards", tags=["boards"])

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]


class BoardBody(BaseModel):
    """What a board is called."""

    model_config = ConfigDict(strict=True, extra="forbid", title="BoardRequest")

    name: Name


class BoardAnswer(BaseModel):
    """A board."""

    id: str
    name: str
    created_at: str
    images: int = Field(description="How many there are on it; those in the trash do not count.")
    cover: str | None = Field(description="The id of its newest image.")
    url: str = Field(description="Its images.")


class BoardList(BaseModel):
    """The caller's boards, the newest first."""

    boards: list[BoardAnswer]


@router.get("", summary="List the boards")
async def listing(gateway: Running, caller: Asking) -> BoardList:
    """Your own; for an admin, everybody's."""

    def work(connection: Connection) -> list[BoardAnswer]:
        return [_shown(connection, one) for one in marks.all_boards(connection, caller.only)]

    return BoardList(boards=await gateway.engine.store.database.read(work))


@router.post("", status_code=201, summary="Make a board")
async def make(gateway: Running, caller: Asking, body: BoardBody) -> BoardAnswer:
    """A new, empty one. Two may have the same name."""
    step = partial(marks.make_board, owner=caller.owner, name=body.name.strip(), now=gateway.engine.now())
    return await _answer(gateway, caller, (await gateway.engine.store.database.write(step)).id)


@router.get("/{board_id}", summary="Look at a board")
async def get(gateway: Running, caller: Asking, board_id: str) -> BoardAnswer:
    """Its name and how many images are on it."""
    return await _answer(gateway, caller, board_id)


@router.patch("/{board_id}", summary="Rename a board")
async def rename(gateway: Running, caller: Asking, board_id: str, body: BoardBody) -> BoardAnswer:
    """The images stay on it."""
    await _answer(gateway, caller, board_id)
    step = partial(marks.rename_board, board_id=board_id, name=body.name.strip())
    await gateway.engine.store.database.write(step)
    return await _answer(gateway, caller, board_id)


@router.delete("/{board_id}", status_code=204, summary="Remove a board")
async def drop(gateway: Running, caller: Asking, board_id: str) -> None:
    """Its images stay in the library."""
    await _answer(gateway, caller, board_id)
    await gateway.engine.store.database.write(partial(marks.drop_board, board_id=board_id))


async def _answer(gateway: Gateway, caller: Caller, board_id: str) -> BoardAnswer:
    checked_id(board_id, "board")

    def work(connection: Connection) -> BoardAnswer | None:
        found = marks.board(connection, caller.only, board_id)
        return _shown(connection, found) if found else None

    answer = await gateway.engine.store.database.read(work)
    if answer is None:
        raise NotFound(f"There is no board {board_id}.", advice="List yours with GET /v1/boards.")
    return answer


def _shown(connection: Connection, one: Board) -> BoardAnswer:
    number, cover = marks.on_board(connection, one.id)
    return BoardAnswer(
        id=one.id,
        name=one.name,
        created_at=answers.moment(one.created_at) or "",
        images=number,
        cover=cover,
        url=f"/v1/images?board={one.id}",
    )
