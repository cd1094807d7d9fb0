"""Bodies of requests for pictures: JSON, or a form whose files are the pictures.

In a form, every file or text called `references` is a reference, in the order in which they come; a file under any
other name is the picture of that parameter (`mask`, `control_lora_image_url`, …). Everything else is in the field
`request`, as JSON, or in fields of their own, in which `7`, `true`, `null`, lists and objects are read as JSON.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from fluxroom.server.access import security
from fluxroom.server.schemas import GenerationBody

_JSON = "application/json"
_FORM = "multipart/form-data"

_MOST_FILES = 20
_MOST_FIELDS = 100
_MOST_TEXT = 1024 * 1024
"""Bytes of a text field."""

_WORDS = frozenset({
    "prompt", "model", "mode", "references", "on_unsupported", "region", "routing", "cache", "run", "negative_prompt",
    "user", "finetune_id",
})  # fmt: skip
"""Fields that are texts, whatever they look like."""

_FILE: Mapping[str, Any] = {"type": "string", "format": "binary"}
_FORM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "Fields of GenerationRequest, or all of them as JSON in `request`; pictures as files.",
    "properties": {
        "request": {"type": "string", "contentMediaType": _JSON, "description": "The whole request as JSON."},
        "prompt": {"type": "string"},
        "model": {"type": "string"},
        "references": {"type": "array", "items": _FILE, "description": "Pictures in order."},
        "mask": _FILE,
    },
}


def openapi(*, required: bool = True) -> dict[str, Any]:
    """What the OpenAPI says of such a body."""
    shown: list[Any] = GenerationBody.model_json_schema()["examples"]
    return {
        "requestBody": {
            "required": required,
            "content": {
                _JSON: {
                    "schema": {"$ref": "#/components/schemas/GenerationRequest"},
                    "examples": {f"example {number}": {"value": one} for number, one in enumerate(shown, 1)},
                },
                _FORM: {"schema": _FORM_SCHEMA},
            },
        }
    }


async def _read(request: Request) -> GenerationBody:
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind == _FORM:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_TEXT) as form:
            _check_values(form)
            return _checked(await _of_form(form))
    if kind != _JSON and not kind.endswith("+json"):
        raise HTTPException(415, f"A request is sent as {_JSON} or as {_FORM}.")
    return _checked(_of_json(await request.body(), "body"))


Body = Annotated[GenerationBody, Depends(_read)]
"""A request for pictures, as a parameter of a route."""


def _of_json(data: bytes | str, where: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": (where,), "msg": str(error), "input": None}
        raise RequestValidationError([found]) from None


def _check_values(form: FormData) -> None:
    """The doorkeeper counts the values of a JSON body; of a form's it sees only bytes."""
    if sum(value.count(",") for _, value in form.multi_items() if isinstance(value, str)) > security.MOST_VALUES:
        raise HTTPException(413, f"The form has more than {security.MOST_VALUES} values.")


def _checked(values: Any) -> GenerationBody:
    try:
        return GenerationBody.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None


async def _of_form(form: FormData) -> dict[str, Any]:
    values: dict[str, Any] = {}
    references: list[str] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            picture = await asyncio.to_thread(_as_uri, await value.read())
            if name.removesuffix("[]") == "references":
                references.append(picture)
            else:
                values[name] = picture
        elif name == "request":
            values = _merged(values, _of_json(value, "request"))
        elif name.removesuffix("[]") == "references":
            references.append(value)
        else:
            values[name] = _value(name, value)
    if references:
        values["references"] = [*values.get("references", []), *references]
    return values


def _as_uri(data: bytes) -> str:
    """A file as pictures stand in JSON; what kind it is, its bytes say."""
    return f"data:application/octet-stream;base64,{base64.b64encode(data).decode()}"


def _merged(values: dict[str, Any], whole: Any) -> dict[str, Any]:
    if not isinstance(whole, dict):
        found = {"type": "dict_type", "loc": ("body", "request"), "msg": "must be a JSON object", "input": None}
        raise RequestValidationError([found])
    return {**whole, **values}


def _value(name: str, text: str) -> Any:
    """A field of a form as the JSON that it looks like; a text where it looks like none.

    >>> _value("seed", "7"), _value("prompt", "7"), _value("aspect_ratio", "16:9"), _value("raw", "true")
    (7, '7', '16:9', True)
    """
    if name in _WORDS:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
