from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "a fox"}
STATUS_KEYS = {"status", "request_id", "response_url", "status_url", "cancel_url", "logs"}


async def test_a_submit_is_answered_200_with_addresses_of_the_app_alone(call: Caller) -> None:
    answer = await call.fal("fal-ai/flux-2/klein/9b", PROMPT)
    body = answer.json()
    base = f"{call.box.fal_queue_url}/fal-ai/flux-2/requests/{body['request_id']}"
    assert answer.status == 200
    assert body == {
        "status": "IN_QUEUE",
        "request_id": body["request_id"],
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
        "queue_position": 0,
    }
    assert answer.headers["x-fal-request-id"] == body["request_id"]


async def test_the_three_states_202_202_200(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_duration(2.0)
    submitted = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    seen = []
    for step in (0.0, 1.0, 2.0):
        clock.forward(step)
        status = await call.fal_get(submitted["status_url"] + "?logs=1")
        seen.append((status.status, status.json()["status"]))
        assert set(status.json()) >= STATUS_KEYS
    assert seen == [(202, "IN_QUEUE"), (202, "IN_PROGRESS"), (200, "COMPLETED")]
    assert [line["message"] for line in status.json()["logs"]] == ["Runner started", "Finished"]
    assert status.json()["metrics"]["inference_time"] == pytest.approx(1.8, abs=0.01)


async def test_logs_are_null_unless_they_are_wanted(call: Caller) -> None:
    submitted = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    assert (await call.fal_get(submitted["status_url"])).json()["logs"] is None


async def test_a_result_too_early_is_400_with_the_words_that_clients_match(call: Caller) -> None:
    call.box.world.set_duration(50.0)
    submitted = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    early = await call.fal_get(submitted["response_url"])
    assert (early.status, early.json()) == (400, {"detail": "Request is still in progress"})


@pytest.mark.parametrize("app", ["fal-ai/flux-2", "fal-ai/flux-2/klein/9b/edit"])
@pytest.mark.parametrize("tail", ["", "/response"])
async def test_app_only_and_full_addresses_with_and_without_response(call: Caller, app: str, tail: str) -> None:
    submitted = (
        await call.fal("fal-ai/flux-2/klein/9b/edit", {**PROMPT, "image_urls": ["https://example.com/a.png"]})
    ).json()
    await call.fal_wait(submitted)
    base = f"{call.box.fal_queue_url}/{app}/requests/{submitted['request_id']}"
    assert (await call.fal_get(base + tail)).json()["images"]
    assert (await call.fal_get(f"{base}/status")).json()["status"] == "COMPLETED"


async def test_an_unknown_request_is_404_and_an_unknown_path_405(call: Caller) -> None:
    url = f"{call.box.fal_queue_url}/fal-ai/flux-2"
    unknown = await call.fal_get(f"{url}/requests/6e6b4f6c-0000-4000-8000-000000000000/status")
    assert (unknown.status, unknown.json()) == (404, {"status": "NOT_FOUND"})
    assert (await call.fal_get(f"{url}/nothing")).status == 405
    submitted = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    assert (await call.fal_get(submitted["cancel_url"])).status == 405
    wrong_app = submitted["status_url"].replace("fal-ai/flux-2/", "fal-ai/flux/")
    assert (await call.fal_get(wrong_app)).status == 404


@pytest.mark.parametrize("header", ["", "Key ", "Key bad:key", "Basic abc", "Bearer invalid"])
async def test_a_key_that_does_not_hold_is_401(call: Caller, header: str) -> None:
    url = f"{call.box.fal_queue_url}/fal-ai/flux-2"
    answer = await call.request("POST", url, json=PROMPT, headers={"Authorization": header})
    assert answer.status == 401
    assert call.box.world.tasks() == []
    assert answer.headers["x-fal-request-id"]


async def test_a_bearer_token_is_a_key_too(call: Caller) -> None:
    url = f"{call.box.fal_queue_url}/fal-ai/flux-2"
    assert (await call.request("POST", url, json=PROMPT, headers={"Authorization": "Bearer t"})).status == 200


async def test_an_unknown_app_is_404_at_once_and_an_unknown_path_when_it_runs(call: Caller) -> None:
    assert (await call.fal("fal-ai/flux-9", PROMPT)).status == 404
    done = await call.fal_done("fal-ai/flux-2/nothing", PROMPT)
    assert (done.status, done.json()) == (404, {"detail": "Path /nothing not found"})


async def test_a_bad_input_is_taken_and_fails_when_it_runs(call: Caller) -> None:
    submitted = await call.fal("fal-ai/flux-2", {"num_images": 9})
    assert submitted.status == 200
    done = await call.fal_wait(submitted.json())
    assert done.status == 422
    assert done.headers["x-fal-billable-units"] == "0"
    assert [(error["type"], error["loc"]) for error in done.json()["detail"]] == [
        ("less_than_equal", ["body", "num_images"]),
        ("missing", ["body", "prompt"]),
    ]
    assert all(set(error) >= {"type", "loc", "msg", "input", "url"} for error in done.json()["detail"])
    status = (await call.fal_get(submitted.json()["status_url"])).json()
    assert status["status"] == "COMPLETED"
    assert status["error"]
    assert status["error_type"]
    assert call.box.world.tasks()[0]["billed"] is False


async def test_a_body_that_is_no_json_is_refused(call: Caller) -> None:
    headers = {"Authorization": "Key a:b"}
    answer = await call.request("POST", f"{call.box.fal_queue_url}/fal-ai/flux-2", data=b"{", headers=headers)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("endpoint", "body", "keys"),
    [
        ("fal-ai/flux-2", {}, {"images", "seed", "prompt", "has_nsfw_concepts", "timings"}),
        ("fal-ai/flux-2-pro", {}, {"images", "seed"}),
        ("fal-ai/flux-2-pro/outpaint", {"image_url": "https://example.com/a.png", "expand_top": 64}, {"images"}),
        ("fal-ai/flux-2-lora-gallery/realism", {}, {"images", "prompt", "seed"}),
        (
            "fal-ai/flux-vision-upscaler",
            {"image_url": "https://example.com/a.png"},
            {"image", "caption", "seed", "timings"},
        ),
        (
            "fal-ai/flux-2-trainer",
            {"image_data_url": "https://example.com/a.zip"},
            {"diffusers_lora_file", "config_file"},
        ),
        ("blackforestlabs/flux-3/text-to-image", {}, {"images"}),
    ],
)
async def test_each_endpoint_has_its_own_output(
    call: Caller, endpoint: str, body: dict[str, Any], keys: set[str]
) -> None:
    done = await call.fal_done(endpoint, {**PROMPT, **body})
    assert done.status == 200, done.raw
    assert set(done.json()) == keys
    assert float(done.headers["x-fal-billable-units"]) > 0


