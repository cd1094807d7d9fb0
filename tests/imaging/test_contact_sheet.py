"""The picture of a comparison: everything in its place, whatever the words and pictures are like."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from fluxroom.imaging import NotAnImage, contact_sheet
from fluxroom.imaging.contact_sheet import Cell
from fluxroom.imaging.lettering import legible

CELL, GAP, HEAD, SIDE, LINE = 384, 12, 56, 190, 22
RED, GREEN, GREY = (220, 20, 20), (20, 200, 20), (236, 236, 236)
FRAME = (47, 94, 224)
PAPER = (250, 250, 250)

Colour = tuple[int, int, int]


def plain(colour: Colour, size: tuple[int, int] = (400, 400)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def drawn(
    cells: list[Cell], columns: tuple[str, ...] = ("",), rows: tuple[str, ...] = ("",), title: str = "t"
) -> Image.Image:
    return Image.open(io.BytesIO(contact_sheet.contact_sheet(title, columns, rows, cells))).convert("RGB")


def corner(number: int, columns: int, *, side: int = SIDE) -> tuple[int, int]:
    """Where a cell begins."""
    return side + (CELL + GAP) * (number % columns), HEAD + LINE + (CELL + GAP + LINE) * (number // columns)


def near(pixel: object, colour: Colour) -> bool:
    """The previews are lossy."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= 12 for one, other in zip(pixel, colour, strict=True))


def middle(sheet: Image.Image, at: tuple[int, int]) -> object:
    return sheet.getpixel((at[0] + CELL // 2, at[1] + CELL // 2))


def test_cells_stand_row_by_row_under_their_columns() -> None:
    colours = [RED, GREEN, (20, 20, 220), (200, 200, 20), (20, 200, 200), (200, 20, 200)]
    sheet = drawn([Cell(plain(one), "x") for one in colours], ("a", "b", "c"), ("one", "two"))
    assert sheet.size == (SIDE + 3 * (CELL + GAP), HEAD + LINE + 2 * (CELL + GAP + LINE))
    for number, colour in enumerate(colours):
        assert near(middle(sheet, corner(number, 3)), colour), number


def test_without_names_of_rows_there_is_no_room_for_them() -> None:
    sheet = drawn([Cell(plain(RED), ""), Cell(plain(GREEN), "")], ("a", "b"), ("",))
    assert sheet.width == GAP + 2 * (CELL + GAP)
    assert near(middle(sheet, corner(1, 2, side=GAP)), GREEN)


@pytest.mark.parametrize("size", [(400, 100), (100, 400), (64, 64), (1, 300), (4000, 3000)])
def test_a_picture_of_any_shape_lies_in_the_middle_and_within_its_cell(size: tuple[int, int]) -> None:
    sheet = drawn([Cell(plain(RED, size), "")])
    left, top = corner(0, 1, side=GAP)
    coloured = [
        (x, y)
        for x in range(0, sheet.width, 3)
        for y in range(HEAD + LINE, sheet.height, 3)
        if near(sheet.getpixel((x, y)), RED)
    ]
    assert all(left <= x < left + CELL and top <= y < top + CELL for x, y in coloured)
    if min(size) > 3:
        assert near(middle(sheet, (left, top)), RED)
    widest = min(CELL, size[0], size[0] * CELL // max(size))
    assert abs(len({x for x, _ in coloured}) * 3 - widest) <= 6


def test_a_cell_without_a_picture_stays_empty() -> None:
    sheet = drawn([Cell(None, "failed"), Cell(plain(GREEN), "")], ("a", "b"))
    assert middle(sheet, corner(0, 2, side=GAP)) == GREY
    assert near(middle(sheet, corner(1, 2, side=GAP)), GREEN)


def test_only_the_best_has_a_frame() -> None:
    sheet = drawn([Cell(plain(RED), ""), Cell(plain(RED), "", best=True)], ("a", "b"))
    for number, framed in ((0, False), (1, True)):
        left, top = corner(number, 2, side=GAP)
        edge = sheet.getpixel((left - 2, top + CELL // 2))
        assert (edge == FRAME) is framed


def test_words_stand_beside_their_cells() -> None:
    """Where something is written, the paper is no longer empty; where nothing is, it is."""
    blank = drawn([Cell(None, "")], ("",), ("",), "")
    for place, sheet in {
        "title": drawn([Cell(None, "")], title="Foxes"),
        "column": drawn([Cell(None, "")], ("seed 7",)),
        "below": drawn([Cell(None, "2.1 s · $0.03")]),
    }.items():
        assert sheet.size == blank.size
        assert sheet.tobytes() != blank.tobytes(), place
    assert drawn([Cell(None, "")], rows=("flux-2-pro",)).getpixel((GAP + 1, 5)) == PAPER


def test_pictures_that_can_be_seen_through_or_are_grey_are_drawn() -> None:
    for mode, colour in (("RGBA", (10, 200, 10, 255)), ("L", 180), ("P", 3), ("I;16", 40_000)):
        out = io.BytesIO()
        Image.new(mode, (60, 60), colour).save(out, "PNG")
        assert drawn([Cell(out.getvalue(), "")]).width == GAP + CELL + GAP


def test_what_is_no_picture_is_said_as_such() -> None:
    with pytest.raises(NotAnImage):
        drawn([Cell(b"<html>", "")])


# words that are too long ---------------------------------------------------------------------------------------------


@pytest.fixture
def pen() -> ImageDraw.ImageDraw:
    return ImageDraw.Draw(Image.new("RGB", (10, 10)))


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(14)


@given(st.text(max_size=200), st.integers(20, 900))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_fits_and_is_the_longest_beginning_that_does(words: str, width: int) -> None:
    pen = ImageDraw.Draw(Image.new("RGB", (10, 10)))
    cut = contact_sheet._cut(pen, words, font(), width)
    whole = legible(" ".join(words.split()), font())
    if cut == whole:
        assert pen.textlength(whole, font=font()) <= width
        return
    assert cut.endswith("…")
    assert whole.startswith(cut[:-1])
    assert pen.textlength(cut, font=font()) <= width or cut == "…"
    longer = f"{whole[: len(cut)]}…"
    assert pen.textlength(longer, font=font()) >= pen.textlength(cut, font=font()) or not whole[len(cut) - 1].isascii()


@pytest.mark.parametrize("letters", [1_000, 10_000, 200_000])
def test_a_prompt_of_any_length_is_measured_a_few_times_only(
    pen: ImageDraw.ImageDraw, monkeypatch: pytest.MonkeyPatch, letters: int
) -> None:
    """Cut letter by letter, a prompt of 8,000 letters cost a minute and a half of computing."""
    measured: list[int] = []
    real = ImageDraw.ImageDraw.textlength

    def counting(self: ImageDraw.ImageDraw, text: str, *arguments: object, **more: object) -> float:
        measured.append(len(text))
        return real(self, text, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "textlength", counting)
    cut = contact_sheet._cut(pen, "a red fox in the snow " * (letters // 20), font(), 500)
    assert cut.startswith("a red fox")
    assert cut.endswith("…")
    assert len(measured) <= 20
    assert max(measured) <= 1_001


def test_a_long_title_is_cut_at_the_edge_of_the_sheet() -> None:
    long = drawn([Cell(None, "")], title="fox " * 5_000)
    assert long.size == drawn([Cell(None, "")], title="fox").size
    assert all(long.getpixel((long.width - 1, y)) == PAPER for y in range(HEAD))
