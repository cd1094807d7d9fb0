"""Callback addresses: who is asked to call where, and that nobody can make one up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.server import rows
from tests.webhooks.desk import settings_of

from fluxroom.catalog.wire import endpoint as schema
from fluxroom.catalog.wire import published
from fluxroom.engine import Engine
from fluxroom.engine.accounts import accounts
from fluxroom.engine.callback_addresses import KEY, Address, Addresses
from fluxroom.engine.transport import AiohttpTransport
from fluxroom.settings import BadSettings, load
from fluxroom.store import Store, open_store, signing_keys

JOB = "01kaz3x9f0m2n4p6q8r0st"


HERE, ELSEWHERE = b"the secret of this ledger", b"the secret of another one"


def addresses_of(key: bytes = HERE, **settings: Any) -> Addresses:
    return Addresses(settings_of(Path("nowhere"), **settings), key)


def address_of(provider: str = "fal", *, key: bytes = HERE, job: dict[str, Any] | None = None, **settings: Any) -> str:
    endpoint = {"bfl": "flux-2-pro", "fal": "fal-ai/flux-2-pro"}[provider]
    row = rows.job("submitting", **{"id": JOB, "provider": provider, "endpoint": endpoint, "attempt": 1, **(job or {})})
    return addresses_of(key, **settings).of(row)


# who is asked --------------------------------------------------------------------------------------------------------


def test_fal_is_asked_and_bfl_only_when_it_is_wanted() -> None:
    assert address_of("fal", bfl_webhook=False).startswith(f"https://pictures.example.com/hooks/fal/{JOB}/1-")
    assert address_of("bfl", bfl_webhook=False) == ""
    assert address_of("bfl").startswith(f"https://pictures.example.com/hooks/bfl/{JOB}/1-")


def test_bfl_is_asked_only_where_the_schema_has_the_field() -> None:
    for provider, endpoint in published():
        if provider == "bfl":
            asked = address_of("bfl", job={"endpoint": endpoint}) != ""
            assert asked == ("webhook_url" in schema("bfl", endpoint).document["properties"]), endpoint
    assert address_of("bfl", job={"endpoint": "flux-3-image"}) == ""
    assert address_of("bfl", job={"endpoint": "flux-tools/outpainting-v1"}) == ""
    assert address_of("bfl", job={"endpoint": "no-such-endpoint"}) == ""


def test_a_real_provider_is_not_asked_to_call_this_machine() -> None:
    here = "http://127.0.0.1:7860"
    assert address_of("fal", public_url=here) == ""
    assert address_of("bfl", public_url=here) == ""
    assert address_of("fal", public_url=here, job={"sandbox": True}).startswith(f"{here}/hooks/fal/")


def test_the_base_may_have_a_folder() -> None:
    address = address_of("fal", public_url="https://example.com/pictures/")
    assert address.startswith("https://example.com/pictures/hooks/fal/")
    assert len(address_of("bfl", public_url="https://" + "x" * 1400 + ".example.com")) < 2083


@pytest.mark.parametrize(
    "value",
    ["http://pictures.example.com", "pictures.example.com", "ftp://x", "https://", "https:///x", "https://me@x.com",
     "https://x.com?a=1", "https://x.com/#a", "https://x.com/a b", "https://x.com\\@y.com", "https://" + "x" * 1600],
)  # fmt: skip
def test_a_base_that_cannot_be_used_is_refused(value: str) -> None:
    with pytest.raises(BadSettings, match="FLUXROOM_PUBLIC_URL"):
        load(public_url=value)


def test_nothing_is_asked_for_by_default() -> None:
    settings = load()
    assert settings.public_url == ""
    assert settings.bfl_webhook is False


# what they prove -----------------------------------------------------------------------------------------------------


def parts(url: str) -> tuple[str, str, str]:
    provider, job, token = urlsplit(url).path.split("/")[-3:]
    return provider, job, token


def test_an_address_names_its_job_and_attempt() -> None:
    addresses = addresses_of()
    for provider in ("bfl", "fal"):
        for attempt in (1, 2, 999_999):
            found = addresses.named(*parts(address_of(provider, job={"attempt": attempt})))
            assert found == Address("bfl" if provider == "bfl" else "fal", JOB, attempt)


def test_no_part_of_it_can_be_changed() -> None:
    addresses = addresses_of()
    provider, job, token = parts(address_of())
    attempt, proof = token.split("-", 1)
    changed = [("bfl", job, token), (provider, job[:-1] + "0", token), (provider, job, f"2-{proof}")]
    changed += [
        (provider, job, f"{attempt}-{proof[:place]}{'A' if proof[place] != 'A' else 'B'}{proof[place + 1 :]}")
        for place in range(42)  # the last character has bits that do not count
    ]
    for one in changed:
        assert addresses.named(*one) is None, one
    assert addresses.named(provider, job, token) is not None


@pytest.mark.parametrize(
    "token",
    ["", "1", "1-", "-", "0-" + "A" * 43, "01-" + "A" * 43, "1-" + "A" * 42, "1-" + "A" * 44, "1-" + "A" * 43 + "\n",
     "1-" + "ä" * 43, "١-" + "A" * 43, "1" * 5000, "1-" + "=" * 43, "9999999-" + "A" * 43, "\ud800"],
)  # fmt: skip
@pytest.mark.parametrize("provider", ["fal", "", "FAL", "other", "\ud800", "../v1"])
def test_what_was_made_up_names_nothing(provider: str, token: str) -> None:
    for job in (JOB, "", "\0", "\ud800", "x" * 100_000):
        assert addresses_of().named(provider, job, token) is None


def test_address_and_secret_do_not_give_each_other_away() -> None:
    addresses = addresses_of()
    secrets = {addresses.secret("bfl", JOB, attempt) for attempt in (1, 2)} | {addresses.secret("fal", JOB, 1)}
    assert len(secrets) == 3
    assert all(len(secret) == 43 for secret in secrets)
    token = parts(address_of("bfl"))[2]
    assert token.split("-", 1)[1] not in secrets
    assert addresses.named("bfl", JOB, "1-" + addresses.secret("bfl", JOB, 1)) is None


def test_another_secret_has_other_addresses() -> None:
    assert address_of(key=ELSEWHERE) != address_of()
    assert addresses_of().named(*parts(address_of(key=ELSEWHERE))) is None


# the key -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same ledger from another folder, as another machine would; on SQLite from the same one."""
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    stores: list[Store] = []

    def one() -> Store:
        stores.append(open_store(tmp_path / (str(len(stores)) if url else "data"), url))
        return stores[-1]

    yield one
    for store in stores:
        store.close()


