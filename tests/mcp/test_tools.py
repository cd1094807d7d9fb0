"""The tools, with the SDK's own client, over standard input and output and over HTTP: the same answers."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from PIL import Image
from tests.mcp.agents import FAST, facts, links, pictures, text
from tests.server.calls import picture

from mcp import Client

pytestmark = pytest.mark.anyio

NAMES = ["generate_image", "edit_image", "quote", "list_models", "search_images", "get_image", "job_status"]


async def made(agent: Client, prompt: str = "a red fox", **more: Any) -> Any:
    return await agent.call_tool("generate_image", {"prompt": prompt, "model": FAST, **more})


async def test_the_tools_say_what_they_are_for(agent: Client) -> None:
    tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
    assert list(tools) == NAMES
    for tool in tools.values():
        assert len(tool.description or "") > 40
        described = tool.input_schema["properties"]
        assert all("description" in field or "$ref" in str(field) for field in described.values()), tool.name
        assert "ctx" not in described
    assert tools["generate_image"].input_schema["required"] == ["prompt"]
    assert tools["edit_image"].input_schema["required"] == ["images", "prompt"]
    reading = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
    assert reading == set(NAMES) - {"generate_image", "edit_image"}
    assert "twice" in (agent.instructions or "")


async def test_from_words_to_a_picture_and_back_to_it(agent: Client) -> None:
    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total == 1.0
        told.append((progress, message))

    arguments = {"prompt": "a red fox", "model": FAST, "parameters": {"seed": 7, "image_size": "512x384"}}
    result = await agent.call_tool("generate_image", arguments, progress_callback=hear)
    about = facts(result)
    assert (about["settled"], about["sandbox"], about["route"]) == (True, True, f"bfl/{FAST}")
    assert float(about["charged_usd"]) > 0
    (shown,) = pictures(result)
    assert shown.size == (512, 384)
    (link,) = links(result)
    assert link.uri == f"fluxroom://images/{about['image_ids'][0]}"
    assert told[-1] == (1.0, "succeeded")
    assert [share for share, _ in told] == sorted(share for share, _ in told)

    (found,) = facts(await agent.call_tool("search_images", {"query": "fox"}))["images"]
    assert (found["image_id"], found["seed"], found["size"]) == (about["image_ids"][0], 7, "512x384")
    assert facts(await agent.call_tool("search_images", {"query": "tram"}))["images"] == []
    looked = await agent.call_tool("get_image", {"image_id": found["image_id"], "max_side": 128})
    assert facts(looked)["prompt"] == "a red fox"
    assert max(pictures(looked)[0].size) == 128
    original = await agent.read_resource(f"fluxroom://images/{found['image_id']}")
    data = base64.b64decode(original.contents[0].blob)  # type: ignore[union-attr]
    assert Image.open(io.BytesIO(data)).size == (512, 384)
    for identity in (about["generation_id"], about["jobs"][0]["job_id"]):
        status = await agent.call_tool("job_status", {"job_id": identity})
        assert facts(status)["generation_id"] == about["generation_id"]
        assert [one.uri for one in links(status)] == [link.uri]


async def test_several_pictures_and_pages(agent: Client) -> None:
    result = await made(agent, num_images=6, parameters={"seed": 1, "image_size": "256x256"})
    assert (len(pictures(result)), len(links(result))) == (4, 6)  # the rest is linked, to keep the answer small
    first = facts(await agent.call_tool("search_images", {"limit": 4}))
    rest = facts(await agent.call_tool("search_images", {"limit": 4, "before": first["next_before"]}))
    assert (len(first["images"]), len(rest["images"]), rest["next_before"]) == (4, 2, None)
    assert len({one["image_id"] for one in (*first["images"], *rest["images"])}) == 6


async def test_large_pictures_are_shown_small(agent: Client) -> None:
    result = await made(agent, parameters={"seed": 1, "image_size": "2048x1536"})
    (block,) = [one for one in result.content if one.type == "image"]
    assert len(block.data) < 1_000_000
    assert pictures(result)[0].size == (1024, 768)
    (link,) = links(result)
    assert "2048x1536" in link.description
    assert link.size > 0


async def test_an_edit_of_what_was_made_and_of_what_was_brought(agent: Client) -> None:
    first = facts(await made(agent, parameters={"seed": 1}))["image_ids"][0]
    brought = "data:image/png;base64," + base64.b64encode(picture((20, 200, 90))).decode()
    result = await agent.call_tool(
        "edit_image", {"images": [first, brought], "prompt": "image 1 in the colours of image 2", "model": FAST}
    )
    assert facts(result)["mode"] == "edit"
    assert len(pictures(result)) == 1


async def test_prices_before_anything_is_sent(agent: Client) -> None:
    quoted = facts(await agent.call_tool("quote", {"prompt": "x", "model": "flux-2-pro", "num_images": 4}))
    assert (quoted["route"], quoted["price"], quoted["images"]) == ("bfl/flux-2-pro", "$0.12", 4)
    refused = await made(agent, max_price=0.001)
    assert refused.is_error
    assert "max_price" in text(refused)
    assert "[budget_exceeded]" in text(refused)
    assert facts(await agent.call_tool("search_images", {}))["images"] == []


async def test_models(agent: Client) -> None:
    rows = facts(await agent.call_tool("list_models", {}))
    assert {"model", "about", "modes", "price"} <= rows[0].keys()
    fills = facts(await agent.call_tool("list_models", {"mode": "fill"}))
    assert 0 < len(fills) < len(rows)
    one = facts(await agent.call_tool("list_models", {"model": "bfl/flux-2-flex"}))
    assert "guidance_scale" in [parameter["name"] for parameter in one["parameters"]["bfl/generate"]]
    assert not any(name.startswith("fal/") for name in one["parameters"])


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("generate_image", {"prompt": "x", "model": "flux-404"}, "There is no model 'flux-404'"),
        ("generate_image", {"prompt": "x", "model": FAST, "parameters": {"negative_prompt": "y"}}, "negative_prompt"),
        ("generate_image", {"prompt": "x [[fault:moderated-input]]", "model": FAST}, "[moderated_input]"),
        ("generate_image", {"prompt": "x [[fault:submit-drop-after]]", "model": FAST}, "not known"),
        ("edit_image", {"images": ["http://127.0.0.1/a.png"], "prompt": "x", "model": FAST}, "[invalid_reference]"),
        ("edit_image", {"images": ["0" * 22], "prompt": "x", "model": FAST}, "There is no image"),
        ("edit_image", {"images": [], "prompt": "x", "model": "flux-pro-fill"}, "["),
        ("get_image", {"image_id": "0" * 22}, "There is no image"),
        ("job_status", {"job_id": "nothing"}, "No job ends with"),
        ("search_images", {"model": "flux-404"}, "[unknown_model]"),
        ("list_models", {"model": "flux-404"}, "[unknown_model]"),
        ("generate_image", {"model": FAST}, "prompt"),
        ("generate_image", {"prompt": "x", "num_images": 99}, "num_images"),
    ],
)
async def test_errors_say_what_is_wrong_and_what_to_do(
    agent: Client, tool: str, arguments: dict[str, Any], words: str
) -> None:
    result = await agent.call_tool(tool, arguments)
    assert result.is_error
    assert words in text(result)
    assert "Traceback" not in text(result)


async def test_an_original_that_is_not_there(agent: Client) -> None:
    with pytest.raises(MCPError, match="There is no image"):
        await agent.read_resource("fluxroom://images/" + "0" * 22)


async def test_a_slow_picture_is_not_ordered_twice(agent: Client) -> None:
    result = await made(agent, "a fox [[duration:2]]", wait=0.2)
    about = facts(result)
    assert not about["settled"]
    assert about["generation_id"] in about["next"]
    assert "do not order it again" in about["next"]
    for _ in range(100):
        status = facts(await agent.call_tool("job_status", {"job_id": about["generation_id"]}))
        if status["settled"]:
            break
        import anyio

        await anyio.sleep(0.1)
    assert len(status["image_ids"]) == 1
