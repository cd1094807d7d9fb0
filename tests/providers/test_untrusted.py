"""Reading values that a provider sent: what is not as it should be is nothing, and never an exception."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom.providers import Reply
from fluxroom.providers.untrusted import address, amount, identifier, number, parsed, plain, whole, wording


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"a": 1}', {"a": 1}), (b"[]", None), (b"", None), (b"{", None), (b"\xff", None), (b"[" * 99_999, None)],
)
def test_only_an_object_is_an_answer(body: bytes, expected: Any) -> None:
    assert parsed(Reply(status=200, body=body)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (1.5, 1.5), (0, 0.0), (True, None), ("1", None), (None, None), (float("nan"), None), (10**40, None)],
)
def test_numbers(value: object, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), (7.0, 7), (7.5, None), (2**62, 2**62), (2**63, None), ("7", None)]
)
def test_whole_numbers(value: object, expected: int | None) -> None:
    assert whole(value) == expected


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_seed_comes_back_exactly(seed: int) -> None:
    assert whole(seed) == seed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4.5, "4.5"),
        ("1.05", "1.05"),
        (0, "0"),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("1e400", None),
        ("one", None),
        (True, None),
        ([1], None),
        ("1" * 50, None),
        (10**18, None),  # of credits: the picture would never be written down
    ],
)
def test_amounts(value: object, expected: str | None) -> None:
    assert amount(value) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("value", "expected"), [("a-1", "a-1"), (5, "5"), (True, ""), ("a b", ""), ("", ""), (None, "")]
)
def test_identifiers(value: object, expected: str) -> None:
    assert identifier(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("fox\0", "fox"), ("\ud83e", "?"), ("雪", "雪"), (5, ""), (None, "")])
def test_texts_that_any_database_takes(value: object, expected: str) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("bad  value\nhere", "bad value here"),
        ('see "https://x.ai/a?sig=1&b=2", please', 'see "https://x.ai/a", please'),
        ("(HTTPS://x.ai/a#frag)", "(HTTPS://x.ai/a"),
        ("got data:image/png;base64,iVBORw0KGgo= instead", "got data:… instead"),
        ("got " + "Ab3/" * 30, "got …"),
        ("key 12345678-1234-1234-1234-123456789abc:0123456789abcdef0123456789abcdef", "key …"),
        ("request 12345678-1234-1234-1234-123456789abc failed", "request 12345678-1234-1234-1234-123456789abc failed"),
        (5, ""),
    ],
)
def test_wording_for_messages(said: object, shown: str) -> None:
    assert wording(said) == shown


def test_a_long_message_is_short_and_quick() -> None:
    assert len(wording("a word " * 1_000_000)) <= 300
    assert len(wording("https://" * 1_000_000)) <= 300


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.bfl.ai", ("https", "api.bfl.ai", 443), ""),
        ("HTTPS://API.bfl.ai:443/A?b#c", ("https", "api.bfl.ai", 443), "/A"),
        ("http://127.0.0.1:8080/x/y/", ("http", "127.0.0.1", 8080), "/x/y/"),
        ("http://[::1]/", ("http", "[::1]", 80), "/"),
    ],
)
def test_the_parts_of_an_address(url: str, origin: tuple[str, str, int], path: str) -> None:
    found = address(url)
    assert found is not None
    assert (found.origin, found.path) == (origin, path)


@pytest.mark.parametrize(
    ("url", "base", "inside"),
    [
        ("http://a.x/p/q", "http://a.x/p", True),
        ("http://a.x/p", "http://a.x/p/", True),
        ("http://a.x/pq", "http://a.x/p", False),
        ("http://a.x", "http://a.x", True),
        ("http://a.x:81/p/q", "http://a.x/p", False),
        ("https://a.x/p/q", "http://a.x/p", False),
    ],
)
def test_what_lies_below_a_base(url: str, base: str, inside: bool) -> None:
    found, folder = address(url), address(base)
    assert found is not None
    assert folder is not None
    assert found.under(folder) is inside
