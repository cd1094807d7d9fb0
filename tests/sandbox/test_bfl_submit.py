from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio


def encoded(size: tuple[int, int] = (640, 480), colour: str = "red") -> str:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


async def test_a_submit_is_answered_with_id_address_and_cost(call: Caller) -> None:
    answer = await call.bfl("flux-2-pro", {"prompt": "a fox", "width": 1920, "height": 1080})
    body = answer.json()
    assert answer.status == 200
    assert set(body) == {"id", "polling_url", "cost", "input_mp", "output_mp"}
    assert body["polling_url"] == f"{call.box.bfl_url}/v1/get_result?id={body['id']}"
    assert (body["cost"], body["input_mp"], body["output_mp"]) == (4.5, 0, 1.98)


@pytest.mark.parametrize("endpoint", ["flux-kontext-pro", "flux-pro-1.1", "flux-dev", "flux-pro-1.1-ultra"])
async def test_flux_1_tells_no_cost_before_it_is_ready(call: Caller, endpoint: str) -> None:
    body = (await call.bfl(endpoint, {"prompt": "a fox"})).json()
    assert (body["cost"], body["input_mp"], body["output_mp"]) == (None, None, None)
    assert (await call.bfl_wait(body["id"])).json()["cost"] > 0


@pytest.mark.parametrize(
    ("headers", "status", "detail"),
    [
        ({"x-key": ""}, 403, "Not authenticated"),
        ({"x-key": "bad-key"}, 403, "Not authenticated"),
        ({"x-key": "two words"}, 422, "Invalid API key format"),
    ],
)
async def test_the_key_is_checked_before_the_body(
    call: Caller, headers: dict[str, str], status: int, detail: str
) -> None:
    url = f"{call.box.bfl_url}/v1/flux-2-pro"
    answer = await call.request("POST", url, json={"steps": "wrong"}, headers=headers)
    assert (answer.status, answer.json()) == (status, {"detail": detail})
    assert call.box.world.tasks() == []


async def test_the_key_is_checked_on_account_routes_too(call: Caller) -> None:
    assert (await call.get(f"{call.box.bfl_url}/v1/credits")).status == 403


