"""The gateway's certificate: given, or of its own making, and kept as a secret should be."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from tests.server.calls import settings_at

from fluxroom.server.access import tls
from fluxroom.server.access.tls import Certificate, certificate
from fluxroom.settings import BadSettings


def names_in(found: Certificate) -> set[str]:
    kept = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    said = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in said}


def made(folder: Path, **settings: object) -> Certificate:
    found = certificate(settings_at(folder, tls=True, **settings))
    assert found is not None
    return found


def test_without_a_word_there_is_none(tmp_path: Path) -> None:
    assert certificate(settings_at(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_one_of_its_own_is_for_this_machine_and_can_be_used(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert found.own
    assert {"localhost", "queue.localhost", "127.0.0.1", "::1"} <= names_in(found)
    assert found.key.stat().st_mode & 0o077 == 0
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.certificate, found.key)
    ssl.create_default_context(cafile=found.certificate)


def test_it_stays_the_same_until_it_must_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path).certificate.read_bytes()
    assert made(tmp_path).certificate.read_bytes() == first
    named = made(tmp_path, hosts="pictures.example.com", host="0.0.0.0")
    assert named.certificate.read_bytes() != first
    assert "pictures.example.com" in names_in(named)
    assert "0.0.0.0" not in names_in(named)
    second = named.certificate.read_bytes()
    monkeypatch.setattr(tls, "_REST", dt.timedelta(days=400))
    assert made(tmp_path, hosts="pictures.example.com").certificate.read_bytes() != second


@pytest.mark.parametrize("broken", ["certificate.pem", "key.pem"])
def test_a_broken_file_is_made_anew(tmp_path: Path, broken: str) -> None:
    found = made(tmp_path)
    (found.certificate.parent / broken).write_bytes(b"-----BEGIN NONSENSE-----")
    again = made(tmp_path)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(again.certificate, again.key)


def test_a_given_one_is_used_as_it_is(tmp_path: Path) -> None:
    own = made(tmp_path / "elsewhere")
    found = certificate(settings_at(tmp_path / "data", tls_cert=own.certificate, tls_key=own.key))
    assert found == Certificate(own.certificate, own.key, own=False)
    assert not (tmp_path / "data").exists()


def test_half_a_certificate_is_none(tmp_path: Path) -> None:
    own = made(tmp_path)
    with pytest.raises(BadSettings, match="FLUXROOM_TLS_KEY is not set"):
        certificate(settings_at(tmp_path, tls_cert=own.certificate))
    with pytest.raises(BadSettings, match="FLUXROOM_TLS_CERT is not set"):
        certificate(settings_at(tmp_path, tls_key=own.key))
    with pytest.raises(BadSettings, match="there is no file"):
        certificate(settings_at(tmp_path, tls_cert=tmp_path / "none.pem", tls_key=own.key))
