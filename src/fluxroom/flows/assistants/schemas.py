"""What the files look like: JSON Schemas, strict, because a key that is misspelt would do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LANGUAGES = ("en", "de")
STARTERS = 5

_ID = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"}


def _words(longest: int) -> dict[str, Any]:
    """A text in every language."""
    text = {"type": "string", "minLength": 1, "maxLength": longest}
    return _object(dict.fromkeys(LANGUAGES, text), required=LANGUAGES)


def _object(properties: Mapping[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
    }


ASSISTANT: Mapping[str, Any] = {
    "title": "Assistant",
    **_object(
        {
            "id": _ID,
            "enabled": {"type": "boolean"},
            "name": _words(80),
            "description": _words(500),
            "greeting": _words(1000),
            "starters": {
                "type": "array",
                "minItems": STARTERS,
                "maxItems": STARTERS,
                "items": _object({"title": _words(80), "message": _words(2000)}, required=("title", "message")),
            },
            "guidance": {"type": "string", "minLength": 1, "maxLength": 10_000},
            "models": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "minLength": 1, "maxLength": 200},
            },
            "defaults": {"type": "object", "required": ["model"], "properties": {"model": {"type": "string"}}},
            "limits": _object(
                {
                    "num_images": {"type": "integer", "minimum": 1, "maximum": 100},
                    "references": {"type": "integer", "minimum": 0, "maximum": 64},
                    "dollars": {"type": "number", "exclusiveMinimum": 0},
                }
            ),
        },
        required=("id", "name", "description", "greeting", "starters", "guidance", "models", "defaults"),
    ),
}
"""An assistant. `defaults` holds the model and parameters of its messages, `size` and `quality` among them."""

MODEL: Mapping[str, Any] = {
    "title": "Chat model",
    **_object(
        {
            "id": _ID,
            "modelId": {"type": "string", "minLength": 1, "maxLength": 200},
            "name": _words(80),
            "description": _words(500),
            "url": {"type": "string", "pattern": "^https://"},
            "provider": {"enum": ["bfl", "fal"]},
            "tokenLimit": {"const": 0},
            "supportsImageGeneration": {"const": True},
            "imageGeneration": _object(
                {
                    "width": {"type": "integer", "minimum": 1},
                    "height": {"type": "integer", "minimum": 1},
                    "aspectRatio": {"type": "string", "pattern": "^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$"},
                    "maxReferenceImages": {"type": "integer", "minimum": 0, "maximum": 64},
                    "supportsGrounding": {"type": "boolean"},
                    "safetyTolerance": {"type": "number", "minimum": 0, "maximum": 6},
                }
            ),
            "apiKeyEnvVar": {"type": "string"},
            "enabled": {"type": "boolean"},
        },
        required=(
            "id",
            "modelId",
            "name",
            "description",
            "url",
            "provider",
            "tokenLimit",
            "supportsImageGeneration",
            "apiKeyEnvVar",
            "enabled",
        ),
    ),
}
"""A chat model. No token is ever counted, so the limit is 0."""
