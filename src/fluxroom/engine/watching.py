"""Who wants to know what the engine does: metrics and traces. Without them every word here costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from fluxroom.logs import get_logger
from fluxroom.providers import Reply
from fluxroom.store.jobs import Job
from fluxroom.types import Provider

_log = get_logger("fluxroom.engine")

CallKind = Literal["submit", "poll", "upload", "download", "other"]


class Call:
    """A call to a provider while it is under way; what came back is put in when it is there."""

    def __init__(self, provider: Provider, kind: CallKind, job: Job | None) -> None:
        self.provider = provider
        self.kind = kind
        self.job = job
        self.reply: Reply | None = None

    @property
    def outcome(self) -> str:
        """`2xx` to `5xx`, or `broken` when no answer came."""
        return f"{self.reply.status // 100}xx" if self.reply else "broken"


class Watcher(Protocol):
    """Somebody who wants to know."""

    def ordered(self, generation: str) -> None:
        """A generation was written down, in the context of whoever asked for it."""

    def moved(self, job: Job) -> None:
        """A job has changed its state, on disk."""

    def calling(self, call: Call) -> Iterator[None]:
        """A call begins; goes on when it has ended, whatever became of it."""


class Watchers:
    """All who want to know. A watcher that breaks is named in the log; the work goes on without it."""

    def __init__(self) -> None:
        self._all: list[Watcher] = []

    def add(self, watcher: Watcher) -> None:
        """Tell somebody too, from now on."""
        self._all.append(watcher)

    def remove(self, watcher: Watcher) -> None:
        """Tell them no more."""
        self._all.remove(watcher)

    def ordered(self, generation: str) -> None:
        """See `Watcher.ordered`."""
        for one in self._all:
            with _unharmed():
                one.ordered(generation)

    def moved(self, job: Job) -> None:
        """See `Watcher.moved`."""
        for one in self._all:
            with _unharmed():
                one.moved(job)

    @contextmanager
    def calling(self, provider: Provider, kind: CallKind, job: Job | None = None) -> Iterator[Call]:
        """Around a call; the reply is to be put into what this gives."""
        call = Call(provider, kind, job)
        told = [one.calling(call) for one in self._all]
        for one in told:
            with _unharmed():
                next(one)
        try:
            yield call
        finally:
            for one in told:
                with _unharmed():
                    next(one, None)


@contextmanager
def _unharmed() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001  money depends on the work, and nothing depends on its figures
        _log.exception("a watcher broke")
