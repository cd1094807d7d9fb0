"""A backup as one file: packed whole or not at all, and nothing of somebody else's archive reaches the disk."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.rows import generation, picture, row

from fluxroom.errors import FluxroomError, LocalError, NotFound, RequestError, StorageFull, StorageUnwritable
from fluxroom.store import backup, images, jobs, open_store, restoring
from fluxroom.store.backup import Place
from fluxroom.store.backup_file import _SAFE, is_file, packed, unpacked
from fluxroom.store.backup_sqlite import hash_of


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def archive(file: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(file, "w") as tar:
        for entry, data in entries:
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return file


def plain(name: str, data: bytes = b"x", **about: Any) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    for field, value in about.items():
        setattr(entry, field, value)
    return entry, data


def open_up(file: Path, beside: Path) -> dict[str, bytes]:
    with unpacked(file, beside) as folder:
        return everything_in(folder)


# there and back ------------------------------------------------------------------------------------------------------


def test_what_was_packed_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "backup.tar"
    made = {"2026-11-20T142100Z/backup.json": b"{}", "blobs/ab/abcdef": bytes(range(256)), "empty": b""}
    with packed(file) as folder:
        for name, data in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        assert not file.exists(), "half a backup never has its name"
    assert open_up(file, tmp_path / "there") == made
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["backup.tar"], "nothing is left beside it"
    assert not list((tmp_path / "there").iterdir()), "nor where it was unpacked"


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, RuntimeError, RequestError])
def test_a_backup_that_breaks_off_leaves_nothing(tmp_path: Path, trouble: type[BaseException]) -> None:
    def broken() -> None:
        with packed(tmp_path / "backup.tar") as folder:
            folder.mkdir()
            (folder / "half").write_bytes(b"half")
            raise trouble

    with pytest.raises(trouble):
        broken()
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(b"precious")
    with pytest.raises(RequestError, match="nothing was changed") as caught, packed(file):
        pytest.fail("nothing may be made")
    assert caught.value.next_step == "Choose another name."
    assert file.read_bytes() == b"precious"


def test_only_tar_is_one_file() -> None:
    assert is_file(Path("x/backup.tar"))
    assert not is_file(Path("x/backup"))
    assert not is_file(Path("x/backup.tar.gz"))


@pytest.mark.parametrize(
    ("number", "kind"), [(28, StorageFull), (122, StorageFull), (30, StorageUnwritable), (13, StorageUnwritable)]
)
def test_a_disk_that_takes_nothing_is_said_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[FluxroomError]
) -> None:
    def refuse(*_: Any, **_more: Any) -> None:
        raise OSError(number, os.strerror(number))

    def make() -> None:
        with packed(tmp_path / "backup.tar") as folder:
            folder.mkdir()
            (folder / "one").write_bytes(b"1")
            monkeypatch.setattr(tarfile.TarFile, "add", refuse)

    with pytest.raises(kind):
        make()
    assert not list(tmp_path.iterdir())


# somebody else's idea of a backup ------------------------------------------------------------------------------------

HOSTILE: list[tuple[str, Callable[[], tuple[tarfile.TarInfo, bytes]]]] = [
    ("climbs out", lambda: plain("../outside")),
    ("climbs out further down", lambda: plain("blobs/../../outside")),
    ("is absolute", lambda: plain("/tmp/fluxroom-outside")),
    ("is a link to a file", lambda: plain("link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    ("is a hard link", lambda: plain("link", b"", type=tarfile.LNKTYPE, linkname="../outside")),
    ("is a device", lambda: plain("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    ("is a pipe", lambda: plain("pipe", b"", type=tarfile.FIFOTYPE)),
    ("is a folder", lambda: plain("folder", b"", type=tarfile.DIRTYPE)),
    ("is hidden", lambda: plain(".ssh/authorized_keys")),
    ("has a blank", lambda: plain("a b")),
    ("has another alphabet", lambda: plain("bäckup.json")),
    ("has a stroke of another system", lambda: plain("a\\..\\b")),
    ("lies too deep", lambda: plain("a/b/c/d/e")),
    ("is nothing", lambda: plain("")),
    ("ends with a stroke", lambda: plain("blobs/")),
    ("has an empty step", lambda: plain("blobs//x")),
]


@pytest.mark.parametrize(("how", "entry"), HOSTILE, ids=[how for how, _ in HOSTILE])
def test_an_entry_that_no_backup_has_ends_it(
    how: str, entry: Callable[[], tuple[tarfile.TarInfo, bytes]], tmp_path: Path
) -> None:
    file = archive(tmp_path / "evil.tar", plain("backup.json", b"{}"), entry())
    before = everything_in(tmp_path)
    with pytest.raises(LocalError, match=r"is no backup of Fluxroom|cannot be read"):
        open_up(file, tmp_path / "there" / "data")
    (tmp_path / "there" / "data").rmdir()
    (tmp_path / "there").rmdir()
    assert everything_in(tmp_path) == before, how


def test_the_same_name_twice_does_not_write_over_what_was_checked(tmp_path: Path) -> None:
    file = archive(tmp_path / "twice.tar", plain("backup.json", b"good"), plain("backup.json", b"evil"))
    with pytest.raises((LocalError, StorageUnwritable)):
        open_up(file, tmp_path / "there")


def test_a_file_stands_where_a_folder_is_wanted(tmp_path: Path) -> None:
    file = archive(tmp_path / "odd.tar", plain("blobs", b"1"), plain("blobs/ab", b"2"))
    with pytest.raises((LocalError, StorageUnwritable)):
        open_up(file, tmp_path / "there")


@given(st.text(min_size=1, max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_name_that_is_taken_stays_below_the_folder(name: str) -> None:
    if _SAFE.fullmatch(name):
        inside = Path("/data/x")
        assert (inside / name).resolve().is_relative_to(inside)
        assert not any(step.startswith(".") for step in name.split("/"))


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\0" * 511, b"PK\x03\x04zip", b"\x1f\x8b\x08gzip"])
def test_what_is_no_tar(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(data)
    with pytest.raises(LocalError) as caught:
        open_up(file, tmp_path / "there")
    assert caught.value.next_step == "Use another one."


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no backup") as caught:
        open_up(tmp_path / "none.tar", tmp_path / "there")
    assert "fluxroom backup" in caught.value.next_step
    assert not (tmp_path / "there").exists()


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[bytes]:
    file = tmp_path / "whole.tar"
    with packed(file) as folder:
        folder.mkdir()
        for number in range(3):
            (folder / f"file-{number}").write_bytes(bytes([number]) * 3000)
    yield file.read_bytes()
    file.unlink()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.35, 0.5, 0.65])
def test_a_file_that_was_cut_off_is_not_taken_for_whole(tmp_path: Path, whole: bytes, share: float) -> None:
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * share)])
    try:
        found = open_up(tmp_path / "cut.tar", tmp_path / "there")
    except FluxroomError:
        return
    assert len(found) < 3, "what is missing is missing; the manifest's hashes find it"


# a manifest that somebody has written --------------------------------------------------------------------------------


async def one_picture(place: Place) -> None:
    store = await asyncio.to_thread(open_store, place.folder)
    about = generation(references=[])
    job = row(about, state="succeeded")
    await store.database.write(partial(jobs.add, generation=about, rows=[job]))
    image = picture(job["id"], sha256=store.blobs.put(b"a picture"))
    await store.database.write(partial(images.add, rows=[image]))
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../elsewhere"},
        {"files": {"../../../etc/hostname": "0" * 64}},
        {"files": 7},
        {"missing": None},
        {"kind": "oracle"},
        {"format": "new"},
        {"extra": 1},
    ],
)
def test_a_manifest_that_was_changed_restores_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    old, new = Place(folder=tmp_path / "old"), Place(folder=tmp_path / "new")
    asyncio.run(one_picture(old))
    made = backup.back_up(old, tmp_path / "backups")
    file = tmp_path / "backups" / made.name / "backup.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(LocalError, match="cannot be read"):
        restoring.restore(tmp_path / "backups", new)
    assert not (new.folder / "fluxroom.db").exists()


@pytest.mark.parametrize("line", ["../../../../etc/passwd", "/etc/passwd", "zz" * 32, "ab", "A" * 64])
def test_a_hash_that_is_none_is_read_from_nowhere(tmp_path: Path, line: str) -> None:
    old, new = Place(folder=tmp_path / "old"), Place(folder=tmp_path / "new")
    asyncio.run(one_picture(old))
    made = backup.back_up(old, tmp_path / "backups")
    folder = tmp_path / "backups" / made.name
    (folder / "blobs.txt").write_text(f"{line}\n")
    told = json.loads((folder / "backup.json").read_text())
    told["files"]["blobs.txt"] = hash_of(folder / "blobs.txt")
    (folder / "backup.json").write_text(json.dumps(told))
    with pytest.raises(FluxroomError):
        restoring.restore(tmp_path / "backups", new)
    assert not (new.folder / "fluxroom.db").exists()
    assert not list((tmp_path / "new").rglob("passwd"))
