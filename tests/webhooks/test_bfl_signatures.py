"""BFL's two schemes: the secret as it is, and the body signed with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhooks.signing import REQUEST, bfl_body, bfl_signed, from_bfl

from fluxroom.providers import Accepted, Callback, CalledBack, Hosts, Order, Verdict
from fluxroom.providers.bfl import DIALECT

HOSTS = Hosts(submit="https://api.eu.bfl.ai", region="eu")
ORDER = Order(endpoint="flux-2-pro", body={})
SECRET = "kP0-secret-of-one-job"


def verdict(callback: Callback, secret: str = SECRET) -> Verdict:
    return DIALECT.verdict(callback, secret=secret, keys=(), now=0.0)


def test_the_secret_as_it_is() -> None:
    assert verdict(from_bfl(SECRET)) is Verdict.GENUINE
    assert verdict(from_bfl(SECRET), secret="another") is Verdict.FORGED


@pytest.mark.parametrize(
    "told", ["", "x", SECRET[:-1], SECRET + "x", SECRET.upper(), f"{SECRET}, {SECRET}", "ä", "\ud800", "x" * 90_000]
)
def test_another_secret_does_not_fit(told: str) -> None:
    assert verdict(from_bfl(told)) is Verdict.FORGED


def test_a_signature_of_rfc_4231() -> None:
    right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    for written in (f"sha256={right}", f"sha256={right.upper()}", f"SHA256={right}"):
        signed = Callback(headers={"x-bfl-signature": written}, body=b"what do ya want for nothing?")
        assert verdict(signed, secret="Jefe") is Verdict.GENUINE
        assert verdict(signed, secret="jefe") is Verdict.FORGED
        assert verdict(Callback(headers=signed.headers, body=b"what do ya want for nothing!"), "Jefe") is Verdict.FORGED


@pytest.mark.parametrize(
    "written", ["", "sha256=", "sha256=00", "5bdc", "sha1=" + "0" * 64, "sha256=" + "0" * 64, "sha256=" + "g" * 64]
)
def test_what_is_no_signature_does_not_fit(written: str) -> None:
    assert verdict(Callback(headers={"x-bfl-signature": written}, body=bfl_body())) is Verdict.FORGED


def test_either_is_enough() -> None:
    signed = bfl_signed(SECRET)
    assert verdict(signed) is Verdict.GENUINE
    for headers in (
        {**signed.headers, "x-webhook-secret": "wrong"},
        {"x-webhook-secret": SECRET, "x-bfl-signature": "sha256=" + "0" * 64},
    ):
        assert verdict(Callback(headers=headers, body=signed.body)) is Verdict.GENUINE


def test_without_either_there_is_nothing_to_check() -> None:
    assert verdict(Callback(headers={"x-key": SECRET}, body=bfl_body())) is Verdict.UNSIGNED


def test_an_empty_secret_opens_nothing() -> None:
    assert verdict(from_bfl(""), secret="") is Verdict.FORGED
    assert verdict(bfl_signed(""), secret="") is Verdict.FORGED


def test_there_are_no_keys_to_fetch() -> None:
    assert DIALECT.callback_keys(HOSTS) is None


def test_it_proves_the_ticket_that_the_reply_would_have_made() -> None:
    body = bfl_body(polling_url="https://attacker.example/", cost=0, result={"sample": "https://attacker.example/x"})
    assert DIALECT.called_back(HOSTS, ORDER, Callback(body=body)) == CalledBack(
        accepted=Accepted(ticket={"id": REQUEST, "region": "eu"}, request_id=REQUEST)
    )


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"id": null}', b'{"id": " "}', b'{"id": {}}', b"[" * 90_000]
)
def test_without_an_id_it_proves_nothing(body: bytes) -> None:
    assert DIALECT.called_back(HOSTS, ORDER, Callback(body=body)) is None


@given(st.text(max_size=100), st.text(max_size=100), st.binary(max_size=200))
def test_nothing_that_comes_makes_it_raise(told: str, signed: str, body: bytes) -> None:
    callback = Callback(headers={"x-webhook-secret": told, "x-bfl-signature": signed}, body=body)
    assert (verdict(callback) is Verdict.GENUINE) == (told == SECRET)
    DIALECT.called_back(HOSTS, ORDER, callback)
