"""ZIP files that are sent while they are packed: memory for one picture at a time, however many there are."""

from __future__ import annotations

import asyncio
import csv
import io
import time
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from fluxroom.errors import NotFound
from fluxroom.result import Image
from fluxroom.server.deliveries import SUFFIXES
from fluxroom.store import jobs
from fluxroom.store.images import StoredImage
from fluxroom.store.jobs import Generation, Job
from fluxroom.store.library import Picture

if TYPE_CHECKING:
    from fluxroom.store import Store

MOST_IN_ZIP = 5000

_AT_ONCE = 100  # rows that are read together

_COLUMNS = (
    *("file", "id", "created_at", "provider", "model", "mode", "prompt", "seed", "width", "height", "size_bytes"),
    *("sha256", "job", "generation", "charged", "charge_state", "sandbox", "favourite", "rating", "tags"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FIRST_YEAR = 1980  # of the format


async def zipped(store: Store, pictures: Sequence[Picture], *, metadata: bool) -> AsyncIterator[bytes]:
    """The archive in pieces. A picture whose bytes are gone is named in `images.csv` without a file."""
    window = _Window()
    rows = []
    names: set[str] = set()
    archive = zipfile.ZipFile(window, "w", zipfile.ZIP_STORED)
    for first in range(0, len(pictures), _AT_ONCE):
        some = pictures[first : first + _AT_ONCE]
        made = await store.database.read(partial(_made, pictures=some)) if metadata else {}
        for picture in some:
            data = await asyncio.to_thread(_bytes, store, picture, made.get(picture.job))
            name = _name(picture, names) if data is not None else ""
            if data is not None:
                await asyncio.to_thread(archive.writestr, _entry(name, picture.created_at), data)
                yield window.taken()
            rows.append(_row(picture, name))
    archive.writestr(_entry("images.csv", time.time()), _table(rows))
    archive.close()
    yield window.taken()


def _made(connection: Connection, pictures: Sequence[Picture]) -> dict[str, tuple[Job, Generation]]:
    """What made the pictures, by job."""
    found = {}
    for picture in pictures:
        job, generation = jobs.get(connection, picture.job), jobs.generation(connection, picture.generation)
        if job and generation:
            found[picture.job] = job, generation
    return found


class _Window(io.RawIOBase):
    """The end of the archive that is being written: what was taken away cannot be changed any more.

    The packer goes back only to the head of the entry that it has just finished, to write its size and checksum there.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._buffer = io.BytesIO()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._taken + self._buffer.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._buffer.seek(offset - self._taken if whence == io.SEEK_SET else offset, whence)
        return self.tell()

    def write(self, data: object) -> int:
        return self._buffer.write(data)  # type: ignore[arg-type]  # RawIOBase names no buffer type

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = self._buffer.getvalue()
        self._taken += len(data)
        self._buffer = io.BytesIO()
        return data


def _bytes(store: Store, picture: Picture, made: tuple[Job, Generation] | None) -> bytes | None:
    try:
        if made is None:
            return store.blobs.get(picture.sha256)
        stored = StoredImage(**{name: getattr(picture, name) for name in StoredImage.__slots__})
        return Image(stored, made[0], store.blobs, made[1]).with_metadata()
    except NotFound:
        return None


def _entry(name: str, at: float) -> zipfile.ZipInfo:
    moment = time.gmtime(at)[:6]
    return zipfile.ZipInfo(name, moment if moment[0] >= _FIRST_YEAR else (_FIRST_YEAR, 1, 1, 0, 0, 0))


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
