"""One task of a provider as the sandbox keeps it: a row, from which together with the clock everything follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from fluxroom.sandbox.faults import FaultSet

Provider = Literal["bfl", "fal"]
Outcome = Literal["ready", "request-moderated", "content-moderated", "error", "invalid", "cancelled", "timeout"]
Phase = Literal["queued", "running", "done"]

NEVER: Final = 1e12  # a moment that does not come: what a task without an end is ready at


@dataclass(slots=True)
class Task:
    """One submit that was taken.

    ``body`` is the input as received with long strings shortened; ``picture`` is all that the painter needs;
    ``answer`` is what a failure answers. Moments are seconds since 1970, ``cost`` is credits at BFL and US dollars
    at fal.
    """

    id: str
    provider: Provider
    endpoint: str
    key_id: str
    submitted: float
    started: float
    ready: float
    outcome: Outcome = "ready"
    cost: float = 0.0
    units: float = 0.0
    input_mp: float = 0.0
    output_mp: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)
    picture: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    faults: FaultSet = field(default_factory=lambda: FaultSet({}))
    headers: dict[str, str] = field(default_factory=dict)
    webhook: dict[str, Any] | None = None
    base: str = ""
    seconds: float = 0.0

    def phase(self, now: float) -> Phase:
        """Where the task stands at a moment."""
        if now >= self.ready:
            return "done"
        return "running" if now >= self.started else "queued"

    def progress(self, now: float) -> float:
        """The part of the work that is done, 0 to 1."""
        span = self.ready - self.started
        if span <= 0 or self.ready >= NEVER:
            return 0.0 if now < self.started else min(0.99, (now - self.started) / 60)
        return max(0.0, min(1.0, (now - self.started) / span))

    def billed(self, now: float, *, moderated_output: bool = False) -> bool:
        """Whether the provider has charged: a picture was finished. Failures, refusals and cancels cost nothing.

        Neither provider publishes a rule for moderated output; the sandbox does not bill it unless told to.
        """
        if now < self.ready:
            return False
        return self.outcome == "ready" or (self.outcome == "content-moderated" and moderated_output)

    def columns(self) -> tuple[str | float | bytes | None, ...]:
        """The row, in the order of ``COLUMNS``."""
        rest = {
            "units": self.units,
            "input_mp": self.input_mp,
            "output_mp": self.output_mp,
            "body": self.body,
            "picture": self.picture,
            "answer": self.answer,
            "faults": self.faults.to_json(),
            "headers": self.headers,
            "webhook": self.webhook,
            "base": self.base,
            "seconds": self.seconds,
        }
        return (
            self.id,
            self.provider,
            self.endpoint,
            self.key_id,
            self.submitted,
            self.started,
            self.ready,
            self.outcome,
            self.cost,
            orjson.dumps(rest),
        )

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Task:
        """Read what ``columns`` wrote."""
        rest = orjson.loads(row[9])
        rest["faults"] = FaultSet.from_json(rest["faults"])
        return cls(*row[:9], **rest)


COLUMNS: Final = "id, provider, endpoint, key_id, submitted, started, ready, outcome, cost, rest"


def task_report(task: Task, now: float, *, moderated_output: bool) -> dict[str, Any]:
    """One line of the books: what was asked, how it stands and whether it is paid."""
    billed = task.billed(now, moderated_output=moderated_output)
    usd = task.cost / 100 if task.provider == "bfl" else task.cost
    return {
        "id": task.id,
        "provider": task.provider,
        "endpoint": task.endpoint,
        "key_id": task.key_id,
        "status": task.outcome if now >= task.ready else task.phase(now),
        "outcome": task.outcome,
        "billed": billed,
        "amount_usd": round(usd, 6) if billed else 0.0,
        "credits": task.cost if billed and task.provider == "bfl" else 0.0,
        "would_cost_usd": round(usd, 6),
        "billable_units": task.units,
        "submitted": task.submitted,
        "started": task.started if task.started < NEVER else None,
        "ready": task.ready if task.ready < NEVER else None,
        "input": task.body,
        "headers": task.headers,
        "faults": task.faults.to_json(),
        "picture": task.picture,
        "webhook": task.webhook,
        "answer": task.answer,
    }