async def test_several_images_differ_and_have_what_they_say(call: Caller) -> None:
    body = {**PROMPT, "num_images": 3, "image_size": {"width": 640, "height": 512}, "output_format": "webp", "seed": 5}
    done = (await call.fal_done("fal-ai/flux-2", body)).json()
    assert done["seed"] == 5
    assert done["has_nsfw_concepts"] == [False] * 3
    raws = []
    for file in done["images"]:
        picture = await call.get(file["url"])
        raws.append(picture.raw)
        assert picture.headers["content-type"] == file["content_type"] == "image/webp"
        assert Image.open(io.BytesIO(picture.raw)).size == (file["width"], file["height"]) == (640, 512)
    assert len(set(raws)) == 3


async def test_sync_mode_gives_data_uris(call: Caller) -> None:
    done = (await call.fal_done("fal-ai/flux-2", {**PROMPT, "sync_mode": True, "image_size": "square"})).json()
    assert done["images"][0]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("endpoint", "body", "size"),
    [
        ("fal-ai/flux-2", {}, (1024, 768)),
        ("fal-ai/flux-2", {"image_size": "portrait_16_9"}, (576, 1024)),
        ("fal-ai/flux-2/flash/edit", {"image_urls": ["https://example.com/a.png"]}, (1024, 1024)),
        ("fal-ai/flux-subject", {"image_url": "https://example.com/a.png"}, (1024, 1024)),
        ("fal-ai/flux-pro/kontext/text-to-image", {"aspect_ratio": "16:9"}, (1360, 768)),
        ("fal-ai/flux-pro/v1.1-ultra", {}, (2736, 1536)),
        ("blackforestlabs/flux-3/text-to-image", {"resolution": "512sq"}, (512, 512)),
    ],
)
async def test_the_size_that_fal_would_make(
    call: Caller, endpoint: str, body: dict[str, Any], size: tuple[int, int]
) -> None:
    done = await call.fal_done(endpoint, {**PROMPT, **body})
    file = done.json()["images"][0]
    assert (file["width"], file["height"]) == size


