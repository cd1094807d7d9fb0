"""Names of exported files: safe everywhere, and each only once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom.errors import InvalidParams
from fluxroom.flows.bulk.file_names import FileNames


def test_a_template_is_filled_and_rows_have_leading_zeros() -> None:
    names = FileNames("{row}_{sku}_{seed}", rows=200)
    assert names.of({"row": 7, "sku": "A 12", "seed": 3}, "image/jpeg") == "007_A-12_3.jpg"


def test_no_name_is_given_twice() -> None:
    names = FileNames("{prompt}", rows=3)
    given_out = [names.of({"prompt": one}, "image/png") for one in ("Fox", "fox", "FOX")]
    assert given_out == ["Fox.png", "fox-2.png", "FOX-3.png"]
    assert names.of({"prompt": "fox"}, "image/png", number=1) == "fox-2-2.png"


def test_thousands_of_one_name_are_named_at_once_and_as_they_always_were() -> None:
    """Looking from the beginning each time took a minute for ten thousand, and an hour for a hundred thousand."""
    names = FileNames("fox", rows=100_000)
    given_out = [names.of({}, "image/png") for _ in range(50_000)]
    assert given_out[:3] == ["fox.png", "fox-2.png", "fox-3.png"]
    assert given_out[-1] == "fox-50000.png"
    assert len(set(given_out)) == 50_000


def test_a_name_that_a_row_has_by_itself_is_stepped_over() -> None:
    names = FileNames("{prompt}", rows=9)
    asked = ["fox", "fox-3", "fox", "Fox", "fox-2", "fox"]
    given_out = [names.of({"prompt": one}, "image/png") for one in asked]
    assert given_out == ["fox.png", "fox-3.png", "fox-2.png", "Fox-4.png", "fox-2-2.png", "fox-5.png"]


def test_the_fields_of_a_template() -> None:
    assert FileNames("{row}-{sku}-x-{row}", rows=1).fields == {"row", "sku"}
    assert FileNames("fox", rows=1).fields == set()


@pytest.mark.parametrize(
    "template", ["", " ", "{", "{row", "{row!r}", "{row:>9}", "{row.real}", "{row[0]}", "{}", "{0.x}"]
)
def test_a_template_that_cannot_be_used_is_refused(template: str) -> None:
    with pytest.raises(InvalidParams, match="file name"):
        FileNames(template, rows=1)


@given(st.text(max_size=300))
def test_no_words_lead_out_of_the_folder(words: str) -> None:
    name = FileNames("{prompt}", rows=1).of({"prompt": words}, "image/png")
    assert "/" not in name
    assert "\\" not in name
    assert not name.startswith((".", "-"))
    assert len(name.encode()) < 250, "file systems take 255"
    assert name.isprintable()


@pytest.mark.parametrize("words", ["../../etc/passwd", "CON", "nul", "..", "", "a\x00b", "COM1.txt"])
def test_hostile_words_are_harmless(words: str) -> None:
    name = FileNames("{prompt}", rows=1).of({"prompt": words}, "image/png")
    assert name not in {".png", "..png"}
    assert name.split(".")[0].lower() not in {"con", "nul", "com1"}
    assert "/" not in name
    assert "\x00" not in name
