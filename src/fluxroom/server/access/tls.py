"""TLS: the certificate that was given, or one that the gateway makes and signs itself.

One of our own is for this machine and for clients that speak nothing but https: they are told to trust this one file.
It lies in the data folder, and is made anew before it ends and when the gateway gets another name.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fluxroom.settings import BadSettings, Settings, listed
from fluxroom.store.blobs import storage_error

_LIFE = dt.timedelta(days=397)
"""As long as browsers take a certificate."""

_REST = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the gateway proves its name with: PEM files."""

    certificate: Path
    key: Path
    own: bool  # made here: nobody trusts it who was not told to


def certificate(settings: Settings) -> Certificate | None:
    """The certificate to use; None when the gateway speaks plain http.

    Raises:
        BadSettings: only half of a certificate was given, or a file is missing.
        StorageFull, StorageUnwritable: one of our own cannot be kept.
    """
    given = (settings.tls_cert, settings.tls_key)
    if any(given):
        return _given(*given)
    if not settings.tls:
        return None
    folder = settings.data_folder / "tls"
    found = Certificate(folder / "certificate.pem", folder / "key.pem", own=True)
    names = _names(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_usable(found, names):
            _make(found, names)
    except OSError as error:
        raise storage_error(error) from error
    return found


def _given(cert: Path | None, key: Path | None) -> Certificate:
    for name, path in (("FLUXROOM_TLS_CERT", cert), ("FLUXROOM_TLS_KEY", key)):
        if path is None:
            raise BadSettings(f"{name} is not set: a certificate and its key are given together.", field=name)
        if not path.expanduser().is_file():
            raise BadSettings(f"{name}: there is no file {path}.", field=name)
    assert cert is not None and key is not None  # noqa: S101, PT018  for the type checker: seen above
    return Certificate(cert.expanduser(), key.expanduser(), own=False)


def _names(settings: Settings) -> list[str]:
    """Every name under which the gateway is reached."""
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else ""  # noqa: S104  every address is no name
    public = urlsplit(settings.public_url).hostname or ""
    names = ["localhost", "queue.localhost", "127.0.0.1", "::1", host, public, *listed(settings.hosts)]
    return list(dict.fromkeys(filter(None, names)))


def _is_usable(found: Certificate, names: list[str]) -> bool:
    with suppress(OSError, ValueError, x509.ExtensionNotFound):
        kept = x509.load_pem_x509_certificate(found.certificate.read_bytes())
        serialization.load_pem_private_key(found.key.read_bytes(), None)
        said = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        fresh = kept.not_valid_after_utc > dt.datetime.now(dt.UTC) + _REST
        return fresh and {_general(name) for name in names} <= set(said)
    return False


def _make(found: Certificate, names: list[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fluxroom gateway")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        # Clients take it as their only root, so it may sign nothing but itself.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    _write(found.key, private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), 0o600)
    _write(found.certificate, made.public_bytes(pem), 0o644)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others in between."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    fresh.replace(path)
