"""What is said of a request beside its model's parameters, and so is not the catalog's to check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fluxroom.errors import InvalidParams
from fluxroom.types import PROVIDERS, OnUnsupported

_WORDS = {"cache": ("on", "off"), "on_unsupported": get_args(OnUnsupported)}
_KINDS = {
    "mode": (str, "a word"),
    "run": (str, "a name"),
    "idempotency_key": (str, "a text"),
    "priority": (int, "a number"),
}


def check(options: Mapping[str, Any]) -> None:
    """See that each of them says something that is heeded.

    Raises:
        InvalidParams: one would be passed over.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name in _WORDS.keys() & given.keys():
        if given[name] not in _WORDS[name]:
            raise InvalidParams(f"{name} is {' or '.join(_WORDS[name])}, not {given[name]!r:.40}.", field=name)
    for name in _KINDS.keys() & given.keys():
        kind, said = _KINDS[name]
        if not isinstance(given[name], kind) or isinstance(given[name], bool):
            raise InvalidParams(f"{name} is {said}, not {given[name]!r:.40}.", field=name)
    extra = given.get("extra", {})
    if not isinstance(extra, Mapping) or not all(isinstance(fields, Mapping) for fields in extra.values()):
        raise InvalidParams("extra is given by provider: {provider: {field: value}}.", field="extra")
    if strange := [name for name in extra if name not in PROVIDERS]:
        said = " and ".join(PROVIDERS)
        raise InvalidParams(f"extra: there is no provider {strange[0]!r:.40}; there are {said}.", field="extra")
