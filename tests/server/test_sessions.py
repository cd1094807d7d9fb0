"""A browser's login: what its cookie proves, when it ends, and that nothing near it opens anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.test_allowances import Watch

from fluxroom.engine.keyring import Keyring, NewKey
from fluxroom.errors import InvalidKey
from fluxroom.server.access.identities import Identities
from fluxroom.server.access.sessions import COOKIES, LIFETIME, Sessions, token_of
from fluxroom.store import Store, open_store
from fluxroom.store.keys import Key

pytestmark = pytest.mark.anyio


class Days(Watch):
    """A clock whose seconds since 1970 are plausible."""

    def time(self) -> float:
        return 1_800_000_000.0 + self.now


async def secret_of(name: str) -> bytes:
    return b"planted secret of " + name.encode()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def key(store: Store) -> Key:
    return (await Keyring(store).create(NewKey(name="anna")))[0]


@pytest.fixture
def watch() -> Days:
    return Days()


def sessions(store: Store, watch: Watch) -> Sessions:
    """As one gateway on the database has them."""
    return Sessions(Identities(lambda: store, watch), secret_of, watch)


@pytest.fixture
def here(store: Store, watch: Days) -> Sessions:
    return sessions(store, watch)


async def is_open(found: Sessions, token: str) -> bool:
    try:
        await found.key_of(token)
    except InvalidKey:
        return False
    return True


async def test_a_cookie_stands_for_its_key_at_every_gateway_of_the_database(
    here: Sessions, store: Store, watch: Days, key: Key
) -> None:
    token = await here.begin(key)
    assert (await here.key_of(token)).id == key.id
    elsewhere = sessions(store, watch)
    assert (await elsewhere.key_of(token)).name == "anna"
    assert key.digest not in token
    assert await here.seconds_left(token) == LIFETIME


async def test_a_cookie_of_another_installation_opens_nothing(
    here: Sessions, store: Store, watch: Days, key: Key
) -> None:
    async def other(_name: str) -> bytes:
        return b"another secret"

    token = await Sessions(Identities(lambda: store, watch), other, watch).begin(key)
    assert not await is_open(here, token)
    assert await here.seconds_left(token) == 0.0


async def test_two_logins_are_two_sessions(here: Sessions, key: Key) -> None:
    one, two = await here.begin(key), await here.begin(key)
    assert one != two
    await here.end(one)
    assert not await is_open(here, one)
    assert await is_open(here, two), "logging out ends one of them"


@pytest.mark.parametrize("after", [0.0, LIFETIME - 2.0])
async def test_it_holds_for_its_time(here: Sessions, watch: Days, key: Key, after: float) -> None:
    token = await here.begin(key)
    watch.now += after
    assert await is_open(here, token)
    assert await here.seconds_left(token) == pytest.approx(LIFETIME - after, abs=1.0)


@pytest.mark.parametrize("after", [LIFETIME, LIFETIME + 1.0, 10.0 * LIFETIME])
async def test_it_ends_by_itself(here: Sessions, watch: Days, key: Key, after: float) -> None:
    token = await here.begin(key)
    watch.now += after
    assert not await is_open(here, token)
    assert await here.seconds_left(token) == 0.0


async def test_a_key_that_is_revoked_ends_its_sessions(here: Sessions, store: Store, watch: Days, key: Key) -> None:
    token = await here.begin(key)
    assert await is_open(here, token)
    await Keyring(store).revoke("anna")
    watch.now += 5.0
    with pytest.raises(InvalidKey, match="revoked"):
        await here.key_of(token)


async def test_logging_out_twice_or_of_nothing_is_no_fault(here: Sessions, key: Key) -> None:
    token = await here.begin(key)
    for one in (token, token, "", "nonsense", token[:-1]):
        await here.end(one)
    with pytest.raises(InvalidKey, match="session is over") as caught:
        await here.key_of(token)
    assert "Log in again" in caught.value.next_step


async def test_sessions_that_were_ended_are_forgotten_once_they_are_over(here: Sessions, watch: Days, key: Key) -> None:
    """A gateway that runs for months must not remember every logout for ever."""
    for _ in range(20):
        await here.end(await here.begin(key))
    watch.now += LIFETIME + 1.0
    last = await here.begin(key)
    await here.end(last)
    assert len(here._ended) == 1
    assert not await is_open(here, last)


def test_no_part_of_a_cookie_can_be_changed(tmp_path: Path) -> None:
    watch = Days()
    store = open_store(tmp_path)
    with asyncio.Runner() as runner:
        key = runner.run(Keyring(store).create(NewKey(name="anna")))[0]
        here = sessions(store, watch)
        token = runner.run(here.begin(key))
        assert runner.run(is_open(here, token))

        @given(st.integers(0, len(token) - 1), st.sampled_from("0123456789abcdefz.-A "))
        @settings(max_examples=150, deadline=None)
        def changed(place: int, sign: str) -> None:
            other = token[:place] + sign + token[place + 1 :]
            assert other == token or not runner.run(is_open(here, other))

        @given(st.text(max_size=120))
        @settings(max_examples=60, deadline=None)
        def made_up(text: str) -> None:
            assert not runner.run(is_open(here, text))

        changed()
        made_up()
        head, _, proof = token.rpartition(".")
        name, ends, mark = head.split(".")
        for longer in (f"{name}.{int(ends) + 3600}.{mark}.{proof}", f"{token}\n", f" {token}", token.upper()):
            assert not runner.run(is_open(here, longer))
    store.close()


def test_the_cookie_of_https_comes_first() -> None:
    """A page over plain http on the same host could have set the other one."""
    secure, plain = COOKIES
    assert token_of({plain: "a", secure: "b"}) == "b"
    assert token_of({plain: "a"}) == "a"
    assert token_of({"other": "c"}) == ""
