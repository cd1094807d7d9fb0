"""Callback addresses: who is asked to call where, and that nobody can make one up."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from tests.server import rows
from tests.webhooks.desk import settings_of

from fluxroom.catalog.wire import endpoint as schema
from fluxroom.catalog.wire import published
from fluxroom.engine.callback_addresses import Address, Addresses, callback_key
from fluxroom.errors import StorageUnwritable
from fluxroom.settings import BadSettings, load
from fluxroom.store import Store

JOB = "01kaz3x9f0m2n4p6q8r0st"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Of a store, only the folder matters here."""
    return cast("Store", SimpleNamespace(folder=tmp_path))


def address_of(store: Store, provider: str = "fal", *, job: dict[str, Any] | None = None, **settings: Any) -> str:
    endpoint = {"bfl": "flux-2-pro", "fal": "fal-ai/flux-2-pro"}[provider]
    row = rows.job("submitting", **{"id": JOB, "provider": provider, "endpoint": endpoint, "attempt": 1, **(job or {})})
    return Addresses(store, settings_of(store.folder, **settings)).of(row)


# who is asked --------------------------------------------------------------------------------------------------------


def test_fal_is_asked_and_bfl_only_when_it_is_wanted(store: Store) -> None:
    assert address_of(store, "fal", bfl_webhook=False).startswith(f"https://pictures.example.com/hooks/fal/{JOB}/1-")
    assert address_of(store, "bfl", bfl_webhook=False) == ""
    assert address_of(store, "bfl").startswith(f"https://pictures.example.com/hooks/bfl/{JOB}/1-")


def test_bfl_is_asked_only_where_the_schema_has_the_field(store: Store) -> None:
    for provider, endpoint in published():
        if provider == "bfl":
            asked = address_of(store, "bfl", job={"endpoint": endpoint}) != ""
            assert asked == ("webhook_url" in schema("bfl", endpoint).document["properties"]), endpoint
    assert address_of(store, "bfl", job={"endpoint": "flux-3-image"}) == ""
    assert address_of(store, "bfl", job={"endpoint": "flux-tools/outpainting-v1"}) == ""
    assert address_of(store, "bfl", job={"endpoint": "no-such-endpoint"}) == ""


def test_a_real_provider_is_not_asked_to_call_this_machine(store: Store) -> None:
    here = "http://127.0.0.1:7860"
    assert address_of(store, "fal", public_url=here) == ""
    assert address_of(store, "bfl", public_url=here) == ""
    assert address_of(store, "fal", public_url=here, job={"sandbox": True}).startswith(f"{here}/hooks/fal/")


def test_the_base_may_have_a_folder(store: Store) -> None:
    address = address_of(store, "fal", public_url="https://example.com/pictures/")
    assert address.startswith("https://example.com/pictures/hooks/fal/")
    assert len(address_of(store, "bfl", public_url="https://" + "x" * 1400 + ".example.com")) < 2083


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


def test_an_address_names_its_job_and_attempt(store: Store) -> None:
    addresses = Addresses(store, settings_of(store.folder))
    for provider in ("bfl", "fal"):
        for attempt in (1, 2, 999_999):
            found = addresses.named(*parts(address_of(store, provider, job={"attempt": attempt})))
            assert found == Address("bfl" if provider == "bfl" else "fal", JOB, attempt)


def test_no_part_of_it_can_be_changed(store: Store) -> None:
    addresses = Addresses(store, settings_of(store.folder))
    provider, job, token = parts(address_of(store))
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
def test_what_was_made_up_names_nothing(store: Store, provider: str, token: str) -> None:
    for job in (JOB, "", "\0", "\ud800", "x" * 100_000):
        assert Addresses(store, settings_of(store.folder)).named(provider, job, token) is None


def test_address_and_secret_do_not_give_each_other_away(store: Store) -> None:
    addresses = Addresses(store, settings_of(store.folder))
    secrets = {addresses.secret("bfl", JOB, attempt) for attempt in (1, 2)} | {addresses.secret("fal", JOB, 1)}
    assert len(secrets) == 3
    assert all(len(secret) == 43 for secret in secrets)
    token = parts(address_of(store, "bfl"))[2]
    assert token.split("-", 1)[1] not in secrets
    assert addresses.named("bfl", JOB, "1-" + addresses.secret("bfl", JOB, 1)) is None


def test_another_folder_has_other_addresses(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = cast("Store", SimpleNamespace(folder=tmp_path / "other"))
    assert address_of(other) != address_of(store)
    assert Addresses(store, settings_of(store.folder)).named(*parts(address_of(other))) is None


# the key -------------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_for_this_user_only(store: Store) -> None:
    path = store.folder / "hooks.key"
    assert not path.exists()
    key = callback_key(store)
    assert len(key) == 32
    assert path.read_bytes() == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert callback_key(store) == key


@pytest.mark.parametrize("half", [b"", b"x", b"x" * 31, b"x" * 33])
def test_a_key_that_was_cut_off_by_a_crash_is_made_anew(store: Store, half: bytes) -> None:
    path = store.folder / "hooks.key"
    path.write_bytes(half)
    key = callback_key(store)
    assert len(key) == 32
    assert path.read_bytes() == key


def test_all_threads_have_one_key(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = secrets.token_bytes

    def slowly(number: int) -> bytes:
        time.sleep(0.05)  # so that all the others come while the first one makes it
        return real(number)

    monkeypatch.setattr(secrets, "token_bytes", slowly)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: callback_key(store), range(16)))) == 1


_RACER = """
import pathlib, secrets, sys, time
from fluxroom.engine.callback_addresses import _kept_key
real = secrets.token_bytes
secrets.token_bytes = lambda number: (time.sleep(0.5), real(number))[1]
sys.stdin.read(1)
sys.stdout.write(_kept_key(pathlib.Path(sys.argv[1])).hex())
"""


def test_all_processes_have_one_key(store: Store) -> None:
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(store.folder / "hooks.key")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0] for process in racing}
    assert keys == {callback_key(store).hex()}


def test_a_folder_in_the_way_is_an_error_of_the_disk(store: Store) -> None:
    (store.folder / "hooks.key").mkdir()
    with pytest.raises(StorageUnwritable):
        callback_key(store)
