"""Fields that refer to others (`{{inputs.photo}}`, `{{steps.shots.images}}`, `{{item}}`) and alternatives `{a|b}`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fluxroom.errors import InvalidParams
from fluxroom.types import JSON

MOST_TEXTS = 1000
"""Texts that one template may become."""

MOST_CHARACTERS = 2_000_000
"""Of all of them together: they are written down, and each is sent."""

_FIELD = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*\}\}")
_CHOICE = re.compile(r"(?<!\{)\{([^{}|]*(?:\|[^{}|]*)+)\}(?!\})")


def fill(value: JSON, scope: Mapping[str, Any]) -> JSON:
    """A value with what it refers to put in. A field alone is what it names, lists too; within words it is text.

    Raises:
        InvalidParams: it refers to something that is not there.

    >>> fill(["{{inputs.n}}", "no. {{inputs.n}}"], {"inputs": {"n": 3}})
    [3, 'no. 3']
    """
    if isinstance(value, str):
        alone = _FIELD.fullmatch(value.strip())
        if alone:
            return look_up(alone[1], scope)
        return _FIELD.sub(lambda found: _as_text(look_up(found[1], scope), found[1]), value)
    if isinstance(value, Mapping):
        return {name: fill(inner, scope) for name, inner in value.items()}
    if isinstance(value, list):
        return [one for inner in value for one in _spread(inner, fill(inner, scope))]
    return value


def look_up(path: str, scope: Mapping[str, Any]) -> JSON:
    """What a path names.

    Raises:
        InvalidParams: there is nothing.
    """
    found: Any = scope
    for step in path.split("."):
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, Mapping) and step in found:
            found = found[step]
        else:
            raise InvalidParams(f"There is no {{{{{path}}}}}.", field=path)
    result: JSON = found
    return result


def references(value: JSON) -> Iterator[str]:
    """Every path that a value refers to.

    >>> sorted(references({"a": "x {{inputs.p}}", "b": ["{{steps.s.images}}"]}))
    ['inputs.p', 'steps.s.images']
    """
    if isinstance(value, str):
        yield from _FIELD.findall(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def alternatives(text: str) -> list[str]:
    """Every text that a template with alternatives stands for, in order.

    Raises:
        InvalidParams: they are more than 1,000.

    >>> alternatives("a {red|blue} fox {in snow|}")
    ['a red fox in snow', 'a red fox ', 'a blue fox in snow', 'a blue fox ']
    """
    parts = _CHOICE.split(text)
    choices = [part.split("|") if number % 2 else [part] for number, part in enumerate(parts)]
    number = 1
    for choice in choices:
        number *= len(choice)
    if number > MOST_TEXTS:
        raise InvalidParams(f"The template stands for {number} texts; at most {MOST_TEXTS}.", field="template")
    if number * len(text) > MOST_CHARACTERS:
        raise InvalidParams(f"The template stands for more than {MOST_CHARACTERS} characters.", field="template")
    return ["".join(one) for one in itertools.product(*choices)]


def _spread(written: JSON, filled: JSON) -> list[JSON]:
    """A field alone in a list that names a list puts its members there."""
    alone = isinstance(written, str) and _FIELD.fullmatch(written.strip())
    return filled if alone and isinstance(filled, list) else [filled]


def _as_text(value: JSON, path: str) -> str:
    if isinstance(value, (list, Mapping)):
        raise InvalidParams(f"{{{{{path}}}}} is a list: it cannot stand within words.", field=path)
    return "" if value is None else str(value)
