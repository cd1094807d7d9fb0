from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fluxroom.engine.expectation import Expectation, from_catalog, from_samples, took
from fluxroom.engine.pacing import SLOW_POLL, Pace, backoff

seconds = st.floats(min_value=0, max_value=1e5, allow_nan=False)


spans = st.tuples(st.floats(min_value=0.1, max_value=300), st.floats(min_value=0, max_value=300))


@given(elapsed=seconds, span=spans)
def test_a_pause_is_positive_and_bounded(elapsed: float, span: tuple[float, float]) -> None:
    pause = Pace().next_poll(elapsed, span[0], sum(span))
    assert 0 < pause <= SLOW_POLL
    assert pause <= 5.0 or elapsed >= 600.0


@given(span=spans)
def test_pauses_never_shrink_after_the_late_moment(span: tuple[float, float]) -> None:
    pace, late = Pace(), sum(span)
    pauses = [pace.next_poll(late + step, span[0], late) for step in range(0, 500, 5)]
    assert pauses == sorted(pauses)


def polls_until(ready: float, expected: Expectation) -> tuple[int, float]:
    pace, now, polls = Pace(), 0.0, 0
    while now < ready:
        now += pace.next_poll(now, expected.early, expected.late)
        polls += 1
    return polls, now - ready


DURATIONS = [2.55, 2.75, 2.95, 3.15, 3.35, 3.55, 3.75, 3.95]


def test_without_experience_a_picture_is_found_within_a_tenth_of_a_second_in_seven_polls() -> None:
    found = [polls_until(ready, from_catalog(5.0)) for ready in DURATIONS]
    assert sum(delay for _, delay in found) / len(found) <= 0.1
    assert sum(polls for polls, _ in found) / len(found) <= 7


def test_with_experience_in_four_polls() -> None:
    found = [polls_until(ready, from_samples([ready * share for share in (0.98, 1.0, 1.02)])) for ready in DURATIONS]
    assert sum(delay for _, delay in found) / len(found) <= 0.06
    assert sum(polls for polls, _ in found) / len(found) <= 4


def looked_at(ready: float, expected: Expectation) -> tuple[float, int, float | None]:
    """Delay, polls and what is learned from one job, as the runner goes about it."""
    pace, polls = Pace(), 1
    now = first = before = pace.next_poll(0.0, expected.early, expected.late)
    while now < ready:
        before, now = now, now + pace.next_poll(now, expected.early, expected.late)
        polls += 1
    return now - ready, polls, expected.sooner(now) if now == first else took(before, now)


def after_jobs(ready: float, jobs: int, catalog: float = 5.0) -> tuple[float, int, Expectation]:
    samples: list[float] = []
    for _ in range(jobs):
        expected = from_samples(samples[-50:]) if len(samples) >= 3 else from_catalog(catalog)
        delay, polls, learned = looked_at(ready, expected)
        samples += [] if learned is None else [learned]
    return delay, polls, from_samples(samples[-50:])


def test_a_model_that_is_far_faster_than_the_catalog_says_is_soon_found_sooner() -> None:
    assert looked_at(0.6, from_catalog(5.0))[0] == 2.5 - 0.6
    delay, _, expected = after_jobs(0.6, 40)
    assert delay <= 0.2
    assert expected.usual <= 1.5


def test_looking_sooner_stops_where_a_look_comes_too_early() -> None:
    for ready in (1.3, 2.0, 2.4):
        delay, polls, expected = after_jobs(ready, 60)
        assert delay <= 0.25
        assert polls <= 6
        assert 0.8 * ready <= expected.usual <= 1.2 * ready


def test_a_model_that_the_catalog_knows_well_is_not_looked_at_more_often() -> None:
    for ready in DURATIONS:
        assert after_jobs(ready, 60)[1] <= 5


def test_once_nobody_waits_one_poll_a_minute_is_enough() -> None:
    assert Pace(wait=10).next_poll(10.0, 2.5, 10.0) == SLOW_POLL


@given(failures=st.integers(min_value=1, max_value=10**9))
def test_backoff_grows_and_ends(failures: int) -> None:
    assert 0.4 <= backoff(failures) <= 36.0


@given(asked=st.floats(min_value=0, max_value=1e9))
def test_the_other_sides_wish_wins_within_reason(asked: float) -> None:
    assert min(asked, 300.0) <= backoff(1, asked=asked) <= min(asked, 300.0) + 0.25
