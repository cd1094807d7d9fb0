"""ZIP archives that are handed over while they are packed: memory for one file at a time, however many there are."""

from __future__ import annotations

import io
import time
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FIRST_YEAR = 1980  # of the format


class Archive:
    """An archive that is being written. What `add` and `end` return, one after the other, is the whole of it."""

    def __init__(self) -> None:
        self._window = _Window()
        self._zip = _Zip(self._window, "w", zipfile.ZIP_STORED)

    def add(self, name: str, data: bytes, at: float | None = None) -> bytes:
        """Put a file in, as of the moment `at` (now)."""
        self._zip.writestr(_entry(name, time.time() if at is None else at), data)
        return self._window.taken()

    def end(self) -> bytes:
        """The list of all files, which stands last."""
        self._zip.close()
        return self._window.taken()


class _Zip(zipfile.ZipFile):
    """An archive that is given up, because somebody hung up, has no end that could still be written."""

    def __del__(self) -> None:
        """Nothing: the standard library would write the end."""


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

    def write(self, data: ReadableBuffer) -> int:
        return self._buffer.write(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = self._buffer.getvalue()
        self._taken += len(data)
        self._buffer = io.BytesIO()
        return data


def _entry(name: str, at: float) -> zipfile.ZipInfo:
    moment = time.gmtime(at)[:6]
    return zipfile.ZipInfo(name, moment if moment[0] >= _FIRST_YEAR else (_FIRST_YEAR, 1, 1, 0, 0, 0))
