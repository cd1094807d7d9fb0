"""Whatever is sent to the OpenAI door, it answers in OpenAI's words and never breaks."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from tests.doors.openai.worlds import FAST, World, photo

pytestmark = pytest.mark.anyio

_NAMES = (
    "model", "prompt", "n", "size", "quality", "response_format", "stream", "messages", "images", "image", "mask",
    "seed", "references", "extra", "user", "style", "on_unsupported", "max_references", "region", "mode", "cache",
    "run", "priority", "idempotency_key", "tools", "temperature", "image_config", "images_as", "stream_options",
    "modalities", "output_format", "background", "safety_identifier", "guidance_scale", "loras", "wait", "self",
    "partial_images", "input_fidelity", "negative_prompt", "image_url", "control_image_url", "width", "height",
    "aspect_ratio", "resolution", "metadata", "audio", "functions", "__class__",
)  # fmt: skip
_TEXTS = (
    "", "x", "auto", "\x00", "🦊" * 9, "a" * 5000, "512x512", FAST, "flux-2-pro", "flux-deblur", "flux-general", "on",
    "data:image/png;base64,AAAA", "data:,", "http://[::1]/", "file:///etc/passwd", "report", "link", "b64_json", "edit",
)  # fmt: skip
_PLAIN: tuple[Any, ...] = (None, True, False, 0, 1, -1, 3, 2**31, 2**63, 10**30, 0.5, -1e308, 1e-9)
_KEYS = (*_NAMES, "type", "text", "role", "content", "url")


def value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(5 if depth < 4 else 2)
    if kind == 0:
        return dice.choice(_PLAIN)
    if kind == 1:
        return dice.choice(_TEXTS)
    if kind == 2:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind == 3:
        return {dice.choice(_KEYS): value(dice, depth + 1) for _ in range(dice.randrange(4))}
    return [{"role": dice.choice(["user", "assistant", "system", "tool", 7]), "content": value(dice, depth + 1)}]


def body(dice: random.Random) -> dict[str, Any]:
    """Mostly nearly right: one or two fields are anything."""
    usual = {"model": FAST, "prompt": "a fox", "messages": [{"role": "user", "content": "a fox"}]}
    kept = {name: given for name, given in usual.items() if dice.random() < 0.8}
    return {**kept, **{dice.choice(_NAMES): value(dice) for _ in range(dice.randrange(1, 3))}}


def form(fields: Mapping[str, Any]) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, given in fields.items():
        made.add_field(name, given if isinstance(given, str) else json.dumps(given))
    made.add_field("image[]", photo(), filename="room.png")
    return made


@pytest.mark.parametrize("path", ["images/generations", "images/edits", "chat/completions"])
async def test_no_body_breaks_the_door(door: World, path: str) -> None:
    dice = random.Random(path)
    statuses: dict[int, int] = {}
    async with aiohttp.ClientSession() as session:
        for number in range(150):
            given = body(dice)
            as_form = path == "images/edits" and number % 2
            raw = {"data": form(given)} if as_form else {"json": given}
            async with session.post(f"{door.url}/openai/v1/{path}", **raw) as answer:
                told = await answer.text()
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            assert answer.status < 500 or '"code":"missing_key"' in told, (given, told)
            if answer.status >= 400:
                error = json.loads(told)["error"]
                assert {"message", "type", "param", "code"} <= set(error), given
                assert error["message"], given
    assert statuses.get(400, 0) > 20, statuses


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"7", b"[]", b"{", b'{"a": NaN}', b'{"prompt": "\\ud800"}', b"\xff\xfe", b"[" * 2000]
)
async def test_what_is_no_object_is_refused_everywhere(door: World, raw: bytes) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("images/generations", "images/edits", "chat/completions"):
            headers = {"content-type": "application/json"}
            async with session.post(f"{door.url}/openai/v1/{path}", data=raw, headers=headers) as answer:
                assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")


async def test_a_nul_in_a_prompt_is_refused_before_a_database_refuses_it(door: World) -> None:
    for path, more in (
        ("images/generations", {"prompt": "a\0fox"}),
        ("chat/completions", {"messages": [{"role": "user", "content": "a\0fox"}]}),
    ):
        status, _, told = await door.call(f"/openai/v1/{path}", {"model": FAST, **more})
        assert status == 400
        assert "NUL" in told["error"]["message"]


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "image/png"])
async def test_what_is_no_form_is_refused(door: World, kind: str) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{door.url}/openai/v1/images/edits"
        async with session.post(url, data=b"--y\r\nnonsense", headers={"content-type": kind}) as answer:
            assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")
