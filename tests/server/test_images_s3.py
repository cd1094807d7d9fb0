"""Files out of a bucket: the same answers as out of a folder."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import browser, is_problem, make, picture, settings_at
from tests.store.test_blobs_contract import credentials, s3_port

from fluxroom.server import create_app
from fluxroom.store.retention import sweep

__all__ = ["credentials", "s3_port"]


@pytest.fixture
def http(s3_port: int, credentials: None, tmp_path: Path) -> Iterator[TestClient]:
    blobs = f"s3://pictures/{tmp_path.name}?endpoint=http://127.0.0.1:{s3_port}&region=us-east-1"
    with browser(create_app(settings_at(tmp_path / "own", blobs=blobs))) as client:
        yield client


def test_whole_in_parts_and_packed(http: TestClient) -> None:
    image = make(http, "a fox", model="bfl/flux-2-pro", seed=3)["images"][0]
    whole = http.get(image["url"])
    assert hashlib.sha256(whole.content).hexdigest() == image["sha256"]
    assert whole.headers["content-length"] == str(image["size_bytes"])
    for asked, wanted in {
        "bytes=0-7": whole.content[:8],
        "bytes=100-": whole.content[100:],
        "bytes=-9": whole.content[-9:],
    }.items():
        part = http.get(image["url"], headers={"range": asked})
        assert (part.status_code, part.content) == (206, wanted)
        assert part.headers["content-range"].endswith(f"/{image['size_bytes']}")
    is_problem(http.get(image["url"], headers={"range": "bytes=999999999-"}), 416, "range_not_satisfiable")
    head = http.head(image["url"])
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(image["size_bytes"]))
    assert http.get(image["url"], headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert http.get(image["thumbnail"]).headers["content-type"] == "image/webp"
    packed = http.post("/v1/images/zip", json={"ids": [image["id"]], "metadata": False})
    archive = zipfile.ZipFile(io.BytesIO(packed.content))
    assert archive.read(archive.namelist()[0]) == whole.content


def test_gone_for_good_is_gone_from_the_bucket(http: TestClient) -> None:
    image = make(http, "soon gone", model="bfl/flux-2-pro", seed=4)["images"][0]
    assert http.delete(f"/v1/images/{image['id']}?forever=1").status_code == 204
    gateway: Any = http.app.state.gateway  # type: ignore[attr-defined]
    store = gateway.engine.store
    assert http.portal
    assert http.portal.call(sweep, store) == 0, "not while it may just have been put again"
    assert store.blobs.has(image["sha256"])
    assert http.portal.call(partial(sweep, store, grace=0.0)) == 1
    assert not store.blobs.has(image["sha256"])


def test_uploads(http: TestClient) -> None:
    data = picture((4, 5, 6))
    told = http.post("/v1/assets", content=data, headers={"content-type": "image/png"}).json()
    assert http.get(told["url"]).content == data
    assert http.get(told["url"], headers={"range": "bytes=2-5"}).content == data[2:6]
