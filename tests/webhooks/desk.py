"""A desk that hears callbacks: a real store and ledger, a clock that is set by hand, and fal's keys from memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.server import rows
from tests.webhooks.signing import NOW, RFC_KEY, from_bfl, from_fal, jwk_of

from fluxroom.engine.accounts import accounts
from fluxroom.engine.callback_addresses import Address, Addresses
from fluxroom.engine.courier import Courier
from fluxroom.engine.ledger import Ledger
from fluxroom.engine.owners import Presence
from fluxroom.engine.webhooks import Callbacks, Hearing
from fluxroom.identifiers import new_id
from fluxroom.providers import Call, Callback, Reply
from fluxroom.settings import Settings, load
from fluxroom.store import Store, jobs, open_store
from fluxroom.store.jobs import Job
from fluxroom.store.tables import job_events

ENDPOINTS = {"bfl": "flux-2-pro", "fal": "fal-ai/flux-2-pro"}


class HandClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.steady = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        self.steady += seconds

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds


class KeyServer:
    """Stands where calls leave: answers with the keys that are published at the moment."""

    def __init__(self, *keys: Ed25519PrivateKey) -> None:
        self.published = list(keys)
        self.asked: list[Call] = []
        self.broken: Exception | None = None
        self.status = 200

    async def request(self, call: Call, headers: Mapping[str, str], *, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        self.asked.append(call)
        assert not headers, "nobody needs a key of ours to read public keys"
        if self.broken is not None:
            raise self.broken
        body = json.dumps({"keys": [jwk_of(key) for key in self.published]}).encode()
        return Reply(status=self.status, body=body)

    async def stream(self, call: Call, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        raise NotImplementedError
        yield b""

    async def download(self, url: str, *, limit: int, timeout: float) -> Reply:  # noqa: ASYNC109  the protocol's
        raise NotImplementedError

    async def close(self) -> None:
        return


def settings_of(folder: Path, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "bfl_api_key": "bfl-test-key",
        "fal_key": "fal-test-id:fal-test-secret",
        "data": folder,
        "public_url": "https://pictures.example.com",
        "bfl_webhook": True,
        **more,
    }
    return load(**values)


class Desk:
    """The engine's ear, with everything that it needs in reach of a test."""

    def __init__(self, folder: Path, *, follows: bool = True, **settings: Any) -> None:
        self.settings = settings_of(folder, **settings)
        self.store: Store = open_store(folder)
        self.clock = HandClock()
        self.network = KeyServer(RFC_KEY)
        self.presence = Presence(self.store.locks)
        self.ledger = Ledger(self.store, self.presence, self.clock)
        self.courier = Courier(self.network, accounts(self.settings), self.settings)
        self.addresses = Addresses(self.settings, b"a secret of this test, 32 bytes!")
        self.followed: list[Job] = []
        follow = self.followed.append if follows else None
        self.callbacks = Callbacks(self.ledger, self.courier, self.addresses, follow=follow)

    async def add(self, provider: str, *history: str, **values: Any) -> Job:
        """A job that has gone through these states, the last of which it is in; one second for each."""
        account = self.courier.accounts["bfl" if provider == "bfl" else "fal"].id
        facts = {"provider": provider, "endpoint": ENDPOINTS[provider], "account": account, "attempt": 1, **values}
        job = rows.job(history[-1], **{"id": new_id(), "generation": new_id(), "charge_state": "unknown", **facts})
        generation = rows.generation(id=job.generation)
        begin = self.clock.now - len(history)
        events = [
            {"job": job.id, "generation": job.generation, "at": begin + at, "from_state": "", "to_state": to, "why": ""}
            for at, to in enumerate(history)
        ]

        def work(connection: Any) -> None:
            jobs.add(connection, generation, [asdict(job)])
            connection.execute(job_events.insert(), events)

        await self.store.database.write(work)
        return job

    async def now(self, job: Job) -> Job:
        found = await self.store.database.read(lambda connection: jobs.get(connection, job.id))
        assert found is not None
        return found

    async def whys(self, job: Job) -> list[str]:
        rows = await self.store.database.read(lambda connection: jobs.events(connection, job.generation))
        return [row["why"] for row in rows if row["why"] not in {"", "asked for"}]

    def callback(self, job: Job, body: bytes, *, attempt: int = 1) -> Callback:
        """A genuine one, of now."""
        if job.provider == "fal":
            return from_fal(body, at=str(int(self.clock.now)))
        return from_bfl(self.addresses.secret("bfl", job.id, attempt), body)

    async def hear(self, job: Job, callback: Callback, *, attempt: int = 1) -> Hearing:
        return await self.callbacks.hear(Address(job.provider, job.id, attempt), callback)

    def close(self) -> None:
        self.presence.leave()
        self.store.close()
