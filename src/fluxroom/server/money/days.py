"""Days in an address: ISO 8601 and nothing else, where pydantic would also take seconds since 1970."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH = date(1970, 1, 1)


def _iso(value: Any) -> Any:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("must be a day like 2026-11-20")
    return value


Day = Annotated[date, BeforeValidator(_iso)]
"""A day of UTC."""


def midnight(day: date) -> float:
    """The beginning of a day in seconds since 1970; not `timestamp`, which knows only the machine's own years.

    >>> midnight(date(1970, 1, 2))
    86400.0
    """
    return (day - _EPOCH).days * 86400.0
