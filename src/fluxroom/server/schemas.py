"""What the gateway takes: strict request bodies.

A generation's parameters are top-level fields. They are open-ended here because the catalog, not this file, knows what
a model takes; it refuses what it does not know, by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import InvalidParams
from fluxroom.types import Routing

_DEEPEST = 32
"""Lists and objects within each other; no provider's schema comes near it."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
"""Whole numbers beyond these nobody can write down again."""

_TAKEN = frozenset({"self", "wait"})
"""Words of the client's own signature: no model has parameters of these names."""


class GenerationBody(BaseModel):
    """A request for pictures; canonical and endpoint parameters are fields of their own (`seed`, `image_size`, …)."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        title="GenerationRequest",
        json_schema_extra={
            "examples": [
                {"model": "flux-2-pro", "prompt": "a red fox in fresh snow", "seed": 7, "image_size": "landscape_4_3"},
                {
                    "model": "bfl/flux-kontext-pro",
                    "prompt": "make it dusk",
                    "references": ["https://example.com/photo.jpg"],
                },
            ]
        },
    )

    prompt: str | dict[str, Any] | None = Field(None, description="What to paint; an object is sent as compact JSON.")
    model: str = Field(DEFAULT_MODEL, max_length=200, description="A model (flux-2-pro) or a route (bfl/flux-2-pro).")
    references: list[str] = Field(
        default_factory=list,
        max_length=64,
        description="Pictures in order: public https URL, data URI, image id, or sha256 of an asset or image.",
    )
    mask: str | None = Field(None, description="A picture, named like a reference; white is what may change.")
    mode: str | None = Field(None, max_length=40, description="generate, edit, fill, …; derived when not given.")
    extra: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="{provider: {field: value}}, sent as it is."
    )
    on_unsupported: Literal["error", "report"] = Field(
        "error", description="What to do with a parameter that the model does not take."
    )
    max_references: int | None = Field(None, ge=0, description="How many of a longer list are sent.")
    region: Literal["global", "eu", "us"] | None = Field(None, description="Where BFL works on it.")
    routing: Routing | None = Field(
        None, description="Which provider, where `model` names only a model; default: FLUXROOM_ROUTING."
    )
    cache: Literal["on", "off"] = Field(
        "on", description="on: the picture of the same request and seed is given again, free. off: made anew."
    )
    priority: int = Field(10, ge=0, le=100, description="Higher goes first; 0 for bulk.")
    run: str = Field(
        "",
        max_length=200,
        pattern=r"^(\S(.{0,198}\S)?)?$",
        description="The run that it belongs to; budgets and sums are kept by it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _is_plain_json(cls, value: Any) -> Any:
        return plain_json(value)

    @field_validator("prompt")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        _check_text(value)
        return value

    @property
    def parameters(self) -> dict[str, Any]:
        """The model's parameters alone, with the mask.

        Raises:
            InvalidParams: a name that no model can have.
        """
        given = {name: value for name, value in (self.model_extra or {}).items() if value is not None}
        if strange := sorted(_TAKEN & given.keys()):
            raise InvalidParams(f"{strange[0]} is not a parameter of {self.model}.", field=strange[0])
        return given if self.mask is None else {**given, "mask": self.mask}

    @property
    def options(self) -> dict[str, Any]:
        """Everything but prompt, model, pictures and parameters, as the client takes it: the terms too."""
        return {
            "mode": self.mode,
            "extra": self.extra or None,
            "on_unsupported": self.on_unsupported,
            "max_references": self.max_references,
            "region": self.region,
            "routing": self.routing,
            "cache": self.cache,
            "priority": self.priority,
            "run": self.run,
        }


class ResolveBody(BaseModel):
    """A person's decision about a job that the provider may or may not have taken."""

    model_config = ConfigDict(strict=True, extra="forbid", title="Decision")

    choice: Literal["retry", "abandon"] = Field(
        description="retry sends it again, and pays again if the provider took it; abandon gives it up."
    )


def plain_json(value: Any) -> Any:
    """The value, unchanged: numbers that are numbers, texts that are texts, and not too deep."""
    _check_plain(value, 0)
    return value


def _check_plain(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST} levels")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and Infinity are not JSON numbers")
    if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        raise ValueError(f"{str(value)[:20]}… is not a number of 64 bits")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _check_text(name)
            _check_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, depth + 1)
    elif isinstance(value, str):
        _check_text(value)


def _check_text(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("holds a NUL character, which PostgreSQL cannot keep")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("holds half of a surrogate pair, which is not text") from None
