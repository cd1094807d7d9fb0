"""fal's endpoints as data: fields, output shape and price of each, read from the compiled published types."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import orjson

_BFL_HOSTED: Final = re.compile(r"^fal-ai/(flux-2-(pro|max|flex)|flux-pro/)|^blackforestlabs/")
_APP: Final = re.compile(r"^([^/]+/[^/]+)")


@lru_cache(maxsize=1)
def endpoints() -> dict[str, dict[str, Any]]:
    """Every endpoint, by its full id."""
    parsed: dict[str, dict[str, Any]] = orjson.loads(_read("fal-endpoints.json"))
    return parsed


@lru_cache(maxsize=1)
def meta() -> dict[str, Any]:
    """Nested types and size presets."""
    parsed: dict[str, Any] = orjson.loads(_read("fal-endpoints.meta.json"))
    return parsed


def _read(name: str) -> bytes:
    return (resources.files("fluxroom.sandbox") / "specs" / name).read_bytes()


def app_of(endpoint: str) -> str:
    """Owner and app of a full id: what status and result addresses carry."""
    found = _APP.match(endpoint)
    return found[1] if found else endpoint


@lru_cache(maxsize=1)
def apps() -> frozenset[str]:
    """Every owner/app that has an endpoint."""
    return frozenset(app_of(endpoint) for endpoint in endpoints())


def bfl_hosted(endpoint: str) -> bool:
    """Whether fal passes this endpoint on to BFL: such endpoints refuse with 422 where open weights go black."""
    return _BFL_HOSTED.match(endpoint) is not None


def defaults_of(endpoint: str) -> dict[str, Any]:
    """The published default of every field."""
    return {name: field.get("default") for name, field in endpoints()[endpoint]["fields"].items()}
