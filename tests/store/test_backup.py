"""Backups: taken while jobs run, whole, small the second time, and an installation again in an empty place."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from tests.store.rows import generation, picture, row
from tests.worlds import ROUTES, sandbox, settings_for, submits

from fluxroom.client import AsyncClient
from fluxroom.errors import LocalError, NotFound, RequestError
from fluxroom.store import backup, images, jobs, library, open_store, restoring, tables
from fluxroom.store.backup import Place
from fluxroom.store.library import Wanted

pytestmark = pytest.mark.anyio

FINAL = {"succeeded", "failed", "moderated_input", "moderated_output", "cancelled", "lost", "abandoned"}


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def places(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Place]:
    """An installation, and an empty place for another."""

    def one(name: str, way: str) -> Place:
        url = getattr(request.getfixturevalue("postgres"), way)() if kind == "postgresql" else ""
        return Place(folder=tmp_path / name, database_url=url)

    return one("old", "fresh"), one("new", "empty")


async def fill(place: Place, *data: bytes, **more: Any) -> list[str]:
    """Pictures with their jobs; returns the jobs' ids."""
    store = await asyncio.to_thread(open_store, place.folder, place.database_url)
    ids = []
    for one in data:
        about = generation(prompt=f"grüner Fuchs {one!r}", references=[])
        job = row(about, state="succeeded", charged=Decimal("0.03"), charge_state="charged", **more)
        await store.database.write(partial(jobs.add, generation=about, rows=[job]))
        image = picture(job["id"], sha256=store.blobs.put(one), size_bytes=len(one))
        await store.database.write(partial(images.add, rows=[image]))
        ids.append(job["id"])
    store.close()
    return ids


async def contents(place: Place) -> dict[str, Any]:
    """What an installation holds, so that two can be compared."""
    store = await asyncio.to_thread(open_store, place.folder, place.database_url)
    try:
        found: dict[str, Any] = {}
        for table in tables.metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = await store.database.read(partial(_rows, query=query))
        found["blobs"] = {one.sha256: store.blobs.get(one.sha256) for one in await _pictures(store)}
        found["words"] = [one.id for one in await _pictures(store, words="fuchs")]
        return found
    finally:
        store.close()


def _rows(connection: Connection, query: Any) -> list[tuple[Any, ...]]:
    return [tuple(one) for one in connection.execute(query)]


async def _pictures(store: Any, **wanted: Any) -> list[Any]:
    found: list[Any] = await store.database.read(partial(library.page, wanted=Wanted(**wanted), limit=200))
    return found


