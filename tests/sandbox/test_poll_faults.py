"""Each fault between the submit and the picture, at both providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Answer, Caller

pytestmark = pytest.mark.anyio
PROVIDERS = ["bfl", "fal"]


class Job:
    """One submitted task, polled as its provider wants it."""

    def __init__(self, call: Caller, provider: str) -> None:
        self.call = call
        self.provider = provider
        self.told: dict[str, Any] = {}

    async def submit(self, fault: str, prompt: str = "a fox") -> Job:
        if self.provider == "bfl":
            answer = await self.call.bfl("flux-2-pro", {"prompt": prompt}, x_sandbox_fault=fault)
        else:
            answer = await self.call.fal("fal-ai/flux-2", {"prompt": prompt}, x_sandbox_fault=fault)
        assert answer.status == 200
        self.told = answer.json()
        return self

    async def poll(self) -> Answer:
        if self.provider == "bfl":
            return await self.call.get(self.told["polling_url"])
        return await self.call.fal_get(self.told["status_url"])

    async def result(self) -> Answer:
        if self.provider == "bfl":
            return await self.call.bfl_wait(self.told["id"])
        return await self.call.fal_wait(self.told)


@pytest.fixture(params=PROVIDERS)
def job(call: Caller, request: pytest.FixtureRequest) -> Job:
    return Job(call, request.param)


@pytest.mark.parametrize(("fault", "status"), [("poll-429", 429), ("poll-503", 503), ("poll-404", 404)])
async def test_a_poll_fails_once_or_so_often_or_always(job: Job, fault: str, status: int) -> None:
    good = {200, 202}
    once = await job.submit(fault)
    assert (await once.poll()).status == status
    assert (await once.poll()).status in good
    thrice = await job.submit(f"{fault} x3")
    assert [(await thrice.poll()).status for _ in range(3)] == [status] * 3
    assert (await thrice.poll()).status in good
    always = await job.submit(f"{fault} x*")
    assert {(await always.poll()).status for _ in range(5)} == {status}


@pytest.mark.parametrize("fault", ["poll-429", "poll-503"])
async def test_a_busy_poll_tells_when_to_come_back(job: Job, fault: str) -> None:
    answer = await (await job.submit(fault)).poll()
    assert answer.headers["retry-after"] == "1"


async def test_a_lost_task_is_told_in_the_providers_words(job: Job) -> None:
    body = (await (await job.submit("poll-404")).poll()).json()
    assert body["status"] == {"bfl": "Task not found", "fal": "NOT_FOUND"}[job.provider]


async def test_a_dropped_poll(job: Job) -> None:
    await job.submit("poll-drop x2")  # aiohttp repeats a GET once by itself when a kept connection was dropped
    with pytest.raises(aiohttp.ClientError):
        await job.poll()
    assert (await job.poll()).status in {200, 202}


async def test_a_status_that_no_specification_lists(job: Job) -> None:
    await job.submit("poll-unknown-status")
    assert (await job.poll()).json()["status"] == {"bfl": "Dreaming", "fal": "DREAMING"}[job.provider]
    assert (await job.result()).status == 200


async def test_a_status_goes_backward(job: Job) -> None:
    job.call.box.world.set_duration(10.0)
    clock = job.call.stop_clock()
    await job.submit("poll-backward")
    first = (await job.poll()).json()["status"]
    clock.forward(5)
    assert (await job.poll()).json()["status"] == first == {"bfl": "Pending", "fal": "IN_QUEUE"}[job.provider]
    clock.forward(5)
    assert (await job.poll()).json()["status"] == {"bfl": "Ready", "fal": "COMPLETED"}[job.provider]


async def test_a_task_that_ends_in_422(job: Job) -> None:
    done = await (await job.submit("poll-422")).result()
    assert done.status == 422
    if job.provider == "bfl":
        assert done.json()["status"] == "Error"
        assert done.json()["details"] == {"error": "Invalid or corrupted image input"}
    else:
        assert done.json()["detail"][0]["type"] == "no_media_generated"
    assert job.call.box.world.tasks()[0]["billed"] is False


async def test_a_task_that_fails(job: Job) -> None:
    done = await (await job.submit("error")).result()
    if job.provider == "bfl":
        assert (done.status, done.json()["status"], done.json()["details"]) == (
            200,
            "Error",
            {"error": "Internal error"},
        )
    else:
        assert (done.status, done.json()["detail"][0]["type"]) == (500, "internal_server_error")
    assert job.call.box.world.tasks()[0]["billed"] is False


async def test_a_task_that_never_ends(job: Job) -> None:
    clock = job.call.stop_clock()
    await job.submit("never")
    clock.forward(86_400)
    assert (await job.poll()).json()["status"] in {"Pending", "IN_PROGRESS"}
    assert job.call.box.world.tasks()[0]["ready"] is None
    assert job.call.box.world.tasks()[0]["billed"] is False


@pytest.mark.parametrize("fault", ["moderated-input", "moderated-output"])
async def test_moderation_on_demand(job: Job, fault: str) -> None:
    done = (await (await job.submit(fault)).result()).json()
    if job.provider == "bfl":
        assert (
            done["status"] == {"moderated-input": "Request Moderated", "moderated-output": "Content Moderated"}[fault]
        )
    else:
        assert done["has_nsfw_concepts"] == [True]


async def test_moderation_on_demand_at_an_endpoint_of_bfl_on_fal(call: Caller) -> None:
    for fault, at in (("moderated-input", ["body", "prompt"]), ("moderated-output", ["body"])):
        done = await call.fal_done("fal-ai/flux-2-max", {"prompt": "x"}, x_sandbox_fault=fault)
        (error,) = done.json()["detail"]
        assert (done.status, error["type"], error["loc"]) == (422, "content_policy_violation", at)


async def test_a_cancel_that_is_ignored(call: Caller) -> None:
    clock = call.stop_clock()
    call.box.world.set_duration(10.0)
    told = (await call.fal("fal-ai/flux-2", {"prompt": "x"}, x_sandbox_fault="cancel-ignored")).json()
    clock.forward(1)
    asked = await call.request("PUT", told["cancel_url"], headers={"Authorization": "Key a:b"})
    assert asked.status == 202
    clock.forward(10)
    assert (await call.fal_get(told["response_url"])).status == 200
    assert call.box.world.tasks()[0]["billed"] is True


def polling_address(job: Job) -> str:
    return str(job.told["polling_url"] if job.provider == "bfl" else job.told["status_url"])


async def test_a_polling_address_on_a_foreign_host(job: Job) -> None:
    address = polling_address(await job.submit("polling-url-foreign"))
    assert address.startswith("https://")
    assert address.split("/")[2].endswith(".example.com")
    chosen = polling_address(await job.submit("polling-url-foreign=evil.example.org"))
    assert chosen.startswith("https://evil.example.org/")


async def test_a_polling_address_over_plain_http(job: Job) -> None:
    address = polling_address(await job.submit("polling-url-http"))
    assert address.startswith({"bfl": "http://api.eu2.bfl.ai/", "fal": "http://queue.fal.run/"}[job.provider])


async def test_a_polling_address_that_redirects_to_another_origin(job: Job) -> None:
    answer = await (await job.submit("polling-url-redirect")).poll()
    assert answer.status == 307
    target = answer.headers["location"]
    assert target.startswith("http://localhost:")
    assert (await job.call.get(target, headers={"x-key": "leaked"})).status == 200
    seen = job.call.box.world.requests()[-1]
    assert seen["path"].startswith("/elsewhere/")
    assert seen["headers"]["x-key"].startswith("<redacted")


async def test_a_duration_can_be_asked_for(job: Job) -> None:
    clock = job.call.stop_clock()
    await job.submit("", prompt="a fox [[duration:3]]")
    clock.forward(2.9)
    assert (await job.poll()).json()["status"] in {"Pending", "IN_PROGRESS"}
    clock.forward(0.1)
    assert (await job.poll()).json()["status"] in {"Ready", "COMPLETED"}


async def test_a_result_that_is_gone(call: Caller) -> None:
    told = (await call.fal("fal-ai/flux-2", {"prompt": "x"}, x_sandbox_fault="result-expired")).json()
    assert (await call.fal_wait(told)).status == 404
    assert (await call.fal_get(told["status_url"])).json()["status"] == "COMPLETED"


async def test_the_status_stream_has_its_faults_too(call: Caller) -> None:
    told = (await call.fal("fal-ai/flux-2", {"prompt": "x"}, x_sandbox_fault="poll-503,poll-unknown-status")).json()
    assert (await call.fal_get(told["status_url"] + "/stream")).status == 503
    stream = await call.fal_get(told["status_url"] + "/stream")
    assert b'"status":"DREAMING"' in stream.raw
    assert stream.raw.rstrip().endswith(b"}")


async def test_a_duration_that_is_no_number_is_refused(call: Caller) -> None:
    assert (await call.bfl("flux-2-pro", {"prompt": "x"}, x_sandbox_duration="soon")).status == 400