@pytest.mark.anyio
async def test_all_processes_on_a_ledger_have_one_secret(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(3)]
    asked = [one.database.write(partial(signing_keys.kept, name=KEY)) for one in stores for _ in range(5)]
    keys = set(await asyncio.gather(*asked))
    assert len(keys) == 1
    assert len(keys.pop()) == 32


@pytest.mark.anyio
async def test_a_gateway_hears_for_another_one(opened: Callable[[], Store], tmp_path: Path) -> None:
    settings = settings_of(tmp_path, public_url="https://pictures.example.com")
    async with AsyncExitStack() as stack:
        engines = []
        for _ in range(2):
            engine = Engine(opened(), accounts(settings), settings, transport=AiohttpTransport(), everyones=True)
            await engine.start()
            stack.push_async_callback(engine.stop)
            assert engine.callbacks
            engines.append(engine.callbacks.addresses)
        row = rows.job("submitting", id=JOB, provider="fal", endpoint="fal-ai/flux-2-pro", attempt=1)
        assert engines[1].named(*parts(engines[0].of(row))) == Address("fal", JOB, 1)


def test_without_its_secret_nothing_is_derived() -> None:
    with pytest.raises(RuntimeError, match="before the engine is started"):
        Addresses(load(public_url="https://pictures.example.com")).secret("bfl", JOB, 1)
