"""A backup as one file: the same folder, packed as a plain tar, not compressed since pictures already are."""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fluxroom.errors import LocalError, NotFound, RequestError
from fluxroom.store.blobs import storage_error

_SAFE = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){0,3}", re.ASCII)
"""Names that a backup has; anything else in an archive is somebody else's idea."""


def is_file(path: Path) -> bool:
    """Whether a backup of this name is one file."""
    return path.suffix == ".tar"


@contextmanager
def packed(file: Path) -> Iterator[Path]:
    """A folder beside the file to make a backup in; it becomes the file, at once and whole.

    Raises:
        RequestError: the file is there already.
        StorageFull, StorageUnwritable: it cannot be written.
    """
    if file.exists():
        raise RequestError(f"{file} is there already; nothing was changed.", advice="Choose another name.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as made:
            folder = Path(made) / "backup"
            yield folder
            whole = Path(made) / "whole.tar"
            with tarfile.open(whole, "w", format=tarfile.PAX_FORMAT) as archive:
                for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                    archive.add(path, str(path.relative_to(folder)), recursive=False)
            whole.rename(file)
    except OSError as error:
        raise storage_error(error) from error


@contextmanager
def unpacked(file: Path, beside: Path) -> Iterator[Path]:
    """The folder that a file was made of, unpacked below `beside`, gone afterwards.

    Raises:
        NotFound: there is no such file.
        LocalError: it is no backup.
    """
    if not file.is_file():
        raise NotFound(f"There is no backup {file}.", advice="Make one: fluxroom backup FILE.tar.")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=beside) as made:
            folder = Path(made)
            _unpack(file, folder)
            yield folder
    except OSError as error:
        raise storage_error(error) from error


def _unpack(file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file, "r:") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() and _SAFE.fullmatch(entry.name) else None
                if content is None:
                    raise LocalError(f"{file} is no backup of Fluxroom.", advice="Use another one.")
                target = folder / entry.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as written:
                    shutil.copyfileobj(content, written)
    except tarfile.TarError as error:
        raise LocalError(f"{file} cannot be read: {error}.", advice="Use another one.") from None
