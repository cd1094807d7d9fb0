from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fluxroom.sandbox import Sandbox, Stub
from fluxroom.sandbox.pictures import plain_png

if TYPE_CHECKING:
    import aiohttp

pytestmark = pytest.mark.anyio


def test_a_plain_png_has_exactly_the_asked_bytes() -> None:
    assert len(plain_png(100_000)) == 100_000
    assert plain_png(0).startswith(b"\x89PNG")


@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_both_providers_answer_fixed_bytes_after_a_set_time(
    session: aiohttp.ClientSession, seconds: float
) -> None:
    async with Sandbox(stub=Stub(size=50_000, seconds=seconds)) as box:
        async with session.post(f"{box.bfl_url}/v1/flux-2-pro", json={"prompt": "x"}) as reply:
            polling = (await reply.json())["polling_url"]
        async with session.get(polling) as reply:
            bfl = await reply.json()
        async with session.post(f"{box.fal_queue_url}/fal-ai/flux-2/klein/9b", json={"prompt": "x"}) as reply:
            told = await reply.json()
        async with session.get(told["status_url"]) as reply:
            state = reply.status, (await reply.json())["status"]
        async with session.get(told["response_url"]) as reply:
            result = reply.status, await reply.json()
        if seconds:
            assert (bfl["status"], state) == ("Pending", (202, "IN_PROGRESS"))
            assert result == (400, {"detail": "Request is still in progress"})
            return
        assert (bfl["status"], state, result[0]) == ("Ready", (200, "COMPLETED"), 200)
        for url in (bfl["result"]["sample"], result[1]["images"][0]["url"]):
            async with session.get(url) as reply:
                assert len(await reply.read()) == 50_000


@pytest.mark.parametrize("seconds", [0.0, 0.3])
async def test_fal_tells_over_its_stream_when_it_is_ready(session: aiohttp.ClientSession, seconds: float) -> None:
    async with Sandbox(stub=Stub(size=5_000, seconds=seconds)) as box:
        async with session.post(f"{box.fal_queue_url}/fal-ai/flux-2/klein/9b", json={"prompt": "x"}) as reply:
            told = await reply.json()
        async with session.get(f"{told['status_url']}/stream") as reply:
            assert reply.content_type == "text/event-stream"
            events = [json.loads(line[5:]) async for line in reply.content if line.startswith(b"data:")]
        assert [event["status"] for event in events] == ["IN_PROGRESS"] * bool(seconds) + ["COMPLETED"]
        assert {event["request_id"] for event in events} == {told["request_id"]}
        assert events[-1]["response_url"] == told["response_url"]
        async with session.get(told["response_url"]) as reply:
            assert reply.status == 200


async def test_the_run_host_and_credits(session: aiohttp.ClientSession) -> None:
    async with Sandbox(stub=Stub()) as box:
        async with session.post(f"{box.fal_run_url}/fal-ai/flux-2", json={}) as reply:
            assert (await reply.json())["images"]
        async with session.get(f"{box.bfl_url}/v1/credits") as reply:
            assert (await reply.json())["credits"] > 0
