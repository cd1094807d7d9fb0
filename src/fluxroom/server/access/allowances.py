"""How often a key may ask, and how much of it may be under way at once. Counted in this process."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fluxroom.engine.pacing import Clock, SystemClock
from fluxroom.errors import TooManyRequests

_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Allowances:
    """A bucket of requests per key, filled evenly: a minute's worth may come at once, then the rest waits.

    Args:
        per_minute: requests of a key that does not say otherwise itself.
        most_open: requests of one key under way at once.
        clock: fills the buckets.
    """

    def __init__(self, per_minute: int, most_open: int, clock: Clock | None = None) -> None:
        self._per_minute = per_minute
        self._most_open = most_open
        self._clock = clock or SystemClock()
        self._buckets: dict[str, _Bucket] = {}
        self._open: Counter[str] = Counter()

    def take(self, key: str, per_minute: int | None) -> dict[str, str]:
        """Count a request of a key; returns the RateLimit headers for its answer.

        Raises:
            TooManyRequests: its bucket is empty; `retry_after` says for how many seconds.
        """
        most = per_minute or self._per_minute
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[key] = _Bucket(most, now)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * most / 60.0)
        bucket.at = now
        if bucket.tokens < 1.0:
            after = max(1, math.ceil((1.0 - bucket.tokens) * 60.0 / most))
            raise TooManyRequests(
                f"This key may make {most} requests a minute.", limit=most, remaining=0, retry_after=after
            )
        bucket.tokens -= 1.0
        return {
            "ratelimit-limit": str(most),
            "ratelimit-remaining": str(int(bucket.tokens)),
            "ratelimit-reset": str(math.ceil((most - bucket.tokens) * 60.0 / most)),
        }

    @contextmanager
    def under_way(self, key: str) -> Iterator[None]:
        """Count a request of a key as long as it is answered.

        Raises:
            TooManyRequests: too many of it are being answered.
        """
        if self._open[key] >= self._most_open:
            raise TooManyRequests(
                f"This key has {self._most_open} requests under way, which is the most.",
                advice="Close streams and waits that are no longer needed, or raise FLUXROOM_MOST_OPEN.",
                limit=self._most_open,
                retry_after=1,
            )
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
