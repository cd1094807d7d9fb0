"""Holds our jobs against the sandbox's books: nothing paid twice, nothing lost in silence, nothing stuck. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.crash.ledger import UNSETTLED, JobRow

ENDED = ("failed", "moderated_input", "moderated_output", "cancelled", "abandoned")
"""States without a picture in which the provider may have charged all the same."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What came out: figures, and every contradiction in a sentence."""

    figures: Mapping[str, int]
    states: Mapping[str, int]
    wrong: Sequence[str] = field(default=())


def audit(
    rows: Sequence[JobRow], tasks: Sequence[Mapping[str, Any]], peaks: Mapping[str, int], caps: Mapping[str, int]
) -> Audit:
    """Compare.

    Args:
        rows: our jobs, after everything has come to rest.
        tasks: the sandbox's books: every task that a provider took, billed or not.
        peaks: the most tasks in flight at once, as the sandbox saw it.
        caps: the most that there may have been, by the same names.
    """
    taken: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for task in tasks:
        taken[token_of(task)].append(task)
    wrong = _strangers(rows, taken)
    for row in rows:
        wrong += [f"job {row.id} ({row.state}): {what}" for what in _about(row, taken[row.token])]
    figures = _figures(rows, tasks, taken)
    explained = sum(figures[name] for name in ("succeeded", "lost", "charged without a picture", "unknown and billed"))
    if figures["billed"] != explained:
        wrong.append(f"{figures['billed']} tasks are billed, and {explained} are explained")
    wrong += [
        f"{peaks[name]} in flight at {name}, where {most} are allowed"
        for name, most in caps.items()
        if peaks.get(name, 0) > most
    ]
    return Audit(figures, Counter(row.state for row in rows), wrong)


def token_of(task: Mapping[str, Any]) -> str:
    """The first word of a task's prompt, which names its job."""
    return str(task["input"].get("prompt", "")).split(" ", 1)[0]


def _strangers(rows: Sequence[JobRow], taken: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    jobs_by_token = Counter(row.token for row in rows)
    return [f"task {some[0]['id']} belongs to no job" for token, some in taken.items() if not jobs_by_token[token]] + [
        f"{number} jobs share a prompt" for number in jobs_by_token.values() if number > 1
    ]


def _about(row: JobRow, tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong about one job and its tasks."""
    if len(tasks) > 1:
        return [f"the provider took {len(tasks)} tasks for it"]
    billed = [task for task in tasks if task["billed"]]
    rules = {
        "it is stuck": row.state in UNSETTLED,
        "it is billed and says not_charged": bool(billed) and row.charge_state == "not_charged",
        "it says charged and nothing is billed": not billed and row.charge_state == "charged",
        "it has a picture that is not billed": row.state == "succeeded" and not billed,
        "its picture is not in the store": row.state == "succeeded" and row.pictures != 1,
        "it is lost and was not billed": row.state == "lost" and not billed,
        "its request id is another task's": bool(row.request_id) and [row.request_id] != [task["id"] for task in tasks],
        "another amount was billed": row.charge_state == "charged"
        and bool(billed)
        and row.charged != Decimal(str(billed[0]["amount_usd"])),
    }
    return [rule for rule, broken in rules.items() if broken]


def _figures(
    rows: Sequence[JobRow], tasks: Sequence[Mapping[str, Any]], taken: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, int]:
    unknown = [task for row in rows if row.state == "unknown" for task in taken.get(row.token, ())]
    return {
        "jobs": len(rows),
        "tasks": len(tasks),
        "billed": sum(bool(task["billed"]) for task in tasks),
        "succeeded": sum(row.state == "succeeded" for row in rows),
        "lost": sum(row.state == "lost" for row in rows),
        "charged without a picture": sum(row.state in ENDED and row.charge_state == "charged" for row in rows),
        "unknown": sum(row.state == "unknown" for row in rows),
        "unknown and taken": len(unknown),
        "unknown and billed": sum(bool(task["billed"]) for task in unknown),
        "paid twice": sum(max(0, len(some) - 1) for some in taken.values()),
    }
