"""The pieces that PNG, JPEG and WebP files are made of, without touching a pixel."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_HEAD = b"\x89PNG\r\n\x1a\n"
MIMES = ("image/png", "image/jpeg", "image/webp")


class NotAnImage(ValueError):
    """The bytes are not a whole PNG, JPEG or WebP picture."""


class TooManyPixels(NotAnImage):
    """The picture declares more pixels than anybody may decode."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk or segment: its name, where it starts and ends in the file, and where its content is."""

    name: bytes
    start: int
    end: int
    body: slice


def mime_of(data: bytes) -> str:
    """The format by its first bytes; empty when it is none of the three."""
    if data.startswith(PNG_HEAD):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def png_pieces(data: bytes, *, checked: bool = False) -> Iterator[Piece]:
    """All chunks up to IEND; with `checked`, their checksums hold."""
    at = len(PNG_HEAD)
    name = b""
    while name != b"IEND":
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(name) < 4 or end > len(data):
            raise NotAnImage("the PNG file is cut off")
        if checked and zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise NotAnImage("the PNG file is damaged: a checksum is wrong")
        yield Piece(name, at, end, slice(at + 8, end - 4))
        at = end


def png_chunk(name: bytes, body: bytes) -> bytes:
    """One chunk with length and checksum."""
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def jpeg_pieces(data: bytes) -> Iterator[Piece]:
    """The segments before the picture data, then the start of scan with all that follows."""
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        name, length = data[at + 1 : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if data[at : at + 1] != b"\xff" or length < 2 or end > len(data):
            raise NotAnImage("the JPEG file is cut off or damaged")
        if name == b"\xda":
            yield Piece(name, at, len(data), slice(at + 4, len(data)))
            return
        yield Piece(name, at, end, slice(at + 4, end))
        at = end


def jpeg_segment(name: bytes, body: bytes) -> bytes:
    """One segment; its content has at most 65,533 bytes."""
    return b"\xff" + name + (len(body) + 2).to_bytes(2, "big") + body


def webp_pieces(data: bytes) -> Iterator[Piece]:
    """All chunks of the RIFF container."""
    total = int.from_bytes(data[4:8], "little") + 8
    if total > len(data):
        raise NotAnImage("the WebP file is cut off")
    at = 12
    while at < total:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if at + 8 + length > total:
            raise NotAnImage("the WebP file is damaged: a chunk is longer than the file")
        yield Piece(data[at : at + 4], at, min(end, total), slice(at + 8, at + 8 + length))
        at = end


def webp_chunk(name: bytes, body: bytes) -> bytes:
    """One chunk, padded to an even length."""
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def webp_canvas(data: bytes) -> tuple[int, int, bool]:
    """Width, height and whether there is transparency, from the first chunk."""
    piece = next(webp_pieces(data), None)
    head = data[piece.body][:10] if piece else b""
    if piece is None or len(head) < (5 if piece.name == b"VP8L" else 10):
        raise NotAnImage("the WebP file has no picture")
    if piece.name == b"VP8X":
        width, height = int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
        return width, height, bool(head[0] & 0x10)
    if piece.name == b"VP8L" and head[0] == 0x2F:
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if piece.name == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF, False
    raise NotAnImage("the WebP file has no picture that can be read")
