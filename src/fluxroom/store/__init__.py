"""The data folder: a database that says what happened, and the pictures' bytes.

`open_store` makes the folder when it is missing, brings the database to this version's schema and starts its threads.
With a PostgreSQL URL the database is there, for many machines, and only the rest is in the folder.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fluxroom.errors import StorageUnwritable
from fluxroom.store.blobs import BlobStore, open_blobs, storage_error
from fluxroom.store.database import Database, as_storage_error

if TYPE_CHECKING:
    from fluxroom.store.postgres import PostgresDatabase

SCHEMA = "0006"
"""The newest revision in `migrations/versions`; a test compares them. Alembic is imported only when they differ."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open data folder."""

    folder: Path
    database: Database | PostgresDatabase
    blobs: BlobStore

    @property
    def fleet(self) -> PostgresDatabase | None:
        """The database, when processes on other machines may work on it too."""
        return None if isinstance(self.database, Database) else self.database

    @property
    def locks(self) -> Path:
        """Where every live process holds a lock file of its own."""
        return self.folder / "locks"

    def preview(self, digest: str, size: int) -> Path:
        """Where a small WebP of a picture is kept, by its longest side in pixels; may be deleted at any time."""
        return self.folder / "cache" / "thumbnails" / digest[:2] / f"{digest}-{size or 'full'}.webp"

    def close(self) -> None:
        """Finish what waits to be written and close the database."""
        self.database.stop()


def open_store(folder: Path, database_url: str = "", blobs: str = "") -> Store:
    """Open a data folder; blocks for a moment.

    Args:
        folder: where the database and the pictures are.
        database_url: a PostgreSQL database to use instead of the folder's own.
        blobs: an S3 bucket (`s3://bucket/prefix`) to keep the pictures in, instead of the folder.

    Raises:
        StorageFull, StorageUnwritable: the folder cannot be made or written; the message names it.
        DatabaseUnavailable: the PostgreSQL database cannot be reached or used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # prompts, pictures and signing keys: its user's alone
        (folder / "locks").mkdir(exist_ok=True)
    except OSError as error:
        raise _named(storage_error(error), folder) from error
    pictures = open_blobs(blobs, folder / "blobs")
    if database_url:
        from fluxroom.store.postgres import open_postgres

        return Store(folder, open_postgres(database_url, SCHEMA), pictures)
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
    return Store(folder, database, pictures)


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
