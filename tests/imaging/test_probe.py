"""Looking at pictures: what they are, whether they are whole, and what is not one."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fluxroom.errors import InvalidReference
from fluxroom.imaging import NotAnImage, check_reference, is_black, probe, thumbnail, verify
from fluxroom.imaging.containers import png_chunk

FORMATS = ["PNG", "JPEG", "WEBP"]


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """A picture with something to see in it."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(colour: Any, kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (40, 40)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head promises a giant."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return (
        picture()[:8]
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", zlib.compress(bytes(99)))
        + png_chunk(b"IEND", b"")
    )


def webp_giant() -> bytes:
    side = (16_000).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + side + side
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_is_known_by_its_bytes(kind: str) -> None:
    seen = probe(picture(kind))
    assert (seen.mime, seen.width, seen.height, seen.frames) == (f"image/{kind.lower()}", 64, 48, 1)
    assert verify(picture(kind)) == seen


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_frames_are_counted(kind: str) -> None:
    frames = [Image.new("RGB", (9, 9), (level, 0, 0)) for level in (0, 120, 250)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50)
    assert verify(out.getvalue()).frames == 3


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}]
)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.97])
def test_a_truncated_file_is_never_whole(kind: str, options: dict[str, Any], share: float) -> None:
    data = picture(kind, (200, 150), **options)
    with pytest.raises(NotAnImage):
        verify(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("missing", [1, 2, 3, 12])
def test_the_last_bytes_count(kind: str, missing: int) -> None:
    with pytest.raises(NotAnImage):
        verify(picture(kind)[:-missing])


def test_an_embedded_preview_does_not_stand_for_the_end() -> None:
    preview = picture("JPEG", (16, 16))
    data = picture("JPEG", (300, 300), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0" + preview)
    assert verify(data).width == 300
    with pytest.raises(NotAnImage):
        verify(data[:-2])


def test_a_wrong_checksum_is_damage() -> None:
    data = bytearray(picture())
    data[data.index(b"IEND") + 5] ^= 1
    with pytest.raises(NotAnImage, match="checksum"):
        verify(bytes(data))


def test_bytes_after_the_end_do_no_harm() -> None:
    for kind in FORMATS:
        assert verify(picture(kind) + b"\0" * 20).width == 64


@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"", "empty"),
        (b"<html><body>503</body></html>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "an SVG drawing"),
        (b"<svg/>", "an SVG drawing"),
        (plain(0, "GIF"), "a GIF"),
        (plain(0, "BMP"), "a BMP"),
        (plain(0, "TIFF"), "a TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo"),
        (b"\0\0\0\x18ftypavif", "an AVIF picture"),
        (b"%PDF-1.7", "a PDF"),
        (b'{"detail": "x"}', "a file of another kind"),
        (b"RIFF\0\0\0\0WAVE", "a file of another kind"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(data: bytes, called: str) -> None:
    with pytest.raises(NotAnImage, match=called):
        probe(data)
    with pytest.raises(InvalidReference, match=called) as caught:
        check_reference(data, "cat.png")
    assert str(caught.value).startswith("cat.png")
    assert "\n" not in str(caught.value)


def test_a_heic_photo_gets_advice() -> None:
    with pytest.raises(InvalidReference) as caught:
        check_reference(b"\0\0\0\x18ftypheic")
    assert caught.value.next_step == "Save it as a PNG or JPEG first; a HEIC photo cannot be sent."


@pytest.mark.parametrize("data", [bomb(30_000, 30_000), bomb(12_000, 12_000), bomb(9_000, 9_000), webp_giant()])
def test_a_giant_is_refused_by_its_head(data: bytes) -> None:
    for look in (probe, verify, is_black, thumbnail):
        with pytest.raises(NotAnImage, match="pixels"):
            look(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_good_reference_passes(kind: str) -> None:
    assert check_reference(picture(kind), "cat").mime == f"image/{kind.lower()}"


def test_limits_of_a_reference_are_said() -> None:
    with pytest.raises(InvalidReference, match=r"cat\.png has 20\.0 MB; at most 20 MB"):
        check_reference(bytes(20_000_001), "cat.png")
    with pytest.raises(InvalidReference, match=r"7000x7000 pixels; at most 40 megapixels"):
        check_reference(bomb(7000, 7000))
    with pytest.raises(InvalidReference, match=r"The reference cannot be used: the JPEG file"):
        check_reference(picture("JPEG", (300, 300))[:900])


@pytest.mark.parametrize("kind", FORMATS)
def test_black_is_black(kind: str) -> None:
    assert is_black(plain((0, 0, 0), kind))
    assert not is_black(plain((30, 0, 0), kind))
    assert not is_black(picture(kind))


@pytest.mark.parametrize(("mode", "colour"), [("L", 0), ("1", 0), ("P", 0), ("I;16", 0), ("RGBA", (0, 0, 0, 255))])
def test_black_in_other_modes(mode: str, colour: Any) -> None:
    assert is_black(plain(colour, mode=mode)) is (mode != "RGBA")


def test_a_single_star_is_a_picture() -> None:
    image = Image.new("RGB", (1000, 1000))
    image.putpixel((700, 300), (255, 255, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    assert not is_black(out.getvalue())


def test_nothing_that_can_be_seen_through_is_black() -> None:
    assert not is_black(plain((0, 0, 0, 0), mode="RGBA"))


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(FORMATS), data=st.data())
def test_any_damage_is_found_or_harmless(kind: str, data: st.DataObject) -> None:
    whole = bytearray(picture(kind, (24, 24)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NotAnImage):
        assert verify(bytes(whole)) == probe(bytes(whole))
        assert thumbnail(bytes(whole))


@settings(max_examples=100, deadline=None)
@given(
    head=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x20\0\0\0WEBP"]),
    tail=st.binary(max_size=80),
)
def test_any_bytes_are_judged(head: bytes, tail: bytes) -> None:
    with pytest.raises(NotAnImage):
        verify(head + tail)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_thumbnail_keeps_the_shape(kind: str) -> None:
    small = Image.open(io.BytesIO(thumbnail(picture(kind, (1600, 800)))))
    assert (small.format, small.size) == ("WEBP", (512, 256))
    assert Image.open(io.BytesIO(thumbnail(picture(kind, (60, 30)), 512))).size == (60, 30)


def test_a_thumbnail_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    data = picture("JPEG", (800, 400), exif=exif.tobytes())
    small = Image.open(io.BytesIO(thumbnail(data, 100)))
    assert small.size == (50, 100)
    assert not small.getexif()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16", "CMYK"])
def test_every_mode_has_a_thumbnail(mode: str) -> None:
    image = Image.new(mode, (600, 300))
    out = io.BytesIO()
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")
    small = Image.open(io.BytesIO(thumbnail(out.getvalue(), 64)))
    assert small.size == (64, 32)
    assert small.mode == ("RGBA" if mode in {"LA", "RGBA"} else "RGB")


def test_importing_costs_no_pillow() -> None:
    program = "import sys, fluxroom.imaging; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
