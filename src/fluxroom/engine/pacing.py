"""When to act next: pure functions of elapsed time. All times in seconds."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Protocol

SLOW_POLL = 60.0
"""Between polls once nobody waits any longer: the picture is still kept when it comes."""

TICKET_LIFE = 24 * 3600.0
"""A ticket this old without a final answer is in doubt."""

_SHORTEST = 0.05
"""Between two polls, at the least."""

GONE_PATIENCE = 30.0
"""How long a provider may say that it does not know a task it has just taken: its answer is regional and eventual."""


class Clock(Protocol):
    """Time, so that tests can bring their own."""

    def time(self) -> float:
        """Seconds since 1970 in UTC; may jump."""

    def monotonic(self) -> float:
        """Seconds that never jump, for measuring waits."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Seconds since 1970 in UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job is polled.

    Args:
        first: seconds before the first poll, at the least.
        longest: seconds between two polls, at the most.
        wait: seconds after which nobody waits and one poll a minute is enough.
    """

    first: float = 0.5
    longest: float = 5.0
    wait: float = 600.0

    def next_poll(self, elapsed: float, early: float, late: float) -> float:
        """Seconds until the next poll of a job that has run for `elapsed`, and is ready between `early` and `late`.

        The first poll comes when a picture can first be there, then small steps until the late moment, then longer
        and longer ones.

        >>> pace = Pace()
        >>> pace.next_poll(0.0, 2.5, 10.0), pace.next_poll(4.0, 2.5, 10.0), pace.next_poll(100.0, 2.5, 10.0)
        (2.5, 0.16, 5.0)
        >>> pace.next_poll(700.0, 2.5, 10.0)
        60.0
        """
        if elapsed >= self.wait:
            return SLOW_POLL
        earliest = max(self.first, early)
        if elapsed < earliest:
            return max(_SHORTEST, min(earliest - elapsed, self.longest))
        # Four questions where the moment is well known; a small share of the time where it is not.
        small = max(_SHORTEST, min((late - early) / 4, max(0.1, (early + late) / 78), self.longest))
        return round(min(small + max(0.0, elapsed - late) / 4, self.longest), 3)


def backoff(failures: int, *, asked: float | None = None, longest: float = 30.0) -> float:
    """Seconds until a failed call is repeated: 0.5, 1, 2, 4 … up to `longest`, with ± 20 % jitter.

    `asked` is what the other side's `Retry-After` asks for; it wins, up to five minutes.

    >>> 0.4 <= backoff(1) <= 0.6 and 24 <= backoff(99) <= 36 and backoff(1, asked=7) >= 7
    True
    """
    if asked is not None:
        return min(asked, 300.0) + random.uniform(0.0, 0.25)  # noqa: S311  jitter is no secret
    plain = min(0.5 * 2.0 ** min(failures - 1, 16), longest)
    return plain * random.uniform(0.8, 1.2)  # noqa: S311  jitter is no secret
