"""Webhooks of both providers: BFL's shared secret, fal's Ed25519 signature, retries, and what faults do to them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fluxroom.sandbox.bfl_results import poll_reply, task_body
from fluxroom.sandbox.fal_results import output
from fluxroom.sandbox.tasks import NEVER

if TYPE_CHECKING:
    from fluxroom.sandbox.gallery import Gallery
    from fluxroom.sandbox.tasks import Task
    from fluxroom.sandbox.world import World

USER_ID: Final = "sandbox-user"
FAL_TRIES: Final = 31  # fal docs, webhooks, 2026: up to 31 deliveries
BFL_TRIES: Final = 4  # BFL skills page, 2026: 1 s, 5 s, 30 s, then dropped
_OLD: Final = 3600.0
_LEFT_BEHIND: Final = 600.0  # seconds after which nobody waits for a webhook any more


class Webhooks:
    """Delivers each task's webhook once it is ready, from whichever process claims it first."""

    def __init__(self, world: World, gallery: Gallery) -> None:
        self._world = world
        self._gallery = gallery
        self._running: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(world.secret("ed25519")))

    def start(self, bases: dict[str, str]) -> None:
        """Take up the webhooks that an ended process left behind; ``bases``: where each provider's files are now."""
        now = self._world.now()
        for task in self._world.books.tasks():
            if task.webhook is not None and task.ready + _LEFT_BEHIND > now:
                self.plan(task, base=bases[task.provider])

    async def stop(self) -> None:
        """Stop delivering."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def jwks(self) -> dict[str, Any]:
        """The public key as fal publishes its own."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "kid": "sandbox-1", "alg": "EdDSA", "use": "sig", "x": _base64url(raw)}
            ]
        }

    def plan(self, task: Task, *, base: str | None = None) -> None:
        """Deliver when the task is ready."""
        running = asyncio.get_running_loop().create_task(self._when_ready(task, base or task.base))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _when_ready(self, task: Task, base: str) -> None:
        while task.ready > self._world.now():
            wait = 0.2 if task.ready >= NEVER else task.ready - self._world.now()
            await asyncio.sleep(min(0.2, max(0.001, wait)))
            task = self._world.task(task.id) or task
        task.base = base
        await self.deliver(task)

    async def deliver(self, task: Task) -> None:
        """Deliver now, with what the task's faults ask for, unless another process has done it."""
        if task.webhook is None or not self._world.books.count_use(task.id, "webhook-claim", 1):
            return
        late = task.faults.get("webhook-late")
        if late is not None:
            await asyncio.sleep(float(late.value or 2.0))
        if "webhook-forged" in task.faults:
            await self._send(task, await self._body(task, forged=True), forged=True)
        if "webhook-old" in task.faults:
            await self._send(task, await self._body(task, old=True), age=_OLD)
        body = await self._body(task)
        await self._send_until_taken(task, body)
        if "webhook-duplicate" in task.faults:
            await self._send(task, body)

    async def _body(self, task: Task, *, forged: bool = False, old: bool = False) -> bytes:
        if task.provider == "bfl":
            body = task_body(task.id, "Pending", progress=0.1) if old else poll_reply(self._world, task, task.base)[0]
            if forged and body.get("result"):
                body["result"]["sample"] = "https://pictures.example.com/forged.png"
            return orjson.dumps(body)
        return orjson.dumps(await self._fal_body(task, forged=forged))

    async def _fal_body(self, task: Task, *, forged: bool) -> dict[str, Any]:
        failed = task.outcome != "ready"
        payload: dict[str, Any] | None
        if failed:
            payload = task.answer.get("body")
        else:
            payload = await output(self._gallery, task, task.base)
        if forged and payload is not None and "images" in payload:
            payload["images"] = [{"url": "https://pictures.example.com/forged.png"}]
        return {
            "request_id": task.id,
            "gateway_request_id": task.id,
            "status": "ERROR" if failed else "OK",
            "error": f"Invalid status code: {task.answer.get('status', 499)}" if failed else None,
            "payload": payload,
            "payload_error": None,
        }

    async def _send_until_taken(self, task: Task, body: bytes) -> None:
        tries = FAL_TRIES if task.provider == "fal" else BFL_TRIES
        for number in range(tries):
            status = await self._send(task, body)
            if 200 <= status < 400:
                return
            await asyncio.sleep(min(60.0, 2.0**number) / self._world.speed)

    async def _send(self, task: Task, body: bytes, *, forged: bool = False, age: float = 0.0) -> int:
        """One delivery; its status, 0 when nobody answered. Loopback targets are served here, unlike at fal."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        headers = {"Content-Type": "application/json", **self._headers(task, body, forged=forged, age=age)}
        url = str((task.webhook or {})["url"])
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def _headers(self, task: Task, body: bytes, *, forged: bool, age: float) -> dict[str, str]:
        if task.provider == "bfl":
            return _bfl_headers(task, body, forged=forged)
        stamp = str(int(self._world.now() - age))
        digest = hashlib.sha256(body).hexdigest()
        text = f"{task.id}\n{USER_ID}\n{stamp}\n{digest}".encode()
        signature = secrets.token_bytes(64) if forged else self._key.sign(text)
        return {
            "X-Fal-Webhook-Request-Id": task.id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": stamp,
            "X-Fal-Webhook-Signature": signature.hex(),
        }


def _bfl_headers(task: Task, body: bytes, *, forged: bool) -> dict[str, str]:
    """The secret as it is (BFL's parameter tables) and as an HMAC (its skills page): sources differ, both are sent."""
    secret = (task.webhook or {}).get("secret")
    if not secret:
        return {}
    told = uuid.uuid4().hex if forged else str(secret)
    digest = hmac.new(told.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Webhook-Secret": told, "X-BFL-Signature": f"sha256={digest}"}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


WEBHOOKS: Final = web.AppKey("webhooks", Webhooks)
