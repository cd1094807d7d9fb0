from __future__ import annotations

import pytest

from fluxroom.errors import TooManyRequests
from fluxroom.server.access.allowances import Allowances


class Watch:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def allowances(watch: Watch) -> Allowances:
    return Allowances(60, 3, watch)


def test_a_minutes_worth_may_come_at_once_and_not_one_more(allowances: Allowances) -> None:
    left = [int(allowances.take("anna", None)["ratelimit-remaining"]) for _ in range(60)]
    assert left == list(range(59, -1, -1))
    with pytest.raises(TooManyRequests, match="60 requests a minute") as caught:
        allowances.take("anna", None)
    assert caught.value.context["retry_after"] == 1


def test_it_fills_evenly_and_never_over_the_brim(allowances: Allowances, watch: Watch) -> None:
    for _ in range(60):
        allowances.take("anna", None)
    watch.now += 2.0
    allowances.take("anna", None)
    allowances.take("anna", None)
    with pytest.raises(TooManyRequests):
        allowances.take("anna", None)
    watch.now += 3600
    assert allowances.take("anna", None)["ratelimit-remaining"] == "59"


def test_each_key_has_its_own_bucket_and_its_own_size(allowances: Allowances) -> None:
    allowances.take("slow", 1)
    with pytest.raises(TooManyRequests) as caught:
        allowances.take("slow", 1)
    assert caught.value.context["retry_after"] == 60
    assert allowances.take("anna", None)["ratelimit-limit"] == "60"


def test_the_headers_say_when_it_is_full_again(allowances: Allowances) -> None:
    told = allowances.take("anna", 6)
    assert told == {"ratelimit-limit": "6", "ratelimit-remaining": "5", "ratelimit-reset": "10"}


def test_so_many_may_be_under_way_and_each_end_makes_room(allowances: Allowances) -> None:
    with allowances.under_way("anna"), allowances.under_way("anna"):
        with allowances.under_way("anna"), pytest.raises(TooManyRequests, match="3 requests under way"):
            allowances.under_way("anna").__enter__()
        with allowances.under_way("anna"), allowances.under_way("bob"):
            pass
    for _ in range(10):
        with allowances.under_way("anna"):
            pass


def test_a_refused_one_does_not_count(allowances: Allowances) -> None:
    with allowances.under_way("anna"), allowances.under_way("anna"):
        with allowances.under_way("anna"):
            for _ in range(5):
                with pytest.raises(TooManyRequests):
                    allowances.under_way("anna").__enter__()
        with allowances.under_way("anna"):
            pass
