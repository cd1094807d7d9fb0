"""What is special at `/mcp`: keys, scopes, budgets, and files of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client
from tests.cli.told import picture_file
from tests.mcp.agents import FAST, facts, links, text
from tests.mcp.conftest import over_stdio
from tests.remote.gateways import Gate, made_key
from tests.server.calls import settings_at

from fluxroom.server import create_app
from mcp import Client

pytestmark = pytest.mark.anyio

ORDER = {"prompt": "a red fox", "model": FAST, "parameters": {"seed": 1}}


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[tuple[Gate, dict[str, str]]]:
    """A gateway that asks for keys."""
    folder = tmp_path / "gateway"
    keys = {
        "anna": made_key(folder, "anna"),
        "ben": made_key(folder, "ben", budget_day="0.02"),
        "reader": made_key(folder, "reader", scopes=("read",)),
    }
    gate = Gate(folder, host="0.0.0.0").start()
    yield gate, keys
    gate.stop()


@asynccontextmanager
async def agent_of(gate: Gate, key: str) -> AsyncIterator[Client]:
    """The SDK's client with a key."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{gate.url}/mcp", http_client=http)) as client,
    ):
        yield client


async def asked(method: str, url: str, **more: Any) -> httpx2.Response:
    """A plain request, without the SDK."""
    async with httpx2.AsyncClient() as http:
        return await http.request(method, url, **more)


async def test_without_a_key_there_are_no_tools(keyed: tuple[Gate, dict[str, str]]) -> None:
    gate, _ = keyed
    refused = await asked("POST", f"{gate.url}/mcp", json={})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_key")


async def test_everybody_has_their_own(keyed: tuple[Gate, dict[str, str]]) -> None:
    gate, keys = keyed
    async with agent_of(gate, keys["anna"]) as anna, agent_of(gate, keys["ben"]) as ben:
        about = facts(await anna.call_tool("generate_image", ORDER))
        image = about["image_ids"][0]
        assert facts(await ben.call_tool("search_images", {}))["images"] == []
        for name, value in (("get_image", {"image_id": image}), ("job_status", {"job_id": about["generation_id"]})):
            refused = await ben.call_tool(name, value)
            assert refused.is_error
            assert image not in text(refused).replace(image, "", 1)
        stolen = await ben.call_tool("edit_image", {"images": [image], "prompt": "mine", "model": FAST})
        assert stolen.is_error
        assert len(facts(await anna.call_tool("search_images", {}))["images"]) == 1


async def test_budgets_and_scopes_hold_for_agents(keyed: tuple[Gate, dict[str, str]]) -> None:
    gate, keys = keyed
    async with agent_of(gate, keys["ben"]) as ben:
        assert not (await ben.call_tool("generate_image", ORDER)).is_error
        refused = await ben.call_tool("generate_image", {**ORDER, "prompt": "another"})
        assert refused.is_error
        assert "[budget_exceeded]" in text(refused)
        assert len(facts(await ben.call_tool("search_images", {}))["images"]) == 1
    async with agent_of(gate, keys["reader"]) as reader:
        assert facts(await reader.call_tool("search_images", {}))["images"] == []
        assert len(facts(await reader.call_tool("list_models", {}))) > 50
        for name in ("generate_image", "quote"):
            refused = await reader.call_tool(name, {"prompt": "x", "model": FAST})
            assert refused.is_error
            assert "[scope_missing]" in text(refused)


async def test_the_link_opens_without_a_key(keyed: tuple[Gate, dict[str, str]]) -> None:
    gate, keys = keyed
    async with agent_of(gate, keys["anna"]) as anna:
        result = await anna.call_tool("generate_image", ORDER)
        address = links(result)[0].description.partition(": ")[2]
    answer = await asked("GET", address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert len(answer.content) == links(result)[0].size


async def test_agents_orders_are_ordinary_jobs(gate: Gate) -> None:
    async with Client(f"{gate.url}/mcp") as agent, gate.client() as client:
        about = facts(await agent.call_tool("generate_image", {**ORDER, "parameters": {"run": "agents"}}))
        (job,) = await client.jobs()
        assert (job.id, job.run) == (about["jobs"][0]["job_id"], "agents")


@pytest.mark.parametrize("picture", ["/etc/passwd", "private.png", "file:///etc/passwd"])
async def test_the_gateway_reads_no_files_for_agents(gate: Gate, tmp_path: Path, picture: str) -> None:
    picture_file(tmp_path / "private.png", (1, 2, 3))
    async with Client(f"{gate.url}/mcp") as agent:
        refused = await agent.call_tool("edit_image", {"images": [picture], "prompt": "x", "model": FAST})
    assert refused.is_error
    assert "[invalid_reference]" in text(refused)


async def test_at_home_an_agent_may_name_the_users_own_files(tmp_path: Path) -> None:
    photo = picture_file(tmp_path / "photo.png", (200, 10, 10))
    async with Client(over_stdio(tmp_path / "data")) as agent:
        result = await agent.call_tool("edit_image", {"images": [str(photo)], "prompt": "dusk", "model": FAST})
        assert facts(result)["mode"] == "edit"


async def test_a_page_of_another_site_is_no_agent(gate: Gate) -> None:
    for headers, status in (({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 421)):
        assert (await asked("POST", f"{gate.url}/mcp", json={}, headers=headers)).status_code == status


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "off", mcp=False).start()
    try:
        assert (await asked("POST", f"{gate.url}/mcp", json={})).status_code == 404
    finally:
        gate.stop()


def test_without_the_extra_the_gateway_starts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr("fluxroom.mcp.find_spec", lambda name: None if name == "mcp" else real(name))
    app = create_app(settings_at(tmp_path))
    assert "/mcp" not in [getattr(route, "path", "") for route in app.routes]


def test_the_sdk_is_not_imported_before_the_first_agent() -> None:
    code = "import sys; from fluxroom.server import create_app; print('mcp' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


async def test_a_gateway_that_stops_ends_with_agents_connected(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "stops").start()
    with contextlib.suppress(BaseExceptionGroup, httpx2.ConnectError):  # what the client says when nobody is there
        async with Client(f"{gate.url}/mcp") as agent:
            order: Any = asyncio.ensure_future(
                agent.call_tool("generate_image", {"prompt": "x [[duration:60]]", "model": FAST, "wait": 60})
            )
            await asyncio.sleep(1)
            await asyncio.to_thread(gate.stop)  # asserts that it ends
            order.cancel()
            await asyncio.gather(order, return_exceptions=True)
