"""What a refusal teaches about how much a provider takes: cut once, held back as asked, grown again, shared by all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.rows import put

from fluxroom.engine.limits import Throttle, after_acceptance, after_refusal
from fluxroom.store import Store, limits
from fluxroom.store.limits import Limit

pytestmark = pytest.mark.anyio

ACCOUNT, MOST = "bfl:1", 24

times = st.floats(0, 1e6)


class Hand:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def throttle(store: Store, clock: Hand) -> Throttle:
    return Throttle(store, {ACCOUNT: MOST, "fal:2": 40}, clock)


async def look(store: Store, throttle: Throttle, now: float) -> tuple[dict[str, int], float | None]:
    return await store.database.read(lambda connection: throttle.look(connection, now))


async def kept(store: Store) -> Limit:
    found = await store.database.read(lambda connection: limits.get(connection, ACCOUNT))
    assert found is not None
    return found


async def taken(store: Store, number: int) -> None:
    await store.database.write(
        lambda connection: put(connection, *[{"state": "running", "account": ACCOUNT} for _ in range(number)]) and None
    )


# the lesson itself ---------------------------------------------------------------------------------------------------


@given(st.floats(1, 100), st.integers(0, 200), times, times, times)
@settings(max_examples=200, deadline=None)
def test_a_refusal_never_widens_and_never_closes(
    cap: float, flying: int, held: float, until: float, now: float
) -> None:
    before = Limit(account=ACCOUNT, cap=cap, hold_until=held)
    after = after_refusal(before, in_flight=flying, hold_until=until, now=now, why="429")
    assert 1.0 <= after.cap <= max(cap, 1.0)
    assert after.hold_until == max(held, until), "whoever asks for longer wins"
    assert (after.cap == cap) or held <= now, "several refusals at once are one lesson"
    assert after.why == "429"


@given(st.floats(0.5, 60), st.integers(1, 60), times)
@settings(max_examples=200, deadline=None)
def test_an_acceptance_widens_by_less_than_one_and_never_beyond_what_is_set(cap: float, most: int, now: float) -> None:
    after = after_acceptance(Limit(account=ACCOUNT, cap=cap, why="429"), most=most, now=now)
    assert after.cap <= max(most, cap)
    assert after.cap <= cap + 1.0
    assert after.why == ("" if after.cap >= most else "429")


def test_a_round_of_the_cap_wins_one_seat_and_all_seats_come_back() -> None:
    limit = after_refusal(Limit(account=ACCOUNT, cap=24.0), in_flight=24, hold_until=5.0, now=1.0, why="429")
    assert limit.cap == pytest.approx(16.8)
    for _ in range(17):
        limit = after_acceptance(limit, most=24, now=9.0)
    assert 17.7 <= limit.cap <= 17.9
    for _ in range(200):
        limit = after_acceptance(limit, most=24, now=9.0)
    assert (limit.cap, limit.why) == (24.0, "")


def test_refused_with_nothing_in_flight_still_leaves_one_seat() -> None:
    limit = Limit(account=ACCOUNT, cap=24.0)
    for now in range(1, 40, 2):
        limit = after_refusal(limit, in_flight=0, hold_until=float(now), now=float(now), why="429")
    assert limit.cap == 1.0


# as all processes have it --------------------------------------------------------------------------------------------


async def test_nothing_was_learned_yet(store: Store, throttle: Throttle) -> None:
    assert await look(store, throttle, 1_000.0) == ({ACCOUNT: MOST, "fal:2": 40}, None)
    assert throttle.why(ACCOUNT, 1_000.0) == ""


async def test_a_refusal_holds_all_processes_back_for_as_long_as_was_asked(
    store: Store, throttle: Throttle, clock: Hand
) -> None:
    await taken(store, 10)
    await throttle.refused(ACCOUNT, 30.0)
    other = Throttle(store, throttle.caps, clock)
    for one in (throttle, other):
        assert await look(store, one, 1_029.9) == ({ACCOUNT: 0, "fal:2": 40}, 1_030.0)
        assert one.why(ACCOUNT, 1_029.9).startswith("the provider asked to wait until 00:17:10 UTC")
        assert await look(store, one, 1_030.0) == ({ACCOUNT: 7, "fal:2": 40}, None)
        assert one.why(ACCOUNT, 1_030.0) == ""


async def test_refusals_of_one_moment_are_one_lesson(store: Store, throttle: Throttle) -> None:
    await taken(store, 20)
    for pause in (10.0, 40.0, 20.0):
        await throttle.refused(ACCOUNT, pause)
    found = await kept(store)
    assert found.cap == pytest.approx(14.0)
    assert found.hold_until == 1_040.0


async def test_what_is_taken_again_widens_it_for_all(store: Store, throttle: Throttle, clock: Hand) -> None:
    await taken(store, 10)
    await throttle.refused(ACCOUNT, 5.0)
    clock.now = 1_010.0
    await look(store, throttle, clock.now)
    for _ in range(7):
        await throttle.taken(ACCOUNT)
    caps, _ = await look(store, Throttle(store, throttle.caps, clock), clock.now)
    assert caps[ACCOUNT] == 7, "7.9: a seat counts once it is whole"
    await throttle.taken(ACCOUNT)
    caps, _ = await look(store, throttle, clock.now)
    assert caps[ACCOUNT] == 8


async def test_an_account_that_was_never_narrowed_costs_no_write(store: Store, throttle: Throttle) -> None:
    await look(store, throttle, 1_000.0)
    await throttle.taken(ACCOUNT)
    assert await store.database.read(limits.known) == {}


async def test_a_setting_below_what_was_learned_wins(store: Store, throttle: Throttle, clock: Hand) -> None:
    await taken(store, 20)
    await throttle.refused(ACCOUNT, 1.0)
    small = Throttle(store, {ACCOUNT: 3}, clock)
    assert (await look(store, small, 1_002.0))[0] == {ACCOUNT: 3}


async def test_a_person_pauses_and_resumes_whatever_was_learned(store: Store, throttle: Throttle) -> None:
    await taken(store, 10)
    await throttle.refused(ACCOUNT, 20.0)
    await throttle.pause(ACCOUNT, paused=True)
    caps, again = await look(store, throttle, 1_500.0)
    assert (caps[ACCOUNT], again) == (0, 1_501.0), "whoever resumes it may be another process"
    assert "fluxroom provider resume bfl" in throttle.why(ACCOUNT, 1_500.0)
    await throttle.pause(ACCOUNT, paused=False)
    assert await look(store, throttle, 1_500.0) == ({ACCOUNT: 7, "fal:2": 40}, None)
    assert replace(await kept(store), changed_at=0.0) == Limit(
        account=ACCOUNT, cap=7.0, hold_until=1_020.0, paused=False, why="the provider asked to wait"
    )


async def test_accounts_of_others_are_none_of_ours(store: Store, clock: Hand) -> None:
    """Several installations of different keys may share a database."""
    await Throttle(store, {"bfl:other": 9}, clock).pause("bfl:other", paused=True)
    ours = Throttle(store, {ACCOUNT: MOST}, clock)
    assert await look(store, ours, 1_000.0) == ({ACCOUNT: MOST}, None)
