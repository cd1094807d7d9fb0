"""Money as people read it: sums that add up, budgets from what was typed, tables that no spreadsheet calculates."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluxroom.engine.accounting import (
    MOST,
    AccountState,
    Standing,
    Usage,
    checked_budget,
    checked_period,
    in_utc,
    known_provider,
    plain,
)
from fluxroom.engine.budgets import span
from fluxroom.errors import NotFound, RequestError
from fluxroom.store.ledger import PERIODS, Budget, Period, Sum

amounts = st.decimals(0, 10_000, places=6)
sums = st.builds(
    Sum,
    key=st.text(max_size=12),
    jobs=st.integers(0, 10_000),
    succeeded=st.integers(0, 10_000),
    estimated=amounts,
    charged=amounts,
    doubtful=amounts,
)


def usage(lines: list[Sum], **more: Any) -> Usage:
    values: dict[str, Any] = {"by": "run", "since": None, "until": None, "sandbox": False, "lines": lines}
    return Usage(**(values | more))


# sums ----------------------------------------------------------------------------------------------------------------


@given(st.lists(sums, max_size=6))
@settings(max_examples=80, deadline=None)
def test_the_total_is_that_of_the_lines_to_the_millionth(lines: list[Sum]) -> None:
    told = usage(lines).as_dict()
    for name in ("estimated", "charged", "doubtful"):
        assert Decimal(told["total"][name]) == sum((Decimal(line[name]) for line in told["lines"]), Decimal(0))
        assert "E" not in told["total"][name]
    assert told["total"]["jobs"] == sum(line.jobs for line in lines)
    assert told["total"]["succeeded"] == sum(line.succeeded for line in lines)


@given(st.lists(sums, max_size=6))
@settings(max_examples=80, deadline=None)
def test_a_table_has_the_same_figures_and_no_formula(lines: list[Sum]) -> None:
    """A run is named by whoever sends it: `=HYPERLINK(…)` must not become a link in the accountant's table."""
    read = list(csv.reader(io.StringIO(usage(lines).as_csv(), newline="")))
    assert read[0] == ["run", "jobs", "succeeded", "estimated", "charged", "doubtful"]
    assert len(read) == len(lines) + 1
    for row, line in zip(read[1:], lines, strict=True):
        assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert row[0].removeprefix("'") == line.key.removeprefix("'")
        assert (int(row[1]), Decimal(row[4]), Decimal(row[5])) == (line.jobs, line.charged, line.doubtful)


def test_days_are_written_as_days() -> None:
    told = usage([], by="day", since=date(2026, 2, 28), until=date(2026, 3, 1), sandbox=True).as_dict()
    assert (told["since"], told["until"], told["sandbox"], told["lines"]) == ("2026-02-28", "2026-03-01", True, [])


@given(amounts)
@settings(max_examples=100, deadline=None)
def test_an_amount_is_written_exactly_and_without_an_exponent(amount: Decimal) -> None:
    text = plain(amount)
    assert Decimal(text) == amount
    assert set(text) <= set("0123456789.")
    assert "." not in text or not text.endswith("0")


# budgets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope", ["all", "owner:anna", "run:01kaz", "owner:team/bfl", "owner:a b", "run:ü", f"run:{'x' * 200}"]
)
@pytest.mark.parametrize("period", PERIODS)
def test_a_budget_can_be_for(scope: str, period: str) -> None:
    assert checked_budget(scope, period, "5") == Budget(scope=scope, period=checked_period(period), most=Decimal(5))


