from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxroom.engine.pacing import SLOW_POLL, Pace, backoff

seconds = st.floats(min_value=0, max_value=1e5, allow_nan=False)


@given(elapsed=seconds, expected=st.floats(min_value=0.1, max_value=600))
def test_a_pause_is_positive_and_bounded(elapsed: float, expected: float) -> None:
    pause = Pace().next_poll(elapsed, expected)
    assert 0 < pause <= SLOW_POLL
    assert pause <= 5.0 or elapsed >= 600.0


@given(expected=st.floats(min_value=0.5, max_value=60))
def test_pauses_never_shrink_after_the_expected_moment(expected: float) -> None:
    pace = Pace()
    pauses = [pace.next_poll(expected + step, expected) for step in range(0, 500, 5)]
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("ready", "most_polls"), [(0.9, 5), (2.55, 9), (3.0, 11), (3.95, 14), (10.0, 30)])
def test_a_picture_is_found_soon_with_few_polls(ready: float, most_polls: int) -> None:
    pace, now, polls = Pace(), 0.0, 0
    expected = ready if ready < 2 else 5.0
    while True:
        now += pace.next_poll(now, expected)
        polls += 1
        if now >= ready:
            break
    assert polls <= most_polls
    assert now - ready <= 1.0


def test_once_nobody_waits_one_poll_a_minute_is_enough() -> None:
    assert Pace(wait=10).next_poll(10.0, 5.0) == SLOW_POLL


@given(failures=st.integers(min_value=1, max_value=10**9))
def test_backoff_grows_and_ends(failures: int) -> None:
    assert 0.4 <= backoff(failures) <= 36.0


@given(asked=st.floats(min_value=0, max_value=1e9))
def test_the_other_sides_wish_wins_within_reason(asked: float) -> None:
    assert min(asked, 300.0) <= backoff(1, asked=asked) <= min(asked, 300.0) + 0.25
