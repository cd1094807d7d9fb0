"""A backup made an installation again, in an empty place; what is there already is never overwritten.

Bytes come first, the database last: broken off, it leaves no database, and can be done again.

A job that waited when the backup was made may have been sent since, by the installation that was backed up. Restored as
it was, it would be sent once more and paid twice. So it comes back in doubt, for a person to decide, unless whoever
restores says that nothing was done since.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from fluxroom.errors import LocalError, RequestError, SubmitUnknown
from fluxroom.store import SCHEMA, jobs, open_store
from fluxroom.store.backup import EXTRAS, SQLITE, Manifest, Place, Progress, hashes_of, manifest_of
from fluxroom.store.backup_sqlite import hash_of, is_whole
from fluxroom.store.blobs import FolderBlobs, storage_error
from fluxroom.store.jobs import Job, Move

_WHY = "it waited when the backup was made, and may have been sent since"


def restore(
    folder: Path,
    place: Place,
    *,
    name: str = "",
    unchanged: bool = False,
    progress: Progress = lambda _done, _of: None,
) -> tuple[Manifest, int]:
    """Make an installation of a backup; blocks. Returns what the backup says, and how many jobs are in doubt.

    Args:
        folder: where the backups are.
        place: an empty installation, of the same kind of database.
        name: which backup; the newest when it is empty.
        unchanged: nothing was done by the other installation since: waiting jobs are simply sent.
        progress: told after each file.

    Raises:
        NotFound: there is no such backup.
        RequestError: the place is not empty, or of another kind; nothing was changed.
        LocalError: the backup is damaged; there is no database after it.
    """
    manifest = manifest_of(folder, name)
    _check(manifest, folder, place)
    source, target = FolderBlobs(folder / "blobs"), place.open_blobs()
    hashes = [one for one in hashes_of(folder, manifest) if one not in set(manifest.missing)]
    for number, digest in enumerate(hashes):
        if not target.has(digest) and target.put(source.get(digest)) != digest:
            raise LocalError(f"The picture {digest} of the backup is damaged.", advice="Use another backup.")
        progress(number + 1, len(hashes))
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        _bring_back_database(folder / manifest.name, manifest, place)
        for extra in EXTRAS:
            if extra in manifest.files:
                shutil.copyfile(folder / manifest.name / extra, place.folder / extra)
    except OSError as error:
        raise storage_error(error) from error
    return manifest, asyncio.run(_put_in_doubt(place, unchanged=unchanged))


def _check(manifest: Manifest, folder: Path, place: Place) -> None:
    kind = "postgresql" if place.database_url else "sqlite"
    if manifest.kind != kind:
        names = {"sqlite": "the data folder's own database", "postgresql": "PostgreSQL"}
        raise RequestError(
            f"The backup is of {names[manifest.kind]}, and the settings name {names[kind]}.",
            advice="Set FLUXROOM_DATABASE_URL for a backup of PostgreSQL, and unset it for the other.",
        )
    if manifest.schema > SCHEMA:
        raise RequestError("The backup was made by a newer Fluxroom.", advice="Update Fluxroom first.")
    if (place.folder / "fluxroom.db").exists() and kind == "sqlite":
        raise RequestError(
            f"There is a database in {place.folder} already; nothing was changed.",
            advice="Restore into an empty folder: --data FOLDER.",
        )
    for file, digest in manifest.files.items():
        path = folder / manifest.name / file
        if not path.is_file() or hash_of(path) != digest:
            raise LocalError(f"{manifest.name}/{file} is missing or damaged.", advice="Use another backup.")
    if kind == "postgresql":
        from fluxroom.store import backup_postgres

        if not backup_postgres.is_empty(place.database_url):
            raise RequestError("The database is not empty; nothing was changed.", advice="Restore into an empty one.")


def _bring_back_database(source: Path, manifest: Manifest, place: Place) -> None:
    if manifest.kind == "postgresql":
        from fluxroom.store import backup_postgres
        from fluxroom.store.postgres import prepare

        prepare(place.database_url, manifest.schema)
        backup_postgres.load(place.database_url, source)
        return
    new = place.folder / ".restored.db"
    shutil.copyfile(source / SQLITE, new)
    if not is_whole(new):
        new.unlink()
        raise LocalError(f"{manifest.name}/{SQLITE} is damaged.", advice="Use another backup.")
    new.rename(place.folder / "fluxroom.db")


async def _put_in_doubt(place: Place, *, unchanged: bool) -> int:
    """Bring the schema up to date, and jobs that waited into doubt."""
    store = await asyncio.to_thread(open_store, place.folder, place.database_url, place.blobs)
    try:
        if unchanged:
            return 0
        waiting = await store.database.read(partial(jobs.in_states, states=("queued", "submitting")))
        now = time.time()
        for first in range(0, len(waiting), 500):
            some = waiting[first : first + 500]
            await store.database.write(partial(_doubt, some=some, now=now))
        return len(waiting)
    finally:
        store.close()


def _doubt(connection: Connection, some: list[Job], now: float) -> None:
    for job in some:
        error = SubmitUnknown(
            f"The provider may or may not have taken the job: {_WHY}. It is not sent again by itself.",
            provider=job.provider,
            job=job.id,
        )
        change = Move(
            job=job.id,
            generation=job.generation,
            from_states=(job.state,),
            to_state="unknown",
            why=_WHY,
            at=now,
            changes={"error": error.as_dict(), "charge_state": "unknown"},
        )
        jobs.move(connection, change)
