"""What programs may rely on: the fields of every JSON answer. A change here is a change for somebody's script."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.told import Run

ROUTE = ("-m", "fal/flux-schnell")

QUOTE = {"low", "high", "text", "formula", "source", "approximate", "jobs", "images"}
RECEIPT = {"estimated", "reserved", "charged", "state", "source"}
IMAGE = {
    "id", "file", "sha256", "mime", "width", "height", "seed", "cost", "receipt", "provider", "model", "request_id",
    "job", "sandbox",
}  # fmt: skip
JOB = {
    "id", "generation", "state", "route", "mode", "endpoint", "sandbox", "created_at", "changed_at", "seed",
    "request_id", "attempt", "receipt", "error", "wire",
}  # fmt: skip
STORY = JOB | {"prompt", "asked", "not_sent", "quote", "events", "images"}
MODEL = {
    "id", "title", "description", "family", "base", "released", "status", "successor", "lora", "seconds", "aliases",
    "modes", "routes",
}  # fmt: skip
ERROR = {"code", "message", "next", "charge", "retryable", "exit_code"}


def fields(value: dict[str, Any], expected: set[str]) -> None:
    """At least these fields; later versions may add some."""
    assert expected <= value.keys(), expected - value.keys()


def test_generate(run: Run) -> None:
    told = run("generate", "a fox", *ROUTE, "--seed", 7)
    submitted, result = told.lines[0], told.last
    assert submitted["event"] == "submitted"
    fields(submitted, {"generation", "jobs", "route", "mode", "quote", "not_sent", "sandbox"})
    fields(submitted["quote"], QUOTE)
    for line in told.lines[1:-1]:
        assert line["event"] in {"queued", "running", "done"}
        assert line["job"] in submitted["jobs"]
    done = [line for line in told.lines if line["event"] == "done"]
    assert len(done) == 1
    fields(done[0], {"state", "images", "error"})
    assert result["event"] == "result"
    fields(result, {"generation", "route", "mode", "sandbox", "images", "jobs", "not_sent"})
    fields(result["images"][0], IMAGE)
    fields(result["images"][0]["receipt"], RECEIPT)
    assert done[0]["images"] == [result["images"][0]["id"]]
    assert result["generation"] == submitted["generation"]


def test_money_is_text_and_exact(run: Run) -> None:
    made = run("generate", "a fox", *ROUTE).last["images"][0]
    assert isinstance(made["cost"], str)
    assert all(isinstance(made["receipt"][name], str) for name in ("estimated", "reserved", "charged"))


def test_quote(run: Run) -> None:
    (line,) = run("quote", "a fox", *ROUTE).lines
    assert line["event"] == "quote"
    fields(line, QUOTE | {"route", "mode", "endpoint", "size", "seconds", "wire", "not_sent", "sandbox"})
    assert line["size"] == "1024x768"


def test_error(run: Run) -> None:
    (line,) = run("generate", "a fox", "-m", "nothing").lines
    assert line["event"] == "error"
    fields(line["error"], ERROR)


def test_jobs(run: Run) -> None:
    run("generate", "a fox", *ROUTE)
    (job,) = run("jobs", "--json").document
    fields(job, JOB)
    fields(job["receipt"], RECEIPT)
    story = run("jobs", job["id"], "--json").document
    fields(story, STORY)
    for event in story["events"]:
        fields(event, {"job", "at", "from_state", "to_state", "why"})
    fields(story["images"][0], {"id", "path", "sha256", "mime", "width", "height", "seed"})
    assert [event["to_state"] for event in story["events"]] == [
        "queued",
        "submitting",
        "running",
        "fetching",
        "succeeded",
    ]


def test_resume(run: Run) -> None:
    run("generate", "a fox [[duration:0.3]]", "-m", "bfl/flux-2-klein-4b", "--no-wait")
    told = run("jobs", "resume", "-o", ".")
    done, result = told.lines
    assert done["event"] == "done"
    fields(done, JOB | {"files"})
    assert result["event"] == "result"
    fields(result, {"ended", "succeeded", "unfinished", "in_doubt"})


def test_resolve_and_cancel(run: Run) -> None:
    run("generate", "x [[fault:submit-drop-after]]", "-m", "bfl/flux-2-klein-4b")
    job = run("jobs", "--json").document[0]["id"]
    resolved = run("jobs", "resolve", job, "--abandon", "--json").document
    fields(resolved, {"job", "state", "receipt"})
    (cancelled,) = run("jobs", "cancel", job, "--json").document
    fields(cancelled, {"job", "state", "what"})


def test_models(run: Run) -> None:
    for row in run("models", "--json").document:
        fields(row, MODEL)
        for route in row["routes"].values():
            fields(route, {"route", "endpoints", "max_references", "price", "price_source", "seconds", "notes"})
    shown = run("models", "show", "flux-2-pro", "--json").document
    fields(shown, MODEL | {"parameters", "why_not"})
    for modes in shown["parameters"].values():
        for rows in modes.values():
            for row in rows:
                fields(row, {"name", "wire", "schema", "default", "provider_default", "help", "required"})
    fields(run("models", "check", "fal/flux-2-pro", "--json").document, {"route", "offered", "sandbox"})


def test_doctor(run: Run) -> None:
    found = run("doctor", "--json").document
    fields(found, {"findings", "next"})
    for finding in found["findings"]:
        fields(finding, {"level", "what", "detail"})
        assert finding["level"] in {"good", "note", "bad"}


def test_inspect(run: Run) -> None:
    run("generate", "a fox", *ROUTE, "-o", "fox.png")
    facts = run("inspect", "fox.png", "--json").document
    fields(facts, {"software", "prompt", "model", "provider", "endpoint", "parameters", "seed", "request_id", "job"})


@pytest.mark.parametrize(
    "words",
    [
        ("generate", "a fox", *ROUTE),
        ("quote", "a fox"),
        ("models", "--json"),
        ("jobs", "--json"),
        ("doctor", "--json"),
        ("jobs", "resume"),
    ],
)
def test_nothing_but_json_on_standard_output(run: Run, words: tuple[str, ...]) -> None:
    import json

    told = run(*words)
    whole = told.out
    try:
        json.loads(whole)
    except ValueError:
        for line in whole.splitlines():
            json.loads(line)


@pytest.mark.parametrize("words", [("generate", "a fox", *ROUTE), ("quote", "a fox"), ("jobs", "resume")])
def test_text_wins_over_the_pipe(run: Run, words: tuple[str, ...]) -> None:
    told = run(*words, "--text")
    assert told.out
    assert not told.out.startswith("{")


@pytest.mark.parametrize("words", [("models",), ("doctor",), ("models", "show", "flux-2-pro")])
def test_lists_stay_text_in_a_pipe(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words).out[0] not in "[{"


def test_json_may_stand_before_the_command(run: Run) -> None:
    assert run("--json", "models").document
