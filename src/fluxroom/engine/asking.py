"""How the polls of one job have gone: when an answer is the last word, and how long to wait after one that is not."""

from __future__ import annotations

from dataclasses import dataclass

from fluxroom.engine.pacing import GONE_PATIENCE, SLOW_POLL, backoff
from fluxroom.providers import Again, Gone, Pending, PollOutcome


@dataclass(slots=True)
class Asking:
    """What earlier polls of a job mean for the next one."""

    failures: int = 0
    gone_since: float | None = None

    def is_final(self, outcome: PollOutcome, elapsed: float) -> bool:
        """Whether this answer, after `elapsed` seconds, ends the asking.

        That the task is not known counts only when it is said for a while: the answer is regional and eventual.
        """
        if isinstance(outcome, Again):
            self.failures += 1
            return False
        self.failures = 0
        if not isinstance(outcome, Gone):
            self.gone_since = None
            return not isinstance(outcome, Pending)
        self.gone_since = elapsed if self.gone_since is None else self.gone_since
        return elapsed - self.gone_since >= GONE_PATIENCE

    def pause(self, outcome: PollOutcome) -> float | None:
        """Seconds until the next poll where this answer decides it; None: the usual pace."""
        if isinstance(outcome, Again):
            return min(backoff(self.failures, asked=outcome.retry_after), SLOW_POLL)
        return 1.0 if isinstance(outcome, Gone) else None
