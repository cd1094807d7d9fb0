"""Limits of keys and budgets on the command line: what was said holds, and what cannot be is refused, never dropped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.cli.told import Run


def made(run: Run, *words: object) -> dict[str, Any]:
    told = run("keys", "create", "anna", *words, "--json")
    assert told.code == 0, told.err
    found: dict[str, Any] = told.document
    return found


@pytest.mark.parametrize("option", ["--cap", "--per-minute"])
@pytest.mark.parametrize("value", ["0", "-1", "1000001"])
def test_a_limit_that_cannot_be_makes_no_key(run: Run, option: str, value: str) -> None:
    """0 was once taken for "nothing said": whoever wanted to allow nothing handed out a key without a limit."""
    told = run("keys", "create", "anna", option, value)
    assert told.code == 2
    assert "1 or more" in told.err
    assert told.out == ""
    assert run("keys", "--json").document == []


@pytest.mark.parametrize("option", ["--cap", "--per-minute"])
@pytest.mark.parametrize("value", ["many", "1.5", "", "1e3", "nan"])
def test_a_limit_is_a_whole_number(run: Run, option: str, value: str) -> None:
    told = run("keys", "create", "anna", option, value)
    assert told.code == 2
    assert option in told.err
    assert run("keys", "--json").document == []


@pytest.mark.parametrize("value", [1, 7, 1_000_000])
def test_a_limit_that_was_said_holds(run: Run, value: int) -> None:
    found = made(run, "--cap", value, "--per-minute", value)
    assert (found["cap"], found["per_minute"]) == (value, value)


def test_nothing_said_is_no_limit(run: Run) -> None:
    found = made(run)
    assert (found["cap"], found["per_minute"], found["scopes"]) == (None, None, ["generate", "read"])
    assert run("budget", "--json").document == []


@pytest.mark.parametrize(("option", "period"), [("--budget-day", "day"), ("--budget-month", "month")])
@pytest.mark.parametrize("amount", ["0", "0.00", "$0", "12.5", "$1000"])
def test_a_budget_of_zero_forbids_everything_and_is_not_none(run: Run, option: str, period: str, amount: str) -> None:
    made(run, option, amount)
    [budget] = run("budget", "--json").document
    assert (budget["scope"], budget["period"]) == ("owner:anna", period)
    assert Decimal(budget["most"]) == Decimal(amount.removeprefix("$"))


@pytest.mark.parametrize("amount", ["-1", "much", "1e10", "nan", "inf", "0.0000001", "5 EUR", "$", "1,5"])
def test_an_amount_that_is_none_makes_neither_key_nor_budget(run: Run, amount: str) -> None:
    told = run("keys", "create", "anna", "--budget-day", amount)
    assert told.code == 2
    assert run("keys", "--json").document == run("budget", "--json").document == []


def test_a_key_of_an_owner_changes_the_owners_budget_and_no_others(run: Run) -> None:
    made(run, "--owner", "team", "--budget-day", "5")
    run("keys", "create", "ben", "--owner", "team", "--budget-day", "9")
    run("keys", "create", "eve", "--budget-month", "1")
    found = {(one["scope"], one["period"]): one["most"] for one in run("budget", "--json").document}
    assert found == {("owner:team", "day"): "9", ("owner:eve", "month"): "1"}


@pytest.mark.parametrize("scopes", [["admin"], ["read"], ["read", "read"], ["admin", "generate", "read"]])
def test_a_key_may_what_was_said_and_nothing_else(run: Run, scopes: list[str]) -> None:
    found = made(run, *[word for scope in scopes for word in ("--scope", scope)])
    assert sorted(found["scopes"]) == sorted(set(scopes))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keys", "show", "nobody"), "no key 'nobody'"),
        (("keys", "revoke", "nobody"), "no key 'nobody'"),
        (("keys", "revoke"), "NAME"),
        (("keys", "create"), "NAME"),
        (("keys", "forget", "anna"), "forget"),
        (("budget", "set", "everybody", "month", "5"), "'everybody'"),
        (("budget", "set", "owner:", "month", "5"), "'owner:'"),
        (("budget", "set", "owner: anna", "month", "5"), "'owner: anna'"),
        (("budget", "set", "all", "year", "5"), "'year'"),
        (("budget", "set", "all", "month", "-5"), "-5"),
        (("budget", "set", "all", "month"), "AMOUNT"),
        (("budget", "drop", "all", "month"), "no month budget of 'all'"),
        (("budget", "drop", "run:x", "decade"), "no decade budget"),
        (("provider", "pause", "openai"), "no provider 'openai'"),
        (("provider", "resume", ""), "no provider ''"),
    ],
)
def test_mistakes_are_one_line_with_what_to_do(run: Run, words: tuple[str, ...], said: str) -> None:
    told = run(*words)
    assert told.code == 2
    assert said in told.err
    assert told.out == "" or '"event": "error"' in told.out
    assert run("keys", "--json").document == run("budget", "--json").document == []


@pytest.mark.parametrize("name", ["--help-me", "anna\nroot", "a" * 101, "\u202eanna", "anna\x00"])
def test_a_name_that_could_fool_a_reader_is_refused(run: Run, name: str) -> None:
    told = run("keys", "create", "--", name)
    if name == "--help-me":  # a plain name, if a strange one
        assert told.code == 0
        return
    assert told.code == 2
    assert "cannot be the name" in told.err
    assert "\u202e" not in told.err
    assert "\x00" not in told.err


def test_a_budget_is_kept_to_the_millionth(run: Run) -> None:
    assert run("budget", "set", "all", "total", "0.000001").code == 0
    [budget] = run("budget", "--json").document
    assert (budget["most"], budget["left"], budget["resets_at"]) == ("0.000001", "0.000001", None)


@pytest.mark.parametrize("times", [1, 2])
def test_the_same_budget_again_is_one_budget(run: Run, times: int) -> None:
    for number in range(times):
        assert run("budget", "set", "owner:anna", "day", number + 1).code == 0
    assert [one["most"] for one in run("budget", "--json").document] == [str(times)]
    assert run("budget", "drop", "owner:anna", "day").code == 0
    assert run("budget", "--json").document == []
