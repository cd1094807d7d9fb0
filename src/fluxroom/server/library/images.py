"""Images: a caller's library, searched, filtered, counted and marked; what each came from, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.server.access.callers import Asking, Caller
from fluxroom.server.gateway import Gateway, Running, checked_id
from fluxroom.server.generations import answers
from fluxroom.server.generations.answers import ImageAnswer
from fluxroom.server.library.image_files import no_image
from fluxroom.server.library.image_filters import ImageFilters
from fluxroom.store import jobs, library, lineage, marks, purging
from fluxroom.store.images import StoredImage
from fluxroom.store.library import Picture

router = APIRouter(prefix="/v1/images", tags=["images"])

Tag = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Action = Literal[
    "favourite", "unfavourite", "hide", "show", "rate", "tag", "untag", "trash", "restore", "add_to_board",
    "remove_from_board", "delete",
]  # fmt: skip


class PictureAnswer(ImageAnswer):
    """An image in its library."""

    generation: str
    route: str
    provider: str
    model: str
    mode: str
    prompt: str
    sandbox: bool
    created_at: str
    charged: str | None = Field(description="What its job cost in US dollars, all its pictures together.")
    favourite: bool
    hidden: bool
    rating: int = Field(description="1 to 5; 0 for none.")
    tags: list[str]
    boards: list[str] = Field(description="Ids of boards.")
    trashed_at: str | None


class LineageAnswer(BaseModel):
    """Where an image came from, and what came of it."""

    parents: list[PictureAnswer] = Field(description="Images that it was made from.")
    uploads: list[str] = Field(description="Hashes of uploaded pictures that it was made from.")
    children: list[PictureAnswer] = Field(description="Images that were made from it.")


class PictureDetail(PictureAnswer):
    """An image with all that is known of it."""

    params: dict[str, Any]
    references: list[dict[str, Any]]
    lineage: dict[str, list[str]] = Field(description="parents and children as ids of images, uploads as hashes.")


class PicturePage(BaseModel):
    """Images, the newest first."""

    images: list[PictureAnswer]
    next: str | None = Field(description="The address of the page after this one.")


class FacetsAnswer(BaseModel):
    """How many images there are of each kind; a kind is counted as if it were not asked for."""

    total: int
    provider: dict[str, int]
    model: dict[str, int]
    mode: dict[str, int]
    tag: dict[str, int]


class PicturePatch(BaseModel):
    """What is to change; what is not named stays."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ImagePatch")

    favourite: bool | None = None
    hidden: bool | None = None
    rating: int | None = Field(None, ge=0, le=5)
    tags: list[Tag] | None = Field(None, max_length=50, description="All tags that it shall have.")


class ActionBody(BaseModel):
    """One thing that is done with many images."""

    model_config = ConfigDict(strict=True, extra="forbid", title="ImageActions")

    ids: list[str] = Field(min_length=1, max_length=1000)
    action: Action = Field(description="delete is for good; trash can be undone.")
    rating: int = Field(0, ge=0, le=5, description="For rate.")
    tags: list[Tag] = Field(default_factory=list, max_length=50, description="For tag and untag.")
    board: str = Field("", max_length=22, description="For add_to_board and remove_from_board.")


class ActionAnswer(BaseModel):
    """With which images it was done."""

    done: list[str]
    missing: list[str] = Field(description="Ids that are not there or not yours.")


class EmptiedAnswer(BaseModel):
    """What left the trash for good."""

    deleted: int


@router.get("", summary="Search the images, the newest first")
async def listing(
    gateway: Running,
    caller: Asking,
    request: Request,
    filters: ImageFilters,
    limit: Annotated[int, Query(ge=1, le=200)] = 60,
    before: Annotated[str, Query(max_length=22, description="The last id of the page before")] = "",
) -> PicturePage:
    """One page; `next` leads to the one after it. Hidden ones and the trash are shown when asked for."""
    if before:
        checked_id(before, "image")
    wanted = filters.of(caller.only)
    found = await gateway.engine.store.database.read(partial(library.page, wanted=wanted, limit=limit, before=before))
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "before"]
    more = f"/v1/images?{urlencode([*asked, ('before', found[-1].id)])}" if len(found) == limit else None
    return PicturePage(images=[shown(one) for one in found], next=more)


