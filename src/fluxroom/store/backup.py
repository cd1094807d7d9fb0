"""A copy of everything, taken while gateways run: the database as it was at one moment, then the bytes that it names.

    FOLDER/2026-11-20T142100Z/   backup.json, blobs.txt, and database.db or the tables as *.copy
    FOLDER/blobs/ab/abcdef…      bytes by hash, shared by all backups in the folder and copied only once

Bytes never change and are removed late (`store.retention`), so those that the database named are still there when they
are copied. A backup is complete when its folder has its name; what broke off before is swept away by the next one.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from fluxroom.errors import LocalError, NotFound, RequestError
from fluxroom.store import backup_sqlite
from fluxroom.store.blobs import BlobStore, FolderBlobs, open_blobs, storage_error

FORMAT = 1
MANIFEST, HASHES, SQLITE = "backup.json", "blobs.txt", "database.db"

_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?")
_UNFINISHED = ".unfinished-"
_KINDS = ("sqlite", "postgresql")
EXTRAS = ("catalog-overlay.json",)
"""Files of the data folder that belong to it besides."""

Progress = Callable[[int, int], None]
"""Told after each file: how many of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installation: its data folder, and where database and bytes are, as the settings name them."""

    folder: Path
    database_url: str = ""
    blobs: str = ""

    def open_blobs(self) -> BlobStore:
        """Where its bytes are."""
        return open_blobs(self.blobs, self.folder / "blobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says about itself."""

    name: str
    format: int
    made_at: float
    kind: Literal["sqlite", "postgresql"]
    schema: str
    files: dict[str, str]  # name in the backup -> SHA-256
    rows: dict[str, int]  # table -> number
    blobs: int
    copied: int  # of them, those that were not in the folder before
    missing: list[str]  # hashes that the database names and the store does not have

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def back_up(place: Place, folder: Path, progress: Progress = lambda _done, _of: None) -> Manifest:
    """Copy an installation into a folder; blocks. What is there of an earlier backup is not copied again.

    Raises:
        NotFound: there is nothing to copy.
        StorageFull, StorageUnwritable: the folder cannot take it.
        DatabaseUnavailable: the PostgreSQL database cannot be reached.
    """
    with _writing(folder) as unfinished:
        if place.database_url:
            from fluxroom.store import backup_postgres

            copied = backup_postgres.dump(place.database_url, unfinished)
        else:
            copied = backup_sqlite.dump(place.folder / "fluxroom.db", unfinished / SQLITE)
        for extra in EXTRAS:
            if (place.folder / extra).is_file():
                shutil.copyfile(place.folder / extra, unfinished / extra)
        (unfinished / HASHES).write_text("".join(f"{one}\n" for one in copied.hashes))
        new, missing = _copy_blobs(place.open_blobs(), FolderBlobs(folder / "blobs"), copied.hashes, progress)
        files = {path.name: backup_sqlite.hash_of(path) for path in sorted(unfinished.iterdir())}
        name = _free_name(folder)
        manifest = Manifest(
            name=name,
            format=FORMAT,
            made_at=time.time(),
            kind="postgresql" if place.database_url else "sqlite",
            schema=copied.schema,
            files=files,
            rows=copied.rows,
            blobs=len(copied.hashes),
            copied=new,
            missing=missing,
        )
        (unfinished / MANIFEST).write_text(json.dumps(manifest.as_dict(), indent=1))
        unfinished.rename(folder / name)
    return manifest


def verify(folder: Path, name: str = "", progress: Progress = lambda _done, _of: None) -> tuple[Manifest, list[str]]:
    """Read a backup whole; returns what is wrong with it, in sentences: nothing, when it can be restored.

    Args:
        folder: where the backups are.
        name: which one; the newest when it is empty.
        progress: told after each file.

    Raises:
        NotFound: there is no such backup.
    """
    manifest, wrong = manifest_of(folder, name), []
    for file, digest in manifest.files.items():
        path = folder / manifest.name / file
        if not path.is_file():
            wrong.append(f"{manifest.name}/{file} is missing.")
        elif backup_sqlite.hash_of(path) != digest:
            wrong.append(f"{manifest.name}/{file} is damaged.")
    if not wrong and manifest.kind == "sqlite" and not backup_sqlite.is_whole(folder / manifest.name / SQLITE):
        wrong.append(f"{manifest.name}/{SQLITE} is damaged.")
    blobs, hashes = FolderBlobs(folder / "blobs"), hashes_of(folder, manifest)
    for number, digest in enumerate(hashes):
        path = blobs.path(digest)
        if digest in manifest.missing:
            continue
        if not path.is_file():
            wrong.append(f"The picture {digest} is missing.")
        elif backup_sqlite.hash_of(path) != digest:
            wrong.append(f"The picture {digest} is damaged.")
        progress(number + 1, len(hashes))
    return manifest, wrong


def manifest_of(folder: Path, name: str = "") -> Manifest:
    """What a backup says about itself: the named one, or the newest.

    Raises:
        NotFound: there is none.
        RequestError: it was made by a newer Fluxroom.
    """
    names = names_in(folder)
    if not names or (name and name not in names):
        what = f"no backup {name[:40]!r}" if name else "no backup"
        raise NotFound(f"There is {what} in {folder}.", advice="Make one: fluxroom backup FOLDER.")
    try:
        told = json.loads((folder / (name or names[-1]) / MANIFEST).read_text())
        if told["format"] > FORMAT:
            raise RequestError("The backup was made by a newer Fluxroom.", advice="Update Fluxroom first.")
        return _believed(Manifest(**told), name or names[-1])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LocalError(
            f"The backup {name or names[-1]} cannot be read: {error}.", advice="Use another one."
        ) from None


def _believed(manifest: Manifest, name: str) -> Manifest:
    """The same, unless it was damaged or changed: names in it become paths."""
    plain = manifest.name == name and not any("/" in file for file in manifest.files)
    if not plain or manifest.kind not in _KINDS or not isinstance(manifest.missing, list):
        raise ValueError("it says what no backup of ours does")
    return manifest


def names_in(folder: Path) -> list[str]:
    """The backups in a folder, the oldest first."""
    try:
        return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


def hashes_of(folder: Path, manifest: Manifest) -> list[str]:
    """The bytes that a backup's database names."""
    return (folder / manifest.name / HASHES).read_text().split()


def _copy_blobs(source: BlobStore, target: FolderBlobs, hashes: list[str], progress: Progress) -> tuple[int, list[str]]:
    new, missing = 0, []
    for number, digest in enumerate(hashes):
        if not target.has(digest):
            try:
                data = source.get(digest)
            except NotFound:
                data = b""
            # Bytes are named by what they are: damaged ones would come under another name.
            if backup_sqlite.digest_of(data) == digest:
                target.put(data)
                new += 1
            else:
                missing.append(digest)
        progress(number + 1, len(hashes))
    return new, missing


@contextmanager
def _writing(folder: Path) -> Iterator[Path]:
    """A folder for a backup that is being made; gone when it is not finished."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        unfinished = folder / f"{_UNFINISHED}{time.time_ns()}"
        unfinished.mkdir()
        try:
            yield unfinished
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise storage_error(error) from error


def _free_name(folder: Path) -> str:
    base = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, 1000))) if not (folder / name).exists())
