from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from fluxroom.engine.keyring import Keyring, NewKey, as_dict
from fluxroom.errors import NotFound, RequestError
from fluxroom.store import Store, keys, ledger, open_store, signing_keys
from fluxroom.store.keys import Key, digest_of, new_secret, well_formed

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else ""
    found = open_store(tmp_path, url)
    yield found
    found.close()


@pytest.fixture
def ring(store: Store) -> Keyring:
    return Keyring(store)


def by_text(text: str, connection: Connection) -> Key | None:
    return keys.by_secret(connection, text)


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# what a key looks like -----------------------------------------------------------------------------------------------


def test_no_two_keys_are_alike_and_all_are_whole() -> None:
    made = {new_secret() for _ in range(2000)}
    assert len(made) == 2000
    assert all(well_formed(secret) and len(secret) == 45 for secret in made)


def test_every_place_of_a_key_is_by_chance() -> None:
    made = [new_secret()[5:] for _ in range(2000)]
    for place in range(40):
        letters = [secret[place] for secret in made]
        # With 32 letters each comes about 62 times; one that comes 200 times does not come by chance.
        assert len(set(letters)) >= 30
        assert max(letters.count(letter) for letter in set(letters)) < 200


def test_one_wrong_letter_is_noticed() -> None:
    secret = new_secret()
    for place in range(5, len(secret)):
        other = "0" if secret[place] != "0" else "1"
        assert not well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text[:-1], lambda text: text + "0", lambda text: text + "\n"]
)
def test_what_is_not_whole(change: object) -> None:
    assert callable(change)
    assert not well_formed(change(new_secret()))


# what is kept --------------------------------------------------------------------------------------------------------


async def test_the_key_itself_is_nowhere_on_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    key, secret = await Keyring(store).create(NewKey(name="anna"))
    assert key.digest == digest_of(secret)
    assert key.hint == secret[-4:]
    files = await asyncio.to_thread(bytes_below, tmp_path)
    assert files
    assert not [name for name, data in files.items() if secret.encode() in data]
    store.close()
    assert secret not in repr(key)
    assert key.digest not in str(as_dict(key))


async def test_a_key_is_found_by_its_secret_and_by_nothing_near_it(ring: Keyring, store: Store) -> None:
    key, secret = await ring.create(NewKey(name="anna", cap=3))
    found = await store.database.read(lambda connection: keys.by_secret(connection, secret))
    assert found == key
    for wrong in (new_secret(), secret[:-1], secret.upper(), digest_of(secret), "", "' OR 1=1 --"):
        assert await store.database.read(partial(by_text, wrong)) is None


async def test_a_new_key_may_generate_and_read_its_own(ring: Keyring) -> None:
    key, _ = await ring.create(NewKey(name="anna"))
    assert key.owner == "anna"
    assert list(key.scopes) == ["generate", "read"]
    assert (key.cap, key.per_minute, key.used_at, key.revoked_at) == (None, None, None, None)


async def test_several_keys_may_be_one_owners(ring: Keyring) -> None:
    await ring.create(NewKey(name="laptop", owner="anna"))
    await ring.create(NewKey(name="server", owner="anna"))
    assert [key.owner for key in await ring.all()] == ["anna", "anna"]


async def test_budgets_are_set_with_the_key_or_not_at_all(ring: Keyring, store: Store) -> None:
    await ring.create(NewKey(name="anna", budget_day="5", budget_month="40.50"))
    wanted = {("owner:anna", "day", Decimal(5)), ("owner:anna", "month", Decimal("40.50"))}
    found = await store.database.read(ledger.all_budgets)
    assert {(one.scope, one.period, one.most) for one in found} == wanted
    with pytest.raises(RequestError, match="already"):
        await ring.create(NewKey(name="anna", budget_day="9"))
    found = await store.database.read(ledger.all_budgets)
    assert {(one.scope, one.period, one.most) for one in found} == wanted, "the refused key changed nothing"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " anna"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": "anna\nroot"}, "name"),
        ({"name": "anna\x1b[2J"}, "name"),
        ({"name": "anna\u202e"}, "name"),
        ({"name": "anna", "owner": "bob\r"}, "owner"),
        ({"name": "anna", "scopes": ["root"]}, "scopes"),
        ({"name": "anna", "scopes": []}, "scopes"),
        ({"name": "anna", "cap": 0}, "cap"),
        ({"name": "anna", "cap": 10**9}, "cap"),
        ({"name": "anna", "per_minute": -1}, "per_minute"),
        ({"name": "anna", "budget_day": "much"}, "most"),
        ({"name": "anna", "budget_month": "-1"}, "most"),
    ],
)
async def test_what_cannot_be_a_key_is_refused_and_leaves_nothing(
    ring: Keyring, wish: dict[str, object], field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        await ring.create(NewKey(**wish))  # type: ignore[arg-type]
    assert caught.value.context["field"] == field
    assert await ring.all() == []


# revoking ------------------------------------------------------------------------------------------------------------


async def test_a_revoked_key_stays_in_the_list_and_is_never_usable_again(ring: Keyring, store: Store) -> None:
    key, secret = await ring.create(NewKey(name="anna"))
    assert await ring.any_usable()
    await ring.revoke("anna")
    assert not await ring.any_usable()
    found = await store.database.read(lambda connection: keys.by_secret(connection, secret))
    assert found is not None
    assert found.revoked_at is not None
    assert [one.id for one in await ring.all()] == [key.id]
    with pytest.raises(NotFound, match="no key 'anna' that is in use"):
        await ring.revoke("anna")


async def test_a_name_is_free_again_once_its_key_is_revoked(ring: Keyring) -> None:
    first, _ = await ring.create(NewKey(name="anna"))
    await ring.revoke(first.id)
    second, _ = await ring.create(NewKey(name="anna"))
    assert (await ring.find("anna")).id == second.id
    with pytest.raises(NotFound):
        await ring.find(first.id)


# the folder ----------------------------------------------------------------------------------------------------------


def test_a_new_data_folder_is_its_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    open_store(folder).close()
    assert folder.stat().st_mode & 0o077 == 0


# what signs sessions -------------------------------------------------------------------------------------------------


async def test_a_signing_key_is_made_once_and_each_name_has_its_own(store: Store) -> None:
    first = await store.database.write(lambda connection: signing_keys.kept(connection, "sessions"))
    again = await store.database.write(lambda connection: signing_keys.kept(connection, "sessions"))
    other = await store.database.write(lambda connection: signing_keys.kept(connection, "links"))
    both = await asyncio.gather(
        *(store.database.write(lambda connection: signing_keys.kept(connection, "at once")) for _ in range(8))
    )
    assert len(set(both)) == 1
    assert len(first) == 32
    assert first == again != other