@router.get("/facets", summary="Count the images by provider, model, mode and tag")
async def facets(gateway: Running, caller: Asking, filters: ImageFilters) -> FacetsAnswer:
    """Counts over everything that the filters find."""
    found = await gateway.engine.store.database.read(partial(library.facets, wanted=filters.of(caller.only)))
    return FacetsAnswer(
        total=found.total,
        provider=dict(found.provider),
        model=dict(found.model),
        mode=dict(found.mode),
        tag=dict(found.tag),
    )


@router.post("/actions", summary="Do something with many images")
async def act(gateway: Running, caller: Asking, body: ActionBody) -> ActionAnswer:
    """All of them or, where some are not yours, those that are."""
    ids = list(dict.fromkeys(body.ids))
    if body.action.endswith("_board"):
        await _board_of(gateway, caller, body.board)
    done = await gateway.engine.store.database.write(
        partial(_act, owner=caller.only, ids=ids, body=body, now=gateway.engine.now())
    )
    return ActionAnswer(done=done, missing=[one for one in ids if one not in set(done)])


@router.post("/empty-trash", summary="Delete everything in the trash for good")
async def empty_trash(gateway: Running, caller: Asking) -> EmptiedAnswer:
    """The caller's own trash only, also for an admin."""
    wanted = library.Wanted(owner=caller.owner, trashed=True, hidden=None)
    deleted = 0
    while found := await gateway.engine.store.database.read(partial(library.page, wanted=wanted, limit=500)):
        ids = [one.id for one in found]
        deleted += await gateway.engine.store.database.write(partial(purging.purge, ids=ids, now=gateway.engine.now()))
    return EmptiedAnswer(deleted=deleted)


@router.get("/{image_id}", summary="Look at an image")
async def get(gateway: Running, caller: Asking, image_id: str) -> PictureDetail:
    """Its facts, marks, parameters, and which images it came from."""
    one = await picture(gateway, caller, image_id)

    def work(connection: Connection) -> tuple[dict[str, Any], list[dict[str, Any]], lineage.Lineage]:
        about = jobs.generation(connection, one.generation)
        params, references = (about.params, about.references) if about else ({}, [])
        return dict(params), [dict(each) for each in references], lineage.of(connection, one, caller.only)

    params, references, kin = await gateway.engine.store.database.read(work)
    ids = {"parents": kin.parents, "uploads": kin.uploads, "children": kin.children}
    lists = {name: list(each) for name, each in ids.items()}
    return PictureDetail(**shown(one).model_dump(), params=params, references=references, lineage=lists)


@router.get("/{image_id}/lineage", summary="Where an image came from, and what came of it")
async def family(gateway: Running, caller: Asking, image_id: str) -> LineageAnswer:
    """One step back and one step on. Images of the trash are among them until they are deleted for good."""
    one = await picture(gateway, caller, image_id)

    def work(connection: Connection) -> tuple[list[Picture], Sequence[str], list[Picture]]:
        kin = lineage.of(connection, one, caller.only)
        back, on = (library.some(connection, caller.only, ids) for ids in (kin.parents, kin.children))
        return back, kin.uploads, on

    parents, uploads, children = await gateway.engine.store.database.read(work)
    return LineageAnswer(
        parents=[shown(each) for each in parents], uploads=list(uploads), children=[shown(each) for each in children]
    )


@router.patch("/{image_id}", summary="Mark an image")
async def patch(gateway: Running, caller: Asking, image_id: str, body: PicturePatch) -> PictureAnswer:
    """Favourite, hidden, rating and tags; each only when it is named."""
    checked_id(image_id, "image")
    await gateway.engine.store.database.write(partial(_patch, owner=caller.only, image_id=image_id, body=body))
    return shown(await picture(gateway, caller, image_id))


