"""What providers do wrong, as a person at the command line meets it: right exit code, true words about the money."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.told import Provider, Run

ROUTES = {"bfl": "bfl/flux-2-klein-4b", "fal": "fal/flux-schnell"}


@dataclass(frozen=True)
class Case:
    """A fault with what must come of it."""

    fault: str
    code: int
    kind: str
    state: str
    charged: str  # the receipt's charge state
    hints: bool = False  # other routes are named


REFUSED = (
    Case("submit-402", 6, "insufficient_credits", "failed", "not_charged", hints=True),
    Case("moderated-output", 7, "moderated_output", "moderated_output", ""),
    Case("error", 4, "provider_error", "failed", "", hints=True),
)

IN_DOUBT = (
    "submit-drop-before",
    "submit-drop-after",
    "submit-504",
    "submit-504-taken",
    "submit-502-taken",
    "submit-cut",
    "submit-not-json",
)
"""The provider may have taken it: never sent again by itself, and the person is told how to decide."""

OVERCOME = (
    "submit-429=0.1",
    "submit-503",
    "poll-429",
    "poll-503",
    "poll-drop",
    "poll-unknown-status",
    "poll-backward",
    "media-503",
    "media-truncated",
    "media-html",
)
"""Passing troubles: the picture comes all the same, once."""


@pytest.mark.parametrize("provider_name", list(ROUTES))
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.fault)
def test_a_refusal(run: Run, provider_name: str, case: Case) -> None:
    told = run("generate", f"a fox [[fault:{case.fault}]]", "-m", ROUTES[provider_name])
    error = told.last["error"]
    assert (told.code, error["code"]) == (case.code, case.kind), told.err
    assert error["exit_code"] == case.code
    assert bool(error.get("suggestions")) == case.hints
    assert told.err.startswith("Error: ")
    (job,) = run("jobs", "--json").document
    assert job["state"] == case.state
    if case.charged:
        assert job["receipt"]["state"] == case.charged
    assert job["error"]["code"] == case.kind


def test_refused_prompts_name_no_other_route(run: Run) -> None:
    told = run("generate", "a fox [[fault:moderated-input]]", "-m", ROUTES["bfl"])
    assert told.code == 7
    assert "Or try" not in told.err
    assert "Rephrase" in told.err


@pytest.mark.parametrize("fault", IN_DOUBT)
def test_doubt_is_never_sent_again(run: Run, provider: Provider, fault: str) -> None:
    told = run("generate", f"a fox [[fault:{fault}]]", "-m", ROUTES["bfl"])
    assert told.code == 9, told.err
    assert told.last["error"]["code"] == "submit_unknown"
    (job,) = run("jobs", "--json").document
    assert job["state"] == "unknown"
    assert job["receipt"]["state"] == "unknown"
    assert f"jobs resolve {job['id'][-8:]} --retry" in told.err
    assert "Or try" not in told.err
    assert len(provider.submits()) == 1
    assert run("jobs", "resume").code == 0
    assert len(provider.submits()) == 1


@pytest.mark.parametrize("fault", OVERCOME)
def test_passing_trouble_ends_with_one_picture(run: Run, provider: Provider, fault: str) -> None:
    told = run("generate", f"a fox [[fault:{fault}]]", "-m", ROUTES["bfl"])
    assert told.code == 0, told.err
    assert len(told.last["images"]) == 1
    assert len(provider.box.world.tasks()) == 1


def test_a_picture_on_a_foreign_host_is_not_fetched_and_the_charge_is_told(run: Run) -> None:
    told = run("generate", "a fox [[fault:media-foreign]]", "-m", ROUTES["bfl"])
    assert told.code == 9
    assert told.last["error"]["code"] == "image_lost"
    (job,) = run("jobs", "--json").document
    assert job["state"] == "lost"
    assert not list(Path().glob("*.png"))


def test_one_that_never_ends_waits_in_the_ledger(run: Run) -> None:
    told = run("generate", "a fox [[fault:never]]", "-m", ROUTES["fal"], "--wait", "0.5")
    assert told.code == 8
    assert told.last["error"]["retryable"] is True
    assert "pay twice" in told.err
    assert run("jobs", "--state", "running", "--json").document
