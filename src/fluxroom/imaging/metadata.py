"""Prompt, model, seed and the like inside a file, put there without re-encoding.

Every pixel and every other chunk stays as the provider sent it. The facts go into a carrier of our own, which holds
them whole (PNG: iTXt `fluxroom`; JPEG: APP10 segments; WebP: chunk `FLXR`), and into the places where other programs
look: EXIF and XMP, unless the provider has filled them, shortened where they are too long for that.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping

from fluxroom.imaging.containers import (
    NotAnImage,
    Piece,
    jpeg_pieces,
    jpeg_segment,
    mime_of,
    png_chunk,
    png_pieces,
    webp_canvas,
    webp_chunk,
    webp_pieces,
)
from fluxroom.types import JSON

SOFTWARE = "Fluxroom"
NAMESPACE = "urn:fluxroom:facts:1:"
AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for a picture made by a model."""

KEYWORD = b"fluxroom"
CARRIER = b"fluxroom\0"  # begins our APP10 segments: then number, count, and a part of the JSON
EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
XMP_KEYWORD = b"XML:com.adobe.xmp"
LONGEST = 60_000  # bytes; a JPEG segment takes 65,533
SHORTER = (8000, 2000, 400)  # characters of each fact, tried in this order

_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold

Facts = Mapping[str, JSON]


def write(data: bytes, facts: Facts) -> bytes:
    """The same picture with these facts in it; facts that it carried from us before are replaced."""
    writer = {"image/png": _to_png, "image/jpeg": _to_jpeg, "image/webp": _to_webp}.get(mime_of(data))
    if writer is None:
        raise NotAnImage("only PNG, JPEG and WebP files carry metadata")
    return writer(data, facts)


def read(data: bytes) -> dict[str, JSON]:
    """The facts that `write` put into a file; empty for a foreign, damaged or empty one."""
    try:
        return _loaded(_carried(data)) or _loaded(_from_xmp(data))
    except NotAnImage:
        return {}


# What is written ------------------------------------------------------------------------------------------------------


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _json(facts: Facts) -> bytes:
    return json.dumps(dict(facts), ensure_ascii=False, default=str).encode("utf-8", "replace")


def _fitting(build: Callable[[Facts], bytes], facts: Facts) -> bytes:
    """What `build` makes of the facts, shortened until it fits; empty when it never does."""
    for limit in SHORTER:
        short = {
            name: value if len(_text(value)) <= limit else f"{_text(value)[:limit]}…" for name, value in facts.items()
        }
        if len(built := build(short)) <= LONGEST:
            return built
    return b""


