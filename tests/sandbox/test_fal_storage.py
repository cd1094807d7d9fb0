from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.sandbox.conftest import Answer, Caller

pytestmark = pytest.mark.anyio
KEY = {"Authorization": "Key id:secret"}


def png(size: tuple[int, int] = (300, 200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "PNG")
    return out.getvalue()


async def post(call: Caller, path: str, body: object = None) -> Answer:
    return await call.request("POST", f"{call.box.fal_rest_url}{path}", json=body or {}, headers=KEY)


async def test_a_token_and_a_direct_upload(call: Caller) -> None:
    token = (await post(call, "/storage/auth/token?storage_type=fal-cdn-v3")).json()
    assert set(token) == {"token", "token_type", "base_url", "expires_at"}
    assert dt.datetime.fromisoformat(token["expires_at"]) > dt.datetime.now(dt.UTC)
    headers = {
        "Authorization": f"{token['token_type']} {token['token']}",
        "Content-Type": "image/png",
        "X-Fal-File-Name": "my fox.png",
    }
    url = f"{token['base_url']}/files/upload"
    uploaded = (await call.request("POST", url, data=png(), headers=headers)).json()["access_url"]
    assert uploaded.startswith(f"{call.box.fal_cdn_url}/files/b/")
    assert uploaded.endswith("_my_fox.png")
    fetched = await call.get(uploaded)
    assert (fetched.raw, fetched.headers["content-type"]) == (png(), "image/png")


async def test_an_upload_in_two_steps_needs_no_key_for_the_second(call: Caller) -> None:
    told = (await post(call, "/storage/upload/initiate", {"content_type": "image/png", "file_name": "a.png"})).json()
    assert set(told) == {"upload_url", "file_url"}
    put = await call.request("PUT", told["upload_url"], data=png(), headers={"Content-Type": "image/png"})
    assert put.status == 200
    assert (await call.get(told["file_url"])).raw == png()
    assert (await call.request("PUT", told["file_url"], data=b"x")).status == 403


async def test_an_uploaded_file_is_a_reference(call: Caller) -> None:
    told = (await post(call, "/storage/upload/initiate", {"file_name": "a.png"})).json()
    await call.request("PUT", told["upload_url"], data=png((640, 512)))
    done = await call.fal_done("fal-ai/flux-2/edit", {"prompt": "x", "image_urls": [told["file_url"]]})
    assert (done.json()["images"][0]["width"], done.json()["images"][0]["height"]) == (640, 512)


async def test_an_upload_in_parts_as_the_python_client_does_it(call: Caller) -> None:
    base = f"{call.box.fal_cdn_url}/files/upload/multipart"
    told = (await call.request("POST", base, headers={**KEY, "X-Fal-File-Name": "big.bin"})).json()
    parts = []
    for number, data in ((2, b"world"), (1, b"hello ")):
        url = f"{told['access_url']}/multipart/{told['uploadId']}/{number}"
        put = await call.request("PUT", url, data=data, headers=KEY)
        parts.append({"partNumber": number, "etag": put.headers["etag"]})
    url = f"{told['access_url']}/multipart/{told['uploadId']}/complete"
    assert (await call.request("POST", url, json={"parts": [{"partNumber": 1, "etag": "no"}]})).status == 400
    assert (await call.request("POST", url, json={"parts": parts})).status == 200
    assert (await call.get(told["access_url"])).raw == b"hello world"


async def test_an_upload_in_parts_as_the_javascript_client_does_it(call: Caller) -> None:
    told = (await post(call, "/storage/upload/initiate-multipart", {"file_name": "big.bin"})).json()
    put = await call.request("PUT", f"{told['upload_url']}/1", data=b"hello")
    body = {"parts": [{"partNumber": 1, "etag": put.headers["etag"]}]}
    assert (await call.request("POST", f"{told['upload_url']}/complete", json=body)).status == 200
    assert (await call.get(told["file_url"])).raw == b"hello"


@pytest.mark.parametrize(
    "path", ["/storage/auth/token", "/storage/upload/initiate", "/storage/upload/initiate-multipart"]
)
async def test_uploads_need_a_key(call: Caller, path: str) -> None:
    assert (await call.request("POST", f"{call.box.fal_rest_url}{path}", json={})).status == 401


async def test_an_unknown_file_is_404(call: Caller) -> None:
    assert (await call.get(f"{call.box.fal_cdn_url}/files/b/none/none.png")).status == 404


async def test_a_picture_of_a_task_that_is_not_done_is_404(call: Caller) -> None:
    call.box.world.set_duration(60.0)
    told = (await call.fal("fal-ai/flux-2", {"prompt": "x"})).json()
    name = told["request_id"]
    assert (await call.get(f"{call.box.fal_cdn_url}/files/b/{name[:8]}/{name}_0.png")).status == 404


async def test_the_key_that_signs_webhooks_is_published(call: Caller) -> None:
    (key,) = (await call.get(f"{call.box.fal_rest_url}/.well-known/jwks.json")).json()["keys"]
    assert (key["kty"], key["crv"], len(key["x"])) == ("OKP", "Ed25519", 43)
