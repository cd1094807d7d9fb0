"""Words on pictures: never a box where a letter should be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from fluxroom.imaging import lettering

ASCII_ONLY = ImageFont.load_default(14)


def boxes(words: str, within: lettering.Font) -> list[str]:
    missing = bytes(within.getmask("\uffff"))
    return [letter for letter in words if not letter.isspace() and bytes(within.getmask(letter)) == missing]


@pytest.mark.parametrize(
    ("words", "spelt"),
    [
        ("1024 × 768", "1024 x 768"),
        ("Füchse über Öl, groß", "Fuechse ueber Oel, gross"),
        ("déjà vu – 3 €", "deja vu - 3 EUR"),
        ("日本 🦊", "?? ?"),
        ("e\u0301t\u0301", "et"),
        ("plain ASCII, as it is: {}[]~", "plain ASCII, as it is: {}[]~"),
    ],
)
def test_a_font_of_ascii_gets_a_plain_spelling(words: str, spelt: str) -> None:
    assert lettering.legible(words, ASCII_ONLY) == spelt


@given(words=st.text(max_size=60))
def test_no_letter_becomes_a_box(words: str) -> None:
    for within in (ASCII_ONLY, lettering.font(14)):
        assert boxes(lettering.legible(words, within), within) == []


def test_a_machine_without_fonts_has_pillows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_FONTS", ("there is no such font.ttf",))
    lettering.font.cache_clear()
    found = lettering.font(20)
    lettering.font.cache_clear()
    assert lettering.legible("ä", found) == "ae"
