from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Answer, Caller

pytestmark = pytest.mark.anyio


async def through(call: Caller, method: str, target: str, body: object = None) -> Answer:
    headers = {"x-fal-target-url": target}
    return await call.request(method, f"{call.box.url}/fal/proxy", json=body, headers=headers)


async def test_a_generation_through_the_proxy_as_the_javascript_client_does_it(call: Caller) -> None:
    told = await through(call, "POST", "https://queue.fal.run/fal-ai/flux-2/klein/9b", {"prompt": "a fox"})
    name = told.headers["x-fal-request-id"]
    status = {"status": ""}
    while status["status"] != "COMPLETED":
        status = (
            await through(call, "GET", f"https://queue.fal.run/fal-ai/flux-2/requests/{name}/status?logs=1")
        ).json()
    assert status["logs"]
    result = await through(call, "GET", f"https://queue.fal.run/fal-ai/flux-2/requests/{name}")
    assert result.json()["images"][0]["url"].startswith(call.box.url)
    assert result.headers["x-fal-billable-units"] == "1"


async def test_the_run_host_and_the_storage_through_the_proxy(call: Caller) -> None:
    made = await through(call, "POST", "https://fal.run/fal-ai/flux-2", {"prompt": "a fox"})
    assert made.json()["images"]
    told = await through(call, "POST", "https://rest.fal.ai/storage/upload/initiate", {"file_name": "a.png"})
    assert set(told.json()) == {"upload_url", "file_url"}


async def test_an_error_keeps_its_status(call: Caller) -> None:
    assert (await through(call, "POST", "https://fal.run/fal-ai/flux-2", {})).status == 422


@pytest.mark.parametrize("target", ["", "https://example.com/x", "no address"])
async def test_no_other_host_is_reached(call: Caller, target: str) -> None:
    assert (await through(call, "GET", target)).status == 400