async def test_a_missing_prompt_is_told_as_pydantic_tells_it(call: Caller) -> None:
    answer = await call.bfl("flux-2-pro", {"seed": 1})
    assert answer.status == 422
    expected = {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": {"seed": 1}}
    assert answer.json() == {"detail": [expected]}


async def test_a_body_that_is_no_json(call: Caller) -> None:
    url = f"{call.box.bfl_url}/v1/flux-2-pro"
    answer = await call.request("POST", url, data=b"{no", headers={"x-key": "k"})
    assert answer.status == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


async def test_an_unknown_path_is_not_found(call: Caller) -> None:
    answer = await call.bfl("flux-9", {"prompt": "x"})
    assert (answer.status, answer.json()) == (404, {"detail": "Not Found"})


async def test_strict_schemas_refuse_an_extra_field_and_others_take_it(call: Caller) -> None:
    refused = await call.bfl("flux-3-image", {"prompt": "x", "width": 512})
    assert refused.status == 422
    assert refused.json()["detail"][0]["type"] == "extra_forbidden"
    assert (await call.bfl("flux-2-pro", {"prompt": "x", "aspect_ratio": "1:1"})).status == 200


async def test_credits_run_out_after_the_body_was_judged(call: Caller) -> None:
    call.box.world.set_credits(5.9)
    assert (await call.bfl("flux-2-pro", {"prompt": "one"})).status == 200
    assert (await call.bfl("flux-2-pro", {})).status == 422
    refused = await call.bfl("flux-2-pro", {"prompt": "two"})
    assert (refused.status, refused.json()) == (402, {"detail": "Insufficient credits"})
    left = await call.get(f"{call.box.bfl_url}/v1/credits", headers={"x-key": "k"})
    assert left.json() == {"credits": 2.9}


async def test_the_account_holds_24_active_tasks_and_6_of_kontext_max(call: Caller) -> None:
    clock = call.stop_clock()
    for number in range(6):
        assert (await call.bfl("flux-kontext-max", {"prompt": str(number)})).status == 200
    assert (await call.bfl("flux-kontext-max", {"prompt": "7th"})).status == 429
    for number in range(18):
        assert (await call.bfl("flux-2-pro", {"prompt": str(number)})).status == 200
    refused = await call.bfl("flux-2-pro", {"prompt": "25th"})
    assert (refused.status, refused.json()) == (429, {"detail": "Too many active tasks"})
    assert call.box.world.peaks()["bfl"] == 24
    assert call.box.world.peaks()["bfl/flux-kontext-max"] == 6
    clock.forward(60)
    assert (await call.bfl("flux-2-pro", {"prompt": "now there is room"})).status == 200


@pytest.mark.parametrize(
    ("endpoint", "body", "size"),
    [
        ("flux-2-pro", {"width": 520, "height": 512}, (512, 512)),
        ("flux-2-pro", {}, (1024, 1024)),
        ("flux-2-klein-4b", {"width": 768, "height": 1024}, (768, 1024)),
        ("flux-2-max", {"input_image": encoded((1000, 700))}, (992, 688)),
        ("flux-2-flex", {"input_image": encoded((3000, 2000))}, (2496, 1664)),
        ("flux-kontext-pro", {"aspect_ratio": "16:9"}, (1360, 768)),
        ("flux-kontext-pro", {"input_image": encoded((500, 1000))}, (720, 1456)),
        ("flux-pro-1.1-ultra", {}, (2720, 1536)),
        ("flux-pro-1.1", {"width": 1440, "height": 256}, (1440, 256)),
        ("flux-dev", {}, (1024, 768)),
        ("flux-3-image", {"aspect_ratio": "9:21", "resolution": "768sq"}, (496, 1168)),
        ("flux-3-image", {"resolution": "2k"}, (2048, 2048)),
        ("flux-3-image", {"prompt": "a banner, 2:1", "resolution": "1k"}, (1456, 720)),
        ("flux-pro-1.0-expand", {"image": encoded((400, 300)), "left": 100, "bottom": 50}, (500, 350)),
        ("flux-pro-1.0-fill", {"image": encoded((400, 300))}, (400, 300)),
        ("flux-tools/outpainting-v1", {"input_image": encoded((400, 300)), "width": 801, "height": 600}, (800, 592)),
        ("flux-tools/deblur-v1", {"image": encoded((402, 300))}, (402, 300)),
    ],
)
async def test_the_picture_has_the_size_that_the_provider_would_make(
    call: Caller, endpoint: str, body: dict[str, Any], size: tuple[int, int]
) -> None:
    if endpoint != "flux-tools/deblur-v1":
        body = {"prompt": "x", **body}
    done = await call.bfl_done(endpoint, body)
    assert done.json()["status"] == "Ready", done.raw
    picture = await call.get(done.json()["result"]["sample"])
    assert Image.open(io.BytesIO(picture.raw)).size == size


@pytest.mark.parametrize(
    ("endpoint", "body", "cost"),
    [
        ("flux-2-klein-4b", {"width": 768, "height": 1024}, 1.4),
        ("flux-2-klein-9b", {}, 1.5),
        ("flux-2-pro", {}, 3.0),
        ("flux-2-pro", {"width": 1920, "height": 1080}, 4.5),
        ("flux-2-pro", {"width": 1024, "height": 1024, "input_image": encoded()}, 4.5),
        ("flux-2-flex", {"width": 1024, "height": 1024, "input_image": encoded()}, 10.0),
        ("flux-2-max", {"width": 1024, "height": 1024, "input_image": encoded(), "input_image_2": encoded()}, 13.0),
        ("flux-kontext-max", {}, 8.0),
        ("flux-3-image", {"resolution": "4k"}, 60.7),
    ],
)
async def test_what_a_task_costs(call: Caller, endpoint: str, body: dict[str, Any], cost: float) -> None:
    done = await call.bfl_done(endpoint, {"prompt": "x", **body})
    assert done.json()["cost"] == cost
    (task,) = call.box.world.tasks()
    assert (task["billed"], task["credits"], task["amount_usd"]) == (True, cost, round(cost / 100, 6))


async def test_references_are_kept_in_order_and_the_body_is_shortened(call: Caller) -> None:
    long = encoded((700, 700), "blue")
    body = {
        "prompt": "x",
        "input_image": encoded((64, 48)),
        "input_image_2": "https://example.com/a.png",
        "input_image_3": long,
    }
    await call.bfl_done("flux-2-pro", body)
    (task,) = call.box.world.tasks()
    sizes = [(each["width"], each["height"]) for each in task["picture"]["inputs"]]
    assert sizes == [(64, 48), (1024, 1024), (700, 700)]
    assert task["input"]["input_image_3"].startswith(f"<{len(long)} characters, sha256 ")
    assert task["input"]["input_image_2"] == "https://example.com/a.png"


@pytest.mark.parametrize("image", [f"data:image/jpeg;base64,{encoded()}", encoded()])
async def test_data_urls_and_raw_base64_are_read(call: Caller, image: str) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": "x", "input_image": image})
    assert done.json()["status"] == "Ready"


@pytest.mark.parametrize(
    "image",
    [
        "not base64 at all!",
        base64.b64encode(b"no picture").decode(),
        base64.b64encode(b"x" * (20 * 1024 * 1024 + 1)).decode(),
    ],
)
async def test_a_picture_that_cannot_be_read_fails_the_task_with_422(call: Caller, image: str) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": "x", "input_image": image})
    assert done.status == 422
    assert done.json()["status"] == "Error"
    assert done.json()["details"] == {"error": "Invalid or corrupted image input"}
    assert call.box.world.tasks()[0]["billed"] is False


async def test_an_earlier_result_can_be_a_reference(call: Caller) -> None:
    first = await call.bfl_done("flux-2-pro", {"prompt": "x", "width": 512, "height": 768})
    await call.bfl_done("flux-2-pro", {"prompt": "y", "input_image": first.json()["result"]["sample"]})
    assert call.box.world.tasks()[1]["picture"]["inputs"][0]["width"] == 512


async def test_a_mask_must_fit_its_picture(call: Caller) -> None:
    body = {"prompt": "x", "image": encoded((400, 300)), "mask": encoded((300, 400))}
    assert (await call.bfl_done("flux-pro-1.0-fill", body)).status == 422
    body["mask"] = encoded((400, 300))
    assert (await call.bfl_done("flux-pro-1.0-fill", body)).json()["status"] == "Ready"


@pytest.mark.parametrize(("crop", "status"), [(False, 422), (True, 200)])
async def test_outpainting_refuses_a_picture_beyond_the_canvas_unless_it_may_crop(
    call: Caller, crop: bool, status: int
) -> None:
    body = {
        "input_image": encoded((400, 300)),
        "width": 400,
        "height": 400,
        "reference_offset_x": 50,
        "auto_crop": crop,
    }
    assert (await call.bfl_done("flux-tools/outpainting-v1", body)).status == status


async def test_a_webhook_takes_the_polling_address_out_of_the_answer(call: Caller) -> None:
    body = {"prompt": "x", "webhook_url": "http://127.0.0.1:9/hook", "webhook_secret": "s"}
    answer = (await call.bfl("flux-2-pro", body)).json()
    assert set(answer) == {"id", "status", "webhook_url", "cost", "input_mp", "output_mp"}
    assert (answer["status"], answer["webhook_url"]) == ("Pending", "http://127.0.0.1:9/hook")


async def test_the_published_openapi_file_is_served_and_starts_nothing(call: Caller) -> None:
    answer = await call.get(f"{call.box.bfl_url}/openapi.json")
    assert "/v1/flux-2-pro" in answer.json()["paths"]
    assert call.box.world.tasks() == []


async def test_finetunes_can_be_listed_read_and_deleted(call: Caller) -> None:
    key = {"x-key": "k"}
    base = f"{call.box.bfl_url}/v1"
    (name,) = (await call.get(f"{base}/my_finetunes", headers=key)).json()["finetunes"]
    details = await call.get(f"{base}/finetune_details", params={"finetune_id": name}, headers=key)
    assert details.json()["finetune_details"]["finetune_id"] == name
    denied = await call.get(f"{base}/finetune_details", params={"finetune_id": "none"}, headers=key)
    assert (denied.status, denied.json()) == (404, {"detail": "Finetune not found or access denied"})
    gone = await call.request("POST", f"{base}/delete_finetune", json={"finetune_id": name}, headers=key)
    assert set(gone.json()) == {"status", "message", "deleted_finetune_id", "timestamp"}
    assert (await call.get(f"{base}/my_finetunes", headers=key)).json() == {"finetunes": []}


async def test_other_methods_and_paths_are_answered_as_fastapi_answers_them(call: Caller) -> None:
    wrong = await call.get(f"{call.box.bfl_url}/v1/flux-2-pro")
    assert (wrong.status, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    unknown = await call.get(f"{call.box.bfl_url}/v2/nothing")
    assert (unknown.status, unknown.json()) == (404, {"detail": "Not Found"})
    assert [line["status"] for line in call.box.world.requests()] == [405, 404]


@pytest.mark.parametrize(("finetune", "status"), [("sandbox-org/fox-style", 200), ("no-such", 400)])
async def test_a_finetune_must_be_the_accounts_own(call: Caller, finetune: str, status: int) -> None:
    answer = await call.bfl("flux-pro-1.1-ultra-finetuned", {"prompt": "x", "finetune_id": finetune})
    assert answer.status == status


@pytest.mark.parametrize(
    ("endpoint", "body", "count"),
    [
        ("flux-2-pro", {"input_image": encoded(), **{f"input_image_{n}": encoded() for n in range(2, 9)}}, 8),
        ("flux-3-image", {"images": encoded()}, 1),
        ("flux-3-image", {"images": [encoded()] * 10}, 10),
        ("flux-pro-1.1", {"image_prompt": encoded()}, 1),
        ("flux-tools/vto-v2", {"person": encoded((300, 500)), "garment": encoded()}, 2),
        ("flux-tools/erase-v1", {"image": encoded(), "mask": encoded()}, 1),
    ],
)
async def test_every_image_field_is_a_reference(call: Caller, endpoint: str, body: dict[str, Any], count: int) -> None:
    done = await call.bfl_done(endpoint, {**({} if "erase" in endpoint else {"prompt": "x"}), **body})
    assert done.json()["status"] == "Ready", done.raw
    (task,) = call.box.world.tasks()
    assert len(task["picture"]["references"]) == count
    assert (task["picture"]["mask"] is not None) is ("mask" in body)
    assert (await call.get(done.json()["result"]["sample"])).status == 200
