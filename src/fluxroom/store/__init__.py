"""The data folder: a database that says what happened, and the pictures' bytes.

`open_store` makes the folder when it is missing, brings the database to this version's schema and starts its threads.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fluxroom.errors import StorageUnwritable
from fluxroom.store.blobs import Blobs, storage_error
from fluxroom.store.database import Database, as_storage_error

SCHEMA = "0001"
"""The newest revision in `migrations/versions`; a test compares them. Alembic is imported only when they differ."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open data folder."""

    folder: Path
    database: Database
    blobs: Blobs

    @property
    def locks(self) -> Path:
        """Where every live process holds a lock file of its own."""
        return self.folder / "locks"

    def close(self) -> None:
        """Finish what waits to be written and close the database."""
        self.database.stop()


def open_store(folder: Path) -> Store:
    """Open a data folder; blocks for a moment.

    Raises:
        StorageFull, StorageUnwritable: the folder cannot be made or written; the message names it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "locks").mkdir(exist_ok=True)
    except OSError as error:
        raise _named(storage_error(error), folder) from error
    path = folder / "fluxroom.db"
    try:
        if _schema_of(path) != SCHEMA:
            from fluxroom.store.migrations import upgrade

            upgrade(path)
        database = Database(path)
        database.start()
    except Exception as error:
        wrong = as_storage_error(error)
        raise (_named(wrong, folder) if isinstance(wrong, StorageUnwritable) else wrong) from error
    return Store(folder, database, Blobs(folder / "blobs"))


def _schema_of(path: Path) -> str:
    if not path.exists():
        return ""
    with sqlite3.connect(path) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return ""
            raise
    connection.close()
    return str(row[0]) if row else ""


def _named(error: Exception, folder: Path) -> Exception:
    if isinstance(error, StorageUnwritable):
        return StorageUnwritable(f"The data folder {folder} cannot be used: {error.detail}")
    return error
