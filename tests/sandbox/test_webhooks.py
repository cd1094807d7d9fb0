"""Webhooks as a receiver sees them, with their signatures checked, and what faults do to them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fluxroom.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiohttp
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio
SECRET = "shared-secret"


@dataclass
class Received:
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.raw)
        return parsed


@dataclass
class Receiver:
    """A server that takes webhooks and may refuse the first ones."""

    url: str = ""
    got: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Received(headers, await request.read()))
        self.arrived.set()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def wait(self, count: int) -> list[Received]:
        async with asyncio.timeout(60):
            while len(self.got) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.got


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    taker = Receiver()
    app = web.Application()
    app.add_routes([web.post("/hook", taker.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taker.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield taker
    await runner.cleanup()


async def submit(call: Caller, provider: str, hook: str, prompt: str = "a fox", **headers: str) -> dict[str, Any]:
    if provider == "bfl":
        body = {"prompt": prompt, "webhook_url": hook, "webhook_secret": SECRET}
        answer = await call.bfl("flux-2-pro", body, **headers)
    else:
        answer = await call.fal("fal-ai/flux-2-pro", {"prompt": prompt}, query=f"?fal_webhook={hook}", **headers)
    told: dict[str, Any] = answer.json()
    return told


async def check(call: Caller, one: Received) -> None:
    """Raise InvalidSignature unless this was sent by fal's key and the body was not changed."""
    keys = (await call.get(f"{call.box.fal_rest_url}/.well-known/jwks.json")).json()["keys"]
    names = ("request-id", "user-id", "timestamp")
    parts = [one.headers[f"x-fal-webhook-{name}"] for name in names]
    text = "\n".join([*parts, hashlib.sha256(one.raw).hexdigest()]).encode()
    raw = base64.urlsafe_b64decode(keys[0]["x"] + "==")
    signature = bytes.fromhex(one.headers["x-fal-webhook-signature"])
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, text)


async def test_bfl_sends_the_body_of_a_poll_with_the_secret(call: Caller, receiver: Receiver) -> None:
    told = await submit(call, "bfl", receiver.url)
    (one,) = await receiver.wait(1)
    assert one.headers["x-webhook-secret"] == SECRET
    digest = hmac.new(SECRET.encode(), one.raw, hashlib.sha256).hexdigest()
    assert one.headers["x-bfl-signature"] == f"sha256={digest}"
    assert (one.body["id"], one.body["status"], one.body["cost"]) == (told["id"], "Ready", 3.0)
    assert (await call.get(one.body["result"]["sample"])).status == 200


async def test_bfl_sends_no_secret_that_it_was_not_given(call: Caller, receiver: Receiver) -> None:
    await call.bfl("flux-2-pro", {"prompt": "x", "webhook_url": receiver.url})
    (one,) = await receiver.wait(1)
    assert "x-webhook-secret" not in one.headers


async def test_fal_signs_what_it_sends(call: Caller, receiver: Receiver) -> None:
    told = await submit(call, "fal", receiver.url)
    assert told["gateway_request_id"] == told["request_id"]
    (one,) = await receiver.wait(1)
    await check(call, one)
    assert list(one.body) == ["request_id", "gateway_request_id", "status", "error", "payload", "payload_error"]
    assert (one.body["status"], one.body["error"], one.body["payload_error"]) == ("OK", None, None)
    assert (await call.get(one.body["payload"]["images"][0]["url"])).status == 200
    changed = Received(one.headers, one.raw.replace(b"OK", b"NO"))
    with pytest.raises(InvalidSignature):
        await check(call, changed)


