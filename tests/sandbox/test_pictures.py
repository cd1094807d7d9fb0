from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from fluxroom.sandbox.books import Books
from fluxroom.sandbox.complaints import check_boolean, check_integer, check_number, shown, spelled, truth
from fluxroom.sandbox.pictures import BFL_LIMITS, Limits, PictureError, bomb, inspect, read_text


def encoded(size: tuple[int, int], kind: str = "PNG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind)
    return out.getvalue()


@pytest.fixture
def books() -> Books:
    return Books(None)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "L"), ("WEBP", "RGB"), ("GIF", "P")]
)
def test_every_usual_kind_of_picture_is_read(kind: str, mode: str) -> None:
    data = encoded((800, 600), kind, mode)
    kept, small = inspect(data, "base64", BFL_LIMITS)
    assert (kept.width, kept.height, kept.byte_count) == (800, 600, len(data))
    assert Image.open(io.BytesIO(small)).size == (384, 288)
    assert kept.thumbnail.startswith("thumbnail/")


def test_the_same_picture_has_the_same_thumbnail() -> None:
    names = {inspect(encoded((100, 100)), "x", BFL_LIMITS)[0].thumbnail for _ in range(2)}
    assert len(names) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "image_load_error"),
        (b"\x89PNG\r\n\x1a\n broken", "image_load_error"),
        (encoded((100, 100))[:60], "image_load_error"),
        (b"x" * 1001, "file_too_large"),
        (encoded((200, 100)), "image_too_large"),
        (encoded((20, 100)), "image_too_small"),
    ],
)
def test_what_cannot_be_used_is_named(data: bytes, kind: str) -> None:
    with pytest.raises(PictureError) as caught:
        inspect(data, "base64", Limits(1000, 15_000, min_side=50))
    assert caught.value.kind == kind


def test_a_bomb_is_not_decoded() -> None:
    with pytest.raises(PictureError):
        inspect(bomb(), "base64", BFL_LIMITS)


def test_base64_may_have_line_breaks_and_data_urls_may_be_plain(books: Books) -> None:
    text = base64.encodebytes(b"hello world" * 20).decode()
    assert read_text(text, books) == (b"hello world" * 20, "base64")
    assert read_text("data:text/plain,hello", books) == (b"hello", "data")


@pytest.mark.parametrize(
    "url", ["https://example.com/a.png", "http://169.254.169.254/latest", "http://127.0.0.1:1/x.png"]
)
def test_nothing_is_ever_fetched(books: Books, url: str) -> None:
    assert read_text(url, books) == (None, url)
    kept, small = inspect(None, url, BFL_LIMITS)
    assert (kept.width, kept.height, kept.byte_count) == (1024, 1024, 0)
    assert Image.open(io.BytesIO(small)).size == (384, 384)


def test_a_kept_file_is_read_from_the_books_whatever_the_port(books: Books) -> None:
    books.add_blob("files/b/a/b.png", "image/png", b"bytes")
    for url in ("http://127.0.0.1:1/fal/cdn/files/b/a/b.png", "https://localhost:2/files/b/a/b.png"):
        assert read_text(url, books) == (b"bytes", url)
    assert read_text("https://example.com/files/b/a/b.png", books)[0] is None
    with pytest.raises(PictureError, match="download"):
        read_text("http://127.0.0.1:1/fal/cdn/files/b/a/none.png", books)


@pytest.mark.parametrize(("given", "number"), [(5, 5), (5.0, 5), ("5", 5), (" -5 ", -5), (True, 1), ("5.0", 5)])
def test_integers_are_read_laxly(given: object, number: int) -> None:
    assert check_integer(("x",), given) == (number, None)


@pytest.mark.parametrize(
    ("given", "kind"),
    [(1.5, "int_from_float"), ("a", "int_parsing"), ("1.5", "int_parsing"), (None, "int_type"), ([], "int_type")],
)
def test_what_is_no_integer(given: object, kind: str) -> None:
    number, error = check_integer(("x",), given)
    assert number is None
    assert error is not None
    assert error["type"] == kind


@pytest.mark.parametrize("given", [True, False, 0, 1, 1.0, "yes", "OFF", "T", "0"])
def test_booleans_are_read_laxly(given: object) -> None:
    assert check_boolean(("x",), given) is None
    assert truth(given) is (given in (True, 1) or str(given).lower() in {"yes", "t"})


def test_numbers_and_words() -> None:
    assert check_number(("x",), "2.5") == (2.5, None)
    assert (shown(3.0), shown(1.5)) == ("3", "1.5")
    assert (spelled(["a"]), spelled(["a", "b"]), spelled(["a", "b", 3])) == ("'a'", "'a' or 'b'", "'a', 'b' or 3")
