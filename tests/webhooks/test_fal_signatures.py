"""fal's signature: what it covers, for how long it counts, and what is no signature at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.webhooks.signing import (
    NOW,
    REQUEST,
    RFC_JWK,
    RFC_PUBLIC,
    USER,
    fal_body,
    fal_headers,
    from_fal,
    jwk_of,
    public_of,
)

from fluxroom.providers import Accepted, Callback, CalledBack, Hosts, Order, Reply, Verdict
from fluxroom.providers.fal import DIALECT, callbacks
from fluxroom.providers.fal.callbacks import MOST_KEYS, WINDOW

HOSTS = Hosts(submit="https://queue.fal.run", rest="https://rest.fal.ai")
ORDER = Order(endpoint="fal-ai/flux-2/klein/9b/edit", body={})
KEYS = (RFC_PUBLIC,)
GENUINE = from_fal()


def verdict(callback: Callback, *, keys: tuple[bytes, ...] = KEYS, now: float = NOW) -> Verdict:
    return DIALECT.verdict(callback, secret="", keys=keys, now=now)


def with_header(name: str, value: str | None) -> Callback:
    headers = {**GENUINE.headers, f"x-fal-webhook-{name}": value or ""}
    if value is None:
        del headers[f"x-fal-webhook-{name}"]
    return replace(GENUINE, headers=headers)


def test_a_signature_that_openssl_made_with_the_key_of_rfc_8032() -> None:
    body = b'{"request_id":"764cabcf-b745-4b3e-ae38-1200304cf45b","status":"OK"}'
    headers = {
        "x-fal-webhook-request-id": "764cabcf-b745-4b3e-ae38-1200304cf45b",
        "x-fal-webhook-user-id": "google-oauth2|1234",
        "x-fal-webhook-timestamp": "1790000000",
        "x-fal-webhook-signature": "90382190c3822e9f8b75b7340c9715670b08f1a73e0ba1f0df061f414b8e2911"
        "9aede6a2b5c89a507cec993df00b98d4a979bddf4ad0af8774944a238e24e80b",
    }
    assert verdict(Callback(headers=headers, body=body)) is Verdict.GENUINE
    assert verdict(Callback(headers=headers, body=body + b" ")) is Verdict.FORGED
    upper = {**headers, "x-fal-webhook-signature": headers["x-fal-webhook-signature"].upper()}
    assert verdict(Callback(headers=upper, body=body)) is Verdict.GENUINE


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW - WINDOW - 0.001, Verdict.STALE),
        (NOW - WINDOW, Verdict.GENUINE),
        (NOW, Verdict.GENUINE),
        (NOW + WINDOW, Verdict.GENUINE),
        (NOW + WINDOW + 0.001, Verdict.STALE),
        (NOW + 3600, Verdict.STALE),
        (0.0, Verdict.STALE),
    ],
)
def test_a_signature_counts_for_five_minutes(now: float, expected: Verdict) -> None:
    assert verdict(GENUINE, now=now) is expected


def test_every_key_is_tried() -> None:
    others = tuple(public_of(Ed25519PrivateKey.generate()) for _ in range(3))
    assert verdict(GENUINE, keys=(*others, RFC_PUBLIC)) is Verdict.GENUINE
    assert verdict(GENUINE, keys=others) is Verdict.FORGED
    assert verdict(GENUINE, keys=()) is Verdict.FORGED
    assert verdict(GENUINE, keys=(b"", b"short", bytes(32), RFC_PUBLIC)) is Verdict.GENUINE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request-id", REQUEST.replace("7", "8")),
        ("user-id", "somebody-else"),
        ("user-id", USER + " "),
        ("timestamp", str(NOW + 1)),
        ("timestamp", f"0{NOW}"),
        ("signature", "0" * 128),
        ("signature", GENUINE.headers["x-fal-webhook-signature"][::-1]),
    ],
)
def test_whatever_is_changed_does_not_fit(name: str, value: str) -> None:
    assert verdict(with_header(name, value)) is Verdict.FORGED


@pytest.mark.parametrize("place", range(0, len(GENUINE.body), 7))
def test_nor_does_any_byte_of_the_body(place: int) -> None:
    changed = bytearray(GENUINE.body)
    changed[place] ^= 1
    assert verdict(replace(GENUINE, body=bytes(changed))) is Verdict.FORGED


@pytest.mark.parametrize("name", ["request-id", "user-id", "timestamp", "signature"])
@pytest.mark.parametrize("value", [None, "", "a\nb", "a\0b", "ä", "x" * 5000, f"{NOW}\n", "١٧٩٠٠٠٠٠٠٠\x7f", "\ud800"])
def test_what_is_missing_or_odd_is_no_signature(name: str, value: str | None) -> None:
    assert verdict(with_header(name, value)) is Verdict.UNSIGNED


@pytest.mark.parametrize("time", ["-1", "1e9", "1790000000.0", "+1790000000", "1_790_000_000", " 1790000000", "9" * 13])
def test_a_time_is_digits_only(time: str) -> None:
    assert verdict(Callback(headers=fal_headers(b"{}", at=time), body=b"{}")) is Verdict.UNSIGNED


@pytest.mark.parametrize(
    "signature", ["00", "g" * 128, "0" * 127, "0" * 129, " " + "0" * 127, "0 " * 64, "0x" + "0" * 126]
)
def test_a_signature_is_64_bytes_in_hex(signature: str) -> None:
    assert verdict(with_header("signature", signature)) is Verdict.UNSIGNED


def test_a_header_that_came_twice_fits_nothing() -> None:
    for name in ("request-id", "user-id", "timestamp", "signature"):
        value = GENUINE.headers[f"x-fal-webhook-{name}"]
        assert verdict(with_header(name, f"{value}, {value}")) is not Verdict.GENUINE


def test_a_line_break_cannot_move_text_from_one_part_to_the_next() -> None:
    moved = fal_headers(GENUINE.body, request=f"{REQUEST}\n{USER}", user="x")
    assert verdict(Callback(headers=moved, body=GENUINE.body)) is Verdict.UNSIGNED


@given(st.dictionaries(st.sampled_from(sorted(GENUINE.headers)), st.text(max_size=200)), st.binary(max_size=300))
def test_nothing_that_comes_makes_it_raise(headers: dict[str, str], body: bytes) -> None:
    callback = Callback(headers=headers, body=body)
    assert verdict(callback) is not Verdict.GENUINE
    DIALECT.called_back(HOSTS, ORDER, callback)


# keys ----------------------------------------------------------------------------------------------------------------


def keys_in(*entries: Any, status: int = 200) -> tuple[bytes, ...]:
    return DIALECT.read_callback_keys(Reply(status=status, body=json.dumps({"keys": list(entries)}).encode()))


def test_where_the_keys_are() -> None:
    call = DIALECT.callback_keys(HOSTS)
    assert call is not None
    assert (call.method, call.url) == ("GET", "https://rest.fal.ai/.well-known/jwks.json")
    assert not call.key, "they are public"
    assert DIALECT.trusts(HOSTS, call.url)


def test_the_key_of_rfc_8037_is_read() -> None:
    assert keys_in(RFC_JWK) == (RFC_PUBLIC,)
    assert keys_in({**RFC_JWK, "x": RFC_JWK["x"] + "="}) == (RFC_PUBLIC,)
    assert keys_in({"x": RFC_JWK["x"]}) == (RFC_PUBLIC,), "some documents name only x"
    assert keys_in(jwk_of(Ed25519PrivateKey.generate(), kid="1", use="sig"), RFC_JWK)[1] == RFC_PUBLIC


@pytest.mark.parametrize(
    "entry",
    [
        None, 5, "x", [], {}, {"x": None}, {"x": 5}, {"x": ""}, {"x": "abc"}, {"x": "!" * 43}, {"x": "A" * 44},
        {**RFC_JWK, "kty": "RSA"}, {**RFC_JWK, "crv": "X25519"}, {**RFC_JWK, "x": RFC_JWK["x"] + "\n"},
    ],
)  # fmt: skip
def test_what_is_no_key_is_left_out(entry: Any) -> None:
    assert keys_in(entry, RFC_JWK) == (RFC_PUBLIC,)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"keys": 5}', b'{"keys": {"x": 1}}', b"\xff", b"[" * 90_000]
)
def test_an_answer_without_keys_has_none(body: bytes) -> None:
    assert callbacks.keys(Reply(status=200, body=body)) == ()
    assert keys_in(RFC_JWK, status=503) == ()


def test_a_flood_of_keys_is_cut() -> None:
    assert len(keys_in(*[RFC_JWK] * 5000)) == MOST_KEYS


# what a genuine one proves -------------------------------------------------------------------------------------------


def test_it_proves_the_ticket_and_nothing_else() -> None:
    body = fal_body(payload={"images": [{"url": "https://attacker.example/x.png"}]}, gateway_request_id="another")
    assert DIALECT.called_back(HOSTS, ORDER, Callback(body=body)) == CalledBack(
        accepted=Accepted(ticket={"id": REQUEST, "app": "fal-ai/flux-2"}, request_id=REQUEST)
    )


def test_a_failure_proves_the_same() -> None:
    body = fal_body(status="ERROR", error="Invalid status code: 422", payload={"detail": []})
    found = DIALECT.called_back(HOSTS, ORDER, Callback(body=body))
    assert found is not None
    assert found.accepted.request_id == REQUEST


def test_addresses_in_the_body_do_not_come_into_the_ticket() -> None:
    body = fal_body(status_url="https://queue.fal.run/evil/status", response_url="https://queue.fal.run/evil")
    found = DIALECT.called_back(HOSTS, ORDER, Callback(body=body))
    assert found is not None
    assert set(found.accepted.ticket) == {"id", "app"}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"request_id": null}', b'{"request_id": ""}', b'{"request_id": "a b"}',
     b'{"request_id": ["x"]}', b'{"request_id": "\\u0000"}', b'{"gateway_request_id": "x"}', b"[" * 90_000],
)  # fmt: skip
def test_without_an_id_it_proves_nothing(body: bytes) -> None:
    assert DIALECT.called_back(HOSTS, ORDER, Callback(body=body)) is None
