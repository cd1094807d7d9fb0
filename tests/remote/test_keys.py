"""A gateway that asks for keys: each sees its own, and what it may not do is told as such."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.remote.gateways import FAST, Gate, made_key

from fluxroom.client import AsyncClient
from fluxroom.errors import BudgetExceeded, InvalidKey, InvalidReference, NotFound, ScopeMissing

pytestmark = pytest.mark.anyio


@dataclass
class House:
    gate: Gate
    anna: str
    ben: str
    reader: str

    def client(self, key: str) -> AsyncClient:
        return self.gate.client(api_key=key)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "gateway"
    keys = [
        made_key(folder, "anna"),
        made_key(folder, "ben", budget_day="0.02"),
        made_key(folder, "reader", scopes=("read",)),
    ]
    gate = Gate(folder, host="0.0.0.0").start()
    yield House(gate, *keys)
    gate.stop()


async def test_without_a_key_nothing_is_told(house: House) -> None:
    for key in ("", "flux_wrong"):
        async with house.client(key) as client:
            with pytest.raises(InvalidKey) as refused:
                await client.generate("a fox", model=FAST)
            assert "FLUXROOM_API_KEY" in refused.value.next_step
            with pytest.raises(InvalidKey):
                await client.jobs()


async def test_each_sees_their_own(house: House) -> None:
    async with house.client(house.anna) as anna, house.client(house.ben) as ben:
        image = await anna.generate("anna's fox", model=FAST, seed=1)
        assert [job.id for job in await anna.jobs()] == [image.job]
        assert await ben.jobs() == []
        assert await ben.search("fox") == []
        for ask in (ben.job(image.job), ben.snapshot((await anna.job(image.job)).generation), ben.job(image.job[-8:])):
            with pytest.raises(NotFound):
                await ask
        with pytest.raises(InvalidReference):
            await ben.edit(image.sha256, "mine now", model=FAST)
        assert (await ben.edit(image.bytes, "who has the bytes may bring them", model=FAST, seed=2)).seed == 2


async def test_budgets_of_a_key_hold(house: House) -> None:
    async with house.client(house.ben) as ben:
        await ben.generate("one", model=FAST, seed=1)
        with pytest.raises(BudgetExceeded) as refused:
            await ben.generate("two", model=FAST, seed=2)
        assert refused.value.context["scope"] == "owner:ben"
        assert len(await ben.jobs()) == 1


async def test_what_a_key_may_not_do(house: House) -> None:
    async with house.client(house.reader) as reader:
        assert await reader.jobs() == []
        with pytest.raises(ScopeMissing):
            await reader.generate("a fox", model=FAST)
    async with house.client(house.anna) as anna:
        with pytest.raises(ScopeMissing):
            await anna.worker.books.pause("bfl", paused=True)
        with pytest.raises(ScopeMissing):
            await anna.sync_catalog()


async def test_a_key_that_is_revoked_meanwhile(house: House) -> None:
    async with house.client(house.anna) as anna:
        assert await anna.jobs() == []
        store = house.gate.app.state.gateway.engine.store
        assert store is not None
        await asyncio.to_thread(house.gate.stop)
        await asyncio.to_thread(revoke, house.gate.settings.data_folder, "anna")
        await asyncio.to_thread(house.gate.start)
        with pytest.raises(InvalidKey):
            await anna.jobs()


def revoke(folder: Path, name: str) -> None:
    from fluxroom.engine.keyring import Keyring
    from fluxroom.store import open_store

    store = open_store(folder)
    try:
        asyncio.run(Keyring(store).revoke(name))
    finally:
        store.close()
