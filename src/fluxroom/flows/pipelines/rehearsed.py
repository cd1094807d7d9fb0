"""What a pipeline will do and cost, as it is told: step by step, and in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from fluxroom.flows.pipelines.files import Pipeline
from fluxroom.types import JSON, dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a step will do and cost, in US dollars."""

    name: str
    do: str
    state: Literal["made", "ok", "invalid", "unknown"] = "ok"
    requests: int = 0  # at least
    most: int | None = 0  # None: nobody knows
    exists: int = 0  # requests whose pictures are in the store already
    images: int = 0  # pictures or texts, at least
    chosen: bool = False  # by a person
    low: Decimal = Decimal(0)
    high: Decimal | None = Decimal(0)
    routes: Sequence[str] = ()
    why: str = ""
    error: Mapping[str, JSON] | None = None
    not_sent: Sequence[Mapping[str, JSON]] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """For people: `3 requests, $0.14`, `1 to 3 requests, at least $0.05`."""
        if self.state in {"invalid", "unknown"}:
            return self.why
        if self.state == "made":
            return "made already, free of charge"
        if not self.requests:
            texts = f"{self.images} {'text' if self.do == 'prompt' else 'picture'}{'' if self.images == 1 else 's'}"
            return "a person chooses" if self.chosen else texts
        most = "" if self.most == self.requests else " or more" if self.most is None else f" to {self.most}"
        requests = f"{self.requests}{most} request{'s' if (self.requests, most) != (1, '') else ''}"
        exist = f", {self.exists} of them made already" if self.exists else ""
        return f"{requests}{exist}, {priced(self.low, self.high)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A whole pipeline."""

    pipeline: Pipeline
    steps: Sequence[Rehearsed]
    missing: Sequence[str] = ()  # inputs that were not given

    @property
    def low(self) -> Decimal:
        """At least so many dollars."""
        return sum((step.low for step in self.steps), Decimal(0))

    @property
    def high(self) -> Decimal | None:
        """At most so many; None when some number or price is not known."""
        highs = [step.high for step in self.steps]
        return None if None in highs else sum((high for high in highs if high is not None), Decimal(0))

    @property
    def invalid(self) -> Rehearsed | None:
        """The first step that cannot be carried out."""
        return next((step for step in self.steps if step.state == "invalid"), None)

    @property
    def renamed(self) -> dict[str, str]:
        """Old parameter names with what they are called now, each once."""
        return {old: new for step in self.steps for old, new in step.renamed.items()}

    @property
    def text(self) -> str:
        """For people, in one line."""
        to_make = sum(step.requests - step.exists for step in self.steps)
        there = sum(step.exists for step in self.steps) + sum(step.state == "made" for step in self.steps)
        parts = [f"{to_make} request{'' if to_make == 1 else 's'} for {priced(self.low, self.high)}"]
        parts += [f"{there} made already"] if there else []
        parts += [f"inputs missing: {', '.join(self.missing)}"] if self.missing else []
        parts += [f"step {self.invalid.name}: {self.invalid.why}"] if self.invalid else []
        return ", ".join(parts)


def priced(low: Decimal, high: Decimal | None) -> str:
    """A price for people.

    >>> priced(Decimal("0.03"), None), priced(Decimal("0.03"), Decimal("0.06"))
    ('at least $0.03', '$0.03–0.06')
    """
    if high is None:
        return f"at least {dollars(low)}"
    return dollars(low) if low == high else f"{dollars(low)}–{dollars(high)[1:]}"
