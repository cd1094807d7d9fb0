"""What every store of bytes knows: their names, and the ranges that can be read of them."""

from __future__ import annotations

import re

from fluxroom.errors import NotFound

CHUNK = 256 * 1024
"""Bytes that `stream` reads at a time."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def key_of(digest: str) -> str:
    """Where the bytes of a hash lie below a folder or prefix.

    >>> key_of("ab" * 32)[:7]
    'ab/abab'
    """
    if not _SHA256.fullmatch(digest):
        raise NotFound(f"{digest[:80]!r} is not a SHA-256.")
    return f"{digest[:2]}/{digest}"


def span(start: int, end: int | None) -> tuple[int, int | None]:
    """The same range if it can be one.

    Raises:
        ValueError: it counts from the end, which a store of bytes cannot.
    """
    if start < 0 or (end is not None and end < 0):
        raise ValueError(f"a range begins and ends at 0 or later, not {start}:{end}")
    return start, end


def missing(digest: str) -> NotFound:
    """There are no bytes under this hash."""
    return NotFound(f"The store has no bytes under {digest[:12]}….")
