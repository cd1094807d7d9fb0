"""What answers look like: keys and types instead of values, and what differs between two sides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, frozenset[str]]
"""Path of a value (`images[].url`) -> the types seen there."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|[0-9A-Za-z_-]{22,}")
_TYPES: Mapping[type, str] = {str: "text", bool: "true/false", int: "number", float: "number", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, as a transport saw them."""

    role: str  # method and path without host and ids: "GET /v1/get_result"
    status: int
    body: Any  # decoded JSON, or None
    request: Any = None
    kind: str = ""  # content type


def shape(value: Any, path: str = "") -> dict[str, frozenset[str]]:
    """The shape of a JSON value.

    >>> sorted(shape({"images": [{"url": "u"}], "seed": 7}))
    ['', 'images', 'images[]', 'images[].url', 'seed']
    """
    if isinstance(value, Mapping):
        found: dict[str, frozenset[str]] = {path: frozenset({"object"})}
        for name, inner in value.items():
            found = merged(found, shape(inner, f"{path}.{name}" if path else str(name)))
        return found
    if isinstance(value, list):
        found = {path: frozenset({"list"})}
        for inner in value:
            found = merged(found, shape(inner, f"{path}[]"))
        return found
    return {path: frozenset({_TYPES.get(type(value), type(value).__name__)})}


def merged(one: Shape, other: Shape) -> dict[str, frozenset[str]]:
    """Both shapes in one."""
    return {path: one.get(path, frozenset()) | other.get(path, frozenset()) for path in {**one, **other}}


def by_role(exchanges: Iterable[Exchange]) -> dict[str, dict[str, frozenset[str]]]:
    """The shape of each kind of answer: call, HTTP status, and the job's status where the answer names one."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for exchange in exchanges:
        if exchange.body is None:
            continue
        said = exchange.body.get("status") if isinstance(exchange.body, Mapping) else None
        name = f"{exchange.role} -> {exchange.status}" + (f" {said}" if isinstance(said, str) else "")
        found[name] = merged(found.get(name, {}), shape(exchange.body))
    return found


def walk(exchanges: Iterable[Exchange]) -> list[str]:
    """The statuses of a job in the order in which they were seen, each once in a row."""
    seen: list[str] = []
    for exchange in exchanges:
        said = exchange.body.get("status") if isinstance(exchange.body, Mapping) else None
        if isinstance(said, str) and seen[-1:] != [said]:
            seen.append(said)
    return seen


def differences(live: Iterable[Exchange], practice: Iterable[Exchange]) -> list[str]:
    """Where the provider's answers do not look like the sandbox's. Answers that only one side gave are not compared."""
    ours, theirs = by_role(practice), by_role(live)
    return [
        f"{role}: {line}" for role in sorted(set(ours) & set(theirs)) for line in _differing(theirs[role], ours[role])
    ]


def _differing(live: Shape, practice: Shape) -> list[str]:
    lines: list[str] = []
    for path in sorted({*live, *practice}):
        there, here = live.get(path), practice.get(path)
        name = path or "the answer"
        if here is None and there is not None:
            lines.append(f"{name} ({_types(there)}) is not in the sandbox's answer")
        elif there is None and here is not None:
            lines.append(f"{name} ({_types(here)}) is only in the sandbox's answer")
        elif there and here and there != here:
            lines.append(f"{name} is {_types(there)}, in the sandbox {_types(here)}")
    return lines


def _types(found: frozenset[str]) -> str:
    return " or ".join(sorted(found))


def without_ids(path: str) -> str:
    """A path with its ids left out.

    >>> without_ids("/fal-ai/flux-2/requests/764cabcf-b745-4b3e-ae38-1200304cf45b/status")
    '/fal-ai/flux-2/requests/{id}/status'
    """
    return "/".join("{id}" if _ID.fullmatch(part) else part for part in path.split("/"))
