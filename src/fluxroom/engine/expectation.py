"""How long a job will take: learned from the jobs before it, or the catalog's figure while there are none."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from fluxroom.engine.pacing import Clock
from fluxroom.store import Store, history
from fluxroom.store.history import Kind
from fluxroom.store.jobs import Job
from fluxroom.types import JSON, MEGAPIXEL

_ENOUGH = 3
"""Samples from which on experience counts more than the catalog."""

_MARGIN = 0.05
"""Seconds by which the first question comes before the earliest moment that was seen."""

_REMEMBERED = 50
"""Newest samples that are looked at: models and load change."""


_PRUNED = 50
"""Samples after which the oldest are let go."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """When a picture can be there, in seconds after the submit."""

    early: float
    usual: float
    late: float
    learned: bool = False

    @property
    def text(self) -> str:
        """For people: "usually 4–6 s"."""
        low, high = max(1, round(self.early)), round(self.late)
        return f"usually {low}–{high} s" if high > low else f"usually about {low} s"

    def sooner(self, seconds: float) -> float:
        """What to learn from a picture that was there at the first look: it was ready before, nobody knows when.

        The next look comes sooner, until one is too early. A catalog's guess may be far off, experience is not.

        >>> from_catalog(5.0).sooner(2.5), from_samples([2.5]).sooner(2.5)
        (1.25, 2.25)
        """
        return seconds * (0.9 if self.learned else 0.5)


def from_catalog(seconds: float) -> Expectation:
    """What the catalog's typical time says: it may take half or twice as long.

    >>> from_catalog(5.0).text
    'usually 2–10 s'
    """
    return Expectation(seconds / 2, seconds, seconds * 2)


def from_samples(samples: Sequence[float]) -> Expectation:
    """What earlier jobs say.

    >>> from_samples([4.2, 5.0, 4.4, 5.8, 4.9]).text
    'usually 4–6 s'
    """
    ordered = sorted(samples)
    count = len(ordered)
    return Expectation(
        early=max(0.0, ordered[math.floor(count * 0.05)] - _MARGIN),
        usual=ordered[count // 2],
        late=ordered[min(count - 1, math.ceil(count * 0.9))],
        learned=True,
    )


def took(before: float, elapsed: float) -> float | None:
    """How long a job took that was not ready `before` and was `elapsed` seconds after its submit.

    None: the two looks are too far apart to say.

    >>> took(4.8, 5.0), took(1.0, 5.0)
    (5.0, None)
    """
    return elapsed if elapsed - before <= max(1.0, elapsed / 4) else None


class Experience:
    """What this data folder knows of job times; kept in memory, written to the database.

    Args:
        store: where samples are kept over restarts and shared with other processes.
        clock: for the samples' times.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._samples: dict[Kind, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._loaded: set[Kind] = set()
        self._written = 0

    async def expectation(self, job: Job) -> Expectation:
        """When this job can be ready."""
        return await self.of(kind_of(job), job.seconds)

    async def of(self, kind: Kind, seconds: float) -> Expectation:
        """When a job of this kind can be ready; `seconds` is the catalog's figure."""
        if kind not in self._loaded:
            self._loaded.add(kind)
            found = await self._store.database.read(lambda connection: history.newest(connection, kind, _REMEMBERED))
            self._samples[kind].extendleft(found)
        return self._known(kind, seconds)

    def at_once(self, job: Job) -> Expectation:
        """The same from what is in memory."""
        return self._known(kind_of(job), job.seconds)

    def _known(self, kind: Kind, seconds: float) -> Expectation:
        samples = self._samples.get(kind, ())
        return from_samples(samples) if len(samples) >= _ENOUGH else from_catalog(seconds)

    def learn(self, job: Job, seconds: float) -> None:
        """A job was ready so many seconds after its submit; `write` keeps it for others."""
        self._samples[kind_of(job)].append(seconds)

    def write(self, connection: Connection, job: Job, seconds: float) -> None:
        """Keep the same for other processes and later days: part of the transaction that ends the job."""
        kind = kind_of(job)
        history.add(connection, kind, [seconds], self._clock.time())
        self._written += 1
        if self._written % _PRUNED == 0:
            history.prune(connection, kind)


def kind_of(job: Job) -> Kind:
    """Route, mode and megapixels of a job, as far as its payload says them."""
    return kind_at(job.route, job.mode, job.wire)


def kind_at(route: str, mode: str, wire: Mapping[str, JSON]) -> Kind:
    """The same of a payload that has not become a job yet."""
    return Kind(route=route, mode=mode, megapixels=_megapixels(wire))


def _megapixels(wire: Mapping[str, JSON]) -> int:
    size = wire.get("image_size")
    sides = size if isinstance(size, dict) else wire
    width, height = sides.get("width"), sides.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or not width * height:
        return 1
    return math.ceil(width * height / MEGAPIXEL)