async def test_an_edit_has_the_size_of_its_first_reference(call: Caller) -> None:
    first = (await call.fal_done("fal-ai/flux-2", {**PROMPT, "image_size": {"width": 512, "height": 896}})).json()
    urls = [first["images"][0]["url"], "https://example.com/b.png"]
    done = (await call.fal_done("fal-ai/flux-2/edit", {**PROMPT, "image_urls": urls})).json()
    assert (done["images"][0]["width"], done["images"][0]["height"]) == (512, 896)


async def test_references_over_the_silent_limit_are_not_read(call: Caller) -> None:
    urls = [f"https://example.com/{number}.png" for number in range(6)]
    await call.fal_done("fal-ai/flux-2/edit", {**PROMPT, "image_urls": urls})
    await call.fal_done("fal-ai/flux-2-pro/edit", {**PROMPT, "image_urls": urls})
    assert [len(task["picture"]["references"]) for task in call.box.world.tasks()] == [4, 6]


@pytest.mark.parametrize(
    ("url", "kind"),
    [("data:image/png;base64,AAAA", "image_load_error"), ("OWN/files/b/none/none.png", "file_download_error")],
)
async def test_a_reference_that_cannot_be_read_is_a_422(call: Caller, url: str, kind: str) -> None:
    body = {**PROMPT, "image_urls": [url.replace("OWN", call.box.fal_cdn_url)]}
    done = await call.fal_done("fal-ai/flux-2/edit", body)
    (error,) = done.json()["detail"]
    assert (done.status, error["type"], error["loc"]) == (422, kind, ["body", "image_urls", 0])


async def test_flux_3_edit_wants_references_of_256_pixels(call: Caller) -> None:
    import base64

    out = io.BytesIO()
    Image.new("RGB", (200, 300)).save(out, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    done = await call.fal_done("blackforestlabs/flux-3/edit-image", {**PROMPT, "image_urls": [url]})
    (error,) = done.json()["detail"]
    assert (error["type"], error["ctx"]) == ("image_too_small", {"min_width": 256, "min_height": 256})


async def test_open_weights_go_black_and_bfl_hosted_endpoints_refuse(call: Caller) -> None:
    body = {"prompt": "moderate-me-input"}
    black = (await call.fal_done("fal-ai/flux-2", body)).json()
    assert black["has_nsfw_concepts"] == [True]
    picture = await call.get(black["images"][0]["url"])
    assert Image.open(io.BytesIO(picture.raw)).convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))
    refused = await call.fal_done("fal-ai/flux-2-pro", body)
    (error,) = refused.json()["detail"]
    assert (refused.status, error["type"], error["loc"]) == (422, "content_policy_violation", ["body", "prompt"])
    unchecked = await call.fal_done("fal-ai/flux-2", {**body, "enable_safety_checker": False})
    assert unchecked.json()["has_nsfw_concepts"] == [False]


