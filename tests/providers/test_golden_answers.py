"""Every recorded answer of both providers, read by the dialect: `tests/golden/dialect_reads`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fluxroom.providers import (
    Accepted,
    Again,
    Ambiguous,
    Failed,
    Follow,
    Gone,
    Hosts,
    NotTaken,
    Order,
    Pending,
    Ready,
    Refused,
    Rejected,
    Reply,
    dialect,
)
from fluxroom.types import PROVIDERS, Provider

GOLDEN = Path(__file__).parents[1] / "golden" / "dialect_reads"
HOSTS = {
    "bfl": Hosts(submit="https://api.bfl.ai"),
    "fal": Hosts(
        submit="https://queue.fal.run", rest="https://rest.fal.ai", run="https://fal.run", api="https://api.fal.ai"
    ),
}
ORDERS = {
    "bfl": Order(endpoint="flux-2-pro", body={"prompt": "a red fox"}),
    "fal": Order(endpoint="fal-ai/flux-2/edit", body={"prompt": "a red fox"}),
}
FILES = [(provider, path) for provider in PROVIDERS for path in sorted((GOLDEN / provider).glob("*.json"))]


def ticket_of(provider: Provider) -> dict[str, Any]:
    golden = json.loads((GOLDEN / provider / "submit_accepted.json").read_text())
    ticket: dict[str, Any] = golden["expect"]["ticket"]
    return ticket


def outcome_of(provider: Provider, golden: dict[str, Any]) -> object:
    reply = Reply(status=golden["status"], headers=golden["headers"], body=json.dumps(golden["body"]).encode())
    if golden["call"] == "submit":
        return dialect(provider).accepted(HOSTS[provider], ORDERS[provider], reply)
    ticket = ticket_of(provider)
    if golden["call"] == "result":
        ticket["want"] = "result"
        if golden.get("status_error"):  # what the status call before it has said
            ticket["error"] = {"type": "", "reason": ""}
    return dialect(provider).read(HOSTS[provider], ticket, reply)


def described(outcome: object) -> dict[str, Any]:
    """The outcome in the words of the golden files."""
    facts: dict[str, Any] = {"outcome": type(outcome).__name__}
    match outcome:
        case Accepted():
            cost = None if outcome.cost is None else f"{outcome.cost.normalize():f}"
            facts |= {"request_id": outcome.request_id, "cost": cost, "ticket": outcome.ticket}
        case NotTaken():
            facts |= {"code": outcome.error.code, "retry_after": outcome.retry_after}
        case Rejected() | Refused() | Failed():
            told = outcome.error.as_dict()
            facts |= {key: told.get(key) for key in ("code", "charge", "message", "field")}
        case Pending():
            facts |= {name: getattr(outcome, name) for name in ("phase", "progress", "queued", "position", "unlisted")}
        case Again():
            facts |= {"retry_after": outcome.retry_after}
        case Follow():
            facts |= {"url": outcome.call.url, "ticket": outcome.ticket}
        case Ready():
            cost = None if outcome.cost is None else f"{outcome.cost.normalize():f}"
            units = None if outcome.billable_units is None else f"{outcome.billable_units:f}"
            facts |= {name: getattr(outcome, name) for name in ("seed", "seconds", "prompt")}
            facts |= {"cost": cost, "units": units, "urls": [picture.url for picture in outcome.media]}
        case Ambiguous() | Gone():
            pass
        case _:
            pytest.fail(f"an outcome of no kind: {outcome}")
    return facts


@pytest.mark.parametrize(("provider", "path"), FILES, ids=[f"{provider}-{path.stem}" for provider, path in FILES])
def test_a_recorded_answer_means_what_the_golden_file_says(provider: Provider, path: Path) -> None:
    golden = json.loads(path.read_text())
    facts = described(outcome_of(provider, golden))
    assert {key: facts.get(key) for key in golden["expect"]} == golden["expect"]
    assert golden["source"]


def test_the_golden_files_cover_every_kind_of_outcome_of_both_providers() -> None:
    seen = {(provider, json.loads(path.read_text())["expect"]["outcome"]) for provider, path in FILES}
    submit = {"Accepted", "NotTaken", "Rejected", "Ambiguous"}
    poll = {"Pending", "Again", "Ready", "Refused", "Failed", "Gone"}
    assert seen == {(provider, kind) for provider in PROVIDERS for kind in submit | poll} | {("fal", "Follow")}
