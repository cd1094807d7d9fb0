"""What is written into a file: pixels and foreign chunks stay, everything can be read again, also by other programs."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from fluxroom.imaging import NotAnImage, read, verify, write
from fluxroom.imaging.containers import jpeg_pieces, jpeg_segment, png_pieces, webp_chunk, webp_pieces

FACTS: dict[str, Any] = {
    "prompt": 'A red fox in "fresh" <snow> & 雪 🦊',
    "model": "flux-2-pro",
    "provider": "bfl",
    "parameters": {"width": 1024, "height": 768, "guidance": 4.5, "raw": False},
    "seed": 3744260447,
    "request_id": "2fa2ae11-7c0e-4f5a-9c77-0a6f1f1c1b01",
    "sandbox": True,
}
AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
LONG = "雪 and <fox> & " * 20_000


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (61, 43), **options: Any) -> bytes:
    image = Image.linear_gradient("L").resize(size).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (9, 9), (level, 0, 0)) for level in (0, 120, 250)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


def provider_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Black Forest Labs"
    exif[0x0131] = "AI generated;txt2img;flux"
    return exif.tobytes()


def provider_text() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "AI generated;txt2img;flux")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>theirs</x:xmpmeta>")
    return text


SAMPLES = {
    "png": picture("PNG"),
    "png-alpha": picture("PNG", "RGBA"),
    "png-palette": picture("PNG", "P"),
    "png-text": picture("PNG", pnginfo=provider_text(), dpi=(72, 72)),
    "png-frames": animation("PNG"),
    "png-tail": picture("PNG") + b"tail",
    "jpeg": picture("JPEG"),
    "jpeg-exif": picture("JPEG", exif=provider_exif()),
    "jpeg-xmp": picture("JPEG", xmp=b"<x:xmpmeta>theirs</x:xmpmeta>"),
    "jpeg-progressive": picture("JPEG", progressive=True, icc_profile=b"profile" * 20_000, comment="theirs"),
    "jpeg-grey": picture("JPEG", "L"),
    "webp": picture("WEBP"),
    "webp-lossless": picture("WEBP", lossless=True),
    "webp-alpha": picture("WEBP", "RGBA", lossless=True),
    "webp-lossy-alpha": picture("WEBP", "RGBA"),
    "webp-exif": picture("WEBP", exif=provider_exif()[6:], xmp=b"<x:xmpmeta>theirs</x:xmpmeta>"),
    "webp-frames": animation("WEBP"),
}
EVERY = pytest.mark.parametrize("name", SAMPLES)


def frames(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    image = Image.open(io.BytesIO(data))
    seen = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        seen.append((image.mode, image.size, image.tobytes()))
    return seen


def pieces(data: bytes) -> list[tuple[bytes, bytes]]:
    walk = {b"\x89P": png_pieces, b"\xff\xd8": jpeg_pieces, b"RI": webp_pieces}[data[:2]]
    return [(piece.name, data[piece.body]) for piece in walk(data)]


@EVERY
def test_pixels_stay_as_they_are(name: str) -> None:
    written = write(SAMPLES[name], FACTS)
    assert frames(written) == frames(SAMPLES[name])
    assert verify(written) == verify(SAMPLES[name])


@EVERY
def test_every_chunk_of_the_provider_stays_in_its_order(name: str) -> None:
    before = [piece for piece in pieces(SAMPLES[name]) if piece[0] != b"VP8X"]
    after = iter(pieces(write(SAMPLES[name], FACTS)))
    assert all(piece in after for piece in before)


@EVERY
def test_what_was_written_can_be_read(name: str) -> None:
    assert read(SAMPLES[name]) == {}
    assert read(write(SAMPLES[name], FACTS)) == FACTS


@EVERY
def test_long_prompts_come_back_whole(name: str) -> None:
    written = write(SAMPLES[name], {**FACTS, "prompt": LONG})
    assert read(written)["prompt"] == LONG
    assert frames(written) == frames(SAMPLES[name])


@EVERY
def test_writing_again_replaces(name: str) -> None:
    once = write(SAMPLES[name], FACTS)
    twice = write(once, {**FACTS, "prompt": "a blue fox"})
    assert read(twice)["prompt"] == "a blue fox"
    assert b"red fox" not in twice
    assert len(pieces(twice)) == len(pieces(once))
    assert write(twice, FACTS) == once


@pytest.mark.parametrize("name", ["png-text", "jpeg-exif", "jpeg-xmp", "webp-exif"])
def test_metadata_of_the_provider_stays_after_writing_twice(name: str) -> None:
    written = write(write(SAMPLES[name], FACTS), FACTS)
    before, after = (Image.open(io.BytesIO(data)) for data in (SAMPLES[name], written))
    if name != "jpeg-xmp":
        assert dict(after.getexif()) == dict(before.getexif())
    assert "exif" in name or after.info["xmp" if "xmp" in after.info else "XML:com.adobe.xmp"]
    assert after.info.get("Software") == before.info.get("Software")


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_pillow_sees_what_was_written(name: str) -> None:
    image = Image.open(io.BytesIO(write(SAMPLES[name], FACTS)))
    image.load()
    if name == "png":
        assert image.info["Software"] == "Fluxroom"
        assert image.info["Description"] == FACTS["prompt"]
        assert json.loads(image.info["fluxroom"]) == FACTS
    else:
        exif = image.getexif()
        assert exif[0x0131] == "Fluxroom"
        assert exif.get_ifd(0x8769)[0x9286].startswith(b"UNICODE\0")
    xmp = image.info.get("xmp", b"") or image.info["XML:com.adobe.xmp"].encode()
    assert AI_MADE.encode() in xmp


@pytest.mark.parametrize("facts", [{}, {"prompt": None}, {"prompt": ""}, {"odd key<": "x", "sandbox": False}])
@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_few_facts_are_enough(name: str, facts: dict[str, Any]) -> None:
    written = write(SAMPLES[name], facts)
    assert read(written) == facts
    verify(written)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_a_program_that_drops_our_carrier_leaves_the_xmp(name: str) -> None:
    written = write(SAMPLES[name], FACTS)
    without = written.replace(b"fluxroom\0", b"fluxr00m\0").replace(b"FLXR", b"ABCD")
    assert read(without) == FACTS


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["png", "jpeg", "webp", "webp-alpha"]),
    prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    extra=st.dictionaries(st.text(max_size=6), st.integers() | st.booleans() | st.none() | st.just("]]>"), max_size=3),
)
def test_any_text_survives(name: str, prompt: str, extra: dict[str, Any]) -> None:
    facts = {key.encode("utf-8", "replace").decode(): value for key, value in extra.items()} | {"prompt": prompt}
    written = write(SAMPLES[name], facts)
    assert read(written) == facts
    verify(written)


def test_half_a_character_does_no_harm() -> None:
    for name in ("png", "jpeg", "webp"):
        assert read(write(SAMPLES[name], {"prompt": "fox \ud83e"})) == {"prompt": "fox ?"}


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(list(SAMPLES)), data=st.data())
def test_damaged_files_are_read_without_complaint(name: str, data: st.DataObject) -> None:
    whole = bytearray(write(SAMPLES[name], FACTS))
    whole = whole[: data.draw(st.integers(0, len(whole)))]
    for _ in range(data.draw(st.integers(0, 3)) if whole else 0):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read(bytes(whole)), dict)
    with suppress(NotAnImage):
        assert len(write(bytes(whole), FACTS)) > len(FACTS)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"GIF89a", SAMPLES["png"][:40], SAMPLES["jpeg"][:30], SAMPLES["webp"][:30]]
)
def test_only_whole_files_are_written(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        write(data, FACTS)
    assert read(data) == {}


def test_parts_that_do_not_belong_together_are_not_read() -> None:
    carrier = b"fluxroom\0" + (0).to_bytes(2, "big") + (2).to_bytes(2, "big") + b'{"prompt":'
    data = SAMPLES["jpeg"]
    assert read(data[:2] + jpeg_segment(b"\xea", carrier) + data[2:]) == {}
    body = SAMPLES["webp"][8:] + webp_chunk(b"FLXR", b"[" * 100_000)
    assert read(b"RIFF" + len(body).to_bytes(4, "little") + body) == {}


# Another program's eyes -----------------------------------------------------------------------------------------------


def exiftool(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-charset", "utf8", str(path)],
        capture_output=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found[0]


@pytest.mark.parametrize(
    "name", ["png", "png-frames", "jpeg", "jpeg-progressive", "webp", "webp-lossless", "webp-alpha"]
)
def test_exiftool_reads_it_and_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(write(SAMPLES[name], FACTS))
    seen = exiftool(path)
    assert seen["XMP-dc:Description"] == FACTS["prompt"]
    assert seen["XMP-iptcExt:DigitalSourceType"] == AI_MADE
    assert seen["XMP-xmp:CreatorTool"] == "Fluxroom"
    assert seen["XMP-fluxroom:Model"] == "flux-2-pro"
    assert seen["XMP-fluxroom:Seed"] == FACTS["seed"]
    assert json.loads(seen["XMP-fluxroom:Parameters"]) == FACTS["parameters"]
    if name.startswith("png"):
        assert (seen["PNG:Software"], seen["PNG:Description"]) == ("Fluxroom", FACTS["prompt"])
    else:
        assert (seen["IFD0:Software"], seen["IFD0:ImageDescription"]) == ("Fluxroom", FACTS["prompt"])
        assert json.loads(seen["ExifIFD:UserComment"]) == FACTS
    path.write_bytes(SAMPLES[name])  # the sample with an invented colour profile has a warning of its own
    trouble = {"ExifTool:Error", "ExifTool:Warning"}
    assert trouble & set(seen) == trouble & set(exiftool(path))


@pytest.mark.parametrize("name", ["png-text", "jpeg-exif", "jpeg-xmp", "webp-exif"])
def test_exiftool_still_reads_the_provider(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name])
    before = exiftool(path)
    path.write_bytes(write(SAMPLES[name], FACTS))
    after = exiftool(path)
    theirs = {key: value for key, value in before.items() if key.startswith(("IFD0", "PNG", "XMP", "JFIF"))}
    assert {key: after.get(key) for key in theirs} == theirs
    assert theirs


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_exiftool_reads_the_beginning_of_a_long_prompt(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(write(SAMPLES[name], {**FACTS, "prompt": LONG}))
    shown = exiftool(path)["XMP-dc:Description"]
    assert shown.endswith("…")
    assert LONG.startswith(shown[:-1].rstrip())
