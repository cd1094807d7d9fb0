"""Callbacks as the providers would send them: a key of RFC 8032 and everything that is signed with it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fluxroom.providers import Callback

RFC_KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
"""RFC 8032, 7.1, test 1; the same key as in RFC 8037, appendix A."""

RFC_PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
RFC_JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

REQUEST = "764cabcf-b745-4b3e-ae38-1200304cf45b"
USER = "google-oauth2|1234"
NOW = 1_790_000_000


def public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def jwk_of(key: Ed25519PrivateKey, **more: Any) -> dict[str, Any]:
    x = urlsafe_b64encode(public_of(key)).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "x": x, **more}


def fal_headers(body: bytes, *, key: Ed25519PrivateKey = RFC_KEY, at: str = str(NOW), **parts: str) -> dict[str, str]:
    request, user = parts.get("request", REQUEST), parts.get("user", USER)
    text = "\n".join((request, user, at, hashlib.sha256(body).hexdigest()))
    return {
        "x-fal-webhook-request-id": request,
        "x-fal-webhook-user-id": user,
        "x-fal-webhook-timestamp": at,
        "x-fal-webhook-signature": key.sign(text.encode()).hex(),
    }


def fal_body(request: str = REQUEST, **more: Any) -> bytes:
    said: dict[str, Any] = {
        "request_id": request,
        "gateway_request_id": request,
        "status": "OK",
        "error": None,
        "payload": {},
    }
    return json.dumps({**said, **more}).encode()


def from_fal(body: bytes | None = None, **how: Any) -> Callback:
    body = fal_body() if body is None else body
    return Callback(headers=fal_headers(body, **how), body=body)


def bfl_body(task: str = REQUEST, status: str = "Ready", **more: Any) -> bytes:
    return json.dumps({"id": task, "status": status, "result": None, **more}).encode()


def from_bfl(secret: str, body: bytes | None = None) -> Callback:
    return Callback(headers={"x-webhook-secret": secret}, body=bfl_body() if body is None else body)


def bfl_signed(secret: str, body: bytes | None = None) -> Callback:
    body = bfl_body() if body is None else body
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Callback(headers={"x-bfl-signature": f"sha256={signature}"}, body=body)
