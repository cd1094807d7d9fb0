"""Conversations and assistants: the same in this process and at a gateway, awaited and waited for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.server.calls import FAST, picture

from fluxroom.blocking import Client
from fluxroom.client import AsyncClient
from fluxroom.errors import BudgetExceeded, IdempotencyConflict, InvalidParams, NotFound, UnknownModel

pytestmark = pytest.mark.anyio

MODEL = {"model": f"bfl/{FAST}"}


async def answer(client: AsyncClient, where: str, text: str, **more: Any) -> dict[str, Any]:
    told = await client.conversations.say(where, text, **more)
    await client.wait(told["generation"], 30)
    found: dict[str, Any] = await client.conversations.message(where, told["id"])
    return found


async def test_a_talk_with_files_goes_on_with_its_last_picture(client: AsyncClient, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    where = (await client.conversations.begin(MODEL, title="Foxes"))["id"]
    first = await answer(client, where, "a fox", pictures=[str(photo)])
    assert len(first["asked"]["references"]) == 1
    second = await answer(client, where, "at night", options={"seed": 4})
    assert second["asked"]["references"] == [first["images"][0]["sha256"]]
    assert (second["asked"]["seed"], second["images"][0]["seed"]) == (4, 4)
    picked = await answer(client, where, "the first again", pictures=[first["images"][0]["sha256"]])
    assert picked["asked"]["references"] == second["asked"]["references"]
    told = await client.conversations.get(where)
    assert (told["title"], [one["role"] for one in told["messages"]]) == ("Foxes", ["user", "assistant"] * 3)
    assert await client.conversations.message(where) == picked
    assert await client.conversations.go_on(where) == picked
    assert json.loads(json.dumps(told)) == told


async def test_the_same_key_is_one_message(client: AsyncClient) -> None:
    where = (await client.conversations.begin(MODEL))["id"]
    first = await client.conversations.say(where, "a fox", key="once")
    again = await client.conversations.say(where, "a fox", key="once")
    assert (again["id"], again["generation"]) == (first["id"], first["generation"])
    with pytest.raises(IdempotencyConflict):
        await client.conversations.say(where, "an owl", key="once")
    assert len((await client.conversations.get(where))["messages"]) == 2


async def test_a_mask_is_a_file_of_whoever_asks(client: AsyncClient, tmp_path: Path) -> None:
    photo, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    photo.write_bytes(picture())
    mask.write_bytes(picture((255, 255, 255)))
    where = (await client.conversations.begin({"model": "bfl/flux-pro-fill"}))["id"]
    told = await answer(client, where, "a door", pictures=[str(photo)], options={"mask": str(mask)})
    assert told["finishReason"] == "stop", told["error"]
    assert len(told["asked"]["mask"]) == 64, "kept by its hash"
    settled = (await client.conversations.begin({"model": "bfl/flux-pro-fill", "mask": str(mask)}))["id"]
    other = await answer(client, settled, "a door", pictures=[str(photo)])
    assert other["finishReason"] == "stop", other["error"]


async def test_talks_are_listed_found_renamed_and_forgotten(client: AsyncClient) -> None:
    one, two = [(await client.conversations.begin(MODEL, title=title))["id"] for title in ("Owls", "Foxes")]
    await answer(client, one, "a barn at dusk")
    assert [found["id"] for found in await client.conversations.page(limit=1)] == [two]
    assert [found["id"] for found in await client.conversations.page(limit=1, before=two)] == [one]
    assert [found["id"] for found in await client.conversations.page(words="BARN")] == [one]
    assert [found["id"] for found in await client.conversations.page(words="foxes")] == [two]
    changed = await client.conversations.change(two, title="Wolves", settings={"model": "fal/flux-schnell"})
    assert (changed["title"], changed["settings"]) == ("Wolves", {"model": "fal/flux-schnell"})
    await client.conversations.drop(two)
    with pytest.raises(NotFound):
        await client.conversations.get(two)
    assert await client.conversations.go_on((await client.conversations.begin(MODEL))["id"]) is None


async def test_assistants_are_listed_and_switched_and_hold(client: AsyncClient) -> None:
    told = await client.conversations.assistants("de")
    assert [one["name"] for one in told["assistants"]] == ["FLUX-Bildgenerator", "FLUX-Bildbearbeiter"]
    with pytest.raises(InvalidParams, match="is switched off"):
        await client.conversations.begin({}, assistant="flux-photo-editor")
    assert (await client.conversations.switch("flux-photo-editor", on=True))["enabled"] is True
    begun = await client.conversations.begin({}, assistant="flux-photo-editor")
    assert begun["assistant"] == "flux-photo-editor"
    with pytest.raises(InvalidParams, match="works with"):
        await client.conversations.say(begun["id"], "a fox", options={"model": "flux-2-flex"})
    with pytest.raises(InvalidParams, match="num_images 3 is above 2"):
        await client.conversations.say(begun["id"], "a fox", options={"num_images": 3})
    with pytest.raises(BudgetExceeded, match=r"the assistant allows \$0\.30 a message"):
        await client.conversations.say(
            begun["id"], "a fox", options={"model": "flux-2-max", "quality": "high", "num_images": 2}
        )
    assert (await client.conversations.get(begun["id"]))["messages"] == []
    with pytest.raises(NotFound):
        await client.conversations.switch("nobody", on=True)


async def test_stop_and_mistakes_are_the_same_words(client: AsyncClient) -> None:
    where = (await client.conversations.begin(MODEL))["id"]
    assert await client.conversations.stop(where) == {"said": [], "jobs": [], "message": None}
    told = await client.conversations.say(where, "slow [[duration:20]]")
    stopped = await client.conversations.stop(where)
    assert len(stopped["said"]) == 1
    assert stopped["message"]["id"] == told["id"]
    with pytest.raises(UnknownModel):
        await client.conversations.begin({"model": "flux-99"})
    with pytest.raises(NotFound):
        await client.conversations.message(where, "0" * 22)


def test_waited_for(tmp_path: Path) -> None:
    with Client(sandbox=True, sandbox_speed=100, data=tmp_path) as client:
        talk = client.conversations
        where = talk.begin({"model": FAST})["id"]
        told = talk.say(where, "a fox", options={"size": "wide"})
        client.wait(told["generation"])
        answered = talk.message(where)
        assert answered["finishReason"] == "stop"
        assert answered["images"][0]["width"] > answered["images"][0]["height"]
        assert [one["id"] for one in talk.page()] == [where]
        assert talk.switch("flux-2-pro", on=True)["enabled"]
        assert talk.go_on(where) == answered
        assert talk.stop(where)["said"] == []
        talk.change(where, title="x")
        talk.drop(where)
        assert talk.page() == []
        assert len(talk.assistants()["models"]) == 4