def _xmp(facts: Facts) -> bytes:
    def element(name: str, text: str) -> str:
        return f"<{name}>{html.escape(_UNFIT.sub('', text), quote=False)}</{name}>"

    own = [element(f"fluxroom:{name}", _text(value)) for name, value in facts.items() if re.fullmatch(r"[a-z_]+", name)]
    prompt = html.escape(_UNFIT.sub("", _text(facts.get("prompt") or "")), quote=False)
    lines = [
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"',
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
        f' xmlns:fluxroom="{NAMESPACE}">',
        element("xmp:CreatorTool", SOFTWARE),
        element("Iptc4xmpExt:DigitalSourceType", AI_MADE),
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{prompt}</rdf:li></rdf:Alt></dc:description>',
        *own,
        element("fluxroom:facts", _json(facts).decode()),
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>',
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def _exif(facts: Facts) -> bytes:
    """A TIFF block with ImageDescription, Software and UserComment (EXIF 3.0, big-endian)."""
    prompt = _text(facts.get("prompt") or "").encode("utf-8", "replace").replace(b"\0", b"") + b"\0"
    software = SOFTWARE.encode() + b"\0"
    comment = b"UNICODE\0" + _json(facts).decode().encode("utf-16-be", "replace")

    def entry(tag: int, kind: int, value: bytes | int, at: int) -> bytes:
        count, place = (1, value) if isinstance(value, int) else (len(value), at)
        inline = isinstance(value, bytes) and len(value) <= 4
        field = value.ljust(4, b"\0") if isinstance(value, bytes) and inline else place.to_bytes(4, "big")
        return tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big") + field

    second = 8 + 2 + 3 * 12 + 4  # the first directory starts at 8
    values = second + 2 + 2 * 12 + 4
    at_software = values + len(prompt) + len(prompt) % 2  # values start at even offsets
    at_comment = at_software + len(software) + 1
    return (
        b"MM\0*\0\0\0\x08\0\x03"
        + entry(0x010E, 2, prompt, values)
        + entry(0x0131, 2, software, at_software)
        + entry(0x8769, 4, second, 0)
        + bytes(4)
        + b"\0\x02"
        + entry(0x9000, 7, b"0300", 0)  # the version of EXIF
        + entry(0x9286, 7, comment, at_comment)
        + bytes(4)
        + prompt.ljust(at_software - values, b"\0")
        + software.ljust(at_comment - at_software, b"\0")
        + comment
    )


def _ours(body: bytes) -> bool:
    """Whether an EXIF or XMP block is one that we wrote."""
    return NAMESPACE.encode() in body or f"\0{SOFTWARE}\0\0UNICODE\0".encode() in body


# Where it is written --------------------------------------------------------------------------------------------------


def _to_png(data: bytes, facts: Facts) -> bytes:
    pieces = list(png_pieces(data))
    before = _loaded(_carried(data))
    old = {_png_text(name, text) for name, text in _texts(before).items()} if before else set()
    kept = [piece for piece in pieces if data[piece.start : piece.end] not in old and not _our_png(data, piece)]
    taken = {_keyword(data, piece) for piece in kept if piece.name in {b"tEXt", b"zTXt", b"iTXt"}}
    texts = _texts(facts) | {KEYWORD: _json(facts), XMP_KEYWORD: _fitting(_xmp, facts)}
    new = [_png_text(name, text) for name, text in texts.items() if text and name not in taken]
    start = next((index for index, piece in enumerate(kept) if piece.name in {b"IDAT", b"fcTL"}), len(kept) - 1)
    after = data[pieces[-1].end :]
    return data[:8] + _joined(data, kept[:start]) + b"".join(new) + _joined(data, kept[start:]) + after


def _texts(facts: Facts) -> dict[bytes, bytes]:
    """The keywords of the PNG specification that have a meaning for us."""
    prompt = _text(facts.get("prompt") or "").encode("utf-8", "replace").replace(b"\0", b"")
    return {b"Software": SOFTWARE.encode(), b"Description": prompt}


def _png_text(name: bytes, text: bytes) -> bytes:
    return png_chunk(b"iTXt", name + b"\0\0\0\0\0" + text)


def _our_png(data: bytes, piece: Piece) -> bool:
    if piece.name != b"iTXt":
        return False
    name = _keyword(data, piece)
    return name == KEYWORD or (name == XMP_KEYWORD and _ours(data[piece.body]))


def _keyword(data: bytes, piece: Piece) -> bytes:
    return data[piece.body][:80].split(b"\0", 1)[0]


def _to_jpeg(data: bytes, facts: Facts) -> bytes:
    kept = [piece for piece in jpeg_pieces(data) if not _our_jpeg(data[piece.body], piece)]
    heads = [data[piece.body][:40] for piece in kept if piece.name == b"\xe1"]
    new = b""
    if not any(head.startswith(EXIF_HEAD) for head in heads) and (exif := _fitting(_exif, facts)):
        new += jpeg_segment(b"\xe1", EXIF_HEAD + exif)
    if not any(head.startswith(XMP_HEAD) for head in heads) and (xmp := _fitting(_xmp, facts)):
        new += jpeg_segment(b"\xe1", XMP_HEAD + xmp)
    whole = _json(facts)
    parts = [whole[at : at + LONGEST] for at in range(0, len(whole), LONGEST)]
    for number, part in enumerate(parts):
        new += jpeg_segment(b"\xea", CARRIER + number.to_bytes(2, "big") + len(parts).to_bytes(2, "big") + part)
    # A JFIF head must come first in the file.
    start = next((index for index, piece in enumerate(kept) if piece.name != b"\xe0"), len(kept))
    return data[:2] + _joined(data, kept[:start]) + new + _joined(data, kept[start:])


def _our_jpeg(body: bytes, piece: Piece) -> bool:
    if piece.name == b"\xe1":
        return body.startswith((EXIF_HEAD, XMP_HEAD)) and _ours(body)
    return piece.name == b"\xea" and body.startswith(CARRIER)


def _to_webp(data: bytes, facts: Facts) -> bytes:
    width, height, see_through = webp_canvas(data)
    pieces = [piece for piece in webp_pieces(data) if piece.name != b"FLXR"]
    kept = [piece for piece in pieces if not (piece.name in {b"EXIF", b"XMP "} and _ours(data[piece.body]))]
    names = {piece.name for piece in kept}
    exif = b"" if b"EXIF" in names else _fitting(_exif, facts)
    xmp = b"" if b"XMP " in names else _fitting(_xmp, facts)
    if kept[0].name == b"VP8X":
        head = bytearray(data[kept.pop(0).body])
    else:
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        head = bytearray(bytes([0x10 if see_through else 0, 0, 0, 0]) + size)
    head[0] |= (0x08 if exif or b"EXIF" in names else 0) | (0x04 if xmp or b"XMP " in names else 0)
    new = [webp_chunk(name, body) for name, body in ((b"EXIF", exif), (b"XMP ", xmp), (b"FLXR", _json(facts))) if body]
    old = [webp_chunk(piece.name, data[piece.body]) for piece in kept]
    body = b"WEBP" + webp_chunk(b"VP8X", bytes(head)) + b"".join(old + new)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _joined(data: bytes, pieces: Iterable[Piece]) -> bytes:
    return b"".join(data[piece.start : piece.end] for piece in pieces)


# What is read ---------------------------------------------------------------------------------------------------------


def _carried(data: bytes) -> bytes:
    mime = mime_of(data)
    if mime == "image/png":
        texts = [data[piece.body] for piece in png_pieces(data) if piece.name == b"iTXt"]
        return next((text[13:] for text in texts if text.startswith(KEYWORD + b"\0\0\0\0\0")), b"")
    if mime == "image/jpeg":
        bodies = [data[piece.body] for piece in jpeg_pieces(data) if piece.name == b"\xea"]
        parts = sorted(body[len(CARRIER) :] for body in bodies if body.startswith(CARRIER))
        whole = bool(parts) and all(len(parts) == int.from_bytes(part[2:4], "big") for part in parts)
        return b"".join(part[4:] for part in parts) if whole else b""
    found = [data[piece.body] for piece in webp_pieces(data) if piece.name == b"FLXR"] if mime else []
    return found[0] if found else b""


def _from_xmp(data: bytes) -> bytes:
    """The shortened facts, from a file that lost our carrier in another program."""
    found = re.search(rb"<fluxroom:facts>([^<]{0,60000})</fluxroom:facts>", data)
    return html.unescape(found[1].decode("utf-8", "replace")).encode() if found else b""


def _loaded(body: bytes) -> dict[str, JSON]:
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
