"""Pictures through the OpenAI door with OpenAI's own client, over sockets, on the sandbox of both providers."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.doors.openai.worlds import FAST, World, clear_mask, opened, photo, uri, world
from tests.worlds import billed, submits

pytestmark = pytest.mark.anyio


async def test_a_picture_comes_as_base64_and_says_what_it_is(door: World) -> None:
    made = await door.openai().images.generate(model=FAST, prompt="a red fox", size="512x384")
    assert made.data is not None
    (one,) = made.data
    image = opened(one.b64_json)
    assert (image.size, image.format) == ((512, 384), "PNG")
    assert (made.size, made.output_format, made.background) == ("512x384", "png", "opaque")
    assert made.usage is not None
    assert made.usage.total_tokens == 0
    assert one.url is None
    assert made.model_extra is not None
    told = made.model_extra["fluxroom"]
    status, headers, data = await door.bytes_at(told["images"][0]["url"])
    assert (status, headers["content-type"]) == (200, "image/png")
    assert opened(data).tobytes() == image.tobytes()
    assert (told["sandbox"], told["route"], told["not_sent"]) == (True, f"bfl/{FAST}", [])
    assert told["receipt"]["state"] == "charged"
    assert len(billed(door.box)) == 1


@pytest.mark.parametrize(("wished", "there", "missing"), [("b64_json", "b64_json", "url"), ("url", "url", "b64_json")])
async def test_the_response_format_decides(door: World, wished: Any, there: str, missing: str) -> None:
    made = await door.openai().images.generate(model=FAST, prompt="a red fox", response_format=wished)
    assert made.data is not None
    assert getattr(made.data[0], there)
    assert getattr(made.data[0], missing) is None


async def test_several_pictures_are_as_many_jobs_with_counted_seeds(door: World) -> None:
    made = await door.openai().images.generate(model=FAST, prompt="a red fox", n=3, extra_body={"seed": 40})
    assert made.data is not None
    assert len({one.b64_json for one in made.data}) == 3
    assert made.model_extra is not None
    assert [one["seed"] for one in made.model_extra["fluxroom"]["images"]] == [40, 41, 42]


async def test_the_models_own_parameters_go_through_extra_body(door: World) -> None:
    await door.openai().images.generate(
        model="bfl/flux-2-flex", prompt="a fox", extra_body={"guidance_scale": 3.5, "num_inference_steps": 20}
    )
    (sent,) = submits(door.box)
    assert (sent["body"]["guidance"], sent["body"]["steps"]) == (3.5, 20)


async def test_an_edit_takes_several_pictures_in_their_order(door: World) -> None:
    files: Any = [("room.png", photo("teal")), ("chair.png", photo("red"))]
    made = await door.openai().images.edit(
        model="flux-2-pro", image=files, prompt="put the chair into the room", extra_body={"seed": 7}
    )
    assert made.data is not None
    assert opened(made.data[0].b64_json).size == (320, 256)
    (sent,) = submits(door.box)
    assert sent["body"]["seed"] == 7
    assert sent["body"]["input_image"] != sent["body"]["input_image_2"]


async def test_a_mask_in_openais_sense_becomes_white_where_it_was_clear(door: World) -> None:
    made = await door.openai().images.edit(
        model="flux-pro-fill", image=("room.png", photo()), mask=("mask.png", clear_mask()), prompt="a window"
    )
    assert made.data is not None
    (sent,) = submits(door.box)
    mask = opened(sent["body"]["mask"]).convert("L")
    assert (mask.getpixel((10, 100)), mask.getpixel((300, 100))) == (255, 0)


async def test_an_edit_in_json_names_its_pictures(door: World) -> None:
    body = {"model": FAST, "prompt": "make it night", "images": [{"image_url": uri(photo())}], "seed": 1}
    status, _, told = await door.call("/openai/v1/images/edits", body)
    assert (status, len(told["data"])) == (200, 1)
    # the link of the first is the input of the second, and is taken from the store
    again = {"model": FAST, "prompt": "and snow", "images": [{"image_url": told["fluxroom"]["images"][0]["url"]}]}
    status, _, _ = await door.call("/openai/v1/images/edits", again)
    assert status == 200
    sent = submits(door.box)[-1]["body"]
    assert hashlib.sha256(told["data"][0]["b64_json"].encode()).hexdigest() in sent["input_image"]  # long: by its hash


async def test_a_stream_ends_with_the_picture(door: World) -> None:
    stream = await door.openai().images.generate(model=FAST, prompt="a fox", stream=True, partial_images=2, n=2)
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_generation.completed"] * 2
    assert opened(events[0].b64_json).size == (1024, 768)
    edited = await door.openai().images.edit(model=FAST, image=photo(), prompt="dusk", stream=True)
    assert [event.type async for event in edited] == ["image_edit.completed"]


async def test_the_models_are_listed(door: World) -> None:
    listed = await door.openai().models.list()
    names = [model.id for model in listed.data]
    assert {"flux-2-pro", "flux-kontext-dev", FAST} <= set(names)
    assert (await door.openai().models.retrieve("bfl/flux-2-pro")).id == "bfl/flux-2-pro"
    with pytest.raises(openai.NotFoundError) as refused:
        await door.openai().models.retrieve("flux-9")
    assert refused.value.code == "model_not_found"


async def test_aliases_lead_clients_that_know_only_openais_names(tmp_path: Path) -> None:
    async with world(tmp_path / "data", openai_aliases=f"gpt-image-2={FAST}") as door:
        made = await door.openai().images.generate(model="gpt-image-2", prompt="a fox")
        assert made.model_extra is not None
        assert made.model_extra["fluxroom"]["route"] == f"bfl/{FAST}"
        assert "gpt-image-2" in [model.id for model in (await door.openai().models.list()).data]


async def test_large_base64_leaves_the_event_loop_free(tmp_path: Path) -> None:
    async with world(tmp_path / "data") as door:
        wishes = [
            door.openai().images.generate(model=FAST, prompt=f"fox {n}", size="2048x2048", response_format="b64_json")
            for n in range(4)
        ]
        asked = asyncio.gather(*wishes)
        while not asked.done():
            status, _, _ = await door.call("/healthz", method="GET")
            assert status == 200
            await asyncio.sleep(0.01)
        assert all(made.data and made.data[0].b64_json for made in await asked)