@pytest.mark.parametrize(
    "scope",
    ["", "ALL", "all ", "owner", "owner:", "run:", "owner: anna", "run:x ", "key:anna", "all:anna", f"run:{'x' * 201}",
     "owner:an\nna", "owner:an\x00na", "owner:\u202eanna", "run:\u200b"],
)  # fmt: skip
def test_a_budget_cannot_be_for(scope: str) -> None:
    """What is written down here is compared letter by letter later: a budget that fits nobody would protect nobody."""
    with pytest.raises(RequestError) as caught:
        checked_budget(scope, "day", "5")
    assert caught.value.context["field"] == "scope"
    assert "owner:NAME" in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", "0"),
        ("5", "5"),
        ("$12.50", "12.5"),
        (" 7 ", "7"),
        ("0.000001", "0.000001"),
        ("1e2", "100"),
        (str(MOST), str(MOST)),
    ],
)
def test_amounts_as_people_write_them(text: str, amount: str) -> None:
    assert checked_budget("all", "day", text).most == Decimal(amount)


@given(st.text(max_size=20) | st.sampled_from(["-0.01", "NaN", "sNaN", "Infinity", "-inf", "1e99", "1e-7", "1e999999"]))
@settings(max_examples=200, deadline=None)
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    refused: RequestError | None = None
    try:
        budget = checked_budget("all", "day", text)
    except RequestError as error:
        refused = error
    if refused is not None:
        assert refused.context["field"] == "most"
        assert "12.50" in refused.next_step
        return
    assert budget.most.is_finite()
    assert 0 <= budget.most <= MOST
    assert budget.most == budget.most.quantize(Decimal("0.000001"))


@pytest.mark.parametrize("period", ["", "year", "Day", "week", "total ", "d" * 500])
def test_other_periods_are_refused_in_a_short_sentence(period: str) -> None:
    with pytest.raises(RequestError, match="There is no period") as caught:
        checked_period(period)
    assert len(caught.value.detail) < 80
    assert caught.value.context["field"] == "period"


def test_what_is_left_is_never_below_zero() -> None:
    budget = Budget(scope="all", period="month", most=Decimal(5))
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    told = Standing(budget=budget, spent=Decimal("5.04"), sandbox=False, resets_at=moment).as_dict()
    assert (told["left"], told["spent"], told["resets_at"]) == ("0", "5.04", "2026-12-01T00:00:00Z")
    assert Standing(budget=budget, spent=Decimal("1.5"), sandbox=False, resets_at=None).as_dict()["left"] == "3.5"


# periods -------------------------------------------------------------------------------------------------------------


@given(st.floats(0, 4e9), st.sampled_from(PERIODS))
@settings(max_examples=200, deadline=None)
def test_every_moment_lies_in_its_period(now: float, period: Period) -> None:
    since, until = span(period, now)
    assert since <= now
    assert until is None or now < until
    begin = datetime.fromtimestamp(since, UTC)
    if period == "total":
        assert (since, until) == (0.0, None)
    else:
        assert until is not None
        end = datetime.fromtimestamp(until, UTC)
        assert (begin.hour, begin.minute, begin.second, begin.microsecond) == (0, 0, 0, 0)
        assert span(period, until - 1.0) == (since, until), "the last second is still this one's"
        assert span(period, until)[0] == until, "and the next one begins where it ends"
        assert (end - begin).days == 1 if period == "day" else begin.day == end.day == 1
        assert period == "day" or 28 <= (end - begin).days <= 31


# accounts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "BFL", "openai", "bfl ", "x" * 500])
def test_a_provider_that_is_none_names_those_that_are(name: str) -> None:
    with pytest.raises(NotFound) as caught:
        known_provider(name)
    assert "bfl, fal" in caught.value.next_step
    assert len(caught.value.detail) < 80


def test_an_account_without_a_key_says_so_and_gives_nothing_away() -> None:
    told = AccountState(provider="fal").as_dict()
    assert (told["set_up"], told["account"], told["in_flight"], told["held_until"]) == (False, "", 0, None)
    assert not {"key", "secret", "token"} & told.keys()


def test_a_moment_is_written_in_utc() -> None:
    assert in_utc(None) is None
    assert in_utc(datetime(2026, 11, 20, 12, 0, 0, 999_999, tzinfo=UTC)) == "2026-11-20T12:00:00Z"
