"""`fluxroom usage`, `budget` and `provider`: money and accounts on the command line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.told import Provider, Run

KLEIN = ("-m", "bfl/flux-2-klein-4b")
SCHNELL = ("-m", "fal/flux-schnell")
SUMS = ["jobs", "succeeded", "estimated", "charged", "doubtful"]


# usage ---------------------------------------------------------------------------------------------------------------


def test_nothing_yet(run: Run) -> None:
    told = run("usage")
    assert (told.code, told.out) == (0, "")
    assert "No jobs yet" in told.err
    assert run("usage", "--csv").out == f"day,{','.join(SUMS)}\n"
    assert run("usage", "--json").document["lines"] == []


@pytest.mark.parametrize("words", [("usage",), ("budget",), ("provider", "--sandbox")])
def test_looking_works_in_a_new_folder(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--data", tmp_path / "none").code == 0


def test_practice_is_told_apart_from_money(run: Run) -> None:
    run("generate", "a fox", *SCHNELL)
    told = run("usage")
    assert told.out == ""
    assert "No real jobs, and 1 sandbox ones: fluxroom usage --sandbox" in told.err
    told = run("usage", "--sandbox")
    assert "nothing of this was really charged" in told.err
    assert told.out.splitlines()[0].split() == ["day", *SUMS]
    today = datetime.now(UTC).date().isoformat()
    assert told.out.splitlines()[1].split() == [today, "1", "1", "$0.003", "$0.003", "$0.00"]
    assert told.out.splitlines()[2].split() == ["total", "1", "1", "$0.003", "$0.003", "$0.00"]


def test_against_a_sandbox_that_stands_for_the_providers(run: Run, provider: Provider) -> None:
    run("generate", "a fox", *KLEIN)
    told = run("usage", "--by", "model", "--sandbox")
    assert told.out.splitlines()[1].split() == ["flux-2-klein-4b", "1", "1", "$0.014", "$0.014", "$0.00"]


def test_json_and_csv_have_the_same_figures(run: Run) -> None:
    run("generate", "a fox", *KLEIN)
    run("generate", "a fox [[fault:submit-drop-after]]", *KLEIN)
    run("generate", "a fox", *SCHNELL)
    document = run("usage", "--sandbox", "--by", "provider", "--json").document
    assert document["total"] == {
        "jobs": 3,
        "succeeded": 2,
        "estimated": "0.031",
        "charged": "0.017",
        "doubtful": "0.014",
    }
    rows = list(csv.DictReader(io.StringIO(run("usage", "--sandbox", "--by", "provider", "--csv").out)))
    assert [row["provider"] for row in rows] == ["bfl", "fal"]
    for row, line in zip(rows, document["lines"], strict=True):
        assert [row[name] for name in SUMS] == [str(line[name]) for name in SUMS]
    assert "jobs --state unknown" in run("usage", "--sandbox").err


@pytest.mark.parametrize("by", ["day", "model", "provider", "owner", "run"])
def test_by_every_key(run: Run, by: str) -> None:
    run("generate", "a fox", *SCHNELL)
    assert run("usage", "--sandbox", "--by", by).out.splitlines()[0].split()[0] == by


def test_from_a_day_to_a_day(run: Run) -> None:
    run("generate", "a fox", *SCHNELL)
    today = datetime.now(UTC).date().isoformat()
    assert run("usage", "--sandbox", "--since", today, "--until", today).out
    told = run("usage", "--sandbox", "--until", "2020-01-01")
    assert told.out == ""
    assert "No such jobs" in told.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--since", "yesterday"), "write it as 2026-11-20"),
        (("--until", "2026-02-30"), "write it as 2026-11-20"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "before --since"),
        (("--by", "colour"), "'day'"),
    ],
)
def test_a_wrong_question(run: Run, words: tuple[str, ...], says: str) -> None:
    told = run("usage", *words)
    assert told.code == 2
    assert says in told.err


# budgets -------------------------------------------------------------------------------------------------------------


def test_no_budget_is_set(run: Run) -> None:
    told = run("budget")
    assert "budget set all month 50" in told.err
    assert run("budget", "--json").document == []


def test_a_budget_is_set_shown_keeps_and_is_dropped(run: Run) -> None:
    told = run("budget", "set", "owner:local", "month", "$0.02")
    assert told.code == 0
    assert "$0.02 left" in told.out
    assert "-01 00:00 UTC" in told.out
    run("generate", "a fox", *KLEIN)
    assert "$0.014 of $0.02 spent" in run("budget", "--sandbox").out
    assert "$0.00 of $0.02 spent" in run("budget", "list").out
    refused = run("generate", "another", *KLEIN)
    assert refused.code == 6
    assert "The month budget of owner local is $0.02; $0.014 are spent or reserved" in refused.err
    assert "It resets at" in refused.err
    assert len(run("jobs", "--json").document) == 1
    [listed] = run("budget", "--sandbox", "--json").document
    assert (listed["scope"], listed["period"], listed["left"]) == ("owner:local", "month", "0.006")
    assert run("budget", "drop", "owner:local", "month").code == 0
    assert run("generate", "another", *KLEIN).code == 0


def test_a_budget_that_never_resets(run: Run) -> None:
    assert "never resets" in run("budget", "set", "run:summer sale", "total", 20).out
    assert run("budget", "drop", "run:summer sale", "total", "--json").document["dropped"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "anna", "day", "5"), "owner:NAME"),
        (("set", "all", "week", "5"), "day, month or total"),
        (("set", "all", "day", "much"), "no amount of US dollars"),
        (("set", "all", "day"), "AMOUNT"),
        (("drop", "all", "day"), "There is no day budget of 'all'"),
        (("sett", "all", "day", "5"), "budget"),
    ],
)
def test_a_wrong_budget(run: Run, words: tuple[str, ...], says: str) -> None:
    told = run("budget", *words)
    assert told.code == 2
    assert says in told.err
    assert run("budget", "--json").document == []


# providers -----------------------------------------------------------------------------------------------------------


def test_how_the_accounts_stand(run: Run) -> None:
    bfl, fal = run("provider").out.splitlines()
    assert bfl.startswith("bfl")
    assert "0 in flight (at most 24)" in bfl
    assert "sandbox" in fal
    told = run("provider", "list", "--json").document
    assert [(one["provider"], one["cap"], one["paused"]) for one in told] == [("bfl", 24, False), ("fal", 40, False)]


def test_a_provider_without_a_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BFL_API_KEY", "planted-bfl-key-123456")
    told = run("provider")
    assert "not set up: FAL_KEY is empty" in told.out
    assert "planted" not in told.out
    assert run("provider", "pause", "fal").code == 3


def test_pause_and_resume(run: Run) -> None:
    assert "paused by a person" in run("provider", "pause", "bfl").out
    assert run("provider", "--json").document[0]["paused"] is True
    assert run("generate", "a fox", *SCHNELL).code == 0
    waited = run("generate", "a fox", *KLEIN, "--wait", "0.1")
    assert waited.code == 8
    told = run("provider", "pause", "bfl")
    assert "1 of its jobs wait until you say: fluxroom provider resume bfl" in told.err
    told = run("provider", "resume", "bfl")
    assert "paused" not in told.out
    assert "fluxroom jobs resume" in told.err
    assert run("jobs", "resume").code == 0
    assert run("jobs", "--state", "queued", "--json").document == []


def test_a_provider_that_is_none(run: Run) -> None:
    told = run("provider", "pause", "acme")
    assert told.code == 2
    assert "bfl, fal" in told.err
