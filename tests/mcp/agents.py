"""What the tests of the tools hold in their hands: an agent's answer."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image

FAST = "flux-2-klein-4b"


def text(result: Any) -> str:
    """The words of an answer."""
    return str(next(block.text for block in result.content if block.type == "text"))


def facts(result: Any) -> Any:
    """The JSON of an answer that is no error."""
    assert not result.is_error, text(result)
    return json.loads(text(result))


def pictures(result: Any) -> list[Image.Image]:
    """The pictures that an answer shows."""
    return [Image.open(io.BytesIO(base64.b64decode(block.data))) for block in result.content if block.type == "image"]


def links(result: Any) -> list[Any]:
    """The links of an answer."""
    return [block for block in result.content if block.type == "resource_link"]
