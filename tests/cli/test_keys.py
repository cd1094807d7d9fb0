"""`fluxroom keys`: who may use the gateway."""

from __future__ import annotations

import json

import pytest
from tests.cli.told import Run

from fluxroom.store.keys import well_formed


def test_a_key_is_shown_once_alone_on_standard_output(run: Run) -> None:
    told = run("keys", "create", "anna")
    assert told.code == 0
    secret = told.out.strip()
    assert well_formed(secret)
    assert "shown only now" in told.err
    assert secret not in told.err
    listed = run("keys")
    assert listed.out.startswith("anna ")
    assert f"…{secret[-4:]}" in listed.out
    assert secret not in listed.out + run("keys", "show", "anna").out + run("keys", "list", "--json").out


def test_nothing_yet(run: Run) -> None:
    told = run("keys")
    assert (told.code, told.out) == (0, "")
    assert "fluxroom keys create NAME" in told.err
    assert run("keys", "--json").document == []


def test_everything_about_a_key_can_be_said(run: Run) -> None:
    options = ("--owner", "team", "--scope", "read", "--scope", "admin", "--cap", "4", "--per-minute", "60")
    made = json.loads(run("keys", "create", "ops", *options, "--budget-day", "5", "--json").out)
    assert well_formed(made["key"])
    shown = run("keys", "show", made["id"], "--json").document
    assert "key" not in shown
    assert (shown["owner"], shown["scopes"], shown["cap"], shown["per_minute"]) == ("team", ["read", "admin"], 4, 60)
    budgets = run("budget", "--json").document
    assert [(one["scope"], one["period"], one["most"]) for one in budgets] == [("owner:team", "day", "5")]


def test_a_revoked_key_is_listed_only_on_demand(run: Run) -> None:
    run("keys", "create", "anna")
    told = run("keys", "revoke", "anna")
    assert (told.code, told.out.split("(")[0]) == (0, "The key anna ")
    assert run("keys").out == ""
    assert "revoked" in run("keys", "list", "--all").out
    again = run("keys", "revoke", "anna")
    assert again.code == 2
    assert "no key 'anna' that is in use" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("anna",), "already"),
        (("bob", "--scope", "root"), "no scope 'root'"),
        (("bob", "--budget-day", "much"), "no amount"),
        (("bob", "--cap", "-1"), "1 or more"),
        (("bob\x1b[2J",), "cannot be the name"),
        ((" ",), "cannot be the name"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(run: Run, words: tuple[str, ...], said: str) -> None:
    run("keys", "create", "anna")
    told = run("keys", "create", *words)
    assert told.code == 2
    assert told.out == ""
    assert said in told.err
    assert "\x1b" not in told.err
    assert len(told.err.strip().splitlines()) == 1
