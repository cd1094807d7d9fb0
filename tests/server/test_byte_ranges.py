"""Parts of picture files over HTTP: whatever range is asked for, the bytes are those of the file at that place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.calls import is_problem, make


@pytest.fixture(scope="module")
def where(http: TestClient) -> str:
    return f"/v1/images/{make(http, seed=11)['images'][0]['id']}/file"


@pytest.fixture(scope="module")
def whole(http: TestClient, where: str) -> bytes:
    answer = http.get(where)
    assert answer.status_code == 200
    return answer.content


def test_a_file_is_whole_and_kept_for_ever(http: TestClient, where: str, whole: bytes) -> None:
    answer = http.get(where)
    digest = hashlib.sha256(whole).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(whole))
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"], "no proxy may hand it to somebody else"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_head_is_that_of_the_file_without_it(http: TestClient, where: str, whole: bytes) -> None:
    for asked in ({}, {"range": "bytes=5-9"}):
        body, head = http.get(where, headers=asked), http.head(where, headers=asked)
        assert head.content == b""
        assert head.status_code == body.status_code
        for name in ("content-length", "etag", "content-type", "accept-ranges"):
            assert head.headers[name] == body.headers[name], name
    assert http.head(where).headers["content-length"] == str(len(whole))


def test_any_range_is_the_slice_that_it_names(http: TestClient, where: str, whole: bytes) -> None:
    size = len(whole)
    places = st.integers(0, 2 * size)

    @given(places, st.none() | places)
    @settings(max_examples=60, deadline=None)
    def from_to(first: int, last: int | None) -> None:
        answer = http.get(where, headers={"range": f"bytes={first}-{'' if last is None else last}"})
        if last is not None and last < first:
            assert (answer.status_code, answer.content) == (200, whole), "RFC 9110: what is no range is left out"
        elif first >= size:
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{size}"
        else:
            end = size - 1 if last is None else min(last, size - 1)
            assert answer.status_code == 206
            assert answer.content == whole[first : end + 1]
            assert answer.headers["content-range"] == f"bytes {first}-{end}/{size}"
            assert answer.headers["content-length"] == str(len(answer.content))

    @given(places)
    @settings(max_examples=25, deadline=None)
    def the_end(number: int) -> None:
        answer = http.get(where, headers={"range": f"bytes=-{number}"})
        if number == 0:
            assert answer.status_code == 416
        else:
            assert (answer.status_code, answer.content) == (206, whole[-number:])

    from_to()
    the_end()


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "items=0-5",
        "bytes=0-5,10-15",
        "0-5",
        "bytes=5",
        "bytes=--5",
        f"bytes=0-{'9' * 30}",
    ],
)
def test_what_is_no_range_gets_the_whole_file(http: TestClient, where: str, whole: bytes, asked: str) -> None:
    answer = http.get(where, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, whole)


def test_a_range_of_another_file_is_not_given(http: TestClient, where: str, whole: bytes) -> None:
    """Who has the first half of another file must not put this one's second half behind it."""
    etag = http.get(where).headers["etag"]
    same = http.get(where, headers={"range": "bytes=10-19", "if-range": etag})
    assert (same.status_code, same.content) == (206, whole[10:20])
    other = http.get(where, headers={"range": "bytes=10-19", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, whole)


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"x", "{}"', '"x",W/"{}" ', "*"])
def test_who_has_it_already_gets_no_bytes(http: TestClient, where: str, whole: bytes, form: str) -> None:
    held = form.format(hashlib.sha256(whole).hexdigest())
    answer = http.get(where, headers={"if-none-match": held, "range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'


@pytest.mark.parametrize("held", ['"other"', "", "W/", '"', hashlib.sha256(b"").hexdigest()])
def test_who_has_something_else_gets_it(http: TestClient, where: str, whole: bytes, held: str) -> None:
    assert http.get(where, headers={"if-none-match": held}).content == whole


def test_a_file_that_is_gone_is_a_problem_with_what_to_do(quiet: TestClient, tmp_path: Path) -> None:
    image = make(quiet, seed=12)["images"][0]
    where = f"/v1/images/{image['id']}/file"
    digest = quiet.get(where).headers["etag"].strip('"')
    [file] = (tmp_path / "own").rglob(digest)
    file.unlink()
    for method in ("GET", "HEAD"):
        answer = quiet.request(method, where)
        assert answer.status_code == 404
    told = is_problem(quiet.get(where, headers={"range": "bytes=0-1"}), 404, "not_found")
    assert "backup" in told["next"]
    assert str(tmp_path) not in str(told), "nothing of the machine is told"
