"""Bytes by content: a file named by its SHA-256, written once, never changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from uuid import uuid4

from fluxroom.errors import NotFound, StorageFull, StorageUnwritable

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of files named by the SHA-256 of their bytes.

    Methods block; call them in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256. They are on disk when this returns.

        Raises:
            StorageFull, StorageUnwritable: the data folder cannot take them.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if path.exists():
            return digest
        temporary = path.with_name(f".{digest[:8]}-{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise storage_error(error) from error
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of this hash.

        Raises:
            NotFound: there are none.
        """
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"The store has no bytes under {digest[:12]}….") from None

    def has(self, digest: str) -> bool:
        """Whether the bytes of this hash are here."""
        return self.path(digest).exists()

    def path(self, digest: str) -> Path:
        """The file of this hash, whether it is there or not."""
        if not _SHA256.fullmatch(digest):
            raise NotFound(f"{digest[:80]!r} is not a SHA-256.")
        return self.folder / digest[:2] / digest


def storage_error(error: OSError) -> StorageFull | StorageUnwritable:
    """A failed write in our words."""
    import errno

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull()
    return StorageUnwritable(f"The data folder cannot be written: {error.strerror or error}.")