@router.delete("/{image_id}", status_code=204, summary="Put an image into the trash, or delete it for good")
async def remove(
    gateway: Running,
    caller: Asking,
    image_id: str,
    *,
    forever: Annotated[bool, Query(description="Delete it now; nothing brings it back")] = False,
) -> None:
    """Into the trash, from which it can be restored for as long as FLUXROOM_TRASH_DAYS says."""
    one = await picture(gateway, caller, image_id)
    step = partial(purging.purge, ids=[one.id]) if forever else partial(marks.trash, owner="", ids=[one.id])
    await gateway.engine.store.database.write(partial(step, now=gateway.engine.now()))


@router.post("/{image_id}/restore", summary="Take an image out of the trash")
async def restore(gateway: Running, caller: Asking, image_id: str) -> PictureAnswer:
    """As it was, with its marks."""
    one = await picture(gateway, caller, image_id)
    await gateway.engine.store.database.write(partial(marks.restore, owner="", ids=[one.id]))
    return shown(await picture(gateway, caller, image_id))


async def picture(gateway: Gateway, caller: Caller, image_id: str) -> Picture:
    """An image of the caller's.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    checked_id(image_id, "image")
    found = await gateway.engine.store.database.read(partial(library.some, owner=caller.only, ids=[image_id]))
    if not found:
        raise no_image(image_id)
    return found[0]


def shown(one: Picture) -> PictureAnswer:
    """An image as JSON."""
    stored = StoredImage(**{name: getattr(one, name) for name in StoredImage.__slots__})
    return PictureAnswer(
        **answers.image(stored).model_dump(),
        generation=one.generation,
        route=f"{one.provider}/{one.model}",
        provider=one.provider,
        model=one.model,
        mode=one.mode,
        prompt=one.prompt,
        sandbox=one.sandbox,
        created_at=answers.moment(one.created_at) or "",
        charged=None if one.charged is None else str(one.charged),
        favourite=one.favourite,
        hidden=one.hidden,
        rating=one.rating,
        tags=list(one.tags),
        boards=list(one.boards),
        trashed_at=answers.moment(one.trashed_at or 0.0),
    )


async def _board_of(gateway: Gateway, caller: Caller, board_id: str) -> None:
    checked_id(board_id, "board")
    if await gateway.engine.store.database.read(partial(marks.board, owner=caller.only, board_id=board_id)) is None:
        raise NotFound(f"There is no board {board_id}.", advice="List yours with GET /v1/boards.")


def _act(connection: Connection, *, owner: str, ids: list[str], body: ActionBody, now: float) -> list[str]:
    steps: dict[Action, Callable[..., list[str]]] = {
        "favourite": partial(marks.favour, on=True),
        "unfavourite": partial(marks.favour, on=False),
        "hide": partial(marks.hide, on=True),
        "show": partial(marks.hide, on=False),
        "rate": partial(marks.rate, stars=body.rating),
        "tag": partial(marks.tag, tags=body.tags),
        "untag": partial(marks.untag, tags=body.tags),
        "trash": partial(marks.trash, now=now),
        "restore": marks.restore,
        "add_to_board": partial(marks.put_on_board, board_id=body.board, now=now),
        "remove_from_board": partial(marks.take_off_board, board_id=body.board),
        "delete": partial(_purge, now=now),
    }
    return steps[body.action](connection, owner, ids)


def _purge(connection: Connection, owner: str, ids: list[str], now: float) -> list[str]:
    found = marks.theirs(connection, owner, ids)
    purging.purge(connection, found, now)
    return found


def _patch(connection: Connection, *, owner: str, image_id: str, body: PicturePatch) -> None:
    if body.favourite is not None:
        marks.favour(connection, owner, [image_id], on=body.favourite)
    if body.hidden is not None:
        marks.hide(connection, owner, [image_id], on=body.hidden)
    if body.rating is not None:
        marks.rate(connection, owner, [image_id], body.rating)
    if body.tags is not None:
        marks.set_tags(connection, owner, image_id, body.tags)
