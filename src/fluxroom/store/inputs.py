"""Which pictures generations take in: what keeps their bytes, and what tells where a picture came from."""

from __future__ import annotations

import re
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, insert, select

from fluxroom.store.tables import inputs

_NOTED = select(inputs.c.sha256).where(inputs.c.generation == bindparam("b_generation"))
_HASH = re.compile(rb'"([0-9a-f]{64})"')


def note(connection: Connection, generation: str, values: Any) -> None:
    """Write down every picture that a request names by its hash, in references, masks and other parameters.

    Args:
        connection: in the transaction that writes the generation.
        generation: its id.
        values: JSON that holds the references.
    """
    found = hashes_in(values)
    # A generation gets further jobs when one of them goes to another provider, with the same pictures.
    new = found - set(connection.execute(_NOTED, {"b_generation": generation}).scalars()) if found else found
    if new:
        connection.execute(insert(inputs), [{"sha256": one, "generation": generation} for one in sorted(new)])


def hashes_in(values: Any) -> set[str]:
    """Every SHA-256 that stands in some JSON as a text of its own.

    >>> hashes_in({"mask": {"$reference": "ab" * 32}, "prompt": "abab"}) == {"ab" * 32}
    True
    """
    written = orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS, default=str)
    return {one.decode() for one in _HASH.findall(written)}
