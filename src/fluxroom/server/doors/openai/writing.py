"""Answers with pictures in them, written piece by piece: no base64 is ever made in one go, or on the event loop."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import orjson
from starlette.concurrency import iterate_in_threadpool

from fluxroom.store.blobs import BlobStore

_PIECE = 768 * 1024
"""Bytes of a picture, at least, that become text at a time: half a millisecond. Base64 goes by threes."""


PATIENCE = b": the picture is being made\n\n"
"""A comment in a stream, which keeps the proxies on the way from giving up."""

DONE = b"data: [DONE]\n\n"
"""The end of a streamed chat."""

LONGEST_SILENCE = 10.0
"""Seconds between two signs of life in a stream."""


@dataclass(frozen=True, slots=True)
class Base64:
    """Stands in an answer for the base64 of stored bytes, after a prefix such as `data:image/png;base64,`."""

    sha256: str
    prefix: str = ""


def json_with(blobs: BlobStore, answer: Any) -> Iterator[bytes]:
    """The answer as JSON, with every `Base64` in it replaced by its text. Blocks while it reads.

    >>> from tempfile import mkdtemp
    >>> from pathlib import Path
    >>> from fluxroom.store.blobs import Blobs
    >>> blobs = Blobs(Path(mkdtemp()))
    >>> b"".join(json_with(blobs, {"a": [Base64(blobs.put(b"fox"))], "b": 1}))
    b'{"a":["Zm94"],"b":1}'
    """
    held: list[Base64] = []
    mark = token_hex(16)  # nobody can write it into a text of the answer
    parts = orjson.dumps(_marked(answer, mark, held), default=str).split(f'"{mark}"'.encode())
    waiting = parts[0]
    for one, following in zip(held, parts[1:], strict=True):
        waiting += b'"' + one.prefix.encode()
        for text in _encoded(blobs.stream(one.sha256)):
            yield waiting + text
            waiting = b""
        waiting += b'"' + following
    yield waiting


def event(blobs: BlobStore, data: Any, name: str = "") -> Iterator[bytes]:
    """The same as a server-sent event."""
    yield f"event: {name}\ndata: ".encode() if name else b"data: "
    yield from json_with(blobs, data)
    yield b"\n\n"


async def pieces(written: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, each made in a thread."""
    async for piece in iterate_in_threadpool(written):
        yield piece


def _marked(value: Any, mark: str, held: list[Base64]) -> Any:
    if isinstance(value, dict):
        return {name: _marked(inner, mark, held) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, mark, held) for inner in value]
    if isinstance(value, Base64):
        held.append(value)
        return mark
    return value


def _encoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            data = b"".join(held)
            whole = size - size % 3
            yield base64.b64encode(memoryview(data)[:whole])
            held, size = [data[whole:]], size - whole
    if size:
        yield base64.b64encode(b"".join(held))


def small(data: Any, name: str = "") -> bytes:
    """An event without pictures."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + orjson.dumps(data, default=str) + b"\n\n"
