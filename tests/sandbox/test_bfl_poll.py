from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from fluxroom.sandbox import Sandbox

if TYPE_CHECKING:
    import aiohttp
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio
KEYS = ["id", "status", "result", "progress", "details", "preview"]


async def walk(call: Caller, endpoint: str) -> list[tuple[str, float | None]]:
    clock = call.stop_clock()
    call.box.world.set_duration(10.0)
    task_id = (await call.bfl(endpoint, {"prompt": "x"})).json()["id"]
    seen: list[tuple[str, float | None]] = []
    for _ in range(6):
        body = (await call.bfl_poll(task_id)).json()
        seen.append((body["status"], body["progress"]))
        clock.forward(2)
    return seen


async def test_a_task_is_pending_with_progress_and_then_ready(call: Caller) -> None:
    seen = await walk(call, "flux-2-pro")
    assert seen == [
        ("Pending", 0.0),
        ("Pending", 0.2),
        ("Pending", 0.4),
        ("Pending", 0.6),
        ("Pending", 0.8),
        ("Ready", None),
    ]


async def test_flux_3_also_reasons_and_generates(call: Caller) -> None:
    seen = [status for status, _ in await walk(call, "flux-3-image")]
    assert seen == ["Pending", "Reasoning", "Generating", "Generating", "Generating", "Ready"]


async def test_a_ready_task_tells_everything(call: Caller) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": "a fox", "seed": 7})
    body = done.json()
    assert list(body) == [*KEYS, "cost"]
    assert set(body["result"]) == {"sample", "prompt", "seed", "start_time", "end_time", "duration"}
    assert (body["result"]["prompt"], body["result"]["seed"]) == ("a fox", 7)
    assert body["result"]["duration"] == round(body["result"]["end_time"] - body["result"]["start_time"], 3)


async def test_polling_needs_no_key_and_an_unknown_task_is_404_with_a_task_body(call: Caller) -> None:
    answer = await call.bfl_poll("00000000-0000-0000-0000-000000000000")
    assert answer.status == 404
    assert list(answer.json()) == KEYS
    assert answer.json()["status"] == "Task not found"
    missing = await call.get(f"{call.box.bfl_url}/v1/get_result")
    assert missing.json()["detail"][0]["loc"] == ["query", "id"]


async def test_each_poll_signs_a_new_address_that_ends(call: Caller) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": "a fox", "output_format": "png"})
    first = done.json()["result"]["sample"]
    second = (await call.bfl_poll(done.json()["id"])).json()["result"]["sample"]
    assert first != second
    clock = call.stop_clock()
    picture = await call.get(first)
    assert picture.headers["content-type"] == "image/png"
    assert "access-control-allow-origin" not in picture.headers
    assert Image.open(io.BytesIO(picture.raw)).format == "PNG"
    clock.forward(601)
    assert (await call.get(first)).status == 403
    again = (await call.bfl_poll(done.json()["id"])).json()["result"]["sample"]
    assert (await call.get(again)).raw == picture.raw


@pytest.mark.parametrize("change", ["sig=00", "se=2099-01-01T00%3A00%3A00Z"])
async def test_an_address_whose_signature_is_not_right_is_refused(call: Caller, change: str) -> None:
    url = (await call.bfl_done("flux-2-pro", {"prompt": "a fox"})).json()["result"]["sample"]
    head, _, query = url.partition("?")
    name = change.partition("=")[0]
    forged = "&".join(change if part.startswith(f"{name}=") else part for part in query.split("&"))
    answer = await call.get(f"{head}?{forged}")
    assert answer.status == 403
    assert b"AuthenticationFailed" in answer.raw


@pytest.mark.parametrize(
    ("prompt", "status"), [("moderate-me-input", "Request Moderated"), ("a moderate-me-output b", "Content Moderated")]
)
async def test_moderation_gives_its_reasons_and_is_not_billed(call: Caller, prompt: str, status: str) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": prompt})
    assert done.status == 200
    assert done.json()["status"] == status
    assert done.json()["details"]["Moderation Reasons"]
    assert call.box.world.tasks()[0]["billed"] is False


async def test_moderated_output_can_be_billed(call: Caller) -> None:
    call.box.world.set_bills_moderated_output(billed=True)
    await call.bfl_done("flux-2-pro", {"prompt": "moderate-me-output"})
    await call.bfl_done("flux-2-pro", {"prompt": "moderate-me-input"})
    assert [task["billed"] for task in call.box.world.tasks()] == [True, False]


async def test_regional_hosts_know_only_their_own(session: aiohttp.ClientSession) -> None:
    from tests.sandbox.conftest import Caller as Calls

    async with Sandbox(regional=True, speed=1000) as box:
        call = Calls(box, session)
        submitted = (await call.bfl("flux-2-pro", {"prompt": "x"})).json()
        polling = submitted["polling_url"]
        assert not polling.startswith(box.url)
        wrong = await call.bfl_poll(submitted["id"])
        assert (wrong.status, wrong.json()["status"]) == (404, "Task not found")
        body = (await call.get(polling)).json()
        while body["status"] == "Pending":
            body = (await call.get(polling)).json()
        sample = body["result"]["sample"]
        assert not sample.startswith((box.url, polling.split("/bfl")[0]))
        assert (await call.get(sample)).status == 200


async def test_addresses_are_built_from_the_host_that_was_called(call: Caller) -> None:
    url = call.box.bfl_url.replace("127.0.0.1", "localhost")
    answer = await call.request("POST", f"{url}/v1/flux-2-pro", json={"prompt": "x"}, headers={"x-key": "k"})
    assert answer.json()["polling_url"].startswith(url)
