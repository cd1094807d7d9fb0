"""Files that people write: YAML or JSON, read as plain data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import yaml

from fluxroom.engine.orders import hash_of
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON

LARGEST = 100_000
"""Characters: reading YAML is slow, and what people write has a few thousand."""

_DEEPEST = 30
_LARGEST_NUMBER = 2**63 - 1


def read(text: str, what: str) -> Any:
    """The data of a YAML or JSON file.

    Args:
        text: the whole file.
        what: what it should be, such as `pipeline`; for the message.

    Raises:
        InvalidParams: it is too long, or neither YAML nor JSON; the message names the line.
    """
    if len(text) > LARGEST:
        raise InvalidParams(f"A {what} file has at most {LARGEST} characters.", field=what)
    try:
        return json.loads(text, object_pairs_hook=once) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        line = getattr(error, "lineno", place.line + 1 if place else None)
        where = f" in line {line}" if line else ""
        raise InvalidParams(f"The file is neither YAML nor JSON{where}.", field=what) from None


def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for `json.loads`: where a name stands twice, one of its values would be lost.

    Raises:
        InvalidParams: one does.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _twice(name)
        found[name] = value
    return found


def _twice(name: str, line: int | None = None) -> InvalidParams:
    where = f" in line {line}" if line else ""
    return InvalidParams(f"{name[:60]!r} stands twice{where}: leave one of them out.", field=name[:60])


def check(value: Any, place: str, depth: int = 0) -> None:
    """See that data are JSON: YAML has dates, sets and infinite numbers besides, and names that are no words.

    Args:
        value: what was read.
        place: where it stands, for the message.
        depth: how deep.

    Raises:
        InvalidParams: they are not; the message names the place.
    """
    if depth > _DEEPEST:
        raise InvalidParams(f"{place}: nested deeper than {_DEEPEST} levels.", field=place)
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise InvalidParams(f"{place}: the name {name!r} must be in quotes.", field=place)
            _check_scalar(name, place)
            check(inner, f"{place}.{name}" if depth else name, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check(inner, f"{place}.{number}", depth + 1)
    else:
        _check_scalar(value, place)


def digest(value: JSON, place: str) -> str:
    """The hash of what somebody has asked for: the same for the same.

    Args:
        value: as it was read, or as a program gives it.
        place: what it is, for the message.

    Raises:
        InvalidParams: it is no JSON, or cannot be written down as such; the message names the place.
    """
    try:
        return hash_of(value)
    except TypeError:
        check(value, place, 1)
        raise


def _check_scalar(value: Any, place: str) -> None:
    if isinstance(value, str):
        if any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in value):
            raise InvalidParams(f"{place}: a sign in it is none of a text.", field=place)
    elif isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
            raise InvalidParams(f"{place}: {str(value)[:20]} is no number that can be used.", field=place)
    elif value is not None:
        raise InvalidParams(f"{place}: put {str(value)[:40]!r} in quotes, or leave it out.", field=place)


_TRUTH = "tag:yaml.org,2002:bool"
_TRUTHS = (_TRUTH, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"))
_KINDS = {
    first: [*(one for one in known if one[0] != _TRUTH), *([_TRUTHS] if first in "tTfF" else [])]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""What a word in YAML may be besides a text: as in JSON, `off` and `no` are words, so that `cache: off` is heeded."""


def _yaml(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    loader.yaml_implicit_resolvers = _KINDS
    loader.compose_node = _without_aliases(loader)
    loader.compose_mapping_node = _without_repetitions(loader)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _without_aliases(loader: yaml.SafeLoader) -> Any:
    """Aliases let a few lines become gigabytes; nobody needs them here."""
    compose = loader.compose_node

    def checked(parent: Any, index: Any) -> Any:
        if loader.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not taken", loader.peek_event().start_mark)
        return compose(parent, index)

    return checked


def _without_repetitions(loader: yaml.SafeLoader) -> Any:
    """A name that stands twice is a slip: YAML would take the last of its values."""
    compose = loader.compose_mapping_node

    def checked(anchor: Any) -> Any:
        node = compose(anchor)
        names = set[str]()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in names:
                raise _twice(key.value, key.start_mark.line + 1)
            names.add(key.value)
        return node

    return checked
