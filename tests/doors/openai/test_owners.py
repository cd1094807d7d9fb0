"""The OpenAI door on a gateway that asks for keys: whose picture is whose, and who may do what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI
from tests.doors.openai.worlds import FAST, World, opened, photo, uri, world
from tests.worlds import submits

from fluxroom.engine.keyring import Keyring, NewKey

pytestmark = pytest.mark.anyio


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[World]:
    """A gateway that is called by another name than loopback, and so asks for a key everywhere."""
    async with world(tmp_path / "data", hosts="pictures.example.com") as running:
        yield running


async def key(door: World, name: str, **more: Any) -> str:
    _, secret = await Keyring(door.client.engine.store).create(NewKey(name=name, **more))
    return secret


async def test_without_a_key_nothing_is_done(keyed: World) -> None:
    for client in (keyed.openai(), keyed.openai(api_key="flux_made_up")):
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.images.generate(model=FAST, prompt="a fox")
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
    assert submits(keyed.box) == []


async def test_a_key_that_may_only_read_makes_no_picture(keyed: World) -> None:
    client = keyed.openai(api_key=await key(keyed, "guest", scopes=["read"]))
    assert (await client.models.list()).data
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await client.images.generate(model=FAST, prompt="a fox")
    assert refused.value.code == "insufficient_permissions"


async def test_a_picture_belongs_to_its_key_and_its_link_to_whoever_has_it(keyed: World) -> None:
    anna, ben = [keyed.openai(api_key=await key(keyed, name)) for name in ("anna", "ben")]
    made = await anna.images.generate(model=FAST, prompt="a fox")
    assert made.model_extra is not None
    picture = made.model_extra["fluxroom"]["images"][0]
    for name in (picture["id"], picture["sha256"]):
        with pytest.raises(openai.BadRequestError) as refused:
            await ben.images.generate(model=FAST, prompt="night", extra_body={"references": [name]})
        assert refused.value.code == "invalid_reference"
    status, _, data = await keyed.bytes_at(picture["url"])
    assert status == 200
    assert opened(data).size == (1024, 768)
    given: Any = await ben.images.generate(model=FAST, prompt="night", extra_body={"references": [picture["url"]]})
    assert given.model_extra["fluxroom"]["mode"] == "edit"
    assert given.model_extra["fluxroom"]["images"][0]["id"] != picture["id"]


async def test_what_is_owed_to_one_key_is_not_given_to_another(tmp_path: Path) -> None:
    async with world(tmp_path / "data", hosts="pictures.example.com", seconds=1.0) as door:
        secrets = [await key(door, name, owner="team") for name in ("anna", "ben")]
        await door.left_behind(door.openai(api_key=secrets[0]).images.generate(model=FAST, prompt="a fox"))
        await door.openai(api_key=secrets[1]).images.generate(model=FAST, prompt="a fox")
        assert len(submits(door.box)) == 2
        await door.openai(api_key=secrets[0]).images.generate(model=FAST, prompt="a fox")
        assert len(submits(door.box)) == 2


async def test_a_keys_budget_ends_at_the_door(keyed: World) -> None:
    client = keyed.openai(api_key=await key(keyed, "poor", budget_day="0.02"), max_retries=2)
    await client.images.generate(model="bfl/flux-2-klein-4b", prompt="a fox")
    with pytest.raises(openai.RateLimitError) as refused:
        await client.images.generate(model="bfl/flux-2-klein-4b", prompt="a wolf")
    assert refused.value.code == "insufficient_quota"
    assert len(submits(keyed.box)) == 1


async def test_a_keys_rate_is_told_with_its_wait(keyed: World) -> None:
    client = keyed.openai(api_key=await key(keyed, "hasty", per_minute=2))
    asked = await asyncio.gather(*[client.models.list() for _ in range(6)], return_exceptions=True)
    refused = [answer for answer in asked if isinstance(answer, openai.RateLimitError)]
    assert refused
    assert refused[0].code == "rate_limit_exceeded"
    assert int(refused[0].response.headers["retry-after"]) > 0


async def test_every_address_of_the_rest_says_what_is_there_only_to_who_has_a_key(keyed: World) -> None:
    status, _, told = await keyed.call("/openai/v1/responses", {})
    assert (status, told["error"]["code"]) == (401, "invalid_api_key")
    headers = {"authorization": f"Bearer {await key(keyed, 'anna')}"}
    status, _, told = await keyed.call("/openai/v1/responses", {}, headers)
    assert (status, told["error"]["code"]) == (404, "unknown_url")
    assert "chat/completions" in told["error"]["message"]


async def test_the_client_that_waits_in_a_thread(door: World) -> None:
    """OpenAI's client without asyncio, as most programs use it."""

    def work() -> tuple[int, str, list[str]]:
        with OpenAI(base_url=f"{door.url}/openai/v1", api_key="none") as client:
            made = client.images.generate(model=FAST, prompt="a fox")
            with client.images.with_streaming_response.edit(model=FAST, image=photo(), prompt="night") as raw:
                status = raw.status_code
                raw.parse()
            parts: Any = [{"type": "text", "text": "dusk"}, {"type": "image_url", "image_url": {"url": uri(photo())}}]
            stream = client.chat.completions.create(
                model=FAST, messages=[{"role": "user", "content": parts}], stream=True
            )
            return status, made.size or "", [chunk.choices[0].delta.content or "" for chunk in stream]

    status, size, words = await asyncio.to_thread(work)
    assert (status, size) == (200, "1024x768")
    assert "".join(words).startswith("![dusk](http://127.0.0.1:")


async def test_a_link_serves_parts_and_remembers(door: World) -> None:
    made: Any = await door.openai().images.generate(model=FAST, prompt="a fox", response_format="url")
    address = made.data[0].url
    status, headers, part = await door.bytes_at(address, range="bytes=0-9")
    assert (status, len(part)) == (206, 10)
    status, again, _ = await door.bytes_at(address, **{"if-none-match": headers["etag"]})
    assert status == 304
    assert "immutable" in again["cache-control"]
    status, headers, nothing = await door.bytes_at(address, "HEAD")
    assert (status, nothing) == (200, b"")
    assert headers["content-type"] == "image/png"


async def test_links_name_the_public_address_where_there_is_one(tmp_path: Path) -> None:
    async with world(tmp_path / "data", public_url="https://pictures.example.com") as door:
        client = door.openai(api_key=await key(door, "anna"))
        made = await client.images.generate(model=FAST, prompt="a fox", response_format="url")
        assert made.data
        address = made.data[0].url or ""
        assert address.startswith("https://pictures.example.com/files/")
        reached = address.replace("https://pictures.example.com", door.url)
        assert (await door.bytes_at(reached))[0] == 200
        edited: Any = await client.images.generate(model=FAST, prompt="night", extra_body={"references": [address]})
        assert edited.model_extra["fluxroom"]["mode"] == "edit"
