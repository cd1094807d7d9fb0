"""A request that was written down can be read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fluxroom.engine.orders import as_asked, request_of
from fluxroom.types import Reference, Request

STORED = Reference(sha256="ab" * 32, mime="image/png", width=640, height=480, size_bytes=99, name="photo.png")
LINKED = Reference(url="https://example.com/a.jpg", name="a.jpg")


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "a fox"},
        {"prompt": {"subject": "fox", "colors": ["#ff0000"]}},
        {"prompt": None, "references": (STORED, LINKED), "mode": "edit"},
        {"params": {"seed": 7, "mask": STORED, "image_size": "landscape_4_3"}},
        {"params": {"ip_adapters": [{"path": "x", "image_url": LINKED, "scale": 0.5}]}},
        {"params": {"loras": [{"path": "https://example.com/a.safetensors", "scale": 0.8}]}},
        {"extra": {"bfl": {"new_field": {"url": "https://example.com"}}}, "on_unsupported": "report"},
        {"region": "eu", "max_references": 3},
    ],
)
def test_it_is_the_same_request_again(fields: dict[str, Any]) -> None:
    request = Request(model="flux-2-pro", **fields)
    written = json.loads(json.dumps(as_asked(request)))
    assert request_of(written) == request


def test_a_size_comes_back_as_its_sides() -> None:
    written = as_asked(Request(model="flux-2-pro", params={"image_size": {"width": 8, "height": 9}}))
    assert request_of(written).params == {"image_size": {"width": 8, "height": 9}}


def test_an_address_among_other_things_is_no_picture() -> None:
    value = {"url": "https://example.com/x", "weight": 1}
    assert request_of(as_asked(Request(model="flux-2-pro", params={"thing": value}))).params == {"thing": value}
