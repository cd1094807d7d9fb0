"""fal's direct calls, and what becomes of requests whose caller never heard the answer."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from tests.doors.fal.queues import FAST, KEY, result, submit
from tests.doors.openai.worlds import World, gateway
from tests.worlds import billed

from fluxroom.server.callers import LOCAL
from fluxroom.server.doors import debts

pytestmark = pytest.mark.anyio

SLOW = {"prompt": "a fox [[duration:2]]"}


async def hang_up(door: World, path: str, body: dict[str, str]) -> None:
    """Ask, and break the connection once the request has arrived and before it is answered."""
    before = len(door.box.world.tasks())
    async with aiohttp.ClientSession(headers=KEY) as session:
        asking = asyncio.ensure_future(session.post(door.url + path, json=body))
        while len(door.box.world.tasks()) == before:
            await asyncio.sleep(0.02)
        asking.cancel()
        await asyncio.wait({asking})


async def let_go(door: World) -> None:
    """Wait until the gateway has noticed that nobody listens."""
    while door.gateway.in_hand:
        await asyncio.sleep(0.05)


async def test_a_direct_call_answers_with_the_output(door: World) -> None:
    status, headers, made = await door.call(f"/fal/{FAST}", {"prompt": "a fox", "seed": 5}, KEY)
    assert status == 200
    assert made["seed"] == 5
    assert (await door.bytes_at(made["images"][0]["url"]))[0] == 200
    queued = await door.call(f"/fal/queue/fal-ai/flux-2/requests/{headers['x-fal-request-id']}", method="GET")
    assert queued[2] == made


async def test_a_stream_is_one_event_with_the_output(door: World) -> None:
    status, headers, text = await door.call(f"/fal/{FAST}/stream", {"prompt": "a fox"}, KEY)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    assert json.loads(text.removeprefix("data: "))["images"]


@pytest.mark.parametrize("way", ["", "/stream"])
async def test_errors_of_direct_calls_have_their_own_status(door: World, way: str) -> None:
    status, _, told = await door.call(f"/fal/{FAST}{way}", {"prompt": "moderate-me-output"}, KEY)
    assert (status, told["detail"][0]["type"]) == (422, "content_policy_violation")
    status, _, told = await door.call(f"/fal/{FAST}{way}", {}, KEY)
    assert (status, told["detail"][0]["type"]) == (422, "missing")


async def test_a_call_that_broke_off_is_taken_up_by_the_next_equal_one(door: World) -> None:
    await hang_up(door, f"/fal/{FAST}", SLOW)
    await let_go(door)
    status, _, made = await door.call(f"/fal/{FAST}", SLOW, KEY)
    assert status == 200
    assert made["images"]
    assert len(door.box.world.tasks()) == len(billed(door.box)) == 1
    # It was answered now: the same once more is a new picture.
    await door.call(f"/fal/{FAST}", SLOW, KEY)
    assert len(door.box.world.tasks()) == 2


async def test_another_body_or_another_endpoint_is_another_request(door: World) -> None:
    await hang_up(door, f"/fal/{FAST}", SLOW)
    await let_go(door)
    await door.call(f"/fal/{FAST}", {"prompt": "a fox [[duration:2]] "}, KEY)
    await door.call("/fal/fal-ai/flux-2/klein/9b", SLOW, KEY)
    assert len(door.box.world.tasks()) == 3


async def test_two_callers_who_both_broke_off_take_up_one_each(door: World) -> None:
    await hang_up(door, f"/fal/{FAST}", SLOW)
    await hang_up(door, f"/fal/{FAST}", SLOW)
    await let_go(door)
    answers = await asyncio.gather(*(door.call(f"/fal/{FAST}", SLOW, KEY) for _ in range(2)))
    assert len({headers["x-fal-request-id"] for _, headers, _ in answers}) == 2
    assert len(door.box.world.tasks()) == 2


async def test_equal_calls_at_the_same_time_are_as_many_pictures(door: World) -> None:
    answers = await asyncio.gather(*(door.call(f"/fal/{FAST}", {"prompt": "a fox"}, KEY) for _ in range(3)))
    assert len({made["images"][0]["url"] for _, _, made in answers}) == 3
    assert len(billed(door.box)) == 3


async def test_a_gateway_that_died_owes_its_answers_still(
    door: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("second")
    async with gateway(door.box, folder) as first:
        told = await submit(first, **SLOW)
        digest = debts.digest_of("fal", FAST, SLOW)
        await debts.owe(first.gateway, LOCAL, digest, told["request_id"])
    async with gateway(door.box, folder) as second:
        status, headers, _ = await second.call(f"/fal/{FAST}", SLOW, KEY)
        assert (status, headers["x-fal-request-id"]) == (200, told["request_id"])
    assert len(door.box.world.tasks()) == 1


async def test_a_wait_that_is_over_says_that_it_goes_on(door: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    async with gateway(door.box, tmp_path_factory.mktemp("short"), wait=0.3) as short:
        status, headers, told = await short.call(f"/fal/{FAST}", SLOW, KEY)
        assert status == 504
        # With this header fal's client does not send it again.
        assert headers["x-fal-request-timeout-type"] == "user"
        assert told["error_type"] == "request_timeout"
        name = headers["x-fal-request-id"]
        at = f"{short.url}/fal/queue/fal-ai/flux-2/requests/{name}"
        _, _, made = await result(short, {"status_url": f"{at}/status", "response_url": at})
        assert made["images"]
        # And whoever does send it again gets this very picture.
        _, headers, _ = await short.call(f"/fal/{FAST}", SLOW, KEY)
        assert headers["x-fal-request-id"] == name
    assert len(door.box.world.tasks()) == 1


async def test_a_gateway_that_stops_lets_nobody_wait(door: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    async with gateway(door.box, tmp_path_factory.mktemp("stopping")) as stopping:
        asking = asyncio.ensure_future(stopping.call(f"/fal/{FAST}", SLOW, KEY))
        while not stopping.gateway.in_hand:
            await asyncio.sleep(0.02)
        stopping.gateway.closing.set()
        status, headers, _ = await asking
        assert (status, headers["x-fal-request-timeout-type"]) == (504, "user")
