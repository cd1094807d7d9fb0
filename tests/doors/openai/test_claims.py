"""A client that gives up and asks again is given the picture that is being made, and pays once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.doors.openai.worlds import FAST, World, gateway, opened, photo, world
from tests.postgres.clusters import Cluster
from tests.worlds import billed, sandbox, submits

from fluxroom.errors import RequestError
from fluxroom.server.doors.openai.claims import Claims
from fluxroom.store import Store, open_store

pytestmark = pytest.mark.anyio

HASTY = {"timeout": 0.8, "max_retries": 12}
"""A client whose patience ends long before the picture is there."""


async def test_a_client_that_times_out_and_tries_again_pays_once(tmp_path: Path) -> None:
    async with world(tmp_path / "data", seconds=2.0) as door:
        made = await door.openai(**HASTY).images.generate(model=FAST, prompt="a fox")
        assert made.data is not None
        assert opened(made.data[0].b64_json).size == (1024, 768)
        assert len(submits(door.box)) == 1
        assert len(billed(door.box)) == 1


async def test_an_edit_in_a_form_is_known_again_too(tmp_path: Path) -> None:
    async with world(tmp_path / "data", seconds=2.0) as door:
        client = door.openai(**HASTY)
        made = await client.images.edit(
            model=FAST, image=[photo(), photo("red")], prompt="night", extra_body={"seed": 3}
        )
        assert made.data
        assert len(submits(door.box)) == 1


async def test_who_sends_no_retry_count_is_given_what_was_left_behind(tmp_path: Path) -> None:
    """As the AI SDK, LiteLLM or a person who presses the button again."""
    async with world(tmp_path / "data", seconds=1.0) as door:
        await door.left_behind(door.openai().images.generate(model=FAST, prompt="a fox"))
        made = await door.openai().images.generate(model=FAST, prompt="a fox")
        assert made.data
        assert len(submits(door.box)) == 1


async def test_the_same_request_twice_at_once_is_two_pictures(door: World) -> None:
    client = door.openai()
    asked = [client.images.generate(model=FAST, prompt="a fox", response_format="b64_json") for _ in range(3)]
    made = await asyncio.gather(*asked)
    assert len({one.data[0].b64_json for one in made if one.data}) == 3
    assert len(submits(door.box)) == 3


async def test_the_same_request_after_an_answer_is_a_new_picture(door: World) -> None:
    client = door.openai()
    for count in (1, 2):
        await client.images.generate(model=FAST, prompt="a fox")
        assert len(submits(door.box)) == count


async def test_a_restart_of_the_gateway_in_between_changes_nothing(tmp_path: Path) -> None:
    async with sandbox(seconds=2.0) as box:
        async with gateway(box, tmp_path / "data") as door:
            await door.left_behind(door.openai().images.generate(model=FAST, prompt="a fox"))
        async with gateway(box, tmp_path / "data") as door:
            made = await door.openai().images.generate(model=FAST, prompt="a fox")
            assert made.data
        assert len(submits(box)) == 1


async def test_on_many_machines_another_gateway_gives_what_is_owed(postgres: Cluster, tmp_path: Path) -> None:
    async with sandbox(seconds=0.5) as box:
        shared: dict[str, Any] = {"data": tmp_path / "data", "database_url": postgres.empty()}
        async with gateway(box, **shared) as one, gateway(box, **shared) as two:
            await one.left_behind(one.openai().images.generate(model=FAST, prompt="a fox"))
            again = {"x-stainless-retry-count": "1"}
            made = await two.openai().images.generate(model=FAST, prompt="a fox", extra_headers=again)
            assert made.data
            assert len(submits(box)) == 1
            # The first machine could be answering it right now: who does not say "again" means another picture.
            await one.left_behind(one.openai().images.generate(model=FAST, prompt="a wolf"))
            await two.openai().images.generate(model=FAST, prompt="a wolf")
            assert len(submits(box)) == 3


async def test_a_job_in_doubt_is_not_paid_again_by_trying_again(door: World) -> None:
    prompt = "a fox [[fault:submit-drop-after]]"
    for _ in range(2):
        with pytest.raises(openai.InternalServerError) as failed:
            await door.openai(max_retries=2).images.generate(model=FAST, prompt=prompt)
        assert failed.value.code == "submit_unknown"
    assert len(submits(door.box)) == 1


async def test_a_wait_that_ends_is_taken_up_again(tmp_path: Path) -> None:
    async with world(tmp_path / "data", seconds=1.2, wait=0.3) as door:
        model = f"fal/{FAST}"  # whose status is streamed: after the wait, others are polled once a minute
        with pytest.raises(openai.InternalServerError) as failed:
            await door.openai().images.generate(model=model, prompt="a fox")
        assert (failed.value.status_code, failed.value.code) == (504, "timeout")
        made = await door.openai(max_retries=8).images.generate(model=model, prompt="a fox")
        assert made.data
        assert len(submits(door.box)) == 1


async def test_an_idempotency_key_decides_where_there_is_one(door: World) -> None:
    client = door.openai(default_headers={"idempotency-key": "order-1"})
    first = await client.images.generate(model=FAST, prompt="a fox")
    second = await client.images.generate(model=FAST, prompt="a fox")
    assert first.data
    assert second.data
    assert first.data[0].b64_json == second.data[0].b64_json
    with pytest.raises(openai.ConflictError) as refused:
        await client.images.generate(model=FAST, prompt="a wolf")
    assert refused.value.code == "idempotency_conflict"
    assert len(submits(door.box)) == 1


async def test_a_stream_that_breaks_off_is_taken_up_again(tmp_path: Path) -> None:
    async with world(tmp_path / "data", seconds=1.0) as door:
        body: Any = {"model": FAST, "prompt": "a fox", "stream": True}

        async def asking() -> list[Any]:
            return [event async for event in await door.openai().images.generate(**body)]

        await door.left_behind(asking())
        events = [event async for event in await door.openai().images.generate(**body)]
        assert len(events) == 1
        assert len(submits(door.box)) == 1


# the books themselves ------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Any:
    kept = open_store(tmp_path / "books")
    yield kept
    kept.close()


class Orders:
    def __init__(self) -> None:
        self.keys: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, key: str) -> str:
        self.keys.append(key)
        await self.gate.wait()
        return f"generation-{len(self.keys)}"


async def test_a_retry_joins_a_request_that_is_still_being_written_down(store: Store) -> None:
    claims, orders = Claims(store), Orders()
    orders.gate.clear()
    first = asyncio.ensure_future(claims.take("me", "print", orders, again=False))
    await asyncio.sleep(0.05)
    second = asyncio.ensure_future(claims.take("me", "print", orders, again=True))
    await asyncio.sleep(0.05)
    orders.gate.set()
    assert (await first) is (await second)
    assert len(orders.keys) == 1


async def test_who_joined_hears_the_same_refusal(store: Store) -> None:
    claims = Claims(store)
    gate = asyncio.Event()

    async def refused(_key: str) -> str:
        await gate.wait()
        raise RequestError("no")

    both = [asyncio.ensure_future(claims.take("me", "print", refused, again=again)) for again in (False, True)]
    await asyncio.sleep(0.05)
    gate.set()
    for one in both:
        with pytest.raises(RequestError, match="no"):
            await one
    orders = Orders()
    await claims.take("me", "print", orders, again=True)
    assert len(orders.keys) == 1  # nothing is owed for what was refused


async def test_several_that_were_left_behind_are_given_out_one_by_one(store: Store) -> None:
    claims, orders = Claims(store), Orders()
    taken = [await claims.take("me", "print", orders, again=False) for _ in range(3)]
    for claim in taken:
        await claims.settle(claim, delivered=False)
    again = [await claims.take("me", "print", orders, again=False) for _ in range(4)]
    assert again[:3] == taken
    assert again[3] not in taken
    assert len(orders.keys) == 4


async def test_nothing_is_owed_across_owners_or_requests(store: Store) -> None:
    claims, orders = Claims(store), Orders()
    claim = await claims.take("me", "print", orders, again=False)
    await claims.settle(claim, delivered=False)
    for owner, fingerprint in (("you", "print"), ("me", "other")):
        assert await claims.take(owner, fingerprint, orders, again=True) is not claim
