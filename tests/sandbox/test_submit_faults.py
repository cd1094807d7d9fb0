"""Each fault of a submit, at both providers: what the caller sees, and whether the task was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Answer, Caller

pytestmark = pytest.mark.anyio
PROVIDERS = ["bfl", "fal"]


async def submit(call: Caller, provider: str, prompt: str = "a fox", **headers: str) -> Answer:
    if provider == "bfl":
        return await call.bfl("flux-2-pro", {"prompt": prompt}, **headers)
    return await call.fal("fal-ai/flux-2", {"prompt": prompt}, **headers)


def billed(call: Caller) -> list[bool]:
    now = call.box.world.now() + 3600
    call.box.world.now = lambda: now
    return [task["billed"] for task in call.box.world.tasks()]


NOT_TAKEN = {
    "submit-429": {"bfl": 429, "fal": 429},
    "submit-500": {"bfl": 500, "fal": 500},
    "submit-502": {"bfl": 502, "fal": 502},
    "submit-503": {"bfl": 503, "fal": 503},
    "submit-504": {"bfl": 504, "fal": 504},
    "submit-402": {"bfl": 402, "fal": 403},
    "submit-403": {"bfl": 403, "fal": 401},
    "submit-422": {"bfl": 422, "fal": 422},
}
TAKEN = {
    "submit-500-taken": 500,
    "submit-502-taken": 502,
    "submit-503-id": 503,
    "submit-504-taken": 504,
    "submit-not-json": 200,
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", sorted(NOT_TAKEN))
async def test_a_refused_submit_is_not_taken(call: Caller, provider: str, fault: str) -> None:
    answer = await submit(call, provider, x_sandbox_fault=fault)
    assert answer.status == NOT_TAKEN[fault][provider]
    assert call.box.world.tasks() == []
    assert call.box.world.requests()[-1]["faults"] == [fault]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", sorted(TAKEN))
async def test_an_ambiguous_answer_whose_task_was_taken(call: Caller, provider: str, fault: str) -> None:
    answer = await submit(call, provider, x_sandbox_fault=fault)
    assert answer.status == TAKEN[fault]
    assert billed(call) == [True]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", ["submit-drop-before", "submit-refused"])
async def test_a_dropped_connection_before_it_was_taken(call: Caller, provider: str, fault: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await submit(call, provider, x_sandbox_fault=fault)
    assert call.box.world.tasks() == []
    assert call.box.world.requests()[-1]["status"] == 0
    assert ("body" in call.box.world.requests()[-1]) is (fault == "submit-drop-before")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_dropped_connection_after_it_was_taken(call: Caller, provider: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await submit(call, provider, x_sandbox_fault="submit-drop-after")
    assert billed(call) == [True]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_cut_answer(call: Caller, provider: str) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await submit(call, provider, x_sandbox_fault="submit-cut")
    assert billed(call) == [True]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_slow_answer_comes_after_the_task_was_taken(call: Caller, provider: str) -> None:
    before = call.box.world.now()
    answer = await submit(call, provider, x_sandbox_fault="submit-slow=0.2")
    assert answer.status == 200
    assert call.box.world.now() - before >= 0.2
    assert billed(call) == [True]


async def test_a_429_tells_when_to_come_back(call: Caller) -> None:
    answer = await submit(call, "bfl", x_sandbox_fault="submit-429=7")
    assert (answer.headers["retry-after"], answer.json()) == ("7", {"detail": "Too many active tasks"})
    answer = await submit(call, "fal", x_sandbox_fault="submit-429")
    assert (answer.headers["retry-after"], answer.headers["x-fal-needs-retry"]) == ("1", "1")


async def test_what_comes_from_a_proxy_has_no_request_id(call: Caller) -> None:
    for fault in ("submit-502", "submit-503", "submit-502-taken"):
        assert "x-fal-request-id" not in (await submit(call, "fal", x_sandbox_fault=fault)).headers
    page = await submit(call, "fal", x_sandbox_fault="submit-502")
    assert b"<center>nginx</center>" in page.raw
    known = await submit(call, "fal", x_sandbox_fault="submit-503-id")
    assert known.headers["x-fal-request-id"] == known.json()["id"] == call.box.world.tasks()[-1]["id"]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_marker_in_the_prompt_happens_so_often_and_then_no_more(call: Caller, provider: str) -> None:
    prompt = "a fox [[fault:submit-500 x2]]"
    assert [(await submit(call, provider, prompt)).status for _ in range(4)] == [500, 500, 200, 200]
    assert (await submit(call, provider, prompt + "!")).status == 500, "another prompt counts for itself"
    assert call.box.world.tasks()[0]["picture"]["prompt"] == "a fox"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_planned_fault_happens_to_the_next_submits_of_that_provider(call: Caller, provider: str) -> None:
    call.box.world.plan_fault("submit-500", provider=provider, times=2)
    other = "fal" if provider == "bfl" else "bfl"
    assert (await submit(call, other)).status == 200
    assert [(await submit(call, provider)).status for _ in range(3)] == [500, 500, 200]


async def test_a_fault_can_be_planned_for_an_endpoint_or_a_key(call: Caller) -> None:
    call.box.world.plan_fault("submit-500", provider="bfl", endpoint="flux-2-max", times=None)
    call.box.world.plan_fault("submit-402", key="poor", times=None)
    assert (await call.bfl("flux-2-pro", {"prompt": "x"})).status == 200
    assert [(await call.bfl("flux-2-max", {"prompt": "x"})).status for _ in range(2)] == [500, 500]
    assert (await call.bfl("flux-2-pro", {"prompt": "x"}, x_key="poor")).status == 402


async def test_refused_connections_are_really_refused(call: Caller) -> None:
    await call.box.refuse_connections()
    with pytest.raises(aiohttp.ClientConnectorError):
        await submit(call, "bfl")
    await call.box.accept_connections()
    assert (await submit(call, "bfl")).status == 200


async def test_an_unknown_fault_is_a_400_that_names_the_list(call: Caller) -> None:
    answer = await submit(call, "bfl", x_sandbox_fault="submit-teapot")
    assert answer.status == 400
    assert "FAULTS" in answer.json()["detail"]
