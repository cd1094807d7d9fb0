"""Bytes by content: kept under their SHA-256, written once, never changed.

Where they lie is one setting: a folder of files (the default), or a bucket of an S3-compatible store. Both keep what
`BlobStore` promises; `tests/store/test_blobs_contract.py` asks the same of each.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import IO, Protocol

from fluxroom.errors import StorageFull, StorageUnwritable
from fluxroom.store.digests import CHUNK, key_of, missing, span


class BlobStore(Protocol):
    """Where bytes are kept under their SHA-256. Methods block; call them in a thread.

    Every method raises `NotFound` for a name that is no SHA-256, and `StorageFull` or `StorageUnwritable` when the
    place itself stands in the way; no error and no log line holds a credential.
    """

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256. They are safe when this returns; before, nobody sees a part.

        Raises:
            StorageFull, StorageUnwritable: they cannot be kept; nothing was left behind.
        """

    def get(self, digest: str) -> bytes:
        """The bytes of this hash.

        Raises:
            NotFound: there are none.
        """

    def has(self, digest: str) -> bool:
        """Whether the bytes of this hash are here."""

    def size(self, digest: str) -> int:
        """How many bytes this hash has.

        Raises:
            NotFound: there are none.
        """

    def stream(self, digest: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` to before `end`, piece by piece; like a slice, it ends where the bytes end.

        Raises:
            NotFound: there are none; raised by the call itself, before the first piece is asked for.
        """

    def local_path(self, digest: str) -> Path | None:
        """The file of this hash on this machine, whether it is there or not; None where there are no such files."""

    def remove(self, digest: str, *, older_than: float) -> bool:
        """Remove bytes that nobody has put for `older_than` seconds. False: somebody has, and they stay.

        Whoever puts bytes writes down what needs them a moment later; those who remove some look first whether
        anything does. The time between is what `older_than` bridges: a put makes bytes new again. True also when there
        are none.
        """

    def url(self, digest: str, seconds: float) -> str | None:
        """An address from which anybody can read the bytes for so long; None where there is no such thing.

        It is a secret while it lives: never store, log or show it elsewhere. Nobody looks whether the bytes are there.
        """


class FolderBlobs:
    """A folder of files named by the SHA-256 of their bytes.

    Args:
        folder: made when the first bytes are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """See `BlobStore.put`."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if _renewed(path):
            return digest
        temporary = path.with_name(f".{digest[:8]}-{token_hex(8)}")
        try:
            with _created(temporary) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            # The name too: bytes without it would be lost with the power, and they may be paid for.
            _flush_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise storage_error(error) from error
        return digest

    def get(self, digest: str) -> bytes:
        """See `BlobStore.get`."""
        with self._reading(digest) as path:
            return path.read_bytes()

    def has(self, digest: str) -> bool:
        """See `BlobStore.has`."""
        return self.path(digest).exists()

    def size(self, digest: str) -> int:
        """See `BlobStore.size`."""
        with self._reading(digest) as path:
            return path.stat().st_size

    def stream(self, digest: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `BlobStore.stream`."""
        pieces = self._pieces(digest, *span(start, end))
        next(pieces)  # opens the file: whoever answers a request must know now that there is none
        return pieces

    def local_path(self, digest: str) -> Path | None:
        """See `BlobStore.local_path`."""
        return self.path(digest)

    def remove(self, digest: str, *, older_than: float) -> bool:
        """See `BlobStore.remove`.

        The file is set aside before its age counts: a put then finds none and writes its own, or has just made this
        one new, and it is put back.
        """
        path = self.path(digest)
        aside = path.with_name(f".{digest[:8]}-{token_hex(8)}")
        try:
            if _age(path) < older_than:
                return False
            path.rename(aside)
            if _age(aside) < older_than:
                aside.replace(path)
                return False
            aside.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError as error:
            raise storage_error(error) from error
        return True

    def url(self, digest: str, seconds: float) -> str | None:  # noqa: ARG002  the protocol's
        """None: a folder has no addresses."""
        self.path(digest)
        return None

    def path(self, digest: str) -> Path:
        """The file of this hash, whether it is there or not."""
        return self.folder / key_of(digest)

    @contextlib.contextmanager
    def _reading(self, digest: str) -> Iterator[Path]:
        try:
            yield self.path(digest)
        except (FileNotFoundError, NotADirectoryError):
            raise missing(digest) from None
        except OSError as error:
            raise StorageUnwritable(f"The data folder cannot be read: {error.strerror or error}.") from error

    def _pieces(self, digest: str, start: int, end: int | None) -> Iterator[bytes]:
        with self._reading(digest) as path, path.open("rb") as file:
            yield b""
            file.seek(start)
            left = end - start if end is not None else None
            while left is None or left > 0:
                piece = file.read(CHUNK if left is None else min(CHUNK, left))
                if not piece:
                    return
                left = None if left is None else left - len(piece)
                yield piece


Blobs = FolderBlobs
"""The name from before there was a second place."""


def open_blobs(location: str, folder: Path) -> BlobStore:
    """The place that a setting names; nothing is read or written yet.

    Args:
        location: "" for `folder`, a path of another folder, or
            `s3://bucket/prefix?endpoint=https://host&region=eu-central-1` (both parameters may be left out).
        folder: where the bytes lie unless `location` says otherwise.

    Raises:
        BadSettings: it cannot be read, or what it needs is not set.

    >>> open_blobs("", Path("pictures")).local_path("0" * 64).name == "0" * 64
    True
    """
    if not location:
        return FolderBlobs(folder)
    if "://" not in location:
        return FolderBlobs(Path(location).expanduser().absolute())
    if location.startswith("s3://"):
        from fluxroom.store.blobs_s3 import S3Blobs

        return S3Blobs.at(location)
    from fluxroom.settings import BadSettings

    raise BadSettings("FLUXROOM_BLOBS: must be a folder or begin with s3://.", field="FLUXROOM_BLOBS")


def check_blobs(blobs: BlobStore) -> None:
    """Keep a few bytes and read them again: better now than when the first picture is paid for.

    Raises:
        StorageFull, StorageUnwritable: it does not work; the message says why.
    """
    written = b"Fluxroom keeps pictures here.\n"
    if blobs.get(blobs.put(written)) != written:
        raise StorageUnwritable("What was written to the store of pictures does not come back.")


def _age(path: Path) -> float:
    """Seconds since the bytes were last put."""
    return time.time() - path.stat().st_mtime


def _renewed(path: Path) -> bool:
    """Whether the file is there; its age begins anew, so that nobody removes it (`remove`)."""
    try:
        os.utime(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return path.exists()  # somebody else's file, or a disk that only reads
    return True


def _created(path: Path) -> IO[bytes]:
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        _flush_folder(path.parent.parent)
        return path.open("xb")


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def storage_error(error: OSError) -> StorageFull | StorageUnwritable:
    """A failed write in our words."""
    import errno

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull()
    return StorageUnwritable(f"The data folder cannot be written: {error.strerror or error}.")
