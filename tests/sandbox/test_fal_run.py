from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio


async def test_the_output_is_the_answer(call: Caller) -> None:
    answer = await call.run("fal-ai/flux-2/klein/4b", {"prompt": "a fox"})
    assert answer.status == 200
    assert answer.headers["x-fal-request-id"] == call.box.world.tasks()[0]["id"]
    assert float(answer.headers["x-fal-billable-units"]) == 1
    assert (await call.get(answer.json()["images"][0]["url"])).status == 200


async def test_a_bad_input_is_422_at_once(call: Caller) -> None:
    call.box.world.set_duration(60.0)
    answer = await call.run("fal-ai/flux-2", {"prompt": "x", "output_format": "gif"})
    (error,) = answer.json()["detail"]
    assert answer.status == 422
    assert error == {
        "type": "literal_error",
        "loc": ["body", "output_format"],
        "msg": "Input should be 'jpeg', 'png' or 'webp'",
        "input": "gif",
        "ctx": {"expected": "'jpeg', 'png' or 'webp'"},
        "url": "https://docs.fal.ai/errors#literal_error",
    }


async def test_without_a_key_it_is_401_and_an_unknown_app_404(call: Caller) -> None:
    url = f"{call.box.fal_run_url}/fal-ai/flux-2"
    assert (await call.request("POST", url, json={"prompt": "x"})).status == 401
    assert (await call.run("fal-ai/flux-9", {"prompt": "x"})).status == 404


async def test_the_last_event_of_a_stream_is_the_output(call: Caller) -> None:
    answer = await call.run("fal-ai/flux-2/stream", {"prompt": "a fox"})
    assert answer.headers["content-type"] == "text/event-stream"
    events = [orjson.loads(line[6:]) for line in answer.raw.splitlines() if line.startswith(b"data: ")]
    assert events[-1]["images"][0]["url"].startswith(call.box.url)


async def test_a_failed_run_is_replayed_with_its_status(call: Caller) -> None:
    answer = await call.run("fal-ai/flux-2", {"prompt": "x"}, x_sandbox_fault="error=generation_timeout")
    assert answer.status == 504
    assert answer.headers["x-fal-retryable"] == "true"
    assert answer.headers["x-fal-error-type"] == "generation_timeout"
