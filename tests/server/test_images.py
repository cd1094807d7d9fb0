from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image as PillowImage
from tests.server.calls import FAST, is_problem, make

from fluxroom.imaging import read
from fluxroom.server.library.deliveries import unchanged
from fluxroom.server.library.thumbnails import kept_or_made


@pytest.fixture(scope="module")
def made(http: TestClient) -> dict[str, Any]:
    return make(http, "a fox in a frame", seed=21, model=f"bfl/{FAST}")


@pytest.fixture(scope="module")
def image(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["images"][0]
    return found


def test_the_file_is_the_providers_own(http: TestClient, image: dict[str, Any]) -> None:
    answer = http.get(image["url"])
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == image["sha256"]
    assert len(answer.content) == image["size_bytes"]
    assert answer.headers["content-type"] == image["mime"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{image["sha256"]}"'
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-disposition"] == f'inline; filename="{FAST}-{image["id"][-6:]}.png"'


def test_a_browser_that_has_it_gets_304(http: TestClient, image: dict[str, Any]) -> None:
    for path in (image["url"], image["download"], image["thumbnail"]):
        etag = http.get(path).headers["etag"]
        answer = http.get(path, headers={"if-none-match": f'"other", W/{etag}'})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == etag


def test_a_range_is_served(http: TestClient, image: dict[str, Any]) -> None:
    answer = http.get(image["url"], headers={"range": "bytes=0-7"})
    assert answer.status_code == 206
    assert answer.content == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-7", 0, 7), ("bytes=100-", 100, None), ("bytes=-10", -10, None), ("bytes=5-99999999", 5, None)],
)
def test_parts_of_the_file(http: TestClient, image: dict[str, Any], asked: str, first: int, last: int | None) -> None:
    whole = http.get(image["url"]).content
    answer = http.get(image["url"], headers={"range": asked})
    assert answer.status_code == 206
    wanted = whole[first:] if last is None else whole[first : last + 1]
    assert answer.content == wanted
    begin = whole.index(wanted) if first >= 0 else len(whole) + first
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(wanted) - 1}/{len(whole)}"
    assert answer.headers["content-length"] == str(len(wanted))


