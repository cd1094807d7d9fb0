"""Sheets: what a bulk run is made of, read from tables or put together from sources and prompts.

A row is a request: parameters by their names, pictures as references, and `file`, the name of its pictures.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fluxroom.errors import InvalidParams
from fluxroom.flows import plain_text
from fluxroom.types import JSON

MOST_ROWS = 100_000

Seeds = Literal["as_given", "random", "counted"]
"""as_given: a row's own or the default's. random: a new one for every row. counted: the default's, plus one a row."""

_TEXTS = frozenset({"prompt", "negative_prompt", "file", "model", "mode", "user", "finetune_id"})
"""Columns whose cells are words, even where they look like numbers."""

_REFERENCES = ("references", "reference", "image", "images", "source", "sources", "image_url", "image_urls")
_MOST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Many requests: rows, and what holds for all of them."""

    name: str
    rows: Sequence[Mapping[str, JSON]]
    defaults: Mapping[str, JSON] = field(default_factory=dict)  # model and parameters where a row says nothing
    seeds: Seeds = "as_given"
    file_name: str = "{row}-{prompt}"

    @property
    def digest(self) -> str:
        """The same for the same sheet under the same name: it goes on instead of beginning again.

        Raises:
            InvalidParams: a row holds something that cannot be written down.
        """
        rows = [dict(row) for row in self.rows]
        return plain_text.digest([self.name, rows, dict(self.defaults), self.seeds], "sheet")

    def asked(self, number: int) -> dict[str, JSON]:
        """What row `number` (from 0) asks for, with the defaults. Random seeds are the same each time one asks."""
        row = {**self.defaults, **{name: value for name, value in self.rows[number].items() if name != "file"}}
        if self.seeds == "counted":
            row["seed"] = _seed(self.defaults.get("seed")) + number
        elif self.seeds == "random":
            row["seed"] = random.Random(f"{self.grain}/{number}").randint(0, _MOST_SEED)  # noqa: S311  no secret
        return row

    @property
    def grain(self) -> str:
        """What random seeds grow from: another name, other pictures."""
        return plain_text.digest([self.name, len(self.rows)], "sheet")


def table(
    text: str, kind: Literal["csv", "jsonl"], *, columns: Mapping[str, str] | None = None
) -> list[dict[str, JSON]]:
    r"""The rows of a table.

    Args:
        text: CSV with a header line (commas, semicolons or tabs), or JSON Lines: one object a line.
        kind: which of the two.
        columns: what a column is called here, by what it is called in the table; "" leaves it out.

    Raises:
        InvalidParams: it is not a table of that kind; the message names the line.

    >>> table("Title;seed\na fox;7\n", "csv", columns={"Title": "prompt"})
    [{'prompt': 'a fox', 'seed': 7}]
    """
    raw = list(_csv(text) if kind == "csv" else _jsonl(text))
    if len(raw) > MOST_ROWS:
        raise InvalidParams(f"The table has {len(raw)} rows; a run takes at most {MOST_ROWS}.", field="rows")
    if not raw:
        raise InvalidParams("The table has no rows.", field="rows")
    there = set[str]().union(*raw)
    if missing := sorted((columns or {}).keys() - there):
        raise InvalidParams(
            f"The table has no column {missing[0]!r}; it has {', '.join(sorted(there))}.", field="columns"
        )
    return [_row(one, columns or {}, f"row {number}") for number, one in enumerate(raw, 1)]


def every_combination(sources: Sequence[str], prompts: Sequence[str]) -> list[dict[str, JSON]]:
    """Every source with every prompt; without sources every prompt by itself.

    Raises:
        InvalidParams: that makes more rows than a run takes.

    >>> every_combination(["a.jpg"], ["at dusk", "in snow"])[1]
    {'prompt': 'in snow', 'references': ['a.jpg']}
    """
    rows = max(1, len(sources)) * len(prompts)
    if rows > MOST_ROWS:
        raise InvalidParams(f"That makes {rows} rows; a run takes at most {MOST_ROWS}.", field="prompts")
    if not sources:
        return [{"prompt": prompt} for prompt in prompts]
    return [{"prompt": prompt, "references": [source]} for source in sources for prompt in prompts]


def _csv(text: str) -> Iterator[dict[str, Any]]:
    text = text.lstrip("\ufeff")
    head = text.split("\n", 1)[0]
    mark = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) != len(names) or not all(names):
            raise InvalidParams("The table's first line must name each column, and each only once.", field="rows")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise InvalidParams(
                    f"Line {reader.line_num} has {len(cells)} cells for {len(names)} columns; quote cells with "
                    f"{mark!r} in them.",
                    field="rows",
                )
            yield dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise InvalidParams(f"Line {reader.line_num} cannot be read: {error}.", field="rows") from None


def _jsonl(text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=plain_text.once)
        except (ValueError, RecursionError):
            found = None
        except InvalidParams as error:
            raise InvalidParams(f"Line {number}: {error.detail}", field="rows") from None
        if not isinstance(found, dict):
            raise InvalidParams(f"Line {number} is not a JSON object.", field="rows")
        yield found


def _row(cells: Mapping[str, Any], columns: Mapping[str, str], place: str) -> dict[str, JSON]:
    row: dict[str, JSON] = {}
    for column, cell in cells.items():
        name = columns.get(column, column).strip()
        value = _value(name, cell)
        if not name or value is None:
            continue
        if name in row and name not in _REFERENCES:
            raise InvalidParams(f"{place}: two columns say {name}; leave one of them out.", field="columns")
        row[name] = value if name not in row else [*_listed(row[name]), *_listed(value)]
    plain_text.check(row, place, 1)
    return normal(row)


def normal(row: Mapping[str, JSON]) -> dict[str, JSON]:
    """A row with all its pictures under `references`, in order, whatever their columns are called.

    >>> normal({"prompt": "x", "image": "a.jpg", "reference_2": "b.jpg"})
    {'prompt': 'x', 'references': ['a.jpg', 'b.jpg']}
    """
    rest: dict[str, JSON] = {}
    pictures: list[JSON] = []
    for name, value in row.items():
        stem = name.rstrip("0123456789").rstrip("_ ")
        if name in _REFERENCES or stem in {"reference", "image", "source"}:
            pictures += _listed(value)
        else:
            rest[name] = value
    return {**rest, "references": pictures} if pictures else rest


def _listed(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]


def _value(name: str, cell: Any) -> JSON:
    """What a cell says; None for an empty one. JSON where it is JSON, except where words are expected."""
    if not isinstance(cell, str):
        found: JSON = cell
        return found
    text = cell.strip()
    if not text:
        return None
    if name in _TEXTS:
        return text
    if name in _REFERENCES and not text.startswith("["):
        return [part.strip() for part in text.replace("\n", "|").split("|") if part.strip()]
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(word: str) -> JSON:
    """NaN and Infinity are words: as numbers nobody could send them."""
    raise ValueError(word)


def _seed(value: JSON) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidParams("Counted seeds begin with a whole number from 0.", field="seed")
    return value
