"""Each fault of a picture's address, at both providers."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import aiohttp
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["bfl", "fal"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def address(call: Caller, provider: str, fault: str) -> str:
    body = {"prompt": "a fox", "output_format": "png"}
    if provider == "bfl":
        done = await call.bfl_done("flux-2-pro", body, x_sandbox_fault=fault)
        return str(done.json()["result"]["sample"])
    done = await call.fal_done("fal-ai/flux-2", body, x_sandbox_fault=fault)
    return str(done.json()["images"][0]["url"])


@pytest.mark.parametrize(("fault", "status"), [("media-503", 503), ("media-403", 403)])
async def test_an_address_that_fails_once(call: Caller, provider: str, fault: str, status: int) -> None:
    url = await address(call, provider, fault)
    assert [(await call.get(url)).status for _ in range(2)] == [status, 200]


async def test_a_truncated_picture(call: Caller, provider: str) -> None:
    url = await address(call, provider, "media-truncated")
    with pytest.raises(aiohttp.ClientPayloadError):
        await call.get(url)
    Image.open(io.BytesIO((await call.get(url)).raw)).load()


async def test_a_page_instead_of_a_picture(call: Caller, provider: str) -> None:
    answer = await call.get(await address(call, provider, "media-html"))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_a_bomb_is_small_and_declares_900_megapixels(call: Caller, provider: str) -> None:
    answer = await call.get(await address(call, provider, "media-bomb"))
    assert len(answer.raw) < 300_000
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(answer.raw))


async def test_a_huge_file_is_announced_and_streamed(call: Caller, provider: str) -> None:
    url = await address(call, provider, "media-huge")
    async with call.session.get(url) as reply:
        assert reply.headers["Content-Length"] == str(200 * 1024 * 1024)
        assert await reply.content.readexactly(8) == b"\x89PNG\r\n\x1a\n"
        reply.close()
    small = await call.get(await address(call, provider, "media-huge=1.5"))
    assert len(small.raw) == 1.5 * 1024 * 1024


async def test_an_address_on_a_foreign_host(call: Caller, provider: str) -> None:
    assert (await address(call, provider, "media-foreign")).startswith("https://pictures.example.com/")
    assert (await address(call, provider, "media-foreign=http://localhost:9")).startswith("http://localhost:9/")


async def test_a_redirect_to_another_origin(call: Caller, provider: str) -> None:
    answer = await call.get(await address(call, provider, "media-redirect"))
    assert answer.status == 302
    assert answer.headers["location"].startswith("http://localhost:")
    Image.open(io.BytesIO((await call.get(answer.headers["location"])).raw)).load()


async def test_a_drip_is_whole_in_the_end(call: Caller, provider: str) -> None:
    url = await address(call, provider, "media-drip=0.2")
    before = call.box.world.now()
    answer = await call.get(url)
    assert call.box.world.now() - before >= 0.18
    Image.open(io.BytesIO(answer.raw)).load()


async def test_a_black_picture_that_nothing_tells_of(call: Caller, provider: str) -> None:
    answer = await call.get(await address(call, provider, "media-black"))
    picture = Image.open(io.BytesIO(answer.raw)).convert("RGB")
    assert picture.getextrema() == ((0, 0), (0, 0), (0, 0))


async def test_a_task_with_a_media_fault_is_billed(call: Caller, provider: str) -> None:
    await address(call, provider, "media-503 x*")
    assert call.box.world.tasks()[0]["billed"] is True
