"""Callers who want to be called: in BFL's and in fal's shape, after restarts, and never at a private address."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from tests.doors.openai.worlds import World, gateway, world
from tests.doors.receivers import Receiver, receiver

from fluxroom.errors import InvalidParams
from fluxroom.server.doors import call_backs
from fluxroom.server.webhooks import postman
from fluxroom.store import doors

pytestmark = pytest.mark.anyio

FAST = "fal-ai/flux-2/klein/4b"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "data") as running, call_backs.calling(running.gateway):
        yield running


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


async def row(door: World, generation: str) -> doors.CallBack:
    found = await door.client.engine.store.database.read(lambda c: doors.call_back(c, generation))
    assert found is not None
    return found


async def until(door: World, generation: str, state: str) -> doors.CallBack:
    while (found := await row(door, generation)).state != state:
        await asyncio.sleep(0.02)
    return found


async def test_bfls_shape_with_the_callers_secret(door: World, hook: Receiver) -> None:
    body = {"prompt": "a fox", "webhook_url": hook.url, "webhook_secret": "between-us-123456"}
    status, _, told = await door.call("/bfl/v1/flux-2-pro", body)
    assert (status, told["status"], told["webhook_url"]) == (200, "Pending", hook.url)
    ((headers, raw),) = await hook.calls(1)
    assert headers["x-webhook-secret"] == "between-us-123456"
    task = json.loads(raw)
    _, _, polled = await door.call(f"/bfl/v1/get_result?id={told['id']}", method="GET")
    assert task == polled
    assert (await door.bytes_at(task["result"]["sample"]))[0] == 200
    await until(door, told["id"], "delivered")


async def test_a_secret_is_encrypted_at_rest_and_gone_afterwards(door: World, hook: Receiver) -> None:
    body = {"prompt": "a fox [[duration:1]]", "webhook_url": hook.url, "webhook_secret": "between-us-123456"}
    _, _, told = await door.call("/bfl/v1/flux-2-pro", body)
    kept = await row(door, told["id"])
    assert kept.sealed
    assert "between-us" not in kept.sealed
    generation = await door.client.snapshot(told["id"])
    assert "between-us" not in str(generation)
    await hook.calls(1)
    assert (await until(door, told["id"], "delivered")).sealed == ""


async def test_fals_shape_with_a_signature_that_the_jwks_proves(door: World, hook: Receiver) -> None:
    status, _, told = await door.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "a fox"})
    assert status == 200
    ((headers, raw),) = await hook.calls(1)
    body = json.loads(raw)
    assert (body["status"], body["error"], body["request_id"]) == ("OK", None, told["request_id"])
    assert body["gateway_request_id"] == told["request_id"]
    _, _, result = await door.call(f"/fal/queue/{FAST}/requests/{told['request_id']}", method="GET")
    assert body["payload"] == result
    at = headers["x-fal-webhook-timestamp"]
    assert abs(int(at) - time.time()) < 300
    name, user = headers["x-fal-webhook-request-id"], headers["x-fal-webhook-user-id"]
    assert (name, user) == (told["request_id"], "local")
    signed = "\n".join((name, user, at, sha256(raw).hexdigest())).encode()
    signature = bytes.fromhex(headers["x-fal-webhook-signature"])
    _, _, jwks = await door.call("/fal/.well-known/jwks.json", method="GET")
    (key,) = jwks["keys"]
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
    public.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed + b"x")


async def test_a_failure_is_told_too(door: World, hook: Receiver) -> None:
    await door.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "moderate-me-output"})
    ((_, raw),) = await hook.calls(1)
    body = json.loads(raw)
    assert (body["status"], body["error"]) == ("ERROR", "Invalid status code: 422")
    assert body["payload"]["detail"][0]["type"] == "content_policy_violation"
    await door.call("/bfl/v1/flux-2-pro", {"prompt": "moderate-me", "webhook_url": hook.url})
    _, (headers, raw) = await hook.calls(2)
    assert json.loads(raw)["status"] == "Request Moderated"
    assert "x-webhook-secret" not in headers


async def test_a_receiver_that_fails_is_called_again(
    door: World, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_backs, "_PAUSES", (0.01, 0.01, 0.01, 0.01))
    hook.answers = [500, 404, 302]
    _, _, told = await door.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "a fox"})
    calls = await hook.calls(4)
    assert len({raw for _, raw in calls}) == 1
    found = await until(door, told["request_id"], "delivered")
    assert (found.attempts, found.why) == (4, "")


async def test_after_the_last_attempt_nobody_is_called_any_more(
    door: World, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_backs, "_PAUSES", (0.01,))
    hook.answers = [500] * 9
    _, _, told = await door.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "a fox"})
    found = await until(door, told["request_id"], "failed")
    assert (found.attempts, found.why, len(hook.came)) == (2, "HTTP 500", 2)


async def test_a_restart_forgets_nobody(door: World, hook: Receiver, tmp_path: Path) -> None:
    folder = tmp_path / "restarted"
    async with gateway(door.box, folder) as first:
        _, _, told = await first.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "a fox"})
        await first.client.engine.wait(told["request_id"], 20)
    assert hook.came == []
    async with gateway(door.box, folder) as second, call_backs.calling(second.gateway):
        ((_, raw),) = await hook.calls(1)
        # The links are those that the caller was given: under the address that they called.
        assert json.loads(raw)["payload"]["images"][0]["url"].startswith(first.url)


async def test_of_several_processes_one_calls(door: World, hook: Receiver) -> None:
    _, _, told = await door.call(f"/fal/queue/{FAST}?fal_webhook={hook.url}", {"prompt": "a fox"})
    await door.client.engine.wait(told["request_id"], 20)
    await asyncio.gather(*(call_backs.call_all(door.gateway) for _ in range(5)))
    await until(door, told["request_id"], "delivered")
    assert len(hook.came) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/x",
        "http://example.com/x",
        "https://user:secret@example.com/",
        "https://",
        "nonsense",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://example.com/a\u0000b",
        "https://example.com/" + "x" * 2083,
    ],
)
async def test_addresses_that_are_none_are_refused_at_once(door: World, url: str) -> None:
    status, _, told = await door.call("/bfl/v1/flux-2-pro", {"prompt": "a fox", "webhook_url": url})
    assert status == 422
    assert told["detail"][0]["loc"] == ["body", "webhook_url"]
    status, _, told = await door.call(f"/fal/queue/{FAST}?fal_webhook={quote(url)}", {"prompt": "a fox"})
    assert status == 422
    assert door.box.world.tasks() == []


async def test_where_others_can_ask_this_machine_is_never_called(
    door: World, hook: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway(door.box, tmp_path / "keyed", hosts="pictures.example.com") as keyed:
        with pytest.raises(InvalidParams):
            call_backs.checked(keyed.gateway, hook.url, "webhook_url")
        # A public name that leads to a private address gets as far as the socket, and no further.
        for url in (hook.url, "https://127.0.0.1:9/x", "http://169.254.169.254/latest"):
            assert (await postman.send(keyed.gateway, url, b"{}", {}))[0] is None
    assert hook.came == []


async def test_what_nobody_waits_for_costs_no_look_at_the_jobs(door: World) -> None:
    await door.call(f"/fal/{FAST}", {"prompt": "a fox"})
    found: Any = await door.client.engine.store.database.read(lambda c: c.execute(select(doors.call_backs)).all())
    assert found == []
    assert await call_backs.call_all(door.gateway) == 0
