"""Thumbnails are made once and kept in the data folder; the cache may be deleted at any time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4


def kept_or_made(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes that are kept at `path`, or new ones; blocks. A disk that takes no more does no harm."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    data = make()
    temporary = path.with_name(f".{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return data
