"""fal's uploads: an address first, the bytes afterwards and without a key, and then an input like any other."""

from __future__ import annotations

import aiohttp
import pytest
from tests.doors.fal.queues import FAST, KEY, result, submit
from tests.doors.openai.worlds import World, opened, photo
from tests.worlds import billed

from fluxroom.server.doors import uploads
from fluxroom.server.doors.uploads import Ticket, ticket_in
from fluxroom.store import assets

pytestmark = pytest.mark.anyio

START = "/fal/storage/upload/initiate?storage_type=fal-cdn-v3"


async def put(url: str, data: bytes) -> int:
    async with aiohttp.ClientSession() as session, session.put(url, data=data) as answer:
        return answer.status


async def started(door: World, name: str = "photo.png") -> dict[str, str]:
    status, _, told = await door.call(START, {"content_type": "image/png", "file_name": name}, KEY)
    assert status == 200, told
    found: dict[str, str] = told
    return found


async def test_an_upload_becomes_an_input(door: World) -> None:
    told = await started(door)
    assert told["upload_url"].startswith(f"{door.url}/fal/storage/files/")
    assert await put(told["upload_url"], photo("olive", (400, 300))) == 200
    status, headers, data = await door.bytes_at(told["file_url"])
    assert (status, headers["content-type"]) == (200, "image/png")
    assert opened(data).size == (400, 300)
    edit = await submit(door, f"{FAST}/edit", prompt="at dusk", image_urls=[told["file_url"]])
    assert (await result(door, edit))[0] == 200
    assert len(billed(door.box)[0]["picture"]["references"]) == 1
    # BFL's clients may use it as well.
    body = {"prompt": "at dusk", "input_image": told["file_url"]}
    assert (await door.call("/bfl/v1/flux-2-pro", body))[0] == 200


async def test_it_is_an_asset_of_whoever_asked(door: World) -> None:
    told = await started(door, "my photo (1).png")
    await put(told["upload_url"], photo())
    store = door.client.engine.store
    (asset,) = await store.database.read(lambda c: assets.page(c, "local", limit=5))
    assert (asset.owner, asset.name, asset.width) == ("local", "my-photo-1-.png", 320)


async def test_a_name_cannot_do_harm(door: World) -> None:
    told = await started(door, "../../\x01 ü.png")
    ticket = told["upload_url"].rsplit("/", 2)[1]
    assert await put(f"{door.url}/fal/storage/files/{ticket}/a%00b.png", photo()) == 200
    store = door.client.engine.store
    (asset,) = await store.database.read(lambda c: assets.page(c, "local", limit=5))
    assert asset.name == "a-b.png"


async def test_the_first_bytes_stay(door: World) -> None:
    told = await started(door)
    await put(told["upload_url"], photo("olive"))
    await put(told["upload_url"], photo("red", (640, 480)))
    assert opened((await door.bytes_at(told["file_url"]))[2]).size == (320, 256)


async def test_bytes_with_a_token_as_fals_python_client_sends_them(door: World) -> None:
    _, _, token = await door.call("/fal/storage/auth/token?storage_type=fal-cdn-v3", {}, KEY)
    assert token["token_type"] == "Bearer"
    assert token["base_url"] == f"{door.url}/fal/storage"
    headers = {"authorization": f"Bearer {token['token']}", "x-fal-file-name": "a.png"}
    at = f"{token['base_url']}/files/upload"
    async with aiohttp.ClientSession() as session, session.post(at, data=photo(), headers=headers) as answer:
        assert answer.status == 200
        url = (await answer.json())["access_url"]
    assert opened((await door.bytes_at(url))[2]).size == (320, 256)


async def test_what_is_no_picture_is_refused(door: World) -> None:
    told = await started(door)
    async with aiohttp.ClientSession() as session, session.put(told["upload_url"], data=b"<svg/>") as answer:
        assert answer.status == 422
        assert (await answer.json())["detail"][0]["type"] == "image_load_error"
    assert (await door.bytes_at(told["file_url"]))[0] == 404
    status, _, _ = await door.call("/fal/storage/upload/initiate-multipart", {}, KEY)
    assert status == 413


@pytest.mark.parametrize("change", ["owner", "id", "proof", "until", "cut"])
async def test_a_ticket_that_was_touched_is_none(door: World, change: str) -> None:
    told = await started(door)
    ticket = told["upload_url"].rsplit("/", 2)[1]
    name, until, owner, proof = ticket.split(".")
    changed = {
        "owner": f"{name}.{until}.c29tZWJvZHk.{proof}",
        "id": f"{'0' * 22}.{until}.{owner}.{proof}",
        "proof": f"{name}.{until}.{owner}.{'A' * 22}",
        "until": f"{name}.{int(until) + 9999}.{owner}.{proof}",
        "cut": f"{name}.{until}",
    }[change]
    assert await put(told["upload_url"].replace(ticket, changed), photo()) == 401
    assert (await door.bytes_at(told["file_url"].replace(ticket, changed)))[0] == 404
    headers = {"authorization": f"Bearer {changed}"}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{door.url}/fal/storage/files/upload", data=photo(), headers=headers)
    assert answer.status == 401


async def test_a_ticket_is_good_for_an_hour(door: World) -> None:
    key = await uploads.key(door.gateway)
    old = Ticket("0" * 22, "local", door.client.engine.now() - 1).signed(key)
    assert await put(f"{door.url}/fal/storage/files/{old}/a.png", photo()) == 401


def test_a_ticket_says_whose_it_is() -> None:
    ticket = Ticket("0" * 22, "grüne katze/../x", 1000.0)
    assert ticket_in(ticket.signed(b"key"), b"key") == ticket
    assert ticket_in(ticket.signed(b"key"), b"other") is None
    assert ticket_in("", b"key") is None
    assert ticket_in("ü.ü.ü.ü", b"key") is None
