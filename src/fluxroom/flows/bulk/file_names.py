"""Names of files that runs are exported to: from a template, safe on every system, each only once."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from fluxroom.errors import InvalidParams

_UNSAFE = re.compile(r"[^\w.@,-]+")
_LONGEST = 120
_MOST_BYTES = 200  # file systems take 255 for a whole name, and one sign of Chinese is three
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

ALWAYS = frozenset({"id", "key", "model", "prompt", "row", "seed"})
"""Fields that every row has, whatever its columns are."""


class FileNames:
    """Makes names of one run.

    Args:
        template: such as `{row}-{prompt}`; every column of a row is a field, besides `row`, `model`, `seed` and `id`.
        rows: how many there are, for leading zeros.

    Raises:
        InvalidParams: the template cannot be read.

    >>> names = FileNames("{row}-{prompt}", rows=12)
    >>> names.of({"row": 3, "prompt": "A fox / in snow?"}, "image/png"), names.of({"row": 3, "prompt": "a fox"}, "")
    ('03-A-fox-in-snow.png', '03-a-fox.bin')
    """

    def __init__(self, template: str, *, rows: int) -> None:
        self._digits = len(str(rows))
        self._taken: set[str] = set()
        self._again: dict[str, int] = {}  # where the next of the same name begins to look: thousands may have one name
        try:
            self._parts = list(string.Formatter().parse(template))
        except ValueError as error:
            raise InvalidParams(f"The file name {template!r} cannot be read: {error}.", field="file_name") from None
        strange = [
            name for _, name, spec, turn in self._parts if name is not None and (spec or turn or not _plain(name))
        ]
        if strange or not template.strip():
            raise InvalidParams(
                f"The file name {template!r} must be made of words and fields such as {{row}} or {{prompt}}.",
                field="file_name",
            )

    def of(self, fields: Mapping[str, Any], mime: str, number: int = 0, *, own: str = "") -> str:
        """The name of a row's picture `number` (from 0); no name is given twice, capitals apart.

        A row that names its file (`own`) has the last word, whatever the template says.
        """
        words = own or "".join(before + self._field(name, fields) for before, name, _, _ in self._parts)
        stem = _safe(words) + (f"-{number + 1}" if number else "")
        suffix = _SUFFIXES.get(mime, "bin")
        name = first = f"{stem}.{suffix}"
        again = self._again.get(first.lower(), 2)
        while name.lower() in self._taken:
            name, again = f"{stem}-{again}.{suffix}", again + 1
        self._again[first.lower()] = again
        self._taken.add(name.lower())
        return name

    @property
    def fields(self) -> set[str]:
        """The fields that the template names."""
        return {name for _, name, _, _ in self._parts if name is not None}

    def _field(self, name: str | None, fields: Mapping[str, Any]) -> str:
        if name is None:
            return ""
        value = fields.get(name, "")
        return f"{value:0{self._digits}}" if name == "row" and isinstance(value, int) else str(value)[:_LONGEST]


def _plain(name: str) -> bool:
    return bool(name) and name.replace("_", "").replace(" ", "").isalnum()


def _safe(words: str) -> str:
    """Words as a file's name: no path, no dots at the beginning, no name that a system keeps for itself."""
    name = re.sub("-{2,}", "-", _UNSAFE.sub("-", words)).strip("-. ")[:_LONGEST]
    name = name.encode()[:_MOST_BYTES].decode(errors="ignore").strip("-. ")
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name
