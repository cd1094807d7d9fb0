"""BFL's protocol over real sockets, as its documents say to speak it: a POST, and polls of the address it answers."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.doors.openai.worlds import World, opened, photo, uri, world
from tests.worlds import billed

pytestmark = pytest.mark.anyio

KEY = {"x-key": "whatever"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "data") as running:
        yield running


async def submitted(door: World, endpoint: str = "flux-2-pro", **body: Any) -> dict[str, Any]:
    status, _, told = await door.call(f"/bfl/v1/{endpoint}", body, KEY)
    assert status == 200, told
    found: dict[str, Any] = told
    return found


async def done(door: World, task: dict[str, Any]) -> dict[str, Any]:
    """Poll until the task is no longer pending."""
    assert task["polling_url"].startswith(door.url)
    while True:
        status, _, told = await door.call(task["polling_url"].removeprefix(door.url), method="GET", headers=KEY)
        assert status == 200, told
        if told["status"] != "Pending":
            found: dict[str, Any] = told
            return found
        assert 0 <= told["progress"] <= 0.95
        assert told["result"] is told["details"] is told["preview"] is None
        await asyncio.sleep(0.02)


async def made(door: World, endpoint: str = "flux-2-pro", **body: Any) -> dict[str, Any]:
    return await done(door, await submitted(door, endpoint, **body))


async def test_a_generation(door: World) -> None:
    task = await submitted(door, prompt="a red fox", width=1024, height=1536, seed=7)
    assert task.keys() == {"id", "polling_url", "cost", "input_mp", "output_mp"}
    assert (task["cost"], task["input_mp"], task["output_mp"]) == (4.5, 0.0, 1.5)
    ready = await done(door, task)
    assert ready["status"] == "Ready"
    assert ready["id"] == task["id"]
    assert ready["cost"] == 4.5
    result = ready["result"]
    assert (result["seed"], result["prompt"]) == (7, "a red fox")
    assert result["end_time"] - result["start_time"] == pytest.approx(result["duration"], abs=0.01)
    status, headers, data = await door.bytes_at(result["sample"])
    assert status == 200
    assert headers["content-type"] == "image/jpeg"  # BFL's default, not ours
    assert opened(data).size == (1024, 1536)


async def test_the_job_is_an_ordinary_one(door: World) -> None:
    task = await made(door, prompt="a red fox", seed=7)
    status, _, told = await door.call(f"/v1/generations/{task['id']}", method="GET")
    assert status == 200
    assert (told["route"], told["state"], told["prompt"]) == ("bfl/flux-2-pro", "succeeded", "a red fox")
    assert told["jobs"][0]["wire"]["prompt"] == "a red fox"
    # The same seed again: given from the cache, and free.
    again = await submitted(door, prompt="a red fox", seed=7)
    assert again["cost"] == 0.0
    assert (await done(door, again))["status"] == "Ready"
    assert len(billed(door.box)) == 1


async def test_an_edit_with_pictures_in_every_form(door: World) -> None:
    first = (await made(door, prompt="a red fox", width=512, height=512))["result"]["sample"]
    bare = base64.b64encode(photo("teal")).decode()
    wrapped = "\n".join(bare[i : i + 76] for i in range(0, len(bare), 76))
    ready = await made(
        door,
        prompt="make it dusk",
        input_image=first,
        input_image_2=bare,
        input_image_3=uri(photo("gold", kind="JPEG"), "image/jpeg"),
        input_image_4=wrapped,
        output_format="png",
    )
    assert ready["status"] == "Ready"
    assert opened((await door.bytes_at(ready["result"]["sample"]))[2]).format == "PNG"
    assert len(billed(door.box)[-1]["picture"]["references"]) == 4
    _, _, told = await door.call(f"/v1/generations/{ready['id']}", method="GET")
    assert told["mode"] == "edit"
    assert [one["width"] for one in told["references"]] == [512, 320, 320, 320]


@pytest.mark.parametrize(
    "endpoint", ["flux-kontext-pro", "flux-3-image", "flux-pro-1.1", "flux-dev", "flux-2-klein-4b"]
)
async def test_every_family_is_behind_the_door(door: World, endpoint: str) -> None:
    ready = await made(door, endpoint, prompt="a red fox")
    assert ready["status"] == "Ready", ready
    assert (await door.bytes_at(ready["result"]["sample"]))[0] == 200


async def test_the_tools_too(door: World) -> None:
    picture, mask = uri(photo(size=(512, 512))), uri(photo("white", (512, 512)))
    erased = await made(door, "flux-tools/erase-v1", image=picture, mask=mask)
    widened = await made(door, "flux-tools/outpainting-v1", input_image=picture, width=768, height=768, mode="fast")
    filled = await made(door, "flux-pro-1.0-fill", image=picture, mask=mask, prompt="a hat")
    assert [one["status"] for one in (erased, widened, filled)] == ["Ready"] * 3
    assert opened((await door.bytes_at(widened["result"]["sample"]))[2]).size == (768, 768)


async def test_moderation_is_told_in_bfls_words_and_at_once(door: World) -> None:
    asked = await made(door, prompt="moderate-me please")
    assert asked["status"] == "Request Moderated"
    assert asked["details"]["Moderation Reasons"]
    assert asked["result"] is None
    shown = await made(door, prompt="moderate-me-output please")
    assert shown["status"] == "Content Moderated"
    assert isinstance(shown["details"]["Moderation Reasons"], list)


async def test_a_failed_task_says_why(door: World) -> None:
    failed = await made(door, prompt="a fox [[fault:error=the model fell over]]")
    assert failed["status"] == "Error"
    assert "the model fell over" in failed["details"]["error"]
    assert failed["details"]["next"]


async def test_a_task_in_doubt_is_an_error_and_is_not_made_twice(door: World) -> None:
    doubtful = await made(door, prompt="a fox [[fault:submit-drop-after]]")
    assert doubtful["status"] == "Error"
    assert doubtful["details"]["code"] == "submit_unknown"
    assert len(door.box.world.tasks()) == 1


async def test_an_unknown_task_is_404_with_a_task_body(door: World) -> None:
    for name in ("2fa2c1d0-0000-4000-8000-000000000000", "01kaz3x9f0m2n4p6q8r0st"):
        status, _, told = await door.call(f"/bfl/v1/get_result?id={name}", method="GET", headers=KEY)
        assert (status, told["id"], told["status"], told["result"]) == (404, name, "Task not found", None)


async def test_a_wrong_body_is_422_with_a_list(door: World) -> None:
    status, _, told = await door.call("/bfl/v1/flux-2-pro", {"width": 3, "foo": 1}, KEY)
    assert status == 422
    assert [(one["type"], one["loc"]) for one in told["detail"]] == [
        ("missing", ["body", "prompt"]),
        ("greater_than_equal", ["body", "width"]),
        ("extra_forbidden", ["body", "foo"]),
    ]
    for body in ([1], "text", 7):
        status, _, told = await door.call("/bfl/v1/flux-2-pro", body, KEY)
        assert (status, told["detail"][0]["type"]) == (422, "model_attributes_type")
    assert billed(door.box) == []


async def test_what_the_schema_cannot_say_is_refused_before_it_is_sent(door: World) -> None:
    for body, word in (
        ({"prompt": "x", "width": 4096, "height": 4096}, "megapixels"),
        ({"prompt": "x", "width": 512}, "together"),
        ({"prompt": "x", "input_image": base64.b64encode(b"no picture").decode()}, "picture"),
        ({"prompt": "x", "input_image": "http://127.0.0.1/a.png"}, "https"),
        ({"prompt": "x", "input_image": "https://10.0.0.1/a.png"}, "public"),
    ):
        status, _, told = await door.call("/bfl/v1/flux-2-pro", body, KEY)
        assert status == 422, told
        assert word in told["detail"][0]["msg"]
    assert door.box.world.tasks() == []


async def test_broken_json_and_unknown_endpoints(door: World) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{door.url}/bfl/v1/flux-2-pro", data=b"{") as answer:
        assert (answer.status, (await answer.json())["detail"][0]["type"]) == (422, "json_invalid")
    status, _, told = await door.call("/bfl/v1/flux-9", {"prompt": "x"}, KEY)
    assert status == 404
    assert "flux-9" in told["detail"]


async def test_a_budget_that_is_used_up_is_402(door: World) -> None:
    await door.call("/v1/budgets/all/day", {"most": "0.01"}, method="PUT")
    status, _, told = await door.call("/bfl/v1/flux-2-pro", {"prompt": "x"}, KEY)
    assert status == 402
    assert told["detail"].startswith("Insufficient credits")
    assert door.box.world.tasks() == []


async def test_credits_are_what_may_still_be_spent(door: World) -> None:
    _, _, told = await door.call("/bfl/v1/credits", method="GET", headers=KEY)
    account = told["credits"]
    assert account > 1000
    await door.call("/v1/budgets/all/day", {"most": "0.10"}, method="PUT")
    await made(door, prompt="a fox", width=1024, height=1024)
    _, _, told = await door.call("/bfl/v1/credits", method="GET", headers=KEY)
    assert told["credits"] in {7.0, 10.0}  # the sandbox's money counts against the sandbox's budget only


async def test_the_same_idempotency_key_is_the_same_task(door: World) -> None:
    headers = {**KEY, "idempotency-key": "mine"}
    tasks = [(await door.call("/bfl/v1/flux-2-pro", {"prompt": "x"}, headers))[2]["id"] for _ in range(2)]
    assert tasks[0] == tasks[1]
    status, _, _ = await door.call("/bfl/v1/flux-2-pro", {"prompt": "y"}, headers)
    assert status == 409


async def test_two_equal_requests_on_purpose_are_two_pictures(door: World) -> None:
    tasks = await asyncio.gather(*(submitted(door, prompt="a red fox") for _ in range(3)))
    assert len({task["id"] for task in tasks}) == 3
    await asyncio.gather(*(done(door, task) for task in tasks))
    again = await submitted(door, prompt="a red fox")
    assert again["id"] not in {task["id"] for task in tasks}
    await done(door, again)
    assert len(billed(door.box)) == 4


@pytest.mark.parametrize("depth", [40, 900, 5000])
@pytest.mark.parametrize("path", ["/bfl/v1/flux-2-pro", "/fal/fal-ai/flux-2"])
async def test_a_body_without_bottom_is_refused_like_any_other(door: World, path: str, depth: int) -> None:
    body = b'{"prompt": ' + b'[{"a": ' * depth + b"1" + b"}]" * depth + b"}"
    async with aiohttp.ClientSession() as session, session.post(door.url + path, data=body) as answer:
        assert answer.status == 422
        assert len(await answer.read()) < 2000
    assert door.box.world.tasks() == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"prompt": "a\0fox"}, ["body", "prompt"]),
        ({"prompt": "a fox", "user": "\0"}, ["body", "user"]),
        ({"prompt": "a fox", "loras": [{"path": "x\0y"}]}, ["body", "loras", 0, "path"]),
        ({"prompt": "a fox", "na\0me": 1}, ["body", "NUL"]),
    ],
)
async def test_a_nul_is_no_text(door: World, body: dict[str, Any], place: list[str | int]) -> None:
    for path in ("/bfl/v1/flux-2-pro", "/fal/fal-ai/flux-2", "/fal/queue/fal-ai/flux-2"):
        status, _, told = await door.call(path, body, KEY)
        assert (status, told["detail"][0]["loc"]) == (422, place)
    # Its name in letters is a text like any other.
    assert (await door.call("/bfl/v1/flux-2-pro", {"prompt": "the character \\u0000"}, KEY))[0] == 200
