"""fal's direct calls, and what becomes of requests whose caller never heard the answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Table, select
from tests.doors.fal.queues import FAST, KEY, result, submit
from tests.doors.openai.worlds import World, gateway
from tests.doors.processes import served
from tests.worlds import billed, sandbox

from fluxroom.store import doors
from fluxroom.store.tables import idempotency

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


async def test_a_gateway_that_died_owes_its_answers_still(tmp_path: Path) -> None:
    async with sandbox() as box:
        async with served(box, tmp_path) as first, aiohttp.ClientSession(headers=KEY) as session:
            asking = asyncio.ensure_future(session.post(f"{first.url}/fal/{FAST}", json=SLOW))
            # Once it has asked how the job is doing, the provider's answer to the submit is on disk.
            while not any(one["method"] == "GET" for one in box.world.requests()):
                await asyncio.sleep(0.02)
            first.process.kill()
            with pytest.raises(aiohttp.ClientError):
                await asking
        async with served(box, tmp_path) as second, aiohttp.ClientSession(headers=KEY) as session:
            async with session.post(f"{second.url}/fal/{FAST}", json=SLOW) as answer:
                assert answer.status == 200
                assert (await answer.json())["images"]
            async with session.post(f"{second.url}/fal/{FAST}", json={"prompt": "another"}) as answer:
                assert answer.status == 200
        assert len(box.world.tasks()) == len(billed(box)) == 2


@pytest.mark.parametrize("path", [f"/fal/queue/{FAST}", "/bfl/v1/flux-2-klein-4b"])
async def test_a_submit_that_broke_off_is_taken_up_too(door: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"prompt": "a fox", "seed": None}
    order = door.gateway.client.plan_with
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> Any:
        entered.set()
        await go_on.wait()
        return await order(*given)

    monkeypatch.setattr(door.gateway.client, "plan_with", slow)
    async with aiohttp.ClientSession(headers=KEY) as session:
        asking = asyncio.ensure_future(session.post(door.url + path, json=body))
        await entered.wait()
        asking.cancel()
        await asyncio.wait({asking})
    go_on.set()
    await let_go(door)
    first = (await door.call(path, body, KEY))[2]
    second = (await door.call(path, body, KEY))[2]
    name = "request_id" if "fal" in path else "id"
    assert first[name] != second[name]
    for one in (first, second):
        await door.client.engine.wait(one[name], 20)
    assert len(door.box.world.tasks()) == 2


async def test_what_was_refused_is_owed_to_nobody(door: World) -> None:
    body = {"prompt": "x", "image_size": {"width": 600, "height": 600}, "image_urls": ["https://10.0.0.1/x.png"]}
    for _ in range(2):
        assert (await door.call(f"/fal/{FAST}/edit", body, KEY))[0] == 422
    assert await rows(door, doors.unanswered) == []


async def test_answered_orders_leave_nothing_behind(door: World) -> None:
    await door.call(f"/fal/{FAST}", {"prompt": "a fox"}, KEY)
    await result(door, await submit(door, prompt="a fox"))
    assert await rows(door, doors.unanswered) == await rows(door, idempotency) == []


async def rows(door: World, table: Table) -> list[Any]:
    found: list[Any] = await door.client.engine.store.database.read(lambda c: list(c.execute(select(table))))
    return found


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
