"""An agent with somebody's money: the most it may spend holds, nothing is ordered twice, and it is told the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from tests.mcp.agents import FAST, facts, text
from tests.remote.gateways import Gate

from mcp import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
async def agent(gate: Gate) -> AsyncIterator[Client]:
    async with Client(f"{gate.url}/mcp") as client:
        yield client


async def ordered(agent: Client, **more: Any) -> Any:
    return await agent.call_tool("generate_image", {"prompt": "a red fox", "model": FAST, **more})


async def price(agent: Client, **more: Any) -> Decimal:
    told = facts(await agent.call_tool("quote", {"prompt": "a red fox", "model": FAST, **more}))
    return Decimal(told["high_usd"])


async def jobs_at(gate: Gate) -> int:
    async with gate.client() as client:
        return len(await client.jobs(limit=100))


async def test_what_costs_more_is_not_ordered(agent: Client, gate: Gate) -> None:
    for most in (0, 0.0001):
        result = await ordered(agent, max_price=most)
        assert result.is_error
        assert "[budget_exceeded]" in text(result)
        assert f"max_price is ${most:g}" in text(result)
        assert "nothing was sent" in text(result)
    assert await jobs_at(gate) == 0


async def test_the_price_itself_is_enough_and_a_millionth_less_is_not(agent: Client, gate: Gate) -> None:
    most = await price(agent)
    assert most > 0
    refused = await ordered(agent, max_price=float(most - Decimal("0.000001")))
    assert refused.is_error
    assert await jobs_at(gate) == 0
    about = facts(await ordered(agent, max_price=float(most)))
    assert Decimal(about["charged_usd"]) <= most
    assert await jobs_at(gate) == 1


async def test_the_most_is_for_all_pictures_of_an_order(agent: Client, gate: Gate) -> None:
    one, three = await price(agent), await price(agent, num_images=3)
    assert three == 3 * one
    refused = await ordered(agent, num_images=3, max_price=float(2 * one))
    assert refused.is_error
    assert await jobs_at(gate) == 0


IMPOSSIBLE: tuple[dict[str, Any], ...] = (
    {"max_price": -1},
    {"max_price": "much"},
    {"wait": -1},
    {"wait": 601},
    {"num_images": 0},
    {"num_images": 11},
    {"num_images": 1.5},
    {"prompt": "x" * 20_001},
    {"model": "x" * 201},
    {"parameters": "seed=7"},
    {"prompt": 7},
)


async def test_an_order_that_cannot_be_is_refused_before_anything_is_sent(agent: Client, gate: Gate) -> None:
    for arguments in IMPOSSIBLE:
        result = await ordered(agent, **arguments)
        assert result.is_error, arguments
        assert next(iter(arguments)) in text(result)
        assert "Traceback" not in text(result)
    assert await jobs_at(gate) == 0


async def test_without_waiting_the_order_goes_on_and_is_found_again(agent: Client, gate: Gate) -> None:
    about = facts(await ordered(agent, wait=0))
    assert "do not order it again" in about["next"]
    async with gate.client() as client:
        await client.wait(about["generation_id"])
    found = await agent.call_tool("job_status", {"job_id": about["generation_id"]})
    assert len(facts(found)["image_ids"]) == 1
    assert await jobs_at(gate) == 1


async def test_the_same_seed_is_given_again_for_nothing(agent: Client) -> None:
    first = facts(await ordered(agent, parameters={"seed": 7}))
    again = facts(await ordered(agent, parameters={"seed": 7}))
    assert Decimal(first["charged_usd"]) > 0
    assert Decimal(again["charged_usd"]) == 0
    assert again["image_ids"] != first["image_ids"]


@pytest.mark.parametrize(("fault", "code"), [("moderated-output", "moderated_output"), ("error", "")])
async def test_a_picture_that_was_not_made_says_whether_it_was_charged(agent: Client, fault: str, code: str) -> None:
    result = await agent.call_tool("generate_image", {"prompt": f"a fox [[fault:{fault}]]", "model": FAST})
    assert result.is_error
    assert code in text(result)
    assert "charged" in text(result).lower()
