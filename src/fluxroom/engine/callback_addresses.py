"""Under which address a provider calls us back: one for every attempt to send a job, which nobody can guess."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fluxroom import catalog
from fluxroom.settings import Settings, is_loopback
from fluxroom.store import Store
from fluxroom.store.blobs import storage_error
from fluxroom.store.jobs import Job
from fluxroom.types import Provider

_TOKEN = re.compile(r"(?P<attempt>[1-9][0-9]{0,5})-(?P<proof>[A-Za-z0-9_-]{43})")
_KEY_BYTES = 32


def callback_key(store: Store) -> bytes:
    """The secret that every address is derived from: the same for all processes on a store, made once.

    Raises:
        StorageFull, StorageUnwritable: it cannot be read or made.
    """
    try:
        return _kept_key(store.folder / "hooks.key")
    except OSError as error:
        raise storage_error(error) from error


def _kept_key(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
        # Whoever comes second waits here and reads what the first one wrote. A key cut off by a crash was used by
        # nobody, so it is made anew.
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = file.read(_KEY_BYTES + 1)
        if len(kept) == _KEY_BYTES:
            return kept
        key = secrets.token_bytes(_KEY_BYTES)
        file.seek(0)
        file.truncate()
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
        return key


@dataclass(frozen=True, slots=True)
class Address:
    """What a call-back address names, once its token has proven that it is one of ours."""

    provider: Provider
    job: str
    attempt: int


class Addresses:
    """One address for every attempt to send a job, which nobody can guess.

    Args:
        store: keeps the secret that they are derived from.
        settings: where the gateway is reached from outside, and whether BFL is asked to call.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    @cached_property
    def _key(self) -> bytes:
        return callback_key(self._store)

    def of(self, job: Job) -> str:
        """Where the provider shall call for this attempt; empty when it shall not call.

        A gateway that is reached only on this machine is of no use to a real provider.
        """
        if is_loopback(self._settings.public_url) and not job.sandbox:
            return ""
        if not (job.provider == "fal" or (self._settings.bfl_webhook and _takes_webhook(job))):
            return ""
        token = f"{job.attempt}-{self._derived('address', job.provider, job.id, job.attempt)}"
        return f"{self._settings.public_url}/hooks/{job.provider}/{job.id}/{token}"

    def secret(self, provider: Provider, job_id: str, attempt: int) -> str:
        """What the provider proves its callbacks with, where it takes a secret of ours (BFL)."""
        return self._derived("secret", provider, job_id, attempt)

    def named(self, provider: str, job_id: str, token: str) -> Address | None:
        """What an address names; None when it is none of ours. Cheap, and nothing is looked up."""
        found = _TOKEN.fullmatch(token)
        if found is None or provider not in {"bfl", "fal"}:
            return None
        name: Provider = "bfl" if provider == "bfl" else "fal"
        attempt = int(found["attempt"])
        right = self._derived("address", name, job_id, attempt)
        return Address(name, job_id, attempt) if hmac.compare_digest(found["proof"], right) else None

    def _derived(self, use: str, provider: Provider, job_id: str, attempt: int) -> str:
        text = "\0".join((use, provider, job_id, str(attempt))).encode("utf-8", "replace")
        return urlsafe_b64encode(hmac.new(self._key, text, hashlib.sha256).digest()).decode().rstrip("=")


def _takes_webhook(job: Job) -> bool:
    try:
        return catalog.endpoint(job.provider, job.endpoint).webhooks
    except KeyError:
        return False
