from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image as PillowImage
from tests.server.calls import is_problem, make, picture
from tests.server.keyed import keyed_gateway


def put(http: TestClient, data: bytes, mime: str = "image/png") -> dict[str, Any]:
    answer = http.post("/v1/assets", content=data, headers={"content-type": mime})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_assets_are_kept_by_hash(http: TestClient, kind: str) -> None:
    data = picture((9, 9, 9), (300, 200), kind)
    mime, digest = f"image/{kind.lower()}", hashlib.sha256(data).hexdigest()
    told = put(http, data, mime)
    assert (told["sha256"], told["mime"], told["size_bytes"]) == (digest, mime, len(data))
    assert (told["width"], told["height"]) == (300, 200)
    assert put(http, data, "application/octet-stream") == told, "the same bytes are the same asset"
    assert http.get(f"/v1/assets/{digest}").json() == told
    assert http.head(f"/v1/assets/{digest}").status_code == 200
    file = http.get(told["url"])
    assert (file.content, file.headers["content-type"]) == (data, mime)
    assert "immutable" in file.headers["cache-control"]
    assert http.get(told["url"], headers={"range": "bytes=1-3"}).content == data[1:4]
    small = http.get(told["thumbnail"])
    assert PillowImage.open(io.BytesIO(small.content)).format == "WEBP"


def test_a_form_with_a_file_is_taken(http: TestClient) -> None:
    data = picture((1, 2, 3))
    answer = http.post("/v1/assets", files={"file": ("C:\\photos\\my fox.png", data, "text/html")})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["name"], answer.json()["mime"]) == ("my fox.png", "image/png")
    is_problem(http.post("/v1/assets", files={"other": ("x.png", data)}), 422, "invalid_reference")
    is_problem(http.post("/v1/assets", files={"file": ("x.png", b"GIF89a")}), 422, "invalid_reference")


@pytest.mark.parametrize("mime", ["", "text/plain", "text/html", "image/svg+xml", "application/x-www-form-urlencoded"])
def test_other_types_are_not_taken(http: TestClient, mime: str) -> None:
    is_problem(
        http.post("/v1/assets", content=picture(), headers={"content-type": mime}), 415, "unsupported_media_type"
    )


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused(http: TestClient, data: bytes) -> None:
    answer = http.post("/v1/assets", content=data, headers={"content-type": "image/png"})
    assert answer.status_code == 422
    assert answer.json()["code"] in {"invalid_reference", "not_an_image"}


def test_a_bomb_and_a_giant_are_refused(http: TestClient) -> None:
    out = io.BytesIO()
    PillowImage.new("1", (9000, 9000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    is_problem(
        http.post("/v1/assets", content=out.getvalue(), headers={"content-type": "image/png"}), 422, "invalid_reference"
    )
    giant = picture() + b"\0" * 20_000_001
    is_problem(http.post("/v1/assets", content=giant, headers={"content-type": "image/png"}), 422, "invalid_reference")


def test_the_list_is_paged_newest_first(quiet: TestClient) -> None:
    sent = [put(quiet, picture((number, 0, 0)))["sha256"] for number in range(5)]
    found, path = [], "/v1/assets?limit=2"
    while path:
        page = quiet.get(path).json()
        found += [one["sha256"] for one in page["assets"]]
        path = page["next"]
    assert found == sent[::-1]


def test_a_deleted_upload_leaves_the_list_and_a_request_keeps_what_it_took(quiet: TestClient) -> None:
    told = put(quiet, picture((7, 7, 7)))
    made = make(quiet, "as a drawing", model="bfl/flux-2-pro", references=[told["sha256"]])
    assert made["state"] == "succeeded"
    assert quiet.delete(f"/v1/assets/{told['sha256']}").status_code == 204
    is_problem(quiet.get(f"/v1/assets/{told['sha256']}"), 404, "not_found")
    is_problem(quiet.delete(f"/v1/assets/{told['sha256']}"), 404, "not_found")
    again = make(quiet, "as a painting", model="bfl/flux-2-pro", references=[told["sha256"]])
    assert again["state"] == "succeeded", "it is an input of one of the caller's own requests"


@pytest.mark.parametrize("bad", ["0" * 64, "x", "..%2f..%2ffluxroom.db", "A" * 64])
def test_uploads_that_are_not_there(http: TestClient, bad: str) -> None:
    for part in ("", "/file", "/thumbnail"):
        assert http.get(f"/v1/assets/{bad}{part}").status_code == 404


def test_everybody_has_their_own(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path) as people:
        anna, ben = people.join("anna"), people.join("ben")
        data = picture((5, 6, 7))
        headers = {"content-type": "image/png"}
        digest = people.ask(anna, "POST", "/v1/assets", content=data, headers=headers).json()["sha256"]
        for part in ("", "/file", "/thumbnail"):
            assert people.ask(anna, "GET", f"/v1/assets/{digest}{part}").status_code == 200
            assert people.ask(ben, "GET", f"/v1/assets/{digest}{part}").status_code == 404
        assert people.ask(ben, "DELETE", f"/v1/assets/{digest}").status_code == 404
        body = {"prompt": "x", "model": "bfl/flux-2-pro", "references": [digest]}
        assert people.ask(ben, "POST", "/v1/generations", json=body).status_code == 422
        assert people.ask(anna, "POST", "/v1/generations", json=body).status_code == 202
        people.ask(ben, "POST", "/v1/assets", content=data, headers=headers)
        assert people.ask(ben, "POST", "/v1/generations", json=body).status_code == 202
        assert people.ask(ben, "GET", "/v1/assets").json()["assets"][0]["sha256"] == digest
        assert people.ask(anna, "DELETE", f"/v1/assets/{digest}").status_code == 204
        assert people.ask(ben, "GET", f"/v1/assets/{digest}/file").content == data, "ben's is still there"
