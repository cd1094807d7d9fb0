from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from fluxroom.errors import NotFound, StorageFull, StorageUnwritable
from fluxroom.store import SCHEMA, Store, open_store
from fluxroom.store.database import Database, as_storage_error, ping

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM notes")).scalar_one())


def add(value: str) -> Any:
    def work(connection: Connection) -> str:
        connection.execute(text("INSERT INTO notes VALUES (:value)"), {"value": value})
        return value

    return work


@pytest.fixture
def notes(store: Store) -> Database:
    with sqlite3.connect(store.folder / "fluxroom.db") as connection:
        connection.execute("CREATE TABLE notes (value TEXT PRIMARY KEY)")
    connection.close()
    assert isinstance(store.database, Database)
    return store.database


async def test_a_new_folder_gets_this_versions_schema(store: Store) -> None:
    assert await store.database.read(ping) == 1
    version = await store.database.read(
        lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    )
    assert version == SCHEMA


async def test_the_schema_number_is_alembics_head() -> None:
    versions = Path(__file__).parents[2] / "src/fluxroom/store/migrations/versions"
    assert max(path.name[:4] for path in versions.glob("[0-9]*.py")) == SCHEMA


async def test_a_write_is_there_for_every_other_connection(notes: Database) -> None:
    assert await notes.write(add("a")) == "a"
    assert await notes.read(count) == 1


async def test_many_writes_at_once_are_all_answered(notes: Database) -> None:
    values = [str(number) for number in range(600)]
    assert await asyncio.gather(*(notes.write(add(value)) for value in values)) == values
    assert await notes.read(count) == 600


async def test_a_failing_write_takes_nobody_with_it(notes: Database) -> None:
    await notes.write(add("0"))
    results = await asyncio.gather(*(notes.write(add(str(n))) for n in range(10)), return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    assert len(failed) == 1
    assert "UNIQUE" in str(failed[0])
    assert await notes.read(count) == 10


async def test_a_read_that_fails_leaves_the_reader_usable(notes: Database) -> None:
    with pytest.raises(Exception, match="no such table"):
        await notes.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))
    assert await notes.read(count) == 0


async def test_two_processes_worth_of_writers_do_not_get_in_each_others_way(store: Store, notes: Database) -> None:
    second = open_store(store.folder)
    try:
        await asyncio.gather(
            *(notes.write(add(f"a{n}")) for n in range(100)), *(second.database.write(add(f"b{n}")) for n in range(100))
        )
        assert await second.database.read(count) == 200
    finally:
        second.close()


async def test_another_connections_commit_changes_the_data_version(store: Store, notes: Database) -> None:
    before = notes.data_version()
    assert notes.data_version() == before
    await notes.write(add("x"))
    assert notes.data_version() != before


async def test_writes_that_wait_at_closing_are_finished(tmp_path: Path) -> None:
    store = open_store(tmp_path / "other")
    with sqlite3.connect(store.folder / "fluxroom.db") as connection:
        connection.execute("CREATE TABLE notes (value TEXT PRIMARY KEY)")
    connection.close()
    pending = [asyncio.ensure_future(store.database.write(add(str(n)))) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    assert len(await asyncio.gather(*pending)) == 50


async def test_a_full_disk_is_our_word_for_it(notes: Database) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.execute(text("INSERT INTO notes VALUES (hex(randomblob(500000)))"))

    with pytest.raises(StorageFull):
        await notes.write(fill)
    await notes.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1000000").close())
    await notes.write(add("room again"))
    assert await notes.read(count) == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite3.OperationalError("database or disk is full"), StorageFull),
        (sqlite3.OperationalError("attempt to write a readonly database"), StorageUnwritable),
        (sqlite3.OperationalError("unable to open database file"), StorageUnwritable),
        (OSError(28, "No space left on device"), StorageFull),
        (ValueError("database is full of surprises"), ValueError),
        (NotFound("x"), NotFound),
    ],
)
async def test_errors_of_the_disk_are_told_apart(error: Exception, expected: type[Exception]) -> None:
    assert type(as_storage_error(error)) is expected


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnwritable) as caught:
        open_store(tmp_path / "file" / "data")
    assert str(tmp_path / "file" / "data") in caught.value.detail


async def test_a_file_that_is_no_database_is_reported_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "fluxroom.db").write_bytes(b"not a database at all, but somebody's file" * 100)
    with pytest.raises(Exception, match="not a database"):
        open_store(folder)
    assert (folder / "fluxroom.db").read_bytes().startswith(b"not a database")


async def test_blobs_are_kept_once_under_their_hash(store: Store) -> None:
    first = store.blobs.put(b"picture")
    assert store.blobs.put(b"picture") == first
    assert store.blobs.get(first) == b"picture"
    assert store.blobs.has(first)
    path = store.blobs.local_path(first)
    assert path
    assert stat.S_ISREG(path.stat().st_mode)
    assert [one.name for one in path.parent.iterdir()] == [first]


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "abc", "A" * 64, "g" * 64])
async def test_a_blob_has_no_other_name_than_a_hash(store: Store, digest: str) -> None:
    with pytest.raises(NotFound):
        store.blobs.get(digest)


async def test_a_missing_blob_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.blobs.get("0" * 64)


async def test_a_blob_that_cannot_be_written_leaves_nothing_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageFull):
        store.blobs.put(b"too much")
    assert not [path for path in (store.folder / "blobs").rglob("*") if path.is_file()]


async def test_several_new_folders_are_made_ready_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(asyncio.to_thread(open_store, tmp_path / str(n)) for n in range(4)))
    for one in stores:
        assert await one.database.read(ping) == 1
        one.close()