async def test_everything_comes_back(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    await fill(old, b"one", b"two")
    (old.folder / "catalog-overlay.json").write_text("{}")
    made = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    assert (made.blobs, made.copied, made.missing, made.rows["jobs"]) == (2, 2, [], 2)
    assert (await asyncio.to_thread(backup.verify, tmp_path / "backups"))[1] == []
    before = await contents(old)
    _, doubtful = await asyncio.to_thread(restoring.restore, tmp_path / "backups", new)
    assert doubtful == 0
    assert await contents(new) == before
    assert len(before["words"]) == 2, "words are found again"
    assert (new.folder / "catalog-overlay.json").read_text() == "{}"
    await fill(new, b"three")
    assert len((await contents(new))["jobs"]) == 3, "and it goes on: numbers are given on from where they were"


async def test_the_second_time_only_what_is_new_is_copied(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    await fill(old, b"one", b"two")
    first = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    await fill(old, b"three")
    second = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    assert (second.blobs, second.copied) == (3, 1)
    assert backup.names_in(tmp_path / "backups") == [first.name, second.name]
    await asyncio.to_thread(partial(restoring.restore, tmp_path / "backups", new, name=first.name))
    assert len((await contents(new))["images"]) == 2


async def test_nothing_is_ever_overwritten(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, _ = places
    await fill(old, b"one")
    await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    await fill(old, b"two")
    before = await contents(old)
    with pytest.raises(RequestError, match="nothing was changed"):
        await asyncio.to_thread(restoring.restore, tmp_path / "backups", old)
    assert await contents(old) == before


async def test_waiting_jobs_come_back_in_doubt(places: tuple[Place, Place], tmp_path: Path) -> None:
    """The installation that was backed up may have sent them since: sent once more, they would be paid twice."""
    old, new = places
    await fill(old, b"one")
    store = await asyncio.to_thread(open_store, old.folder, old.database_url)
    ids = {}
    for state in ("queued", "submitting", "running", "unknown"):
        about = generation(references=[])
        job = row(about, state=state, ticket={"polling_url": "x"} if state == "running" else None)
        await store.database.write(partial(jobs.add, generation=about, rows=[job]))
        ids[state] = job["id"]
    store.close()
    await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    _, doubtful = await asyncio.to_thread(restoring.restore, tmp_path / "backups", new)
    assert doubtful == 2
    store = await asyncio.to_thread(open_store, new.folder, new.database_url)
    for state, then in {"queued": "unknown", "submitting": "unknown", "running": "running"}.items():
        found = await store.database.read(partial(jobs.get, job_id=ids[state]))
        assert found
        assert found.state == then
        if then == "unknown":
            assert found.charge_state == "unknown"
            error: Any = found.error
            assert error["code"] == "submit_unknown"
            assert "backup" in error["message"]
            events = await store.database.read(partial(jobs.events, generation_id=found.generation))
            assert (events[-1]["from_state"], events[-1]["to_state"]) == (state, "unknown")
    store.close()


async def test_whoever_says_that_nothing_was_done_since_goes_on(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    about = generation(references=[])
    store = await asyncio.to_thread(open_store, old.folder, old.database_url)
    await store.database.write(partial(jobs.add, generation=about, rows=[row(about)]))
    store.close()
    await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    _, doubtful = await asyncio.to_thread(partial(restoring.restore, tmp_path / "backups", new, unchanged=True))
    assert doubtful == 0
    assert [job[5] for job in (await contents(new))["jobs"]] == ["queued"]


async def test_what_is_damaged_is_found(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, new = places
    await fill(old, b"one", b"two", b"three")
    folder = tmp_path / "backups"
    made = await asyncio.to_thread(backup.back_up, old, folder)
    first, second, _ = backup.hashes_of(folder, made)
    (folder / "blobs" / first[:2] / first).write_bytes(b"other")
    (folder / "blobs" / second[:2] / second).unlink()
    _, wrong = await asyncio.to_thread(backup.verify, folder)
    assert wrong == [f"The picture {first} is damaged.", f"The picture {second} is missing."]
    with pytest.raises((LocalError, NotFound)):
        await asyncio.to_thread(restoring.restore, folder, new)
    assert not (new.folder / "fluxroom.db").exists(), "broken off, it leaves no database"
    file = next(one for one in made.files if one.startswith(("database", "jobs")))
    (folder / made.name / file).write_bytes(b"damaged")
    _, wrong = await asyncio.to_thread(backup.verify, folder)
    assert wrong[0] == f"{made.name}/{file} is damaged."
    with pytest.raises(LocalError, match="missing or damaged"):
        await asyncio.to_thread(restoring.restore, folder, new)


async def test_bytes_that_were_gone_before_are_named(tmp_path: Path) -> None:
    old, new = Place(folder=tmp_path / "old"), Place(folder=tmp_path / "new")
    await fill(old, b"one", b"two")
    gone = images_of(old)[0]
    (old.folder / "blobs" / gone[:2] / gone).unlink()
    made = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    assert (made.missing, made.copied) == ([gone], 1)
    assert (await asyncio.to_thread(backup.verify, tmp_path / "backups"))[1] == []
    await asyncio.to_thread(restoring.restore, tmp_path / "backups", new)
    assert images_of(new) == images_of(old)


def images_of(place: Place) -> list[str]:
    with closing(sqlite3.connect(place.folder / "fluxroom.db")) as connection:
        return [one[0] for one in connection.execute("SELECT sha256 FROM images ORDER BY sha256")]


async def test_a_backup_that_broke_off_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Place(folder=tmp_path / "old")
    await fill(old, b"one")

    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_copy_blobs", broken)
    with pytest.raises(KeyboardInterrupt):
        backup.back_up(old, tmp_path / "backups")
    monkeypatch.undo()
    (tmp_path / "backups" / ".unfinished-1").mkdir(parents=True)
    assert backup.names_in(tmp_path / "backups") == []
    with pytest.raises(NotFound, match="no backup"):
        backup.verify(tmp_path / "backups")
    backup.back_up(old, tmp_path / "backups")
    assert not list((tmp_path / "backups").glob(".unfinished*")), "what was left over is swept away"
    assert len(backup.names_in(tmp_path / "backups")) == 1


async def test_what_cannot_be_backed_up_or_restored(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database"):
        backup.back_up(Place(folder=tmp_path / "nothing"), tmp_path / "backups")
    old = Place(folder=tmp_path / "old")
    await fill(old, b"one")
    made = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
    there = Place(folder=tmp_path / "new", database_url="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(RequestError, match="data folder's own database"):
        restoring.restore(tmp_path / "backups", there)
    with pytest.raises(NotFound, match="no backup"):
        restoring.restore(tmp_path / "backups", Place(folder=tmp_path / "new"), name="2020-01-01T000000Z")
    file = tmp_path / "backups" / made.name / "backup.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "schema": "9999"}))
    with pytest.raises(RequestError, match="newer Fluxroom"):
        restoring.restore(tmp_path / "backups", Place(folder=tmp_path / "new"))
    file.write_text("{}")
    with pytest.raises(LocalError, match="cannot be read"):
        backup.verify(tmp_path / "backups")


async def test_a_backup_of_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from fluxroom.store import migrations

    (tmp_path / "old").mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["path"] = tmp_path / "old" / "fluxroom.db"
    command.upgrade(config, "0002")
    made = await asyncio.to_thread(backup.back_up, Place(folder=tmp_path / "old"), tmp_path / "backups")
    assert (made.schema, made.blobs) == ("0002", 0)
    new = Place(folder=tmp_path / "new")
    await asyncio.to_thread(restoring.restore, tmp_path / "backups", new)
    assert (await contents(new))["images"] == []


async def succeeded(client: AsyncClient, names: list[str]) -> int:
    found = [await client.snapshot(name) for name in names]
    return sum(job.state == "succeeded" for one in found for job in one.jobs)


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_taken_while_a_batch_runs(places: tuple[Place, Place], provider: str, tmp_path: Path, kind: str) -> None:
    """Afterwards every job of the backup is true: finished ones have their pictures, running ones are brought home,
    waiting ones are in doubt; and nothing was sent a second time."""
    old, new = places
    more = {"database_url": old.database_url} if kind == "postgresql" else {}
    async with sandbox(seconds=0.4) as box:
        settings = settings_for(box, old.folder, bfl_cap=4, fal_cap=4, **more)
        async with AsyncClient(settings=settings) as client:
            route = ROUTES[provider]
            names = [await client.submit(f"number {n}", model=route, seed=n) for n in range(24)]
            while await succeeded(client, names) < 6:
                await asyncio.sleep(0.02)
            made = await asyncio.to_thread(backup.back_up, old, tmp_path / "backups")
            for name in names:
                await client.engine.wait(name, 30)
        assert made.missing == []
        sent = len(submits(box))
        assert sent == 24
        _, wrong = await asyncio.to_thread(backup.verify, tmp_path / "backups")
        assert wrong == []
        _, doubtful = await asyncio.to_thread(restoring.restore, tmp_path / "backups", new)
        assert 0 < doubtful < 19
        more = {"database_url": new.database_url} if kind == "postgresql" else {}
        settings = settings_for(box, new.folder, bfl_cap=4, fal_cap=4, **more)
        async with AsyncClient(settings=settings, everyones=True) as client:
            states = []
            for name in names:
                found = await client.engine.wait(name, 30)
                states += [job.state for job in found.jobs]
                for image in found.images:
                    assert client.engine.store.blobs.get(image.sha256)
                assert all(found.images_of(job) for job in found.jobs if job.state == "succeeded")
        assert states.count("unknown") == doubtful
        assert states.count("succeeded") == 24 - doubtful
        assert len(submits(box)) == sent, "nothing was sent a second time"


def test_a_copy_of_a_copy_is_the_same(tmp_path: Path) -> None:
    """A backup is plain files: moved elsewhere, it is a backup still."""
    old = Place(folder=tmp_path / "old")
    asyncio.run(fill(old, b"one"))
    backup.back_up(old, tmp_path / "backups")
    shutil.move(tmp_path / "backups", tmp_path / "elsewhere")
    assert backup.verify(tmp_path / "elsewhere")[1] == []
    restoring.restore(tmp_path / "elsewhere", Place(folder=tmp_path / "new"))
    assert images_of(Place(folder=tmp_path / "new")) == images_of(old)
    count = asyncio.run(_count(Place(folder=tmp_path / "new")))
    assert count == 1


async def _count(place: Place) -> int:
    store = await asyncio.to_thread(open_store, place.folder)
    try:
        return int(
            await store.database.read(lambda c: c.execute(select(func.count()).select_from(tables.jobs)).scalar_one())
        )
    finally:
        store.close()
