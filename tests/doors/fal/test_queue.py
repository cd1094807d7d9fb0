"""fal's queue over real sockets: submit, status, stream, result, cancel, and the words of its errors."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from sqlalchemy import delete
from tests.doors.fal.queues import FAST, KEY, finished, get, result, submit
from tests.doors.openai.worlds import World, opened, photo, uri
from tests.worlds import billed

from fluxroom.store.tables import images

pytestmark = pytest.mark.anyio


async def test_a_generation(door: World) -> None:
    told = await submit(door, "fal-ai/flux-2", prompt="a red fox", seed=7, num_images=2, image_size="square")
    assert told.keys() == {
        *("status", "request_id", "gateway_request_id", "queue_position"),
        *("response_url", "status_url", "cancel_url"),
    }
    assert (told["status"], told["queue_position"]) == ("IN_QUEUE", 0)
    at = f"{door.url}/fal/queue/fal-ai/flux-2/requests/{told['request_id']}"
    assert (told["response_url"], told["status_url"], told["cancel_url"]) == (at, f"{at}/status", f"{at}/cancel")
    done = await finished(door, told)
    assert done["metrics"]["inference_time"] > 0
    assert "error" not in done
    assert [line["message"].split(":")[0] for line in done["logs"]][:3] == ["queued", "submitting", "running"]
    status, headers, made = await get(door, told["response_url"])
    assert (status, headers["x-fal-request-id"]) == (200, told["request_id"])
    assert (made["seed"], made["prompt"], made["has_nsfw_concepts"]) == (7, "a red fox", [False, False])
    assert len(made["images"]) == 2
    for image in made["images"]:
        code, kind, data = await door.bytes_at(image["url"])
        assert (code, kind["content-type"]) == (200, image["content_type"])
        assert opened(data).size == (image["width"], image["height"]) == (512, 512)
        assert len(data) == image["file_size"]
    assert len(billed(door.box)) == 1


async def test_an_edit_of_pictures_that_were_made_and_brought(door: World) -> None:
    first = (await result(door, await submit(door, prompt="a red fox")))[2]["images"][0]["url"]
    told = await submit(door, f"{FAST}/edit", prompt="at dusk", image_urls=[first, uri(photo())])
    assert told["status_url"].startswith(f"{door.url}/fal/queue/fal-ai/flux-2/requests/")
    status, _, made = await result(door, told)
    assert status == 200
    assert len(made["images"]) == 1
    assert len(billed(door.box)[-1]["picture"]["references"]) == 2


async def test_every_address_that_a_client_may_build_is_served(door: World) -> None:
    told = await submit(door, prompt="a red fox")
    await finished(door, told)
    for root in ("/fal/queue", "/fal"):
        for app in ("fal-ai/flux-2", FAST):
            for way in ("", "/response", "/status"):
                status, _, _ = await door.call(
                    f"{root}/{app}/requests/{told['request_id']}{way}", method="GET", headers=KEY
                )
                assert status == 200, (root, app, way)


async def test_a_result_before_its_time_is_400_word_for_word(door: World) -> None:
    told = await submit(door, prompt="a fox [[duration:3]]")
    status, headers, body = await get(door, told["response_url"])
    assert (status, body) == (400, {"detail": "Request is still in progress"})
    assert headers["x-fal-request-id"] == told["request_id"]
    status, _, now = await get(door, told["status_url"])
    assert status == 202
    assert now["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert now["logs"] is None  # the key is there: fal's Python client needs it
    assert "queue_position" in now or now["status"] == "IN_PROGRESS"


async def test_the_status_stream_tells_every_change_and_ends(door: World) -> None:
    told = await submit(door, prompt="a fox")
    async with (
        aiohttp.ClientSession(headers=KEY) as session,
        session.get(f"{told['status_url']}/stream?logs=1") as answer,
    ):
        assert answer.content_type == "text/event-stream"
        lines = (await answer.text()).split("\n\n")
    said = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert said[-1]["status"] == "COMPLETED"
    assert all(one["request_id"] == told["request_id"] for one in said)
    # The place in the line may come back to what it was; nothing is told twice in a row.
    assert all(before != after for before, after in pairwise(said))


async def test_sync_mode_puts_the_picture_into_the_answer(door: World) -> None:
    _, _, made = await result(door, await submit(door, prompt="a fox", sync_mode=True, image_size="square"))
    url = made["images"][0]["url"]
    assert url.startswith("data:image/png;base64,")
    assert opened(url.partition(",")[2]).size == (512, 512)


async def test_an_endpoint_with_one_image_answers_one(door: World) -> None:
    told = await submit(door, "fal-ai/flux-vision-upscaler", image_url=uri(photo(size=(512, 512))))
    _, _, made = await result(door, told)
    assert made["image"]["url"].startswith(door.url)


async def test_billable_units_are_told_and_nothing_for_the_cache(door: World) -> None:
    _, headers, _ = await result(door, await submit(door, "fal-ai/flux-2-pro", prompt="a fox", seed=3))
    assert float(headers["x-fal-billable-units"]) > 0
    _, headers, _ = await result(door, await submit(door, "fal-ai/flux-2-pro", prompt="a fox", seed=3))
    assert headers["x-fal-billable-units"] == "0"
    assert len(billed(door.box)) == 1


@pytest.mark.parametrize("app", ["fal-ai/flux-2-pro", FAST])
async def test_moderation_is_422_in_fals_words(door: World, app: str) -> None:
    told = await submit(door, app, prompt="moderate-me-output")
    done = await finished(door, told)
    assert done["error_type"] == "content_policy_violation"
    assert done["error"].startswith("Invalid status code: 422")
    status, headers, body = await get(door, told["response_url"])
    assert status == 422
    (found,) = body["detail"]
    assert (found["type"], found["loc"]) == ("content_policy_violation", ["body", "prompt"])
    assert found["url"] == "https://docs.fal.ai/errors#content_policy_violation"
    assert headers["x-fal-retryable"] == "false"


async def test_a_failed_request_is_completed_with_an_error(door: World) -> None:
    told = await submit(door, prompt="a fox [[fault:error=internal_server_error]]")
    done = await finished(door, told)
    assert done["error"]
    status, headers, body = await get(door, told["response_url"])
    assert status in {400, 500}
    assert body["detail"][0]["type"].startswith("downstream_service_")
    assert (headers["x-fal-retryable"] == "true") == (status == 500)


async def test_a_request_in_doubt_is_never_worth_a_retry(door: World) -> None:
    told = await submit(door, prompt="a fox [[fault:submit-drop-after]]")
    await finished(door, told)
    status, headers, body = await get(door, told["response_url"])
    assert (status, headers["x-fal-retryable"], headers["x-fal-needs-retry"]) == (400, "false", "0")
    assert body["detail"][0]["type"] == "downstream_service_error"
    assert len(door.box.world.tasks()) == 1


async def test_a_wrong_body_is_422_at_once(door: World) -> None:
    status, headers, told = await door.call(f"/fal/queue/{FAST}", {"num_images": 9, "nonsense": 4}, KEY)
    assert status == 422
    assert headers["x-fal-request-id"]
    assert headers["x-fal-billable-units"] == "0"
    assert [(one["type"], one["loc"][-1]) for one in told["detail"]] == [
        ("missing", "prompt"),
        ("less_than_equal", "num_images"),
        ("extra_forbidden", "nonsense"),
    ]
    assert door.box.world.tasks() == []


async def test_a_picture_that_is_none_is_an_image_load_error(door: World) -> None:
    body = {"prompt": "x", "image_urls": ["data:image/png;base64,bm8="]}
    status, _, told = await door.call(f"/fal/queue/{FAST}/edit", body, KEY)
    assert (status, told["detail"][0]["type"]) == (422, "image_load_error")


async def test_what_is_not_there_is_404(door: World) -> None:
    assert (await door.call("/fal/queue/fal-ai/nope", {"prompt": "x"}, KEY))[0] == 404
    for way in ("", "/status", "/status/stream"):
        status, _, told = await door.call(f"/fal/queue/fal-ai/flux-2/requests/nope{way}", method="GET", headers=KEY)
        assert (status, told["status"]) == (404, "NOT_FOUND")
    status, _, told = await door.call("/fal/queue/fal-ai/flux-2/requests/nope/cancel", method="PUT", headers=KEY)
    assert (status, told["status"]) == (404, "NOT_FOUND")


async def test_cancel(door: World) -> None:
    told = await submit(door, prompt="a fox [[duration:30]]")
    while (await get(door, told["status_url"]))[2]["status"] != "IN_PROGRESS":
        await asyncio.sleep(0.02)
    at = told["cancel_url"].removeprefix(door.url)
    status, _, said = await door.call(at, method="PUT", headers=KEY)
    assert (status, said) == (202, {"status": "CANCELLATION_REQUESTED"})
    done = await finished(door, told)
    assert done["error_type"] == "client_cancelled"
    status, _, body = await get(door, told["response_url"])
    assert (status, body["error_type"]) == (499, "client_cancelled")
    status, _, said = await door.call(at, method="PUT", headers=KEY)
    assert (status, said) == (400, {"status": "ALREADY_COMPLETED"})


async def test_a_budget_that_is_used_up_is_a_locked_account(door: World) -> None:
    await door.call("/v1/budgets/all/day", {"most": "0.00"}, method="PUT")
    status, _, told = await door.call(f"/fal/queue/{FAST}", {"prompt": "x"}, KEY)
    assert status == 403
    assert told["detail"].startswith("User is locked. Reason: Exhausted balance")


async def test_a_full_queue_is_429_for_whoever_asked_not_to_wait(door: World) -> None:
    await door.call("/v1/providers/fal/pause")
    waiting = await submit(door, prompt="waits")
    status, headers, _ = await door.call(f"/fal/queue/{FAST}?fal_max_queue_length=0", {"prompt": "x"}, KEY)
    assert (status, headers["x-fal-needs-retry"]) == (429, "1")
    assert (await submit(door, query="?fal_max_queue_length=5", prompt="x"))["status"] == "IN_QUEUE"
    await door.call("/v1/providers/fal/resume")
    await finished(door, waiting)


async def test_priority_goes_to_the_job(door: World) -> None:
    headers = {**KEY, "x-fal-queue-priority": "low"}
    _, _, told = await door.call(f"/fal/queue/{FAST}", {"prompt": "x"}, headers)
    found = await door.client.snapshot(told["request_id"])
    assert found.jobs[0].priority == 0


async def test_what_was_asked_is_what_is_sent(door: World) -> None:
    body: dict[str, Any] = {"prompt": "a fox", "num_inference_steps": 6, "output_format": "webp"}
    await result(door, await submit(door, **body))
    sent = next(one for one in door.box.world.requests() if one["method"] == "POST")
    assert body.items() <= sent["body"].items()


async def test_several_pictures_of_a_model_that_makes_one_at_a_time(door: World) -> None:
    told = await submit(door, "fal-ai/flux-2-pro", prompt="a fox", num_images=2, guidance_scale=3)
    status, headers, made = await result(door, told)
    assert (status, len(made["images"])) == (200, 2)
    assert headers["x-fluxroom-not-sent"] == "guidance_scale"
    assert len(billed(door.box)) == 2


async def test_a_result_whose_pictures_were_deleted_is_gone(door: World) -> None:
    told = await submit(door, prompt="a fox")
    await finished(door, told)
    await door.client.engine.store.database.write(lambda c: c.execute(delete(images)).rowcount)
    status, _, body = await get(door, told["response_url"])
    assert (status, "deleted" in body["detail"]) == (404, True)
    done = await finished(door, told)
    assert done["error"].startswith("Invalid status code: 404")
    status, _, task = await door.call(f"/bfl/v1/get_result?id={told['request_id']}", method="GET")
    assert (status, task["status"]) == (404, "Task not found")


async def test_a_query_or_header_that_is_wrong_is_told_in_the_same_shape(door: World) -> None:
    for query in ("?fal_max_queue_length=many", "?fal_max_queue_length=-1"):
        status, _, told = await door.call(f"/fal/queue/{FAST}{query}", {"prompt": "x"}, KEY)
        assert (status, told["detail"][0]["type"]) == (422, "value_error")
        assert told["detail"][0]["loc"] == ["body", "fal_max_queue_length"]
    long = {**KEY, "idempotency-key": "k" * 300}
    for path in (f"/fal/queue/{FAST}", f"/fal/{FAST}", "/bfl/v1/flux-2-pro"):
        status, _, told = await door.call(path, {"prompt": "x"}, long)
        assert (status, told["detail"][0]["type"]) == (422, "value_error")
    status, _, told = await door.call("/bfl/v1/get_result", method="GET")
    assert (status, told["detail"][0]["loc"]) == (422, ["body", "id"])
