"""Who a key stands for: asked of the database now and then, never longer than a moment after it was revoked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_allowances import Watch

from fluxroom.engine.keyring import Keyring, NewKey
from fluxroom.errors import InvalidKey, StorageFull
from fluxroom.server.access import identities
from fluxroom.server.access.identities import FRESH, Identities
from fluxroom.store import Store, open_store
from fluxroom.store.keys import Key, new_secret

pytestmark = pytest.mark.anyio


class Counting:
    """The store, with a count of what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = self.writes = 0
        self.full = False

    @property
    def database(self) -> Counting:
        return self

    async def read(self, work: Callable[..., Any]) -> Any:
        self.reads += 1
        return await self._store.database.read(work)

    async def write(self, work: Callable[..., Any]) -> Any:
        self.writes += 1
        if self.full:
            raise StorageFull
        return await self._store.database.write(work)


class Days(Watch):
    def time(self) -> float:
        return 1_800_000_000.0 + self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def asked(store: Store) -> Counting:
    return Counting(store)


@pytest.fixture
def watch() -> Days:
    return Days()


@pytest.fixture
def known(asked: Counting, watch: Days) -> Identities:
    return Identities(lambda: asked, watch)  # type: ignore[arg-type,return-value]


async def key(store: Store, name: str = "anna") -> tuple[Key, str]:
    return await Keyring(store).create(NewKey(name=name))


async def test_the_database_is_asked_once_for_many_requests(
    known: Identities, asked: Counting, store: Store, watch: Days
) -> None:
    made, secret = await key(store)
    for _ in range(50):
        assert (await known.by_secret(secret)).id == made.id
    assert asked.reads == 1
    watch.now += FRESH + 0.1
    await known.by_secret(secret)
    assert asked.reads == 2


async def test_a_key_that_is_revoked_elsewhere_opens_nothing_a_moment_later(
    known: Identities, store: Store, watch: Days
) -> None:
    made, secret = await key(store)
    await known.by_secret(secret)
    await known.by_id(made.id)
    await Keyring(store).revoke("anna")
    watch.now += FRESH + 0.01
    for again in (known.by_secret(secret), known.by_id(made.id)):
        with pytest.raises(InvalidKey, match="revoked"):
            await again
    with pytest.raises(InvalidKey, match="revoked"):
        await known.by_secret(secret)


async def test_one_that_is_revoked_here_opens_nothing_at_once(known: Identities, store: Store) -> None:
    _, secret = await key(store)
    await known.by_secret(secret)
    await Keyring(store).revoke("anna")
    known.forget()
    with pytest.raises(InvalidKey):
        await known.by_secret(secret)


@pytest.mark.parametrize("text", ["", "sk-proj-123", "Bearer flux_x", "fal-id:fal-secret", "FLUX_ABC", " flux_abc"])
async def test_a_key_of_somebody_else_is_not_looked_up(known: Identities, asked: Counting, text: str) -> None:
    """A provider's key that was sent here by mistake must not even be compared, or logged."""
    with pytest.raises(InvalidKey, match="begins with flux_") as caught:
        await known.by_secret(text)
    assert asked.reads == 0
    assert text == "" or text not in str(caught.value.as_dict())


async def test_a_mistyped_key_costs_no_look_up(known: Identities, asked: Counting, store: Store) -> None:
    _, secret = await key(store)
    for place in (6, 20, 44):
        other = secret[:place] + ("0" if secret[place] != "0" else "1") + secret[place + 1 :]
        with pytest.raises(InvalidKey, match="mistyped"):
            await known.by_secret(other)
    assert asked.reads == 0


async def test_an_unknown_key_is_asked_for_every_time_and_not_remembered(known: Identities, asked: Counting) -> None:
    unknown = new_secret()
    for _ in range(3):
        with pytest.raises(InvalidKey, match="not known here"):
            await known.by_secret(unknown)
    assert asked.reads == 3
    assert known._known == {}


async def test_a_new_key_of_another_process_is_known_at_once(known: Identities, store: Store) -> None:
    secret = new_secret()
    with pytest.raises(InvalidKey):
        await known.by_secret(secret)
    _, made = await key(store)
    assert (await known.by_secret(made)).name == "anna"


async def test_its_use_is_noted_once_a_minute(known: Identities, asked: Counting, store: Store, watch: Days) -> None:
    made, secret = await key(store)
    for step in (0.0, 3.0, 30.0):
        watch.now += step
        await known.by_secret(secret)
    assert asked.writes == 1
    watch.now += 61.0
    await known.by_secret(secret)
    assert asked.writes == 2
    used = (await Keyring(store).find(made.id)).used_at
    assert used == watch.time()


async def test_a_full_disk_locks_nobody_out(known: Identities, asked: Counting, store: Store) -> None:
    made, secret = await key(store)
    asked.full = True
    assert (await known.by_secret(secret)).id == made.id


async def test_a_flood_of_keys_does_not_fill_the_memory(
    known: Identities, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "_MOST_KNOWN", 5)
    for number in range(12):
        _, secret = await key(store, f"key-{number}")
        assert (await known.by_secret(secret)).name == f"key-{number}"
        assert len(known._known) <= 5


async def test_a_secret_is_not_what_is_remembered(known: Identities, store: Store) -> None:
    _, secret = await key(store)
    await known.by_secret(secret)
    assert secret not in repr(known._known)
