"""`fluxroom backup`, `restore` and `prune`."""

from __future__ import annotations

import sqlite3
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.told import Run

SCHNELL = ("-m", "fal/flux-schnell")


def images(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "fluxroom.db")) as connection:
        return [row[0] for row in connection.execute("SELECT sha256 FROM images ORDER BY sha256")]


def test_there_and_back(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", *SCHNELL)
    told = run("backup", tmp_path / "safe")
    assert told.code == 0, told.err
    assert "1 images, 1 files (1 new)" in told.out
    assert "fluxroom restore" in told.err
    again = run("backup", tmp_path / "safe", "--json").document
    assert (again["blobs"], again["copied"], again["missing"]) == (1, 0, [])
    checked = run("backup", tmp_path / "safe", "--verify")
    assert (checked.code, "is whole" in checked.out) == (0, True)
    told = run("restore", tmp_path / "safe", "--data", tmp_path / "new")
    assert told.code == 0, told.err
    assert images(tmp_path / "new") == images(tmp_path / "data")
    told = run("usage", "--sandbox", "--by", "model", "--json", "--data", tmp_path / "new")
    assert told.document["lines"][0]["key"] == "flux-schnell", "the money came along"


def test_as_one_file(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", *SCHNELL)
    told = run("backup", tmp_path / "safe" / "all.tar")
    assert (told.code, told.out.splitlines()[0]) == (0, str(tmp_path / "safe" / "all.tar")), told.err
    assert [path.name for path in (tmp_path / "safe").iterdir()] == ["all.tar"], "nothing is left beside it"
    assert "is whole" in run("backup", tmp_path / "safe" / "all.tar", "--verify").out
    told = run("backup", tmp_path / "safe" / "all.tar")
    assert (told.code != 0, "there already" in told.err) == (True, True)
    told = run("restore", tmp_path / "safe" / "all.tar", "--data", tmp_path / "new")
    assert told.code == 0, told.err
    assert images(tmp_path / "new") == images(tmp_path / "data")
    assert not list((tmp_path / "new").glob(".restore-*"))


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", ".hidden/x", "a/../../evil", "link"])
def test_an_archive_of_somebody_else_writes_nothing(run: Run, tmp_path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    if name == "link":
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.addfile(entry)
    told = run("restore", tmp_path / "evil.tar", "--data", tmp_path / "new")
    assert (told.code != 0, "no backup of Fluxroom" in told.err) == (True, True)
    assert not list(tmp_path.rglob("evil.txt"))
    (tmp_path / "broken.tar").write_bytes(b"no archive")
    assert "cannot be read" in run("restore", tmp_path / "broken.tar", "--data", tmp_path / "new").err
    assert "no backup" in run("restore", tmp_path / "none.tar", "--data", tmp_path / "new").err


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", *SCHNELL)
    run("backup", tmp_path / "safe")
    told = run("restore", tmp_path / "safe")
    assert told.code != 0
    assert "nothing was changed" in told.err
    assert "--data FOLDER" in told.err


def test_a_damaged_backup_is_found(run: Run, tmp_path: Path) -> None:
    run("generate", "a fox", *SCHNELL)
    run("backup", tmp_path / "safe")
    [digest] = images(tmp_path / "data")
    (tmp_path / "safe" / "blobs" / digest[:2] / digest).write_bytes(b"other")
    told = run("backup", tmp_path / "safe", "--verify")
    assert (told.code, f"The picture {digest} is damaged." in told.out) == (1, True)
    assert run("backup", tmp_path / "safe", "--verify", "--json").document["wrong"]


def test_what_cannot_be(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    told = run("backup", tmp_path / "safe", "--data", tmp_path / "none")
    assert (told.code != 0, "no database" in told.err) == (True, True)
    told = run("restore", tmp_path / "empty", "--data", tmp_path / "new")
    assert (told.code != 0, "no backup" in told.err) == (True, True)
    monkeypatch.setenv("FLUXROOM_URL", "http://127.0.0.1:1")
    told = run("backup", tmp_path / "safe")
    assert (told.code != 0, "FLUXROOM_URL" in told.err) == (True, True)


def test_prune_says_first_and_does_then(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("generate", "a fox", *SCHNELL)
    [digest] = images(tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "fluxroom.db")) as connection, connection:
        connection.execute("UPDATE images SET trashed_at = ?", (time.time() - 31 * 86400,))
    assert "1 pictures are due to be deleted" in run("doctor").out
    dry = run("prune", "--dry-run", "--json").document
    assert (dry["trashed"], dry["dry_run"]) == (1, True)
    assert images(tmp_path / "data") == [digest]
    monkeypatch.setenv("FLUXROOM_TRASH_DAYS", "60")
    assert run("prune", "--json").document["trashed"] == 0
    monkeypatch.delenv("FLUXROOM_TRASH_DAYS")
    told = run("prune")
    assert (told.code, "1 pictures of the trash" in told.out) == (0, True)
    assert images(tmp_path / "data") == []
    assert run("usage", "--sandbox", "--json").document["total"]["succeeded"] == 1, "the books stay"


def test_prune_in_a_new_folder_and_with_settings_that_are_none(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("prune", "--data", tmp_path / "none").code == 0
    monkeypatch.setenv("FLUXROOM_TRASH_DAYS", "-1")
    told = run("prune")
    assert (told.code != 0, "FLUXROOM_TRASH_DAYS" in told.err) == (True, True)
