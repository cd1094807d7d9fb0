"""What is deleted for good, on both databases: the trash, old pictures, old words; and what stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, insert, select
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, assets, images, jobs, ledger, library, marks, open_store, purging, tables
from fluxroom.store.assets import Asset
from fluxroom.store.images import StoredImage
from fluxroom.store.library import Wanted
from fluxroom.store.retention import GRACE, Rules, due, prune, sweep

pytestmark = pytest.mark.anyio

T = TypeVar("T")
DAY = 86400.0
NOW = 400 * DAY


async def asked(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.read(lambda connection: statement(connection, *arguments, **named))


async def done(store: Store, statement: Callable[..., T], *arguments: Any, **named: Any) -> T:
    return await store.database.write(lambda connection: statement(connection, *arguments, **named))


def age(store: Store, digest: str, seconds: float = 2 * GRACE) -> None:
    path = store.blobs.local_path(digest)
    assert path
    os.utime(path, (path.stat().st_mtime - seconds,) * 2)


async def made(store: Store, data: bytes, *, at: float = 0.0, prompt: str = "a fox", **more: Any) -> StoredImage:
    """A picture with its job and generation, charged 3 cents."""
    about = generation(created_at=at, prompt=prompt, references=more.pop("references", []))
    charged = {"state": "succeeded", "charged": Decimal("0.03"), "charge_state": "charged"}
    job = row(about, **charged, **more)
    await done(store, jobs.add, about, [job])
    digest = store.blobs.put(data)
    age(store, digest)
    one = picture(job["id"], sha256=digest, size_bytes=len(data), created_at=at)
    await done(store, images.add, [one])
    return one


async def spent(store: Store) -> Decimal:
    lines = await asked(store, ledger.usage, "model", since=0.0, until=1e12, sandbox=False)
    return sum((line.charged for line in lines), Decimal(0))


async def rows_of(store: Store, table: Any) -> int:
    return await asked(
        store, lambda connection: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    )


async def test_the_trash_is_emptied_after_its_days(store: Store) -> None:
    first, second, third = [await made(store, bytes([n]) * 100) for n in range(3)]
    await done(store, marks.trash, "", [first.id], NOW - 31 * DAY)
    await done(store, marks.trash, "", [second.id], NOW - 29 * DAY)
    told = await due(store, Rules(), NOW)
    assert (told.trashed, told.old, told.size_bytes) == (1, 0, 100)
    assert store.blobs.has(first.sha256), "a look changes nothing"
    assert (await prune(store, Rules(), NOW)).trashed == 1
    assert not store.blobs.has(first.sha256)
    assert store.blobs.has(second.sha256)
    assert store.blobs.has(third.sha256)
    assert await asked(store, images.get, first.id) is None
    assert [one.id for one in await asked(store, library.page, Wanted(), limit=9)] == [third.id]
    assert await spent(store) == Decimal("0.09"), "the money stays in the books"
    assert (await prune(store, Rules(), NOW)).trashed == 0


async def test_no_days_mean_for_ever(store: Store) -> None:
    one = await made(store, b"x")
    await done(store, marks.trash, "", [one.id], 1.0)
    assert (await prune(store, Rules(trash=0), NOW)).trashed == 0


async def test_bytes_that_something_names_stay(store: Store) -> None:
    twice = [await made(store, b"the same") for _ in range(2)]
    uploaded, taken_in, alone = [await made(store, name) for name in (b"uploaded", b"taken in", b"alone")]
    asset = Asset(
        owner="anna", sha256=uploaded.sha256, name="", mime="image/png", width=1, height=1, size_bytes=8, created_at=1.0
    )
    await done(store, assets.add, asset)
    child = await made(store, b"child", references=[{"sha256": taken_in.sha256}])
    assert await asked(store, library.page, Wanted(generation=""), limit=9)
    gone = [twice[0], uploaded, taken_in, alone]
    assert await done(store, purging.purge, [one.id for one in gone], NOW) == 4
    assert await sweep(store) == 1
    assert [store.blobs.has(one.sha256) for one in gone] == [True, True, True, False]
    assert await rows_of(store, tables.condemned) == 0, "those that are needed are no longer condemned"
    await done(store, assets.drop, "anna", uploaded.sha256)
    await done(store, purging.purge, [twice[1].id, child.id], NOW)
    await done(store, purging.condemn, [uploaded.sha256], NOW)
    assert await sweep(store) == 3
    assert store.blobs.has(taken_in.sha256), "the request that took it in is still there"


async def test_bytes_that_were_just_put_stay_until_they_are_old(store: Store) -> None:
    """Somebody stores the same bytes while they are condemned, and has not yet written down what for."""
    one = await made(store, b"again")
    await done(store, purging.purge, [one.id], NOW)
    store.blobs.put(b"again")
    assert await sweep(store) == 0
    assert store.blobs.has(one.sha256)
    assert await rows_of(store, tables.condemned) == 1, "not forgotten"
    age(store, one.sha256)
    assert await sweep(store) == 1
    assert not store.blobs.has(one.sha256)


async def test_previews_go_with_the_bytes(store: Store) -> None:
    one = await made(store, b"seen")
    for size in (512, 0):
        path = store.preview(one.sha256, size)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"small")
    await done(store, purging.purge, [one.id], NOW)
    await sweep(store)
    assert not store.preview(one.sha256, 512).exists()
    assert not store.preview(one.sha256, 0).exists()


async def test_old_pictures_go_but_not_those_that_somebody_keeps(store: Store) -> None:
    old, favourite, pinned = [await made(store, name, at=NOW - 100 * DAY) for name in (b"a", b"b", b"c")]
    young = await made(store, b"d", at=NOW - 10 * DAY)
    await done(store, marks.favour, "", [favourite.id], on=True)
    board = await done(store, marks.make_board, "local", "kept", NOW)
    await done(store, marks.put_on_board, "", [pinned.id], board.id, NOW)
    rules = Rules(pictures=30)
    assert (await due(store, rules, NOW)).old == 1
    assert (await prune(store, rules, NOW)).old == 1
    kept = {one.id for one in await asked(store, library.page, Wanted(), limit=9)}
    assert kept == {favourite.id, pinned.id, young.id}
    assert not store.blobs.has(old.sha256)
    assert await spent(store) == Decimal("0.12")


async def test_old_words_go_and_the_money_stays(store: Store) -> None:
    reference = store.blobs.put(b"reference")
    age(store, reference)
    secret = await made(store, b"x", at=NOW - 400 * DAY + 1, prompt="a secret fox", references=[{"sha256": reference}])
    shown = await made(store, b"y", at=NOW - 400 * DAY + 1, prompt="a fox that is kept")
    doubtful = generation(created_at=1.0, prompt="in doubt", references=[])
    await done(store, jobs.add, doubtful, [row(doubtful, state="unknown")])
    await done(store, purging.purge, [secret.id], NOW)
    rules = Rules(records=365)
    before = await spent(store)
    assert (await due(store, rules, NOW)).records == 1, "not one with a picture, and none that may still happen"
    assert (await prune(store, rules, NOW)).records == 1
    job = await asked(store, jobs.get, secret.job)
    assert job
    about = await asked(store, jobs.generation, job.generation)
    assert about
    assert (about.prompt, about.asked, about.params, about.references) == ("", {}, {}, [])
    assert (job.wire, job.error, job.charged, job.state) == ({}, None, Decimal("0.03"), "succeeded")
    assert await spent(store) == before
    kept = await asked(store, jobs.generation, doubtful.id)
    assert kept
    assert kept.prompt == "in doubt"
    assert [one.id for one in await asked(store, library.page, Wanted(words="fox"), limit=9)] == [shown.id]
    assert not store.blobs.has(reference), "what only it took in goes with it"
    assert (await prune(store, rules, NOW)).records == 0, "once"


async def test_thousands_go_in_steps(store: Store) -> None:
    about = generation(created_at=1.0, references=[])
    job = row(about, state="succeeded")
    await done(store, jobs.add, about, [job])
    many = [picture(job["id"], n, sha256=f"{n:064x}", created_at=1.0) for n in range(1203)]
    await done(store, images.add, many)
    assert (await prune(store, Rules(pictures=1), NOW)).old == 1203
    assert await rows_of(store, tables.images) == 0
    assert await rows_of(store, tables.condemned) == 0, "bytes that were never there are gone too"


async def test_a_picture_that_is_purged_twice_at_once(store: Store) -> None:
    import asyncio

    found = [await made(store, bytes([n])) for n in range(5)]
    ids = [one.id for one in found]
    results = await asyncio.gather(*(done(store, purging.purge, ids, NOW) for _ in range(4)))
    assert max(results) == 5
    assert await rows_of(store, tables.images) == 0
    assert await rows_of(store, tables.condemned) == 5
    assert sum(await asyncio.gather(sweep(store), sweep(store))) >= 5


async def test_words_of_a_picture_go_with_it(store: Store) -> None:
    one = await made(store, b"1", prompt="blue lantern")
    other = await made(store, b"2", prompt="blue whale")
    assert len(await asked(store, library.page, Wanted(words="blue"), limit=9)) == 2
    await done(store, purging.purge, [one.id], NOW)
    assert [found.id for found in await asked(store, library.page, Wanted(words="blue"), limit=9)] == [other.id]
    assert (await asked(store, library.facets, Wanted(words="blue"))).total == 1


async def test_tags_and_boards_go_with_a_picture(store: Store) -> None:
    one = await made(store, b"1")
    await done(store, marks.tag, "", [one.id], ["x"])
    board = await done(store, marks.make_board, "local", "b", 1.0)
    await done(store, marks.put_on_board, "", [one.id], board.id, 1.0)
    await done(store, purging.purge, [one.id], NOW)
    assert await rows_of(store, tables.image_tags) == await rows_of(store, tables.board_images) == 0
    assert await asked(store, marks.on_board, board.id) == (0, None)


def test_a_library_of_before_is_searched_too(tmp_path: Path) -> None:
    """Pictures that were made with the schema of before get their owners, models, words and inputs."""
    import asyncio
    import sqlite3

    from alembic import command
    from alembic.config import Config

    from fluxroom.store import migrations

    folder = tmp_path / "data"
    folder.mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["path"] = folder / "fluxroom.db"
    command.upgrade(config, "0002")
    about = generation(id="0" * 22, owner="anna", prompt="ein grüner Fuchs")
    wire = {"prompt": "x", "input_image": {"$reference": "ab" * 32}}
    job = row(about, id="1" * 22, owner="anna", wire=wire, state="succeeded")
    with sqlite3.connect(folder / "fluxroom.db") as connection:
        _insert(connection, tables.generations, {name: getattr(about, name) for name in about.__slots__})
        _insert(connection, tables.jobs, job)
        plain = {name: value for name, value in _facts(picture("1" * 22, id="2" * 22)).items() if name != "owner"}
        _insert(connection, tables.images, plain)
    connection.close()
    store = open_store(folder)
    try:
        [found] = asyncio.run(store.database.read(partial(library.page, wanted=Wanted(words="gruner"), limit=9)))
        assert (found.owner, found.model, found.generation) == ("anna", "flux-2-pro", "0" * 22)
        needed = asyncio.run(store.database.read(partial(purging.needed, hashes=["ab" * 32, "cd" * 32])))
        assert needed == {"ab" * 32}
    finally:
        store.close()


def _facts(one: StoredImage) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def _insert(connection: Any, table: Any, values: dict[str, Any]) -> None:
    """A row as the driver takes it."""
    from sqlalchemy.dialects.sqlite import dialect

    compiled = insert(table).values(values).compile(dialect=dialect(json_serializer=__import__("json").dumps))
    binds = compiled.construct_params()
    cooked = {
        name: (compiled._bind_processors[name](value) if name in compiled._bind_processors else value)  # type: ignore[operator]
        for name, value in binds.items()
    }
    connection.execute(str(compiled), [cooked[name] for name in compiled.positiontup or []])
