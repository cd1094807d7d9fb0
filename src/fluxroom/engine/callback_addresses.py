"""Under which address a provider calls us back: one for every attempt to send a job, which nobody can guess."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from fluxroom import catalog
from fluxroom.settings import Settings, is_loopback
from fluxroom.store.jobs import Job
from fluxroom.types import Provider

_TOKEN = re.compile(r"(?P<attempt>[1-9][0-9]{0,5})-(?P<proof>[A-Za-z0-9_-]{43})")


KEY = "callbacks"
"""The name of the secret in `signing_keys`: all processes on a ledger share it, on however many machines."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a call-back address names, once its token has proven that it is one of ours."""

    provider: Provider
    job: str
    attempt: int


class Addresses:
    """One address for every attempt to send a job, which nobody can guess.

    Args:
        settings: where the gateway is reached from outside, and whether BFL is asked to call.
        key: the secret that they are derived from; the engine sets it when it starts.
    """

    def __init__(self, settings: Settings, key: bytes = b"") -> None:
        self._settings = settings
        self.key = key

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
        if not self.key:
            raise RuntimeError("addresses have no secret before the engine is started")
        text = "\0".join((use, provider, job_id, str(attempt))).encode("utf-8", "replace")
        return urlsafe_b64encode(hmac.new(self.key, text, hashlib.sha256).digest()).decode().rstrip("=")


def _takes_webhook(job: Job) -> bool:
    try:
        return catalog.endpoint(job.provider, job.endpoint).webhooks
    except KeyError:
        return False
