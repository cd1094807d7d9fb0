from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fluxroom.engine.expectation import Expectation, from_catalog, from_samples
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


def test_once_nobody_waits_one_poll_a_minute_is_enough() -> None:
    assert Pace(wait=10).next_poll(10.0, 2.5, 10.0) == SLOW_POLL


@given(failures=st.integers(min_value=1, max_value=10**9))
def test_backoff_grows_and_ends(failures: int) -> None:
    assert 0.4 <= backoff(failures) <= 36.0


@given(asked=st.floats(min_value=0, max_value=1e9))
def test_the_other_sides_wish_wins_within_reason(asked: float) -> None:
    assert min(asked, 300.0) <= backoff(1, asked=asked) <= min(asked, 300.0) + 0.25
