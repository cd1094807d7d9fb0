from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fluxroom.sandbox import FAULTS

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio


async def admin(call: Caller, method: str, path: str, body: Any = None) -> Any:
    return (await call.request(method, f"{call.box.url}/admin/{path}", json=body)).json()


async def test_the_books_over_http_are_those_in_process(call: Caller) -> None:
    await call.bfl_done("flux-2-pro", {"prompt": "a fox"})
    assert await admin(call, "GET", "tasks") == call.box.world.tasks()
    assert await admin(call, "GET", "requests") == call.box.world.requests()
    assert await admin(call, "GET", "peaks") == {"bfl": 1, "bfl/flux-2-pro": 1}


async def test_a_request_is_kept_with_everything_but_its_key(call: Caller) -> None:
    await call.bfl("flux-2-pro", {"prompt": "a fox", "seed": 7}, x_key="my-secret-key")
    await call.fal("fal-ai/flux-2", {"prompt": "a fox"}, query="?fal_webhook=http://127.0.0.1:9/x")
    bfl, fal = call.box.world.requests()
    assert (bfl["provider"], bfl["method"], bfl["path"], bfl["status"]) == ("bfl", "POST", "/bfl/v1/flux-2-pro", 200)
    assert bfl["body"] == {"prompt": "a fox", "seed": 7}
    assert bfl["task"] == call.box.world.tasks()[0]["id"]
    assert fal["query"] == {"fal_webhook": "http://127.0.0.1:9/x"}
    assert "my-secret-key" not in str(call.box.world.requests())
    assert "id:secret" not in str(call.box.world.requests())


async def test_signatures_of_addresses_are_not_kept(call: Caller) -> None:
    done = await call.bfl_done("flux-2-pro", {"prompt": "a fox"})
    await call.get(done.json()["result"]["sample"])
    assert call.box.world.requests()[-1]["query"]["sig"] == "<redacted>"


async def test_faults_can_be_listed_and_planned(call: Caller) -> None:
    assert await admin(call, "GET", "faults") == FAULTS
    assert await admin(call, "POST", "faults", {"name": "submit-500", "provider": "bfl", "times": 2}) == {
        "planned": True
    }
    assert [(await call.bfl("flux-2-pro", {"prompt": "x"})).status for _ in range(3)] == [500, 500, 200]
    refused = await call.request("POST", f"{call.box.url}/admin/faults", json={"name": "no-such"})
    assert refused.status == 422
    refused = await call.request("POST", f"{call.box.url}/admin/faults", json={"name": "never", "colour": "red"})
    assert refused.status == 422


async def test_a_planned_poll_fault_keeps_its_own_count(call: Caller) -> None:
    await admin(call, "POST", "faults", {"name": "poll-503 x2"})
    task_id = (await call.bfl("flux-2-pro", {"prompt": "x"})).json()["id"]
    assert [(await call.bfl_poll(task_id)).status for _ in range(3)] == [503, 503, 200]


async def test_credits_caps_and_durations_can_be_set(call: Caller) -> None:
    await admin(call, "PUT", "credits", {"credits": 10})
    assert await admin(call, "GET", "credits") == {"credits": 10}
    await admin(call, "PUT", "caps", {"bfl": 1})
    assert (await admin(call, "GET", "caps"))["bfl"] == 1
    await admin(call, "PUT", "durations", {"bfl/flux-2-max": 30, "*": 0})
    assert (await call.bfl("flux-2-max", {"prompt": "x"})).status == 200
    assert (await call.bfl("flux-2-pro", {"prompt": "x"})).status == 429
    await admin(call, "PUT", "settings", {"link_seconds": 5, "bill_moderated_output": True})
    told = await admin(call, "GET", "settings")
    assert (told["link_seconds"], told["bill_moderated_output"], told["credits"]) == (5, True, 3)
    assert (await call.request("PUT", f"{call.box.url}/admin/settings", json={"colour": 1})).status == 422


async def test_reset_forgets_everything_but_the_keys_that_sign(call: Caller) -> None:
    keys = (await call.get(f"{call.box.fal_rest_url}/.well-known/jwks.json")).json()
    await call.bfl_done("flux-2-pro", {"prompt": "a fox"})
    call.box.world.plan_fault("submit-500")
    await admin(call, "PUT", "caps", {"bfl": 1})
    await admin(call, "POST", "reset")
    world = call.box.world
    assert (world.tasks(), world.requests(), world.peaks(), world.caps()["bfl"]) == ([], [], {}, 24)
    assert (await call.bfl("flux-2-pro", {"prompt": "x"})).status == 200
    assert (await call.get(f"{call.box.fal_rest_url}/.well-known/jwks.json")).json() == keys
