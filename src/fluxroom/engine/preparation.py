"""References that are encoded or uploaded before their job's turn, so that a submit is one round trip."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from fluxroom.engine.submission import Prepared, Submission, pictures_in
from fluxroom.store import Store, admission
from fluxroom.store.jobs import Job

AHEAD = 16
"""Most jobs that are prepared before their turn: their bytes are held in memory."""


class Preparation:
    """What stands ready for jobs that still wait.

    Args:
        store: tells which of them still wait.
        submission: prepares them.
        spawn: lets work go on beside.
        done: called when one more stands ready.
    """

    def __init__(
        self,
        store: Store,
        submission: Submission,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        done: Callable[[], None],
    ) -> None:
        self._store = store
        self._submission = submission
        self._spawn = spawn
        self._done = done
        self._ready: dict[str, Prepared] = {}
        self._under_way: set[str] = set()

    def is_needed(self, job: Job) -> bool:
        """Whether the job has pictures that are not ready."""
        return job.id not in self._ready and any(pictures_in(job.wire))

    def take(self, job: Job) -> Prepared:
        """What was prepared for a job that starts now; nothing for one without pictures."""
        return self._ready.pop(job.id, Prepared())

    async def begin(self, waiting: Sequence[Job]) -> None:
        """Prepare those that come next, as far as there is room."""
        new = [job for job in waiting if job.id not in self._under_way]
        if new and self._room < 1:
            await self._drop_what_waits_no_more()
        for job in new[: max(0, self._room)]:
            self._under_way.add(job.id)
            self._spawn(self._prepare(job))

    @property
    def _room(self) -> int:
        return AHEAD - len(self._ready) - len(self._under_way)

    async def _prepare(self, job: Job) -> None:
        try:
            self._ready[job.id] = await self._submission.prepare(job)
        finally:
            self._under_way.discard(job.id)
            self._done()

    async def _drop_what_waits_no_more(self) -> None:
        """A job that was cancelled, or taken by its callback, must not hold the room for ever."""
        still = await self._store.database.read(partial(admission.still_queued, ids=list(self._ready)))
        self._ready = {one: prepared for one, prepared in self._ready.items() if one in still}