async def test_cancel_says_200_queued_202_running_400_done_404_unknown(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_duration(10.0)
    queued = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    running = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    done = (await call.fal("fal-ai/flux-2", PROMPT, x_sandbox_duration="0")).json()
    headers = {"Authorization": "Key a:b"}
    gone = await call.request("PUT", queued["cancel_url"], headers=headers)
    assert (gone.status, gone.json()) == (200, {"status": "CANCELLATION_REQUESTED"})
    clock.forward(1)
    asked = await call.request("PUT", running["cancel_url"], headers=headers)
    assert (asked.status, asked.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    late = await call.request("PUT", done["cancel_url"], headers=headers)
    assert (late.status, late.json()) == (400, {"status": "ALREADY_COMPLETED"})
    unknown = await call.request("PUT", done["cancel_url"].replace(done["request_id"], "0"), headers=headers)
    assert (unknown.status, unknown.json()) == (404, {"status": "NOT_FOUND"})
    result = await call.fal_get(queued["response_url"])
    assert (result.status, result.json()["error_type"]) == (499, "client_cancelled")
    clock.forward(60)
    assert [task["billed"] for task in call.box.world.tasks()] == [False, False, True]


async def test_the_status_stream_ends_after_completed(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_duration(10.0)
    submitted = (await call.fal("fal-ai/flux-2", PROMPT)).json()
    headers = {"Authorization": "Key a:b"}
    seen = []
    async with call.session.get(submitted["status_url"] + "/stream?logs=1", headers=headers) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        async for line in stream.content:
            if line.startswith(b"data: "):
                seen.append(orjson.loads(line[6:])["status"])
                clock.forward(5)
    assert seen == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_over_the_limit_the_queue_waits_and_the_run_host_refuses(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_caps({"fal": 2})
    call.box.world.set_duration(10.0)
    sent = [(await call.fal("fal-ai/flux-2", PROMPT)).json() for _ in range(4)]
    refused = await call.run("fal-ai/flux-2", PROMPT)
    assert (refused.status, refused.json()["error_type"]) == (429, "concurrent_requests_limit")
    assert refused.headers["x-fal-needs-retry"] == "1"
    clock.forward(1)
    states = [(await call.fal_get(each["status_url"])).json() for each in sent]
    assert [state["status"] for state in states] == ["IN_PROGRESS", "IN_PROGRESS", "IN_QUEUE", "IN_QUEUE"]
    assert [state["queue_position"] for state in states[2:]] == [0, 0]
    full = await call.fal("fal-ai/flux-2", PROMPT, query="?fal_max_queue_length=1")
    assert full.status == 429
    clock.forward(10)
    states = [(await call.fal_get(each["status_url"])).json()["status"] for each in sent]
    assert states == ["COMPLETED", "COMPLETED", "IN_PROGRESS", "IN_PROGRESS"]


async def test_a_start_timeout_ends_a_waiting_request_with_504(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_caps({"fal": 1})
    call.box.world.set_duration(10.0)
    await call.fal("fal-ai/flux-2", PROMPT)
    waiting = (await call.fal("fal-ai/flux-2", PROMPT, X_Fal_Request_Timeout="2.0")).json()
    clock.forward(3)
    result = await call.fal_get(waiting["response_url"])
    assert (result.status, result.json()["error_type"]) == (504, "request_timeout")
    assert result.headers["x-fal-request-timeout-type"] == "user"


async def test_storage_headers_are_in_the_books(call: Caller) -> None:
    await call.fal(
        "fal-ai/flux-2",
        PROMPT,
        X_Fal_Store_IO="0",
        X_Fal_Object_Lifecycle_Preference='{"expiration_duration_seconds": 60}',
    )
    (task,) = call.box.world.tasks()
    assert {name.lower(): value for name, value in task["headers"].items()} == {
        "x-fal-store-io": "0",
        "x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 60}',
    }
