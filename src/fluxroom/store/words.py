"""What people type to find a prompt, as a query of either database's full-text search.

Every word must occur, words in quotation marks next to each other, and the last one may be the beginning of a word.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"[^\W_]+")
_MOST_TEXT = 500
_MOST_PIECES = 20


def for_sqlite(words: str) -> str:
    """A query of SQLite's full-text index; empty when there is no word to look for.

    >>> for_sqlite('red "fresh snow" fo')
    'prompt : ("red" AND "fresh snow" AND "fo"*)'
    """
    pieces = [f'"{" ".join(piece)}"' for piece in _pieces(words)]
    return f"prompt : ({' AND '.join(pieces)}{'*' if _is_begun(words) else ''})" if pieces else ""


def for_postgresql(words: str) -> str:
    """A query of PostgreSQL's full-text search; empty when there is no word to look for.

    >>> for_postgresql('red "fresh snow" fo')
    "'red' & ('fresh' <-> 'snow') & 'fo':*"
    """
    pieces = [" <-> ".join(f"'{word}'" for word in piece) for piece in _pieces(words.lower())]
    joined = " & ".join(f"({piece})" if " " in piece else piece for piece in pieces)
    return f"{joined}:*" if joined and _is_begun(words) and not joined.endswith(")") else joined


def _pieces(words: str) -> list[list[str]]:
    """The words that are looked for; several in one piece stand next to each other.

    >>> _pieces('red "fresh snow" wide-angle')
    [['red'], ['fresh', 'snow'], ['wide', 'angle']]
    """
    split = (_WORD.findall(phrase or word) for phrase, word in _PIECE.findall(words[:_MOST_TEXT]))
    return [piece for piece in split if piece][:_MOST_PIECES]


def _is_begun(words: str) -> bool:
    """Whether the last word may be the beginning of one: not after a blank or a quotation mark."""
    return words[-1:] not in {"", " ", '"'}
