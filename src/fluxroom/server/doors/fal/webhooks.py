"""fal's webhooks: the result by a POST, signed with Ed25519, with the public key at `/fal/.well-known/jwks.json`."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter

from fluxroom.engine import Snapshot
from fluxroom.server.doors import call_backs
from fluxroom.server.doors.call_backs import Message
from fluxroom.server.doors.fal import refusals, results
from fluxroom.server.doors.links import Links
from fluxroom.server.gateway import Gateway, Running
from fluxroom.store.doors import CallBack

router = APIRouter(include_in_schema=False)


@router.get("/fal/.well-known/jwks.json")
async def keys(gateway: Running) -> dict[str, list[dict[str, str]]]:
    """The key that webhooks are signed with: the same for all processes of this installation."""
    public = (await _key(gateway)).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = urlsafe_b64encode(public).decode().rstrip("=")
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": x[:16], "x": x}]}


async def message(gateway: Gateway, found: Snapshot, wanted: CallBack, _secret: str) -> Message:
    """What is sent about a settled request, signed at this moment."""
    body = orjson.dumps(await _told(gateway, found, wanted))
    name, user = found.generation.id, found.generation.owner
    at = f"{gateway.engine.now():.0f}"
    signed = "\n".join((name, user, at, sha256(body).hexdigest()))
    headers = {
        "x-fal-webhook-request-id": name,
        "x-fal-webhook-user-id": user,
        "x-fal-webhook-timestamp": at,
        "x-fal-webhook-signature": (await _key(gateway)).sign(signed.encode()).hex(),
    }
    return Message(body, headers)


async def _told(gateway: Gateway, found: Snapshot, wanted: CallBack) -> dict[str, Any]:
    told: dict[str, Any] = {"request_id": found.generation.id, "gateway_request_id": found.generation.id}
    if not found.images:
        code, body, _ = refusals.failure(found.jobs[0])
        return {**told, "status": "ERROR", "error": f"Invalid status code: {code}", "payload": body}
    links = Links(await gateway.secret("links"), wanted.base)
    payload = await results.output(found, links, gateway.engine.store.blobs)
    return {**told, "status": "OK", "error": None, "payload": payload}


async def _key(gateway: Gateway) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(await gateway.secret("fal webhooks"))


call_backs.speak("fal", message)
