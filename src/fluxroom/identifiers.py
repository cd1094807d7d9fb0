"""Ids that sort by the time they were made."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread


def new_id() -> str:
    """22 characters: 10 of time in milliseconds, 12 of chance. Later ids sort after earlier ones.

    >>> len(new_id())
    22
    """
    number = (time.time_ns() // 1_000_000) << 60 | secrets.randbits(60)
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(105, -1, -5))