async def test_a_failure_is_told_with_its_payload(call: Caller, receiver: Receiver) -> None:
    await submit(call, "fal", receiver.url, "moderate-me-input")
    (one,) = await receiver.wait(1)
    assert (one.body["status"], one.body["error"]) == ("ERROR", "Invalid status code: 422")
    assert one.body["payload"]["detail"][0]["type"] == "content_policy_violation"


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_a_refused_delivery_is_repeated(call: Caller, receiver: Receiver, provider: str) -> None:
    receiver.answers = [500, 404]
    await submit(call, provider, receiver.url)
    got = await receiver.wait(3)
    assert len({one.raw for one in got}) == 1


async def test_a_redirect_ends_the_deliveries(call: Caller, receiver: Receiver) -> None:
    receiver.answers = [302]
    await submit(call, "fal", receiver.url)
    await receiver.wait(1)
    await asyncio.sleep(0.05)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_webhook_duplicate(call: Caller, receiver: Receiver, provider: str) -> None:
    await submit(call, provider, receiver.url, x_sandbox_fault="webhook-duplicate")
    first, second = await receiver.wait(2)
    assert first.raw == second.raw


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_webhook_late(call: Caller, receiver: Receiver, provider: str) -> None:
    await submit(call, provider, receiver.url, x_sandbox_fault="webhook-late=0.3")
    await receiver.wait(1)
    assert call.box.world.now() - call.box.world.tasks()[0]["ready"] >= 0.3


@pytest.mark.parametrize("provider", ["bfl", "fal"])
async def test_webhook_early(call: Caller, receiver: Receiver, provider: str) -> None:
    call.box.world.set_duration(60.0)
    told = await submit(call, provider, receiver.url, x_sandbox_fault="webhook-early")
    assert len(receiver.got) == 1, "it was there before the answer"
    assert receiver.got[0].body.get("request_id", receiver.got[0].body.get("id")) == told.get(
        "request_id", told.get("id")
    )


async def test_webhook_forged_at_fal_has_a_false_signature_and_a_foreign_picture(
    call: Caller, receiver: Receiver
) -> None:
    await submit(call, "fal", receiver.url, x_sandbox_fault="webhook-forged")
    forged, true = await receiver.wait(2)
    with pytest.raises(InvalidSignature):
        await check(call, forged)
    assert "example.com" in forged.body["payload"]["images"][0]["url"]
    await check(call, true)


async def test_webhook_forged_at_bfl_has_another_secret(call: Caller, receiver: Receiver) -> None:
    await submit(call, "bfl", receiver.url, x_sandbox_fault="webhook-forged")
    forged, true = await receiver.wait(2)
    assert forged.headers["x-webhook-secret"] != SECRET
    assert "example.com" in forged.body["result"]["sample"]
    assert true.headers["x-webhook-secret"] == SECRET


async def test_webhook_old_at_fal_is_an_hour_old_and_signed(call: Caller, receiver: Receiver) -> None:
    await submit(call, "fal", receiver.url, x_sandbox_fault="webhook-old")
    old, true = await receiver.wait(2)
    await check(call, old)
    ages = [call.box.world.now() - int(one.headers["x-fal-webhook-timestamp"]) for one in (old, true)]
    assert ages[0] > 3000
    assert ages[1] < 300


async def test_webhook_old_at_bfl_is_a_pending_body(call: Caller, receiver: Receiver) -> None:
    await submit(call, "bfl", receiver.url, x_sandbox_fault="webhook-old")
    old, true = await receiver.wait(2)
    assert (old.body["status"], true.body["status"]) == ("Pending", "Ready")


async def test_a_webhook_survives_the_process_that_took_the_task(
    receiver: Receiver, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    from tests.sandbox.conftest import Caller as Calls

    books = tmp_path / "books.sqlite"
    async with Sandbox(books) as box:
        await submit(Calls(box, session), "bfl", receiver.url, x_sandbox_duration="60")
    assert receiver.got == []
    async with Sandbox(books) as again:
        later = again.world.now() + 60
        again.world.now = lambda: later
        (one,) = await receiver.wait(1)
        assert one.body["status"] == "Ready"
        assert one.body["result"]["sample"].startswith(again.url)
