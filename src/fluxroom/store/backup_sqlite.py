"""A SQLite database copied while others write to it, by SQLite's own online backup."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fluxroom.errors import NotFound
from fluxroom.store.database import as_storage_error

NAMING = ("images", "assets", "inputs")
"""Tables whose column `sha256` names bytes."""

_HASH = re.compile(r'"([0-9a-f]{64})"')
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What is in the copy of a database."""

    schema: str
    rows: dict[str, int]
    hashes: list[str]


def dump(path: Path, target: Path) -> Copied:
    """Copy the database at `path` as it is at one moment.

    Raises:
        NotFound: there is none.
        StorageFull, StorageUnwritable: it cannot be read, or the copy cannot be written.
    """
    if not path.is_file():
        raise NotFound(f"There is no database {path}.", advice="Name the data folder: --data FOLDER.")
    try:
        with closing(sqlite3.connect(path, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
            # In one go: in steps it would begin again whenever another process commits.
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, that can be copied on
            return _about(copy)
    except sqlite3.Error as error:
        raise as_storage_error(error) from error


def is_whole(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def hash_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def digest_of(data: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def hashes_in(texts: Iterable[str]) -> set[str]:
    """The hashes that stand in JSON."""
    return {digest for text in texts for digest in _HASH.findall(text)}


def _about(connection: sqlite3.Connection) -> Copied:
    tables = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        )
        if not row[0].startswith(("sqlite_", "generation_words", "image_words"))
    ]
    hashes: set[str] = set()
    for table in (name for name in NAMING if name in tables):
        hashes.update(row[0] for row in connection.execute(f"SELECT sha256 FROM {table}"))  # noqa: S608  ours
    if "inputs" not in tables:  # a schema of before
        hashes |= hashes_in(row[0] for row in connection.execute("SELECT wire FROM jobs"))
    return Copied(
        schema=str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]),
        rows={name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(tables)},  # noqa: S608
        hashes=sorted(hashes),
    )
