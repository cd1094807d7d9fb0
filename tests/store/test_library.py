"""Searching a library: the same answers on SQLite and on PostgreSQL, one page after another, however it is filtered."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pytest
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, assets, images, jobs, library, lineage, marks
from fluxroom.store.assets import Asset
from fluxroom.store.library import Picture, Wanted

pytestmark = pytest.mark.anyio

T = TypeVar("T")
WORDS = ("fox", "snow", "lantern", "harbour", "Straße", "café", "wide-angle", "über", "a", "quiet")


async def asked(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.read(lambda connection: statement(connection, *arguments, **named))


async def done(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.write(lambda connection: statement(connection, *arguments, **named))


async def fill(store: Store, number: int = 60) -> list[Picture]:
    """A library of chance, always the same."""
    chance = random.Random(7)
    made = []
    for n in range(number):
        owner = chance.choice(["anna", "ben"])
        about = generation(
            id=f"{n:022d}", owner=owner, prompt=" ".join(chance.choices(WORDS, k=4)), created_at=n, references=[]
        )
        model, provider = chance.choice([("flux-2-pro", "bfl"), ("flux-2-pro", "fal"), ("flux-dev", "fal")])
        mode = chance.choice(["generate", "edit"])
        job = row(about, id=f"{n:022d}", model=model, provider=provider, mode=mode, sandbox=n % 3 == 0)
        await done(store, jobs.add, about, [job])
        size = chance.choice([(1024, 768), (768, 1024), (512, 512)])
        one = picture(
            job["id"],
            id=f"{n:022d}",
            sha256=f"{n:064x}",
            owner=owner,
            created_at=float(n),
            width=size[0],
            height=size[1],
        )
        await done(store, images.add, [one])
        made.append(one.id)
    await done(store, marks.favour, "", made[::5], on=True)
    await done(store, marks.hide, "", made[::7], on=True)
    await done(store, marks.rate, "", made[::4], 3)
    await done(store, marks.rate, "", made[::8], 5)
    await done(store, marks.tag, "", made[::3], ["x"])
    await done(store, marks.tag, "", made[::6], ["y"])
    await done(store, marks.trash, "", made[::11], 1.0)
    board = await done(store, marks.make_board, "anna", "b", 1.0)
    await done(store, marks.put_on_board, "", made[::2], board.id, 1.0)
    found = await asked(store, library.some, "", made)
    assert len(found) == number
    return found


def fits(one: Picture, wanted: Wanted) -> bool:
    """What a filter means, written down once more."""
    words = [word.casefold() for word in wanted.words.split()]
    has = [word.casefold() for word in one.prompt.replace("-", " ").split()]
    landscape = {
        "landscape": one.width > one.height,
        "portrait": one.width < one.height,
        "square": one.width == one.height,
    }
    return all((
        not wanted.owner or one.owner == wanted.owner,
        not wanted.provider or one.provider == wanted.provider,
        not wanted.model or one.model == wanted.model,
        not wanted.mode or one.mode == wanted.mode,
        not wanted.generation or one.generation == wanted.generation,
        not wanted.board or wanted.board in one.boards,
        set(wanted.tags) <= set(one.tags),
        wanted.favourite is None or one.favourite == wanted.favourite,
        wanted.hidden is None or one.hidden == wanted.hidden,
        wanted.sandbox is None or one.sandbox == wanted.sandbox,
        wanted.trashed == (one.trashed_at is not None),
        one.rating >= wanted.rating,
        wanted.since is None or one.created_at >= wanted.since,
        wanted.until is None or one.created_at < wanted.until,
        wanted.orientation is None or landscape[wanted.orientation],
        max(one.width, one.height) >= wanted.longest,
        all(word in has for word in words[:-1]),
        not words or any(each.startswith(words[-1]) for each in has),
    ))  # fmt: skip


FILTERS: list[dict[str, Any]] = [
    {},
    {"owner": "anna"},
    {"hidden": None},
    {"hidden": True},
    {"trashed": True, "hidden": None},
    {"provider": "fal", "model": "flux-2-pro"},
    {"mode": "edit"},
    {"favourite": True},
    {"favourite": False, "owner": "ben"},
    {"rating": 3},
    {"rating": 5, "favourite": True},
    {"tags": ("x",)},
    {"tags": ("x", "y")},
    {"tags": ("x",), "words": "fox"},
    {"sandbox": True},
    {"sandbox": False, "orientation": "square"},
    {"orientation": "portrait", "longest": 1000},
    {"since": 10.0, "until": 30.0},
    {"words": "fox"},
    {"words": "FOX lan"},
    {"words": "snow fox", "owner": "ben"},
    {"words": "qu", "model": "flux-dev"},
    {"words": "nothing"},
    {"generation": f"{9:022d}"},
]


@pytest.mark.parametrize("asked_for", FILTERS, ids=str)
async def test_every_filter_finds_what_it_means(store: Store, asked_for: dict[str, Any]) -> None:
    everything = await fill(store)
    wanted = Wanted(**asked_for)
    expected = [one for one in reversed(everything) if fits(one, wanted)]
    assert await asked(store, library.page, wanted, limit=200) == expected
    pages: list[Picture] = []
    while True:
        some = await asked(store, library.page, wanted, limit=7, before=pages[-1].id if pages else "")
        pages += some
        if len(some) < 7:
            break
    assert pages == expected
    told = await asked(store, library.facets, wanted)
    assert told.total == len(expected)
    for name in ("provider", "model", "mode"):
        free = Wanted(**{**asked_for, name: ""})
        values = [getattr(one, name) for one in everything if fits(one, free)]
        assert getattr(told, name) == {value: values.count(value) for value in values}
    tags = [tag for one in expected for tag in one.tags]
    assert told.tag == {tag: tags.count(tag) for tag in tags}


async def test_boards_as_filters(store: Store) -> None:
    everything = await fill(store)
    [board] = await asked(store, marks.all_boards, "anna")
    for more in ({}, {"words": "fox"}, {"tags": ("x",)}, {"owner": "anna", "favourite": True}):
        wanted = Wanted(board=board.id, **more)
        expected = [one for one in reversed(everything) if fits(one, wanted)]
        assert await asked(store, library.page, wanted, limit=200) == expected, more
        assert (await asked(store, library.facets, wanted)).total == len(expected)
    assert await asked(store, marks.all_boards, "ben") == []
    assert await asked(store, marks.board, "ben", board.id) is None
    assert await asked(store, marks.board, "", board.id) == board


async def test_accents_and_phrases(store: Store) -> None:
    for n, prompt in enumerate(("ein grüner Fuchs im Schnee", "café at night", "wide-angle shot of a harbour")):
        about = generation(id=f"{n:022d}", prompt=prompt, references=[])
        job = row(about)
        await done(store, jobs.add, about, [job])
        await done(store, images.add, [picture(job["id"])])
    for words, number in {
        "GRÜNER": 1, '"im schnee"': 1, '"schnee im"': 0, "wide-angle": 1, '"wide angle shot"': 1, "angle-wide": 0,
        "café": 1, "' & | ! ( )": 0, '"': 0, "a" * 600: 0, "im im im": 1, "\x00": 0,
    }.items():  # fmt: skip
        assert len(await asked(store, library.page, Wanted(words=words), limit=9)) == number, words


async def test_the_page_after_one_that_is_gone(store: Store) -> None:
    """The picture that a page ended with was deleted meanwhile: the next page still begins after it."""
    everything = await fill(store, 20)
    for wanted in (Wanted(hidden=None), Wanted(hidden=None, words="o")):
        expected = [one.id for one in reversed(everything) if fits(one, wanted) and one.id < everything[10].id]
        found = await asked(store, library.page, wanted, limit=99, before=everything[10].id)
        assert [one.id for one in found] == expected
        from fluxroom.store import purging

        await done(store, purging.purge, [everything[10].id], 1.0)
        found = await asked(store, library.page, wanted, limit=99, before=everything[10].id)
        assert [one.id for one in found] == expected


async def test_only_ones_own_are_changed(store: Store) -> None:
    everything = await fill(store, 20)
    theirs = [one.id for one in everything if one.owner == "ben"]
    ids = [one.id for one in everything]
    assert sorted(await done(store, marks.rate, "ben", ids, 1)) == theirs
    assert sorted(await done(store, marks.tag, "ben", ids, ["mine"])) == theirs
    found = await asked(store, library.some, "", ids)
    assert [one.id for one in found if "mine" in one.tags] == theirs
    assert [one.id for one in found if one.rating == 1] == theirs
    assert await asked(store, library.some, "anna", theirs) == []


async def test_kin_of_a_picture(store: Store) -> None:
    async def made(owner: str, sha256: str, *taken_in: str) -> str:
        about = generation(owner=owner, references=[{"sha256": one} for one in taken_in], params={})
        job = row(about, wire={"prompt": "x"})
        await done(store, jobs.add, about, [job])
        one = picture(job["id"], sha256=sha256, owner=owner)
        await done(store, images.add, [one])
        return one.id

    upload = "ff" * 32
    parent = await made("anna", "aa" * 32)
    copy = await made("anna", "aa" * 32)
    child = await made("anna", "bb" * 32, "aa" * 32, upload)
    foreign = await made("ben", "cc" * 32, "aa" * 32)
    [one] = await asked(store, library.some, "", [child])
    kin = await asked(store, lineage.of, one, "anna")
    assert (kin.parents, kin.uploads, kin.children) == ([min(parent, copy)], [upload], [])
    [one] = await asked(store, library.some, "", [parent])
    assert (await asked(store, lineage.of, one, "anna")).children == [child]
    assert sorted((await asked(store, lineage.of, one, "")).children) == sorted([child, foreign])
    [one] = await asked(store, library.some, "", [foreign])
    assert (await asked(store, lineage.of, one, "ben")).parents == [], "somebody else's picture is not shown"


async def test_uploads(store: Store) -> None:
    def asset(owner: str, number: int, at: float) -> Asset:
        return Asset(
            owner=owner,
            sha256=f"{number:064x}",
            name="n",
            mime="image/png",
            width=1,
            height=2,
            size_bytes=3,
            created_at=at,
        )

    for n in range(5):
        await done(store, assets.add, asset("anna", n, 1.0 if n < 3 else 2.0))
    assert (await done(store, assets.add, asset("anna", 0, 9.0))).created_at == 1.0, "the same again changes nothing"
    await done(store, assets.add, asset("ben", 0, 5.0))
    found: list[Asset] = []
    while some := await asked(store, partial(assets.page, owner="anna", limit=2, after=found[-1] if found else None)):
        found += some
    assert [(one.created_at, int(one.sha256, 16)) for one in found] == [
        (2.0, 4),
        (2.0, 3),
        (1.0, 2),
        (1.0, 1),
        (1.0, 0),
    ]
    assert await asked(store, assets.get, "ben", f"{1:064x}") is None
    assert await asked(store, assets.get, "", f"{1:064x}")
    assert await done(store, assets.drop, "ben", f"{0:064x}")
    assert not await done(store, assets.drop, "ben", f"{0:064x}")
    assert await asked(store, assets.get, "anna", f"{0:064x}")
