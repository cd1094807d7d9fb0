"""ZIP files that are sent while they are packed: memory for one picture at a time, however many there are."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.flows.runs import results
from fluxroom.flows.runs.packing import Archive
from fluxroom.result import Image
from fluxroom.server.library.deliveries import SUFFIXES
from fluxroom.store import jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.store.library import Picture
from fluxroom.store.runs import Run

if TYPE_CHECKING:
    from fluxroom.store import Store

MOST_IN_ZIP = 5000

_AT_ONCE = 100  # rows that are read together

_COLUMNS = (
    *("file", "id", "created_at", "provider", "model", "mode", "prompt", "seed", "width", "height", "size_bytes"),
    *("sha256", "job", "generation", "charged", "charge_state", "sandbox", "favourite", "rating", "tags"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def zipped(store: Store, pictures: Sequence[Picture], *, metadata: bool) -> AsyncIterator[bytes]:
    """The archive in pieces. A picture whose bytes are gone is named in `images.csv` without a file."""
    archive = Archive()
    rows = []
    names: set[str] = set()
    for first in range(0, len(pictures), _AT_ONCE):
        some = pictures[first : first + _AT_ONCE]
        made = await store.database.read(partial(_made, pictures=some)) if metadata else {}
        for picture in some:
            data = await asyncio.to_thread(_bytes, store, picture, made.get(picture.job))
            name = _name(picture, names) if data is not None else ""
            if data is not None:
                yield await asyncio.to_thread(archive.add, name, data, picture.created_at)
            rows.append(_row(picture, name))
    yield archive.add("images.csv", _table(rows))
    yield archive.end()


async def zipped_run(store: Store, run: Run, *, metadata: bool) -> AsyncIterator[bytes]:
    """A run's pictures under their names and its table with costs. A picture whose bytes are gone has only its line."""
    archive = Archive()
    async for one, picture, name in results.files(store, run):
        job = next(job for job in one.jobs if job.id == picture.job)
        data = await asyncio.to_thread(_bytes, store, picture, await _maker(store, job) if metadata else None)
        if data is not None:
            yield await asyncio.to_thread(archive.add, name, data, picture.created_at)
    table = "".join([line async for line in results.as_csv(store, run)])
    yield archive.add("results.csv", table.encode("utf-8-sig"))
    yield archive.end()


async def _maker(store: Store, job: Job) -> tuple[Job, Generation] | None:
    found = await store.database.read(partial(jobs.generation, generation_id=job.generation))
    return (job, found) if found else None


def _made(connection: Connection, pictures: Sequence[Picture]) -> dict[str, tuple[Job, Generation]]:
    """What made the pictures, by job."""
    found = {}
    for picture in pictures:
        job, generation = jobs.get(connection, picture.job), jobs.generation(connection, picture.generation)
        if job and generation:
            found[picture.job] = job, generation
    return found


def _bytes(store: Store, picture: Picture | StoredImage, made: tuple[Job, Generation] | None) -> bytes | None:
    try:
        if made is None:
            return store.blobs.get(picture.sha256)
        stored = StoredImage(**{name: getattr(picture, name) for name in StoredImage.__slots__})
        return Image(stored, made[0], store.blobs, made[1]).with_metadata()
    except NotFound:
        return None


def _name(picture: Picture, taken: set[str]) -> str:
    """A name that no other entry has and that is safe on every system."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(picture.created_at))
    stem, suffix = f"{moment}-{picture.model.replace('/', '-')}", SUFFIXES.get(picture.mime, "bin")
    name = f"{stem}-{picture.id[-6:]}.{suffix}"
    if name in taken:
        name = f"{stem}-{picture.id}.{suffix}"
    taken.add(name)
    return name


def _row(picture: Picture, file: str) -> list[str]:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(picture.created_at))
    facts = asdict(picture) | {"file": file, "created_at": at, "tags": ", ".join(picture.tags)}
    return [_cell(facts[name]) for name in _COLUMNS]


def _cell(value: object) -> str:
    """A value as text; a spreadsheet must not take somebody's prompt for a formula.

    >>> _cell("=1+1"), _cell(None), _cell(-3)
    ("'=1+1", '', '-3')
    """
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")  # with a mark, so that spreadsheets read it as UTF-8
