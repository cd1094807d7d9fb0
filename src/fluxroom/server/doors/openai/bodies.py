"""What a client sends, as JSON or as a form, and the fingerprint by which a request that is sent again is known."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from fluxroom.errors import InvalidParams

_MOST_FILES = 32
_MOST_FIELDS = 200
_MOST_TEXT = 8 * 1024 * 1024
"""Bytes of a form's field that is no file: a picture may come as a data URI."""

_TEXTS = frozenset({"prompt", "negative_prompt", "model", "size", "image_size", "aspect_ratio", "user"})
"""Fields of a form that stay texts, even where they look like a number."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's fields and the pictures that came as files, in order."""

    fields: Mapping[str, Any]
    fingerprint: str
    pictures: tuple[bytes | str, ...] = ()
    mask: bytes | str | None = None


async def read_json(request: Request) -> Sent:
    """The object that a request carries as JSON.

    Raises:
        InvalidParams: it carries none.
    """
    raw = await request.body()
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidParams(f"The body is not valid JSON: {error}.", advice="Send a JSON object in UTF-8.") from None
    if not isinstance(found, dict):
        raise InvalidParams("The body is not a JSON object.", advice="Send an object with model and prompt.")
    digest = await asyncio.to_thread(hashlib.sha256, raw)
    return Sent(found, _fingerprint(request, digest.hexdigest()))


async def read_form(request: Request) -> Sent:
    """The fields and files of a form; a request in JSON is read too.

    Raises:
        InvalidParams: it is neither.
    """
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind == "application/json":
        return _with_pictures(await read_json(request))
    if kind not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        raise InvalidParams("The body is no form.", advice="Send multipart/form-data with image and prompt.")
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_TEXT) as form:
        read = await _Form.of(form)
    return Sent(read.fields, _fingerprint(request, *read.digests), tuple(read.pictures), read.mask)


@dataclass(slots=True)
class _Form:
    fields: dict[str, Any] = field(default_factory=dict)
    pictures: list[bytes | str] = field(default_factory=list)
    mask: bytes | str | None = None
    digests: list[str] = field(default_factory=list)

    @classmethod
    async def of(cls, form: FormData) -> _Form:
        read = cls()
        for name, value in form.multi_items():
            data = await value.read() if isinstance(value, UploadFile) else value
            raw = data.encode() if isinstance(data, str) else data
            read.digests += [name, (await asyncio.to_thread(hashlib.sha256, raw)).hexdigest()]
            read.put(name, data)
        return read

    def put(self, name: str, data: bytes | str) -> None:
        if name in {"image", "image[]"} or (name.startswith("image[") and name[6:-1].isdigit()):
            self.pictures.append(data)
        elif name == "mask":
            self.mask = data
        elif isinstance(data, bytes):
            raise InvalidParams(f"{name[:60]} is a file; only image and mask can be.", field=name[:60])
        elif name in self.fields:
            raise InvalidParams(f"{name[:60]} was given twice.", field=name[:60])
        else:
            self.fields[name] = data if name in _TEXTS else _value(data)


def _value(text: str) -> Any:
    """A field of a form as JSON would have it: `7`, `true`, `[…]`; anything else is the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _with_pictures(sent: Sent) -> Sent:
    """`images: [{"image_url": …}]` and `mask: {"image_url": …}` of a body in JSON."""
    fields = dict(sent.fields)
    listed = fields.pop("images", None) or fields.pop("image", None) or []
    pictures = [_named(one, "images") for one in (listed if isinstance(listed, list) else [listed])]
    mask = fields.pop("mask", None)
    return Sent(fields, sent.fingerprint, tuple(pictures), None if mask is None else _named(mask, "mask"))


def _named(given: Any, name: str) -> str:
    inner = given.get("image_url") if isinstance(given, Mapping) else given
    address = inner.get("url") if isinstance(inner, Mapping) else inner
    if not isinstance(address, str):
        raise InvalidParams(
            f'{name}: a picture is named as {{"image_url": "https://…"}} or as a data URI; there are no file ids.',
            field=name,
        )
    return address


def _fingerprint(request: Request, *parts: str) -> str:
    return hashlib.sha256("\0".join((request.url.path, *parts)).encode()).hexdigest()