def test_a_part_that_is_not_there(http: TestClient, image: dict[str, Any]) -> None:
    for asked in ("bytes=99999999-", "bytes=-0"):
        answer = http.get(image["url"], headers={"range": asked})
        is_problem(answer, 416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{image['size_bytes']}"


@pytest.mark.parametrize("asked", ["bytes=9-2", "bytes=-", "rows=1-2", "bytes=0-1,4-5", "bytes=a-b"])
def test_what_is_no_single_range_gets_the_whole_file(http: TestClient, image: dict[str, Any], asked: str) -> None:
    answer = http.get(image["url"], headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, image["size_bytes"])


def test_a_part_of_another_version_is_not_given(http: TestClient, image: dict[str, Any]) -> None:
    etag = http.get(image["url"]).headers["etag"]
    part = http.get(image["url"], headers={"range": "bytes=0-3", "if-range": etag})
    whole = http.get(image["url"], headers={"range": "bytes=0-3", "if-range": '"another"'})
    assert (part.status_code, whole.status_code) == (206, 200)


def test_heads_say_what_a_get_would(http: TestClient, image: dict[str, Any]) -> None:
    for path in (image["url"], image["download"], image["thumbnail"], image["url"] + "?format=webp"):
        get, head = http.get(path), http.head(path)
        assert head.status_code == 200, path
        assert head.content == b""
        for name in ("etag", "content-length", "content-type", "cache-control"):
            assert head.headers[name] == get.headers[name], (path, name)
    part = http.head(image["url"], headers={"range": "bytes=0-7"})
    assert (part.status_code, part.headers["content-length"]) == (206, "8")


def test_as_webp_it_has_as_many_pixels(http: TestClient, image: dict[str, Any], folder: Path) -> None:
    answer = http.get(image["url"], params={"format": "webp"})
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-disposition"].endswith('.webp"')
    assert PillowImage.open(io.BytesIO(answer.content)).size == (image["width"], image["height"])
    kept = folder / "cache" / "thumbnails" / image["sha256"][:2] / f"{image['sha256']}-full.webp"
    assert kept.read_bytes() == answer.content


def test_the_download_says_what_made_it(http: TestClient, image: dict[str, Any]) -> None:
    answer = http.get(image["download"])
    assert answer.headers["content-disposition"].startswith("attachment; ")
    facts = read(answer.content)
    assert (facts["prompt"], facts["seed"], facts["sandbox"]) == ("a fox in a frame", 21, True)
    plain = http.get(image["url"]).content
    same = [PillowImage.open(io.BytesIO(data)).tobytes() for data in (plain, answer.content)]
    assert same[0] == same[1], "the pixels are untouched"
    assert answer.headers["etag"] != http.get(image["url"]).headers["etag"]


def test_download_alone_offers_the_untouched_file(http: TestClient, image: dict[str, Any]) -> None:
    answer = http.get(image["url"] + "?download=1")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert hashlib.sha256(answer.content).hexdigest() == image["sha256"]


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_thumbnails_are_small_webp_and_kept(http: TestClient, image: dict[str, Any], folder: Path, size: int) -> None:
    answer = http.get(image["thumbnail"], params={"size": size})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert max(PillowImage.open(io.BytesIO(answer.content)).size) == size
    kept = folder / "cache" / "thumbnails" / image["sha256"][:2] / f"{image['sha256']}-{size}.webp"
    assert kept.read_bytes() == answer.content
    assert http.get(image["thumbnail"], params={"size": size}).content == answer.content


def test_a_thumbnail_of_another_size_is_refused(http: TestClient, image: dict[str, Any]) -> None:
    is_problem(http.get(image["thumbnail"], params={"size": 99999}), 422, "invalid_body")


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    assert kept_or_made(tmp_path / "blocked" / "x.webp", lambda: b"fresh") == b"fresh"
    assert kept_or_made(tmp_path / "new" / "x.webp", lambda: b"first") == b"first"
    assert kept_or_made(tmp_path / "new" / "x.webp", lambda: b"second") == b"first"


def test_the_facts_of_an_image(http: TestClient, made: dict[str, Any], image: dict[str, Any]) -> None:
    found = http.get(f"/v1/images/{image['id']}").json()
    assert {name: found[name] for name in image} == image
    assert (found["generation"], found["prompt"], found["mode"]) == (made["id"], "a fox in a frame", "generate")
    assert (found["route"], found["sandbox"], found["favourite"], found["rating"]) == (made["route"], True, False, 0)
    assert found["charged"] == made["receipt"]["charged"]
    assert found["params"] == made["params"]
    assert found["lineage"] == {"parents": [], "uploads": [], "children": []}


@pytest.mark.parametrize("bad", ["0" * 22, "x", "..%2f..%2ffluxroom.db", "%2e%2e", "a" * 500])
@pytest.mark.parametrize("part", ["", "/file", "/thumbnail"])
def test_images_that_are_not_there(http: TestClient, bad: str, part: str) -> None:
    answer = http.get(f"/v1/images/{bad}{part}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_lost_file_is_named(quiet: TestClient, tmp_path: Path) -> None:
    found = make(quiet, "soon gone")["images"][0]
    blob = tmp_path / "own" / "blobs" / found["sha256"][:2] / found["sha256"]
    blob.unlink()
    for path in (found["url"], found["download"], found["thumbnail"]):
        told = is_problem(quiet.get(path), 404, "not_found")
        assert "its file is gone" in told["detail"]
        assert str(tmp_path) not in str(told)


def test_etags_are_compared_as_the_standard_says() -> None:
    assert unchanged('"a", W/"b"', '"b"')
    assert unchanged("*", '"b"')
    assert not unchanged("", '"b"')
    assert not unchanged('"bb"', '"b"')
