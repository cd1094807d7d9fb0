"""BFL's published OpenAPI (October 2026) as data: which paths take a picture, and the schema of each body."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, Final

import orjson

_FILE: Final = "bfl-openapi-2026-10.json"
_REF: Final = "#/components/schemas/"
ACCOUNT_PATHS: Final = frozenset({"credits", "get_result", "my_finetunes", "finetune_details", "delete_finetune"})


@lru_cache(maxsize=1)
def raw_openapi() -> bytes:
    """The published file, byte for byte."""
    return (resources.files("fluxroom.sandbox") / "specs" / _FILE).read_bytes()


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The published file, parsed."""
    parsed: dict[str, Any] = orjson.loads(raw_openapi())
    return parsed


def schema_named(name: str) -> dict[str, Any]:
    """One of the file's component schemas."""
    found: dict[str, Any] = openapi()["components"]["schemas"][name]
    return found


def name_in(reference: str) -> str:
    """The schema's name in a ``$ref``."""
    return reference.removeprefix(_REF)


@lru_cache(maxsize=1)
def endpoints() -> dict[str, str]:
    """Every path (without ``/v1/``) that starts a task, with the name of its body's schema."""
    found: dict[str, str] = {}
    for path, methods in openapi()["paths"].items():
        name = path.removeprefix("/v1/")
        if "post" not in methods or name in ACCOUNT_PATHS:
            continue
        body = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        found[name] = name_in(body["$ref"])
    return found


def takes_webhook(endpoint: str) -> bool:
    """Whether the body's schema has ``webhook_url``."""
    return "webhook_url" in schema_named(endpoints()[endpoint]).get("properties", {})


def default_of(endpoint: str, field: str) -> Any:
    """The published default of a field."""
    return schema_named(endpoints()[endpoint]).get("properties", {}).get(field, {}).get("default")
