"""Files that people write: YAML or JSON, read as plain data."""

from __future__ import annotations

import json
from typing import Any

import yaml

from fluxroom.errors import InvalidParams

LARGEST = 100_000
"""Characters: reading YAML is slow, and what people write has a few thousand."""


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
        return json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        line = getattr(error, "lineno", place.line + 1 if place else None)
        where = f" in line {line}" if line else ""
        raise InvalidParams(f"The file is neither YAML nor JSON{where}.", field=what) from None


def _yaml(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    loader.compose_node = _without_aliases(loader)
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
